"""The open record of locked sessions, chuangtou/record@1: what an outsider needs to check ledger, draw and ranks."""

from typing import Any

from judging.domain.ledger import moment
from judging.models import Draw, Entry, Judge, LotDraw, Move, RuleChange, Session, Unlock
from rounds.models import Round


def round_record(round_: Round) -> dict[str, Any]:
    """All locked sessions of a round; judges appear as seats, projects by receipt number. Format: docs/verify.md."""
    locked = (
        Session.objects.filter(round=round_, locked_at__isnull=False, rehearsal_of=None)
        .select_related("current")
        .order_by("pk")
    )
    return {
        "format": "chuangtou/record@1",
        "round": {"code": str(round_.pk), "title": round_.title},
        "sessions": [session_record(session) for session in locked],
    }


def session_record(session: Session) -> dict[str, Any]:
    """One locked session: heads at the lock, draw, both documents, and every move, late ones too; eight queries."""
    if session.locked_at is None or session.current is None:
        raise ValueError(session.pk)
    seats = dict(Judge.objects.filter(session=session).values_list("pk", "seat"))
    keys = dict(
        Entry.objects.filter(session=session).order_by("position").values_list("pk", "proposal__receipt_number")
    )
    draw = Draw.objects.filter(session=session, drawn_at__isnull=False).first()
    lots = LotDraw.objects.filter(session=session, drawn_at__isnull=False).first()
    reasons = dict(session.unlocks.filter(state=Unlock.State.DONE).values_list("result_id", "reason"))
    moves = Move.objects.filter(session=session).order_by("judge__seat", "number")
    # Before lots were drawn by themselves the running order stood in for them: such a record has no key for the draw.
    stood_in = lots is None and any(p["lot"] for p in session.result.scoring["proposals"])
    return {
        "key": str(session.pk), "name": session.name, "locked_at": moment(session.locked_at), "rule_digest": session.rule_digest,
        "head": session.head, "judges": session.result.heads,
        "draw": None if draw is None else {
            "commitment": draw.commitment, "secret": draw.secret, "number": draw.public_number, "order": list(keys.values()),
        },
        "rule_changes": [
            {"old": c.old_rule, "new": c.new_rule, "reason": c.reason, "at": moment(c.decided_at)}
            for c in session.rule_changes.filter(state=RuleChange.State.APPLIED, decided_at__isnull=False).order_by("pk")
            if c.decided_at
        ],
        "earlier": [
            {"number": r.number, "digest": r.digest, "made_at": moment(r.made_at), "reason": reasons.get(r.pk, "")}
            for r in session.results.exclude(pk=session.result.pk).order_by("number")
        ],
        **({} if stood_in else {"lots": None if lots is None else {
            "commitment": lots.commitment, "secret": lots.secret, "number": lots.public_number, "order": lots.order,
        }}),
        "scoring": session.result.scoring, "result": session.result.outcome,
        "moves": [
            {
                "session": str(session.pk), "judge": f"J{seats[m.judge_id]}", "number": m.number, "proposal": keys[m.entry_id],
                "kind": m.kind, "marks": m.marks, "reason": m.reason, "base": m.base, "revision": m.revision, "device": m.device,
                "counter": m.counter, "by": m.by, "at": moment(m.at), "previous": m.previous, "digest": m.digest,
            }
            for m in moves
        ],
    }  # fmt: skip
