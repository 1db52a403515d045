"""Doing the work of a job: in a worker, once, whatever is killed."""

import contextlib
import errno
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import Error, InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from core import clock
from core.errors import DomainError
from jobs.domain.limits import ABANDONED, KEPT, SOFT_LIMIT
from jobs.models import Job
from jobs.registry import Kind, Work, kind_of
from jobs.services.line import hand_out, lock_job
from jobs.signals import job_ended
from jobs.storage import WORKSHOP, store

log = logging.getLogger(__name__)
NOTE_EVERY = 0.2  # seconds between two notes of progress
LOCKS = 0x4A6F62 << 40  # "Job": advisory locks from here on belong to runs
BROKEN = "程序出错，未能生成文件，请重试；如仍不成功，请联系系统管理员。"
FULL = "服务器磁盘空间不足，文件没有生成。请联系系统管理员，清理后重试。"
INTERRUPTED = "多次中断，未能完成，请重新提交。"
TOO_LONG = "超过 {minutes} 分钟仍未完成，已停止。请缩小范围后重试；如仍不成功，请联系系统管理员。"


class Superseded(Exception):
    """Another run of the same job has begun, or its owner cancelled it; this one stops."""


class NoLongerAllowed(DomainError):
    message = "您已没有查看这份数据的权限，文件没有生成。"


def run_job(*, job_id: int, clock_now: Callable[[], datetime] = clock.now) -> None:
    """Do the work of a job: build the file, note rows as they are written, store, mark done.

    Does nothing for a job that has ended, is gone, or is being run by another process. After the allowed number of
    interrupted runs the job fails with a sentence. A database that goes away meanwhile is raised: Celery tries again.
    """
    with _lease(job_id) as is_free:
        attempt = _begin(job_id, clock_now(), is_free=is_free)
        if attempt is None:
            return
        job = Job.objects.select_related("owner").get(pk=job_id)
        try:
            _build(job, attempt, clock_now)
        except Superseded:
            log.info("job %s: run %s gave way", job_id, attempt)
        except DomainError as error:
            _fail(job_id, attempt, error.message, clock_now())
        except SoftTimeLimitExceeded:
            log.warning("job %s: run %s took too long", job_id, attempt)
            _fail(job_id, attempt, TOO_LONG.format(minutes=SOFT_LIMIT[job.lane] // 60), clock_now())
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            log.exception("job %s failed", job_id)
            is_full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
            _fail(job_id, attempt, FULL if is_full else BROKEN, clock_now())


def _build(job: Job, attempt: int, clock_now: Callable[[], datetime]) -> None:
    what = kind_of(job.kind)
    if not what.allows(job.owner, job.params):
        raise NoLongerAllowed
    workshop = Path(settings.MEDIA_ROOT) / WORKSHOP
    workshop.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workshop, prefix=f"{job.pk}-") as folder:
        path = Path(folder) / "out"
        what.builder(Work(job.params, path, _Noter(job.pk, attempt, clock_now)))
        _finish(job.pk, attempt, path, what, clock_now())


@contextlib.contextmanager
def _lease(job_id: int) -> Iterator[bool]:
    """Whether no living process runs this job: an advisory lock, kept by this connection for the length of the run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCKS + job_id])
        (is_free,) = cursor.fetchone()
    try:
        yield is_free
    finally:
        if is_free:
            with contextlib.suppress(Error), connection.cursor() as cursor:  # a lost connection has let go by itself
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCKS + job_id])


def _begin(job_id: int, at: datetime, *, is_free: bool) -> int | None:
    with transaction.atomic(durable=True):
        try:
            job = lock_job(job_id)
        except Job.DoesNotExist:  # a message from before a database was restored
            return None
        if not job.is_open:
            return None
        if not is_free and not (job.beat_at and job.beat_at < at - ABANDONED):
            return None
        if job.attempts >= job.attempts_allowed:
            _end(job, at, state=Job.State.FAILED, error=INTERRUPTED)
            return None
        Job.objects.filter(pk=job_id).update(
            state=Job.State.RUNNING, attempts=job.attempts + 1, handed_at=at, beat_at=at, rows_done=0, rows_total=0
        )
        return job.attempts + 1


class _Noter:
    """Writes progress into the job's row, a few times a second at most, always the first and the last row."""

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


def _finish(job_id: int, attempt: int, path: Path, what: Kind, at: datetime) -> None:
    with transaction.atomic(durable=True):
        job = lock_job(job_id)
        if job.attempts != attempt or job.state != Job.State.RUNNING:
            raise Superseded
        name = f"{job.title}{what.suffix}"
        file = store(source=path, shown_name=name, content_type=what.content_type, at=at)
        _end(job, at, state=Job.State.DONE, file=file, expires_at=at + KEPT, rows_done=F("rows_total"), error="")


def _fail(job_id: int, attempt: int, reason: str, at: datetime) -> None:
    with transaction.atomic(durable=True):
        job = lock_job(job_id)
        if job.attempts == attempt and job.state == Job.State.RUNNING:
            _end(job, at, state=Job.State.FAILED, error=reason)


def _end(job: Job, at: datetime, **facts: object) -> None:
    """Write the end, let the owner's next job move up, tell whoever listens; in the caller's transaction."""
    Job.objects.filter(pk=job.pk).update(finished_at=at, **facts)
    job.refresh_from_db()
    hand_out(job.owner_id, at)
    job_ended.send(sender=Job, job=job, at=at)
