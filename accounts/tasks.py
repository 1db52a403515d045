"""Celery's side: what accounts do by themselves."""

from celery import shared_task

from accounts.services import forget_tables
from core import clock


@shared_task(name="accounts.tidy")
def tidy() -> None:
    """Forget tables of people that were read and never imported."""
    forget_tables(at=clock.now())
