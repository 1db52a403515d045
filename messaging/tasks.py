"""Celery's side of the outbox."""

from collections.abc import Sequence

from celery import shared_task

from core.queue import MAIL, Patient
from messaging import services


@shared_task(name="messaging.send_due", base=Patient, lane=MAIL)
def send_due(people: Sequence[int] = (), version: int = 0) -> int:
    """Ring at these people's open pages, then send what is due; safe to run twice at once."""
    services.ring(people, version)
    return services.send_due_deliveries()
