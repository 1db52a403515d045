"""Whose job is whose."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from jobs.models import Job
from jobs.registry import UnknownKind, kind_of


def visible_jobs(user: AbstractBaseUser | AnonymousUser) -> "QuerySet[Job]":
    """A person's own jobs, newest first. Nobody sees another's."""
    return Job.objects.filter(owner_id=user.pk).select_related("file").order_by("-id")


def can_fetch(user: AbstractBaseUser | AnonymousUser, job: Job) -> bool:
    """Whether the owner may still have what the file holds: a role may have been taken away since."""
    try:
        return job.owner_id == user.pk and kind_of(job.kind).allows(user, job.params)
    except UnknownKind:
        return False


def can_retry(job: Job) -> bool:
    """Whether it makes sense to ask for it again."""
    return job.state in (Job.State.FAILED, Job.State.CANCELLED, Job.State.EXPIRED)
