"""Messages an officer writes to many: drafted, reviewed by a second person when they are many, held, then sent."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F

from audit.services import record
from core.errors import DomainError
from messaging.directory import people_in
from messaging.kinds import MASS
from messaging.models import Mass
from messaging.services.notify import notify

OPEN = (Mass.State.DRAFT, Mass.State.RETURNED)
SHOWN = 20  # names in a preview


class NobodyToTell(DomainError):
    message = "选定的人群里现在没有人，请换一个人群。"


class NeedsReview(DomainError):
    message = "收件人超过 {most} 人，需要另一位同事复核后才能发出，请点“送复核”。"


class ReviewsOneself(DomainError):
    message = "起草人不能复核自己的群发消息，请由另一位同事复核。"


class NotThatState(DomainError):
    message = "这条群发消息的状态已经变了，请刷新页面后再操作。"


class WordsMissing(DomainError):
    message = "退回时请写明要改什么。"


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would get it: everybody's id, the first names, how many have no e-mail address."""

    people: list[int]
    names: list[str]
    without_email: int

    @property
    def count(self) -> int:
        return len(self.people)

    @property
    def more(self) -> int:
        return self.count - len(self.names)


def preview_of(mass: Mass) -> Preview:
    """The real recipients: those of the groups now, or those frozen when it left the draft. Two statements and the groups'."""
    people = mass.people if mass.people is not None else people_in(mass.scope_id, mass.audiences)
    rows = get_user_model().objects.filter(pk__in=people)
    names = list(rows.order_by("pk").values_list("display_name", flat=True)[:SHOWN])
    return Preview(list(people), names, rows.filter(email="").count())


@transaction.atomic(durable=True)
def draft_mass(
    *, scope_id: int, audiences: Sequence[str], subject: str, body: str, once_key: uuid.UUID, by: Any, at: datetime
) -> Mass:
    """Keep a draft; the same form sent twice is one draft."""
    mass, made = Mass.objects.get_or_create(
        once_key=once_key,
        defaults={
            "scope_id": scope_id, "author": by, "audiences": list(audiences), "subject": subject, "body": body, "made_at": at,
        },
    )  # fmt: skip
    if mass.author_id != by.pk or mass.scope_id != scope_id:
        raise NotThatState
    if made:
        record(actor=by, verb="messaging.mass_drafted", about=mass, at=at, scope_id=scope_id)
    return mass


@transaction.atomic(durable=True)
def edit_mass(
    *, mass_id: int, audiences: Sequence[str], subject: str, body: str, revision: int, by: Any, at: datetime
) -> None:
    """Change a draft or a returned one. Raises NotThatState when it left the draft or somebody else changed it."""
    moved = Mass.objects.filter(pk=mass_id, state__in=OPEN, revision=revision).update(
        audiences=list(audiences), subject=subject, body=body, revision=F("revision") + 1, state=Mass.State.DRAFT, reviewer=None,
        people=None,
    )  # fmt: skip
    if not moved:
        raise NotThatState


def _frozen(mass: Mass) -> list[int]:
    people = people_in(mass.scope_id, mass.audiences)
    if not people:
        raise NobodyToTell
    return people


@transaction.atomic(durable=True)
def submit_mass(*, mass_id: int, revision: int, by: Any, at: datetime) -> int:
    """Hand a draft to a second person, with its recipients as they are now. Raises NobodyToTell, NotThatState."""
    mass = _locked(mass_id, revision, *OPEN)
    people = _frozen(mass)
    Mass.objects.filter(pk=mass_id).update(state=Mass.State.REVIEW, people=people, reviewer=None, review_words="")
    record(
        actor=by,
        verb="messaging.mass_submitted",
        about=mass,
        at=at,
        scope_id=mass.scope_id,
        facts={"people": len(people)},
    )
    return len(people)


@transaction.atomic(durable=True)
def release_mass(*, mass_id: int, revision: int, by: Any, at: datetime) -> int:
    """Send a draft to few without a second person, held for a while. Raises NeedsReview when they are many."""
    mass = _locked(mass_id, revision, *OPEN)
    people = _frozen(mass)
    if len(people) > settings.MASS_REVIEW_OVER:
        raise NeedsReview(most=settings.MASS_REVIEW_OVER)
    _release(mass, people, by, None, at)
    return len(people)


@transaction.atomic(durable=True)
def approve_mass(*, mass_id: int, revision: int, by: Any, at: datetime) -> int:
    """Release what somebody else wrote, to the people that were shown. Raises ReviewsOneself, NotThatState."""
    mass = _locked(mass_id, revision, Mass.State.REVIEW)
    if mass.author_id == by.pk:
        raise ReviewsOneself
    people = mass.people or []
    _release(mass, people, by, by, at)
    return len(people)


@transaction.atomic(durable=True)
def return_mass(*, mass_id: int, revision: int, by: Any, words: str, at: datetime) -> None:
    """Give it back to its author with words. Raises ReviewsOneself, WordsMissing, NotThatState."""
    mass = _locked(mass_id, revision, Mass.State.REVIEW)
    if mass.author_id == by.pk:
        raise ReviewsOneself
    if not words.strip():
        raise WordsMissing
    Mass.objects.filter(pk=mass_id).update(
        state=Mass.State.RETURNED, reviewer=by, review_words=words.strip()[:300], people=None
    )
    record(
        actor=by, verb="messaging.mass_returned", about=mass, at=at, scope_id=mass.scope_id, reason=words.strip()[:300]
    )


def _locked(mass_id: int, revision: int, *states: str) -> Mass:
    mass = Mass.objects.select_for_update().filter(pk=mass_id, state__in=states, revision=revision).first()
    if mass is None:
        raise NotThatState
    return mass


def _release(mass: Mass, people: list[int], by: Any, reviewer: Any, at: datetime) -> None:
    minutes = settings.MASS_HOLD_MINUTES
    Mass.objects.filter(pk=mass.pk).update(
        state=Mass.State.RELEASED, people=people, reviewer=reviewer, released_at=at, held_until=at + timedelta(minutes=minutes)
    )  # fmt: skip
    active = get_user_model().objects.filter(pk__in=people, is_active=True).order_by("pk").values_list("pk", flat=True)
    notify(
        recipients=list(active), occasion=f"mass:{mass.pk}", subject=mass.subject, body=mass.body, link="", at=at,
        kind=MASS, hold_minutes=minutes, scope_id=mass.scope_id,
    )  # fmt: skip
    record(
        actor=by, verb="messaging.mass_released", about=mass, at=at, scope_id=mass.scope_id, facts={"people": len(people)}
    )  # fmt: skip
