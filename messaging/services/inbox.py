"""Reading one's own notices, and the bell that tells open pages to look."""

import logging
import time
from collections.abc import Iterable
from datetime import datetime

from core import live
from messaging.models import Notice

log = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds for all bells of one message


def mark_read(*, notice_id: int, recipient_id: int, at: datetime) -> bool:
    """Mark one of a person's own notices as read; False if it is not hers or was read before."""
    mine = Notice.objects.filter(pk=notice_id, recipient=recipient_id, read_at=None)
    return bool(mine.shown().update(read_at=at))


def mark_all_read(*, recipient_id: int, at: datetime) -> int:
    """Mark all of a person's notices as read."""
    return Notice.objects.filter(recipient=recipient_id, read_at=None).shown().update(read_at=at)


def bell_of(person_id: int) -> str:
    """The signed name of a person's own channel. What lies in it says that something changed, never what."""
    return live.channel("inbox", str(person_id))


def ring(people: Iterable[int], version: int) -> None:
    """Tell the open pages of these people to ask again; `version` grows with time (microseconds). For workers.

    A Redis that hangs is given up after a few seconds: pages ask by themselves once a minute.
    """
    end = time.monotonic() + PATIENCE
    for pk in people:
        if time.monotonic() > end:
            log.warning("bells left out: Redis is too slow")
            break
        live.publish(bell_of(pk), {"version": version})
