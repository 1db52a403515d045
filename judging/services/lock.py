"""The lock, the immutable result, publication."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.exact import digest
from judging import rules
from judging.domain.ledger import session_head
from judging.domain.scoring import compute
from judging.models import Absence, CarriedSheet, Entry, Judge, Recusal, Result, ResultLine, RuleChange, Session
from judging.services.lots import LotsNeeded, tie_is_left
from judging.services.opening import scoring_document
from judging.services.setup import locked
from judging.services.stage import waits_for
from judging.services.telling import session_changed


class Gaps(DomainError):
    message = "还有 {count} 个空缺：既没有评分表，也没有回避或缺评记录。请到“核对空缺”页逐个处理后再锁定。"


class RecusalsWaiting(DomainError):
    message = "有 {count} 条评委的回避声明还没有确认，请先在评审会页面确认，再锁定。"


class RuleChangeWaits(DomainError):
    message = "有一项规则变更等待批准，请先批准或不批准，再锁定。"


class CarriedWaiting(DomainError):
    message = "有 {count} 张转录的评分表还没有复核。请先在“转录评分表”页复核或退回，再锁定。"


class NotScoring(DomainError):
    message = "评审会不在评分中，不能锁定。请刷新页面查看。"


class RehearsalStaysIn(DomainError):
    message = "排练的结果不能公布。"


class OtherGroupFirst(DomainError):
    message = "要等“{name}”评完并锁定，才能公布本场。"


class NotLocked(DomainError):
    message = "评审会尚未锁定，或已经公布。"


@transaction.atomic(durable=True)
def lock_session(*, session_id: int, by: User, at: datetime) -> Result:
    """Lock, and in the same transaction make the immutable result. No result before every gap is explained.

    Raises NotAllowed, NotScoring, RecusalsWaiting, RuleChangeWaits, CarriedWaiting, Gaps, LotsNeeded.
    """
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.state != Session.State.SCORING:
        raise NotScoring
    waiting = Recusal.objects.filter(judge__session=session, confirmed_at=None).count()
    if waiting:
        raise RecusalsWaiting(count=waiting)
    if RuleChange.objects.filter(session=session, state=RuleChange.State.WAITING).exists():
        raise RuleChangeWaits
    carried = CarriedSheet.objects.filter(judge__session=session, state=CarriedSheet.State.ENTERED).count()
    if carried:
        raise CarriedWaiting(count=carried)
    gaps = rules.gaps(session)
    if gaps:
        raise Gaps(count=len(gaps))
    document = scoring_document(session)
    outcome = compute(document)
    if tie_is_left(document, outcome):
        raise LotsNeeded
    heads = {
        f"J{seat}": {"moves": moves, "head": head}
        for seat, moves, head in Judge.objects.filter(session=session)
        .order_by("seat")
        .values_list("seat", "moves", "head")
    }
    result = Result.objects.create(
        session=session, number=Result.objects.filter(session=session).count() + 1, scoring=document, outcome=outcome,
        digest=digest(outcome), heads=heads, made_at=at,
    )  # fmt: skip
    session.current = result
    session.state, session.locked_at, session.locked_by = Session.State.LOCKED, at, by
    session.head = session_head(str(session.pk), session.rule_digest, heads, digest(document))
    session.save(update_fields=["state", "current", "locked_at", "locked_by", "head"])
    entries = dict(Entry.objects.filter(session=session).values_list("proposal__receipt_number", "pk"))
    ResultLine.objects.bulk_create(
        ResultLine(
            result=result, entry_id=entries[row["proposal"]], place=place, outcome=row["outcome"], rank=row["rank"],
            score=None if row["score"] is None else Decimal(row["score"]), detail=row,
        )
        for place, row in enumerate(outcome["results"], 1)
    )  # fmt: skip
    record(
        actor=by, verb="judging.locked", about=session, at=at, scope_id=session.round.street_id,
        facts={"absent": Absence.objects.filter(judge__session=session).count(), "digest": result.digest, "head": session.head},
    )  # fmt: skip
    session_changed(session, at)
    return result


@transaction.atomic(durable=True)
def publish_result(*, session_id: int, by: User, at: datetime) -> Session:
    """Make the result public. Raises NotAllowed, NotLocked, RehearsalStaysIn, OtherGroupFirst."""
    session = locked(session_id)
    if not rules.can_run(by, session):
        raise NotAllowed
    if session.rehearsal_of_id is not None:
        raise RehearsalStaysIn
    other = waits_for(session)
    if other is not None:
        raise OtherGroupFirst(name=other.name)
    moved = Session.objects.filter(pk=session_id, state=Session.State.LOCKED).update(
        state=Session.State.PUBLISHED, published_at=at
    )
    if not moved:
        raise NotLocked
    record(actor=by, verb="judging.published", about=session, at=at, scope_id=session.round.street_id)
    session.refresh_from_db()
    session_changed(session, at)
    return session
