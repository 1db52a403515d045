"""Lots for ties 同分抽签: committed first, drawn before witnesses, needed only where a tie is left at the lock."""

import secrets
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.domain.draw import commitment, order
from judging.models import Entry, LotDraw, Session
from judging.services.draw import NoCommitment, NoWitness
from judging.services.setup import AlreadyDrawn, locked
from judging.services.sheets import closed


class LotsNeeded(DomainError):
    message = "有并列需要抽签决定。请先到“同分抽签”页当众抽签，再锁定。"


def _open(session_id: int, by: User) -> Session:
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state not in (Session.State.SETUP, Session.State.SCORING):
        raise closed(session.locked_at)
    return session


@transaction.atomic(durable=True)
def commit_lots(*, session_id: int, by: User, at: datetime) -> LotDraw:
    """Fix a secret and publish its commitment; again is the same. Raises NotAllowed, ScoringClosed."""
    session = _open(session_id, by)
    secret = secrets.token_hex(16)
    draw, made = LotDraw.objects.get_or_create(
        session=session, defaults={"secret": secret, "commitment": commitment(secret), "committed_at": at}
    )
    if made:
        record(
            actor=by, verb="judging.lots_committed", about=session, at=at, scope_id=session.round.street_id,
            facts={"commitment": draw.commitment},
        )  # fmt: skip
    return draw


@transaction.atomic(durable=True)
def draw_lots(*, session_id: int, public_number: str, witnesses: str, by: User, at: datetime) -> LotDraw:
    """The public number before witnesses gives every entry its lot.

    Raises NotAllowed, ScoringClosed, NoWitness, NoCommitment, AlreadyDrawn.
    """
    session = _open(session_id, by)
    if not (public_number.strip() and witnesses.strip()):
        raise NoWitness
    draw = LotDraw.objects.select_for_update().filter(session=session).first()
    if draw is None:
        raise NoCommitment
    if draw.drawn_at is not None:
        raise AlreadyDrawn
    keys = Entry.objects.filter(session=session).values_list("proposal__receipt_number", flat=True)
    draw.public_number, draw.witnesses, draw.drawn_at, draw.drawn_by = public_number.strip(), witnesses.strip(), at, by
    draw.order = order([key or "" for key in keys], draw.secret, draw.public_number)
    draw.save()
    record(
        actor=by, verb="judging.lots_drawn", about=session, at=at, scope_id=session.round.street_id,
        facts={"number": draw.public_number, "secret": draw.secret},
    )  # fmt: skip
    return draw


def tie_is_left(document: Mapping[str, Any], outcome: Mapping[str, Any]) -> bool:
    """Whether the rule asks for lots and a rank is shared although nobody has one."""
    if "lot" not in document["rule"]["rank"]["ties"] or any(p["lot"] for p in document["proposals"]):
        return False
    ranks = Counter(row["rank"] for row in outcome["results"] if row["rank"] is not None)
    return any(n > 1 for n in ranks.values())
