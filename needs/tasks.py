"""Celery's side: needs and orders whose day has come."""

from celery import shared_task

from core import clock
from needs.services import sweep, sweep_orders


@shared_task(name="needs.sweep")
def sweep_needs() -> None:
    """Escalate and resume what is due, settle orders whose deadline is over; safe to run twice at once."""
    at = clock.now()
    sweep(at=at)
    sweep_orders(at=at)
