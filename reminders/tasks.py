"""Celery's side: one sweep a minute over the rows that say what is due."""

from celery import shared_task

from core import clock
from core.queue import MAIL, Patient
from messaging.services import send_due_deliveries
from reminders.services import remind


@shared_task(name="reminders.sweep", base=Patient, lane=MAIL)
def sweep() -> None:
    """Remind and send what is due; safe to run twice at once. Lost jobs have a sweep of their own, in another queue."""
    at = clock.now()
    remind(at=at)
    send_due_deliveries()
