"""Handing work to the background after the transaction has committed.

Three queues, so that nobody waits behind somebody else's long work: `interactive` (somebody looks at the screen), `bulk`
(long exports), `mail` (the outbox). A task says its own by `lane=`.
"""

import logging
from collections.abc import Callable
from typing import Any

from celery import Task
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError

log = logging.getLogger(__name__)

INTERACTIVE, BULK, MAIL = QUEUES = ("interactive", "bulk", "mail")


class Patient(Task):  # type: ignore[type-arg]
    """A task that is tried again, with growing pauses, while the database or the broker is away.

    Five times within about two minutes, far below the broker's visibility timeout; then it counts as failed.
    """

    abstract = True
    lane = INTERACTIVE
    autoretry_for = (OperationalError, InterfaceError, BrokerError, RedisConnectionError, ConnectionError)
    max_retries = 5
    retry_backoff = 2
    retry_backoff_max = 60
    retry_jitter = True

    def retry(self, *args: Any, **options: Any) -> Any:
        """As Celery's, but staying in the queue it came from (by default it would move to the default one)."""
        came_from = (self.request.delivery_info or {}).get("routing_key")
        if came_from:
            options.setdefault("queue", came_from)
        return super().retry(*args, **options)


def queue_name(lane: str) -> str:
    """What a queue is called at the broker."""
    return f"{settings.QUEUE_PREFIX}{lane}"


def enqueue(
    task: Any, *args: Any, lane: str = "", otherwise: Callable[[], object] | None = None, **options: Any
) -> None:
    """Publish a Celery task with ids as arguments, once this transaction commits.

    A broker that is down does not fail the request: the rows say what is due, and beat's sweep sends it later.
    `otherwise` is called then. `lane` overrides the task's own queue; `options` are Celery's (time limits).
    """

    def publish() -> None:
        queue = queue_name(lane or getattr(task, "lane", INTERACTIVE))
        try:
            task.apply_async(args=args, queue=queue, **options)
        except Exception as error:
            log.warning("broker unavailable, left to the sweep: %s %s", task.name, args, exc_info=error)
            if otherwise is not None:
                otherwise()

    transaction.on_commit(publish)
