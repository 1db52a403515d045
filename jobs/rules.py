"""Whose job is whose."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from jobs.models import Job


def visible_jobs(user: AbstractBaseUser | AnonymousUser) -> "QuerySet[Job]":
    """A person's own jobs, newest first. Nobody sees another's."""
    return Job.objects.filter(owner_id=user.pk).select_related("file").order_by("-id")
