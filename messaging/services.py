"""Telling people: the notice is the inbox entry; its delivery is claimed before it is sent, so it is sent at most once."""

import logging
import secrets
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from core import clock
from core.queue import enqueue
from messaging.models import Delivery, Notice

log = logging.getLogger(__name__)
GIVEN_UP = timedelta(minutes=10)
AT_ONCE = 50


def notify(
    *, recipients: Sequence[int], occasion: str, subject: str, body: str, link: str, at: datetime, email: bool = True
) -> list[Notice]:
    """Tell these people (user ids) once on this occasion, in the caller's transaction; e-mail goes after the commit.

    Returns the notices that were new: a person who was told before on the same occasion is not told again.
    """
    people = list(dict.fromkeys(recipients))
    subject = " ".join(subject.split())
    known = set(Notice.objects.filter(occasion=occasion, recipient__in=people).values_list("recipient_id", flat=True))
    Notice.objects.bulk_create(
        [
            Notice(recipient_id=pk, occasion=occasion, subject=subject[:120], body=body, link=link, created_at=at)
            for pk in people
            if pk not in known
        ],
        ignore_conflicts=True,
    )
    fresh = list(
        Notice.objects.filter(
            occasion=occasion, recipient__in=[p for p in people if p not in known], deliveries=None, created_at=at
        )
    )
    if email and fresh:
        reachable = set(
            get_user_model()
            .objects.filter(pk__in=[n.recipient_id for n in fresh], is_active=True)
            .exclude(email="")
            .values_list("pk", flat=True)
        )
        Delivery.objects.bulk_create(
            [
                Delivery(notice=n, channel=Delivery.Channel.EMAIL, message_id=f"<{n.pk}.{secrets.token_hex(8)}@portal>")
                for n in fresh
                if n.recipient_id in reachable
            ],
            ignore_conflicts=True,
        )
        from messaging.tasks import send_due

        enqueue(send_due)
    return fresh


def send_due_deliveries() -> int:
    """Send what is due, one by one: claim in a committed transaction, send, note. Returns how many were sent.

    A mail server that cannot be reached has accepted nothing: what is due stays due for the next sweep. A claim whose
    outcome is never noted (the worker was killed in between) becomes 送达未知 and is not sent again.
    """
    _give_up(clock.now())
    sent = 0
    with closing(get_connection()) as server:
        for _ in range(AT_ONCE):
            if not Delivery.objects.filter(state=Delivery.State.DUE).exists():
                break
            try:
                server.open()
            except Exception as error:  # noqa: BLE001 - of any kind: nothing was claimed yet
                log.warning("mail server not reachable, left to the next sweep: %s", type(error).__name__)
                break
            delivery_id = _claim(clock.now())
            if delivery_id is None:
                break
            sent += _send(delivery_id, server)
    return sent


def _give_up(at: datetime) -> None:
    Delivery.objects.filter(state=Delivery.State.CLAIMED, claimed_at__lt=at - GIVEN_UP).update(
        state=Delivery.State.UNKNOWN, error="取出后没有结果，可能已送出，不再重发"
    )


def _claim(at: datetime) -> int | None:
    with transaction.atomic():
        due = Delivery.objects.select_for_update(skip_locked=True).filter(state=Delivery.State.DUE)
        delivery_id = due.order_by("pk").values_list("pk", flat=True).first()
        if delivery_id is not None:
            Delivery.objects.filter(pk=delivery_id).update(state=Delivery.State.CLAIMED, claimed_at=at)
    return delivery_id


def _send(delivery_id: int, server: Any) -> int:
    delivery = Delivery.objects.select_related("notice__recipient").get(pk=delivery_id)
    claimed = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.CLAIMED)
    notice = delivery.notice
    message = EmailMessage(
        subject=notice.subject,
        body=f"{notice.body}\n\n{settings.SITE_URL}{notice.link}",
        to=[notice.recipient.email],
        headers={"Message-ID": delivery.message_id},
        connection=server,
    )
    try:
        accepted = message.send()
    except Exception as error:  # noqa: BLE001 - every way of failing ends as a word on the row
        log.warning("delivery %s failed: %s", delivery_id, type(error).__name__)
        claimed.update(state=Delivery.State.FAILED, error=type(error).__name__[:300])
        server.close()
        return 0
    if not accepted:
        claimed.update(state=Delivery.State.FAILED, error="没有电子邮件地址")
        return 0
    return claimed.update(state=Delivery.State.SENT, sent_at=clock.now())


def mark_read(*, notice_id: int, recipient_id: int, at: datetime) -> bool:
    """Mark one of a person's own notices as read; False if it is not hers or was read before."""
    return bool(Notice.objects.filter(pk=notice_id, recipient=recipient_id, read_at=None).update(read_at=at))


def mark_all_read(*, recipient_id: int, at: datetime) -> int:
    """Mark all of a person's notices as read."""
    return Notice.objects.filter(recipient=recipient_id, read_at=None).update(read_at=at)
