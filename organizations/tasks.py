"""Celery's side: what the registry does by itself."""

from celery import shared_task

from core import clock
from organizations.services import forget_applicants


@shared_task(name="organizations.tidy")
def tidy() -> None:
    """Forget applicants whose application was decided long ago."""
    forget_applicants(at=clock.now())
