"""缺评 on record: no result before every gap has a sheet, a recusal or a recorded absence."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.models import Absence, Session
from judging.services.setup import NoReason, locked
from judging.services.sheets import ScoringNotOpen, closed


class NoGaps(DomainError):
    message = "请先选择要登记缺评的空缺。已经交来评分表或已登记的，不用再登记。"
    status = 400


def _open(session_id: int, by: User) -> Session:
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state == Session.State.SETUP:
        raise ScoringNotOpen
    if session.state != Session.State.SCORING:
        raise closed(session.locked_at)
    return session


@transaction.atomic(durable=True)
def record_absences(
    *, session_id: int, gaps: Sequence[tuple[int, int]], reason: str, by: User, at: datetime
) -> list[Absence]:
    """Record that nothing will come for these (judge id, entry id); what is no gap any more is left out.

    Raises NotAllowed, ScoringNotOpen, ScoringClosed, NoReason, NoGaps.
    """
    session = _open(session_id, by)
    if not reason.strip():
        raise NoReason
    still = {(g.judge_id, g.entry_id) for g in rules.gaps(session)} & set(gaps)
    if not still:
        raise NoGaps
    made = Absence.objects.bulk_create(
        Absence(judge_id=j, entry_id=e, reason=reason.strip()[:200], recorded_at=at, recorded_by=by)
        for j, e in sorted(still)
    )
    record(
        actor=by, verb="judging.absences_recorded", about=session, at=at, scope_id=session.round.street_id,
        reason=reason.strip()[:200], facts={"gaps": sorted(still)},
    )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def withdraw_absence(*, session_id: int, absence_id: int, by: User, at: datetime) -> None:
    """The sheet is expected again. Raises NotAllowed, ScoringNotOpen, ScoringClosed."""
    session = _open(session_id, by)
    row = Absence.objects.filter(pk=absence_id, judge__session=session).first()
    if row is not None:
        record(
            actor=by, verb="judging.absence_withdrawn", about=session, at=at, scope_id=session.round.street_id,
            facts={"judge": row.judge_id, "entry": row.entry_id}, reason=row.reason,
        )  # fmt: skip
        row.delete()
