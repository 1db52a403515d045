"""回避 while scoring: declared by the judge, holding at once, noted by the office. A sheet given before is voided, its trace kept."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.models import Recusal, Session
from judging.services.setup import NoReason, locked
from judging.services.sheets import ScoringNotOpen, closed, place_of, void_sheet


class NothingToConfirm(DomainError):
    message = "这条回避声明已经确认过，或者不存在。请刷新页面查看。"


@transaction.atomic(durable=True)
def declare_recusal(*, entry_id: int, judge: User, reason: str, at: datetime) -> Recusal:
    """The judge steps back from an entry; twice is once. From now on she neither sees nor scores it.

    Raises NoReason, NotAllowed, ScoringNotOpen, ScoringClosed.
    """
    if not reason.strip():
        raise NoReason
    place = place_of(judge, entry_id)  # the judge's row before the session's, as a sheet does
    session = locked(place.session_id)
    if session.state == Session.State.SETUP:
        raise ScoringNotOpen
    if session.state != Session.State.SCORING:
        raise closed(session.locked_at)
    row, made = Recusal.objects.get_or_create(
        judge_id=place.judge_id, entry_id=entry_id, defaults={"reason": reason.strip()[:200], "declared_at": at}
    )
    if made:
        void_sheet(judge_id=place.judge_id, entry_id=entry_id, reason=reason.strip(), at=at)
        record(
            actor=judge, verb="judging.recusal_declared", about=session, at=at, scope_id=place.street_id, reason=row.reason,
            facts={"judge": place.judge_id, "entry": entry_id},
        )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def confirm_recusal(*, session_id: int, recusal_id: int, by: User, at: datetime) -> None:
    """The office has noted a judge's declaration. Raises NotAllowed, NothingToConfirm."""
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    rows = Recusal.objects.filter(pk=recusal_id, judge__session=session, confirmed_at=None)
    if not rows.update(confirmed_at=at, confirmed_by=by):
        raise NothingToConfirm
    record(
        actor=by, verb="judging.recusal_confirmed", about=session, at=at, scope_id=session.round.street_id,
        facts={"recusal": recusal_id},
    )  # fmt: skip
