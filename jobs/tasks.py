"""Celery's side of the jobs."""

from celery import shared_task

from core import clock
from core.queue import Patient
from jobs import services


@shared_task(name="jobs.run", base=Patient)
def run(job_id: int) -> None:
    """Run one job; safe to deliver twice."""
    services.run_job(job_id=job_id)


@shared_task(name="jobs.sweep", base=Patient)
def sweep() -> int:
    """Each minute: work that was lost on the way is handed out again."""
    return services.sweep(at=clock.now())


@shared_task(name="jobs.tidy", base=Patient)
def tidy() -> int:
    """Each night: files past their time are removed."""
    return services.tidy(at=clock.now())
