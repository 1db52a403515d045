"""The running order: a commitment before the public number, the order after it."""

import secrets
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError
from judging.domain.draw import commitment, order
from judging.models import Draw, Entry
from judging.services.setup import AlreadyDrawn, in_setup


class NoCommitment(DomainError):
    message = "请先公布承诺值，再现场抽签。"


class NoWitness(DomainError):
    message = "请填写现场号码和见证人，再抽签。"


@transaction.atomic(durable=True)
def commit_draw(*, session_id: int, by: User, at: datetime, secret: str | None = None) -> Draw:
    """Draw a secret and publish its commitment. The same call again gives the same draw. Raises NotInSetup."""
    session = in_setup(session_id, by)
    known = Draw.objects.filter(session=session).first()
    if known is not None:
        return known
    secret = secret or secrets.token_hex(16)
    draw = Draw.objects.create(session=session, secret=secret, commitment=commitment(secret), committed_at=at)
    record(
        actor=by, verb="judging.draw_committed", about=session, at=at, scope_id=session.round.street_id,
        facts={"commitment": draw.commitment},
    )  # fmt: skip
    return draw


@transaction.atomic(durable=True)
def draw_order(*, session_id: int, public_number: str, witnesses: str, by: User, at: datetime) -> Draw:
    """Type in the public number before witnesses; sets the running order.

    Raises NotInSetup, NoWitness, NoCommitment, AlreadyDrawn.
    """
    session = in_setup(session_id, by)
    if not (public_number.strip() and witnesses.strip()):
        raise NoWitness
    draw = Draw.objects.select_for_update().filter(session=session).first()
    if draw is None:
        raise NoCommitment
    if draw.drawn_at is not None:
        raise AlreadyDrawn
    entries = {
        e.proposal.receipt_number or "": e for e in Entry.objects.filter(session=session).select_related("proposal")
    }
    for position, key in enumerate(order(list(entries), draw.secret, public_number.strip()), 1):
        Entry.objects.filter(pk=entries[key].pk).update(position=position)
    draw.public_number, draw.witnesses = public_number.strip(), witnesses.strip()
    draw.drawn_at, draw.drawn_by = at, by
    draw.save()
    record(
        actor=by, verb="judging.drawn", about=session, at=at, scope_id=session.round.street_id,
        facts={"number": draw.public_number, "secret": draw.secret},
    )  # fmt: skip
    return draw
