"""The line: each person has a few jobs in the hands of workers, the others wait in their order.

What is handed out stands in the row (`handed_at`), the message at the broker only says "look". A broker that refuses, or
that forgets everything, costs a wait until the next sweep.
"""

from datetime import datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q

from core.queue import enqueue
from jobs.domain.limits import AT_ONCE, HARD_AFTER, SOFT_LIMIT, STALE
from jobs.models import OPEN, Job


def lock_owner(owner_id: int) -> None:
    """Take a person's line; held until the transaction ends. Before any of her jobs, always in this order."""
    get_user_model().objects.select_for_update(no_key=True).only("pk").get(pk=owner_id)


def lock_job(job_id: int) -> Job:
    """The job, locked together with its owner's line. Raises Job.DoesNotExist."""
    lock_owner(Job.objects.values_list("owner_id", flat=True).get(pk=job_id))
    return Job.objects.select_for_update(of=("self",)).get(pk=job_id)


def hand_out(owner_id: int, at: datetime) -> int:
    """Give the next of a person's waiting jobs to the workers, as far as it is their turn; returns how many.

    Needs her line (`lock_owner`).
    """
    held = Job.objects.filter(owner=owner_id, state__in=OPEN, handed_at__isnull=False).count()
    turn = Job.objects.filter(owner=owner_id, state=Job.State.WAITING, handed_at=None).order_by("created_at", "pk")
    found = list(turn[: max(AT_ONCE - held, 0)])
    for job in found:
        Job.objects.filter(pk=job.pk).update(handed_at=at)
        _send(job, at)
    return len(found)


def _send(job: Job, at: datetime) -> None:
    from jobs.tasks import run

    def not_sent() -> None:
        Job.objects.filter(pk=job.pk, state=Job.State.WAITING, handed_at=at).update(handed_at=None)

    soft = SOFT_LIMIT[job.lane]
    enqueue(run, job.pk, lane=job.lane, otherwise=not_sent, soft_time_limit=soft, time_limit=soft + HARD_AFTER)


def sweep(*, at: datetime) -> int:
    """Hand out what nobody seems to be doing, and what a broker that was away left behind; returns how many jobs.

    Two sweeps at once hand each job out once.
    """
    quiet = at - STALE
    lost = Job.objects.filter(
        Q(state=Job.State.WAITING) | Q(state=Job.State.RUNNING, beat_at__lt=quiet), handed_at__lt=quiet
    )
    count = 0
    with transaction.atomic(durable=True):
        for job in lost.order_by("pk")[:100]:
            mine = Job.objects.filter(pk=job.pk, state=job.state, handed_at=job.handed_at).update(handed_at=at)
            if mine:
                _send(job, at)
                count += 1
    owners = (
        Job.objects.filter(state=Job.State.WAITING, handed_at=None).order_by("owner").values_list("owner", flat=True)
    )
    for owner_id in list(owners.distinct()):
        with transaction.atomic(durable=True):
            lock_owner(owner_id)
            count += hand_out(owner_id, at)
    return count
