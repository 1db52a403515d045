"""Celery's side: the nightly check of all data."""

from celery import shared_task

from core import clock
from portal.selfcheck import run_self_check


@shared_task(name="portal.self_check")
def self_check() -> None:
    """Once a night; a second run on the same day tells nobody again."""
    run_self_check(at=clock.now())
