"""Celery's side: what the registry does by itself."""

from celery import shared_task

from core import clock
from organizations.services import forget_applicants, forget_sheets


@shared_task(name="organizations.tidy")
def tidy() -> None:
    """Forget applicants whose application was decided long ago, and sheets that were read and never taken over."""
    at = clock.now()
    forget_applicants(at=at)
    forget_sheets(at=at)
