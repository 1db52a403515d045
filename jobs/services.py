"""Starting, running and sweeping background jobs.

A run is known by the job's attempt number. Whoever starts last counts: a run that finds a higher number stops, so a
message delivered twice, or again after a worker was killed, never makes two results.
"""

import logging
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, Q

from audit.services import record
from core import clock
from core.errors import DomainError
from core.queue import enqueue
from jobs.models import Job
from jobs.registry import Work, builder_of
from jobs.storage import store

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 3
KEPT = timedelta(days=7)
STALE = timedelta(minutes=2)
NOTE_EVERY = 0.2  # seconds between two notes of progress


class Superseded(Exception):
    """Another run of the same job has begun; this one stops."""


@transaction.atomic(durable=True)
def start_job(
    *, owner: AbstractBaseUser, kind: str, title: str, params: dict[str, Any], at: datetime, scope_id: int | None = None
) -> Job:
    """Put one piece of work on the list and hand it to a worker. The same click twice gives the same job back."""
    builder_of(kind)
    same = (
        Job.objects.filter(
            owner_id=owner.pk, kind=kind, params=params, state__in=[Job.State.WAITING, Job.State.RUNNING]
        )
        .order_by("-id")
        .first()
    )
    if same is not None:
        return same
    job = Job.objects.create(owner_id=owner.pk, kind=kind, title=title, params=params, created_at=at)
    record(
        actor=owner, verb="jobs.started", about=job, at=at, scope_id=scope_id, facts={"kind": kind, "params": params}
    )
    _send(job.pk)
    return job


def _send(job_id: int) -> None:
    from jobs.tasks import run

    enqueue(run, job_id)


def run_job(*, job_id: int, clock_now: Callable[[], datetime] = clock.now) -> None:
    """Do the work of a job: build the file, note rows as they are written, store, mark done.

    Does nothing for a job that is done or failed. After MOST_ATTEMPTS interrupted runs the job fails with a sentence.
    """
    attempt = _begin(job_id, clock_now())
    if attempt is None:
        return
    job = Job.objects.get(pk=job_id)
    builder, content_type = builder_of(job.kind)
    settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.MEDIA_ROOT, prefix=".job-") as folder:
        path = Path(folder) / "out"
        try:
            builder(Work(job.params, path, _Noter(job_id, attempt, clock_now)))
            _finish(job_id, attempt, path, content_type, clock_now())
        except Superseded:
            log.info("job %s: run %s gave way to a later one", job_id, attempt)
        except DomainError as error:
            _fail(job_id, attempt, error.message, clock_now())
        except Exception:
            log.exception("job %s failed", job_id)
            _fail(job_id, attempt, "程序出错，未能生成文件，请重试；如仍不成功，请联系系统管理员。", clock_now())


def _begin(job_id: int, at: datetime) -> int | None:
    with transaction.atomic(durable=True):
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.state in (Job.State.DONE, Job.State.FAILED):
            return None
        if job.attempts >= MOST_ATTEMPTS:
            Job.objects.filter(pk=job_id).update(
                state=Job.State.FAILED, error="多次中断，未能完成，请重新提交。", finished_at=at
            )
            return None
        Job.objects.filter(pk=job_id).update(
            state=Job.State.RUNNING, attempts=job.attempts + 1, beat_at=at, rows_done=0, rows_total=0
        )
        return job.attempts + 1


class _Noter:
    """Writes progress into the job's row, a few times a second at most, always the last row."""

    def __init__(self, job_id: int, attempt: int, clock_now: Callable[[], datetime]) -> None:
        self.job_id, self.attempt, self.clock_now = job_id, attempt, clock_now
        self.noted_at = 0.0

    def __call__(self, done: int, total: int) -> None:
        tick = time.monotonic()
        if done < total and tick - self.noted_at < NOTE_EVERY:
            return
        self.noted_at = tick
        mine = Job.objects.filter(pk=self.job_id, attempts=self.attempt, state=Job.State.RUNNING)
        if not mine.update(rows_done=done, rows_total=total, beat_at=self.clock_now()):
            raise Superseded


def _finish(job_id: int, attempt: int, path: Path, content_type: str, at: datetime) -> None:
    with transaction.atomic(durable=True):
        job = Job.objects.select_for_update().get(pk=job_id)
        if job.attempts != attempt or job.state != Job.State.RUNNING:
            raise Superseded
        file = store(source=path, shown_name=f"{job.title}.xlsx", content_type=content_type, at=at)
        Job.objects.filter(pk=job_id).update(
            state=Job.State.DONE, file=file, finished_at=at, expires_at=at + KEPT, rows_done=F("rows_total"), error=""
        )


def _fail(job_id: int, attempt: int, reason: str, at: datetime) -> None:
    Job.objects.filter(pk=job_id, attempts=attempt, state=Job.State.RUNNING).update(
        state=Job.State.FAILED, error=reason, finished_at=at
    )


def sweep(*, at: datetime) -> int:
    """Hand work that nobody seems to be doing to a worker again; returns how many jobs that was."""
    lost = Job.objects.filter(
        Q(state=Job.State.WAITING, created_at__lt=at - timedelta(seconds=30))
        | Q(state=Job.State.RUNNING, beat_at__lt=at - STALE)
    ).values_list("pk", flat=True)[:100]
    ids = list(lost)
    for job_id in ids:
        _send(job_id)
    return len(ids)
