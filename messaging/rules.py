"""Whose inbox is whose."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from messaging.models import Notice

Person = AbstractBaseUser | AnonymousUser


def visible_notices(user: Person) -> "QuerySet[Notice]":
    """A person's own notices, newest first."""
    return Notice.objects.filter(recipient_id=user.pk).order_by("-id")


def unread_count(user: Person) -> int:
    """How many notices a person has not read."""
    return Notice.objects.filter(recipient_id=user.pk, read_at=None).count()
