"""Writing the record."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from audit.models import Event


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
