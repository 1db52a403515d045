"""Celery's side: one sweep a minute over the rows that say what is due."""

from celery import shared_task

from core import clock
from jobs.services import sweep as sweep_jobs
from messaging.services import send_due_deliveries
from reminders.services import remind_closing_drafts


@shared_task(name="reminders.sweep")
def sweep() -> None:
    """Remind, send what is due, hand out lost jobs again; safe to run twice at once."""
    at = clock.now()
    remind_closing_drafts(at=at)
    send_due_deliveries()
    sweep_jobs(at=at)
