"""Handing work to the background after the transaction has committed."""

import logging
from typing import Any

from django.db import transaction

log = logging.getLogger(__name__)


def enqueue(task: Any, *args: Any) -> None:
    """Publish a Celery task with ids as arguments, once this transaction commits.

    A broker that is down does not fail the request: the rows say what is due, and beat's sweep sends it later.
    """

    def publish() -> None:
        try:
            task.apply_async(args=args)
        except Exception:
            log.exception("broker unavailable, left to the sweep: %s %s", task.name, args)

    transaction.on_commit(publish)
