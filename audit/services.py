"""Writing the record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from audit.models import DemoStreet, Event, SelfCheck

MOST_FINDINGS = 200


def record(
    *,
    actor: AbstractBaseUser | None,
    verb: str,
    about: models.Model,
    at: datetime,
    scope_id: int | None = None,
    reason: str = "",
    facts: dict[str, Any] | None = None,
) -> Event:
    """Append one event about a row, inside the caller's transaction.

    `verb` is `app.act` in the past tense (`projects.submitted`); `scope_id` the street it belongs to; `facts` holds
    plain JSON values, never personal data.
    """
    return Event.objects.create(
        at=at,
        actor_id=actor.pk if actor is not None else None,
        verb=verb,
        object_label=about._meta.label_lower,
        object_id=about.pk,
        scope_id=scope_id,
        reason=reason,
        facts=facts or {},
    )


def record_many(
    *, actor: AbstractBaseUser | None, verb: str, rows: Sequence[tuple[models.Model, int | None, dict[str, Any]]], at: datetime
) -> None:  # fmt: skip
    """Append the same act about many rows of one kind, each with its street and facts, inside the caller's transaction."""
    Event.objects.bulk_create(
        [
            Event(
                at=at, actor_id=actor.pk if actor is not None else None, verb=verb, object_label=about._meta.label_lower,
                object_id=about.pk, scope_id=scope_id, facts=facts,
            )
            for about, scope_id, facts in rows
        ],
        batch_size=500,
    )  # fmt: skip


def mark_demonstration(*, street_id: int, at: datetime) -> None:
    """Say of a street in which nothing was recorded yet that it is a demonstration. Raises IntegrityError later on."""
    DemoStreet.objects.create(street_id=street_id, marked_at=at)


def keep_self_check(*, checks: int, findings: Sequence[tuple[str, str]], at: datetime) -> SelfCheck:
    """Store one run of all invariants, the first 200 findings in words, with its audit row; in the caller's transaction."""
    run = SelfCheck.objects.create(
        ran_at=at, checks=checks, findings=[list(f) for f in findings[:MOST_FINDINGS]], count=len(findings)
    )
    record(actor=None, verb="audit.self_checked", about=run, at=at, facts={"checks": checks, "broken": len(findings)})
    return run
