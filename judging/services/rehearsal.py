"""排练: a copy of a session in preparation to try everything with; its data never reaches a result."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.exact import digest
from judging import rules
from judging.models import Entry, Judge, Session
from judging.services.setup import in_setup, locked
from judging.services.telling import session_changed, stage_of


class NothingToRehearse(DomainError):
    message = "先选好参评项目和评委，再排练。"


class NoRehearsal(DomainError):
    message = "这不是进行中的排练，请刷新页面查看。"


@transaction.atomic(durable=True)
def start_rehearsal(*, session_id: int, by: User, at: datetime) -> Session:
    """A new rehearsal with the session's rule, judges and projects, open for scoring at once; the one before ends.

    Raises NotAllowed, NotInSetup, NothingToRehearse.
    """
    session = in_setup(session_id, by)
    entries = list(Entry.objects.filter(session=session).order_by("position", "pk"))
    judges = list(Judge.objects.filter(session=session).order_by("seat"))
    if session.rehearsal_of_id is not None or not entries or not judges:
        raise NothingToRehearse
    end_rehearsals(session, at)
    number = session.rehearsals.count() + 1
    copy = Session.objects.create(
        round=session.round, name=f"{session.name[:50]}（排练{number}）", held_on=session.held_on, venue=session.venue, rule=session.rule,
        notes=session.notes, rule_digest=digest(session.rule), state=Session.State.SCORING, scoring_opened_at=at,
        is_paced=session.is_paced, opens_after=session.opens_after, is_demo=session.is_demo, rehearsal_of=session,
    )  # fmt: skip
    Judge.objects.bulk_create(Judge(session=copy, user_id=j.user_id, seat=j.seat) for j in judges)
    Entry.objects.bulk_create(
        Entry(session=copy, proposal_id=e.proposal_id, version_id=e.version_id, position=n, parts=e.parts)
        for n, e in enumerate(entries, 1)
    )
    record(
        actor=by, verb="judging.rehearsal_started", about=copy, at=at, scope_id=session.round.street_id,
        facts={"of": session.pk},
    )  # fmt: skip
    stage_of(copy, at)
    session_changed(copy, at)
    return copy


def end_rehearsals(session: Session, at: datetime) -> None:
    """End what is still going on; inside the caller's transaction."""
    for rehearsal in session.rehearsals.exclude(state=Session.State.ENDED):
        rehearsal.state = Session.State.ENDED
        rehearsal.save(update_fields=["state"])
        session_changed(rehearsal, at)


@transaction.atomic(durable=True)
def end_rehearsal(*, session_id: int, by: User, at: datetime) -> Session:
    """The rehearsal is over. Raises NotAllowed, NoRehearsal."""
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.rehearsal_of_id is None or session.state == Session.State.ENDED:
        raise NoRehearsal
    session.state = Session.State.ENDED
    session.save(update_fields=["state"])
    record(actor=by, verb="judging.rehearsal_ended", about=session, at=at, scope_id=session.round.street_id)
    session_changed(session, at)
    return session
