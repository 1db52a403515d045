"""Celery's side of the outbox."""

from celery import shared_task

from messaging import services


@shared_task(name="messaging.send_due")
def send_due() -> int:
    """Send what is due; safe to run twice at once."""
    return services.send_due_deliveries()
