"""What a person does with her jobs: ask for one, cancel it, ask again."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from audit.services import record
from core.errors import DomainError, NotAllowed
from jobs.domain.limits import MOST_ATTEMPTS, MOST_OPEN
from jobs.models import OPEN, Job
from jobs.registry import kind_of
from jobs.services.line import hand_out, lock_job, lock_owner


class TooManyJobs(DomainError):
    message = "您已有 {most} 项导出在排队或生成，请等其中一项完成，或在下载中心取消一项后再试。"


class AlreadyEnded(DomainError):
    message = "这项任务已经结束（{state}），不能取消。"


class StillGoing(DomainError):
    message = "这项任务{state}，不需要重新生成。"


@transaction.atomic(durable=True)
def start_job(
    *, owner: AbstractBaseUser, kind: str, title: str, params: dict[str, Any], at: datetime, scope_id: int | None = None
) -> Job:
    """Put one piece of work on the list; a worker gets it when it is its owner's turn.

    The same click twice gives the same job back. Raises UnknownKind, NotAllowed (the kind's `may`), TooManyJobs.
    """
    what = kind_of(kind)
    lock_owner(owner.pk)
    if same := _same(owner.pk, kind, params):
        return same
    if not what.allows(owner, params):
        raise NotAllowed
    _refuse_too_many(owner.pk)
    job = Job.objects.create(
        owner_id=owner.pk, kind=kind, title=title, params=params, lane=what.lane(params), scope_id=scope_id, created_at=at,
        attempts_allowed=MOST_ATTEMPTS,
    )  # fmt: skip
    record(
        actor=owner, verb="jobs.started", about=job, at=at, scope_id=scope_id, facts={"kind": kind, "params": params}
    )
    hand_out(owner.pk, at)
    return job


def _same(owner_id: int, kind: str, params: dict[str, Any]) -> Job | None:
    return Job.objects.filter(owner=owner_id, kind=kind, params=params, state__in=OPEN).order_by("-id").first()


def _refuse_too_many(owner_id: int) -> None:
    if Job.objects.filter(owner=owner_id, state__in=OPEN).count() >= MOST_OPEN:
        raise TooManyJobs(most=MOST_OPEN)


@transaction.atomic(durable=True)
def cancel_job(*, job_id: int, by: AbstractBaseUser, at: datetime) -> Job:
    """End one's own job that waits or runs; a run of it stops at its next row and leaves nothing.

    Cancelled twice is cancelled once. Raises NotAllowed for another's, AlreadyEnded.
    """
    job = _own(job_id, by)
    if job.state == Job.State.CANCELLED:
        return job
    if not job.is_open:
        raise AlreadyEnded(state=job.get_state_display())
    job.state, job.finished_at = Job.State.CANCELLED, at
    job.save(update_fields=["state", "finished_at"])
    record(actor=by, verb="jobs.cancelled", about=job, at=at, scope_id=job.scope_id, facts={"kind": job.kind})
    hand_out(job.owner_id, at)
    return job


@transaction.atomic(durable=True)
def retry_job(*, job_id: int, by: AbstractBaseUser, at: datetime) -> Job:
    """Have one's own failed, cancelled or expired job done again, from the data as it is now.

    Where the same work waits or runs already, that job is the answer. Raises NotAllowed (another's, or the kind's
    `may`), StillGoing (also for one whose file can be fetched), TooManyJobs.
    """
    job = _own(job_id, by)
    if job.is_open:
        return job
    if job.state == Job.State.DONE:
        raise StillGoing(state=job.get_state_display())
    if same := _same(job.owner_id, job.kind, job.params):
        return same
    what = kind_of(job.kind)
    if not what.allows(by, job.params):
        raise NotAllowed
    _refuse_too_many(job.owner_id)
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.WAITING, lane=what.lane(job.params), error="", rows_done=0, rows_total=0, created_at=at,
        handed_at=None, beat_at=None, finished_at=None, expires_at=None, attempts_allowed=job.attempts + MOST_ATTEMPTS,
    )  # fmt: skip
    record(actor=by, verb="jobs.retried", about=job, at=at, scope_id=job.scope_id, facts={"kind": job.kind})
    hand_out(job.owner_id, at)
    job.refresh_from_db()
    return job


def _own(job_id: int, by: AbstractBaseUser) -> Job:
    job = lock_job(job_id)
    if job.owner_id != by.pk:
        raise NotAllowed
    return job
