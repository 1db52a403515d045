"""沿用往场: a session set up like an earlier one of the same street, with its rule, texts and judges."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.models import Judge, Session
from judging.services.setup import store
from judging.services.telling import stage_of
from rounds.models import Round

LATEST = 30


class NothingToRepeat(DomainError):
    message = "要沿用的评审会不在本街道，请重新选择。"


def earlier_sessions(round_: Round) -> "QuerySet[Session]":
    """What a session of this round may be set up like: the latest real sessions of its street."""
    real = Session.objects.filter(round__street=round_.street_id, rehearsal_of=None).order_by("-held_on", "-pk")
    latest = list(real.values_list("pk", flat=True)[:LATEST])
    return Session.objects.filter(pk__in=latest).select_related("round").order_by("-held_on", "-pk")


@transaction.atomic(durable=True)
def repeat_session(
    *, round_id: int, like_id: int, name: str, held_on: date, venue: str, by: User, at: datetime
) -> Session:
    """A session in preparation with the rule, texts, pace and judges of an earlier one. Recusals are declared anew.

    A judge whose account is disabled is left out; the others keep their order. Raises NotAllowed, NothingToRepeat,
    SameSession.
    """
    round_ = Round.objects.select_related("street").get(pk=round_id)
    like = earlier_sessions(round_).filter(pk=like_id).first()
    if like is None:
        raise NothingToRepeat
    session = Session(
        round=round_, name=name.strip(), held_on=held_on, venue=venue.strip(), rule=like.rule, notes=like.notes,
        is_paced=like.is_paced, opens_after=like.opens_after,
    )  # fmt: skip
    if not rules.can_run(by, session):
        raise NotAllowed
    store(session)
    stage_of(session, at)
    judges = Judge.objects.filter(session=like, user__is_active=True).order_by("seat").values_list("user_id", flat=True)
    seats = list(judges)
    Judge.objects.bulk_create(Judge(session=session, user_id=pk, seat=seat) for seat, pk in enumerate(seats, 1))
    record(
        actor=by, verb="judging.session_created", about=session, at=at, scope_id=round_.street_id,
        facts={"name": session.name, "like": like.pk, "judges": seats},
    )  # fmt: skip
    return session
