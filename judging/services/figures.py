"""What entries bring along: values of the rule's other parts, factor, bonus, penalty. Written until the lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.exact import plain_text
from judging import rules
from judging.models import Entry, Session
from judging.services.setup import locked


class FiguresFrozen(DomainError):
    message = "评审会已锁定，其他部分得分和加减分不能再改。"


@dataclass(frozen=True, slots=True)
class Figures:
    """What an entry brings along: values by part (None takes one away), factor, bonus and penalty in points."""

    parts: Mapping[str, Decimal | None]
    factor: Decimal = Decimal(1)
    bonus: Decimal = Decimal(0)
    penalty: Decimal = Decimal(0)


@transaction.atomic(durable=True)
def set_figures(*, session_id: int, figures: Mapping[int, Figures], by: User, at: datetime) -> Session:
    """The other parts' values, factor, bonus and penalty by entry id, as long as the session is not locked.

    Parts that are not named stay as they are. Raises NotAllowed, FiguresFrozen.
    """
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state not in {Session.State.SETUP, Session.State.SCORING}:
        raise FiguresFrozen
    changed = {}
    for entry in Entry.objects.filter(session=session, pk__in=figures).order_by("pk"):
        given = figures[entry.pk]
        parts = entry.parts | {k: None if v is None else plain_text(v) for k, v in given.parts.items()}
        parts = {k: v for k, v in parts.items() if v is not None}
        now = {"parts": parts, "factor": given.factor, "bonus": given.bonus, "penalty": given.penalty}
        before = {name: getattr(entry, name) for name in now}
        if now != before:
            Entry.objects.filter(pk=entry.pk).update(**now)
            changed[str(entry.pk)] = {"before": _as_text(before), "after": _as_text(now)}
    if changed:
        record(
            actor=by, verb="judging.figures_set", about=session, at=at, scope_id=session.round.street_id, facts={"entries": changed},
        )  # fmt: skip
    return session


def _as_text(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {k: plain_text(v) if isinstance(v, Decimal) else v for k, v in figures.items()}
