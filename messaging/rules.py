"""Whose inbox is whose."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from messaging.directory import Desk, desk_of
from messaging.models import Delivery, Mass, Notice, Posting, Robot

Person = AbstractBaseUser | AnonymousUser


def visible_notices(user: Person) -> "QuerySet[Notice]":
    """A person's own notices, newest first; not those held back or recalled."""
    return Notice.objects.filter(recipient_id=user.pk).shown().order_by("-id")


def unread_count(user: Person) -> int:
    """How many notices a person has not read."""
    return Notice.objects.filter(recipient_id=user.pk, read_at=None).shown().count()


def desk(user: Person) -> Desk:
    """What a person may do with the messages of which streets."""
    return desk_of(user)


def visible_masses(user: Person) -> "QuerySet[Mass]":
    """Mass messages of the streets where one writes or reviews them, newest first."""
    mine = desk_of(user)
    return Mass.objects.filter(scope_id__in={**mine.office, **mine.review}).select_related("author").order_by("-id")


def can_write(user: Person, scope_id: int) -> bool:
    """Whether the person writes messages, templates and robots for the street."""
    return scope_id in desk_of(user).office


def can_review(user: Person, mass: Mass) -> bool:
    """Whether the person may release or return somebody else's message."""
    return mass.scope_id in desk_of(user).review and mass.author_id != user.pk


def visible_deliveries(user: Person) -> "QuerySet[Delivery]":
    """What is on its way to people of the streets one watches over, newest first."""
    rows = Delivery.objects.filter(notice__scope_id__in=desk_of(user).watch)
    return rows.select_related("notice__recipient", "merged_into").order_by("-id")


def visible_postings(user: Person) -> "QuerySet[Posting]":
    """Lines of the robots of the streets one watches over, newest first."""
    return Posting.objects.filter(robot__scope_id__in=desk_of(user).watch).select_related("robot").order_by("-id")


def visible_robots(user: Person) -> "QuerySet[Robot]":
    """Robots of the streets one writes for."""
    return Robot.objects.filter(scope_id__in=desk_of(user).office).order_by("scope_id", "name")


def open_tasks(user: Person, at: Any) -> list[dict[str, Any]]:
    """Mass messages to review, and what did not arrive: at most two statements."""
    from django.urls import reverse

    found: list[dict[str, Any]] = []
    mine = desk_of(user)
    if mine.review:
        waiting = Mass.objects.filter(scope_id__in=mine.review, state=Mass.State.REVIEW).exclude(author_id=user.pk)
        if count := waiting.count():
            found.append(
                {"title": "复核群发消息", "href": reverse("messaging:masses"), "state": "todo", "count": count, "hint": "同事写好，等您确认"}
            )  # fmt: skip
    if mine.watch:
        trouble = Delivery.objects.filter(notice__scope_id__in=mine.watch, state__in=["failed", "unknown"])
        if count := trouble.count():
            href = reverse("messaging:deliveries")
            found.append(
                {"title": "没有送达的消息", "href": href, "state": "late", "count": count, "hint": "电话告知，或者重发"}
            )
    return found
