"""What screens and phones are told: one small document that anybody in the hall may read. Nothing before it is revealed."""

from datetime import datetime
from typing import Any

from judging.domain.ledger import grouped
from judging.models import Entry, Judge, ResultLine, ScoreSheet, Session, Stage


def board(session: Session, stage: Stage, at: datetime) -> dict[str, Any]:
    """The board of a stage, by version. Instants are ISO texts; `open` and `closed` are ids of entries.

    Scores stand in it only where the host has revealed them after the lock.
    """
    entries = list(
        Entry.objects.filter(session=session, position__isnull=False, proposal__state="passed")
        .order_by("position")
        .values_list("pk", "position", "proposal__title", "proposal__organization__name", "opened_at", "closed_at")
    )
    shown = [{"id": e[0], "position": e[1], "title": e[2], "organization": e[3]} for e in entries]
    at_index = next((i for i, e in enumerate(shown) if e["id"] == stage.entry_id), None)
    following = shown[at_index + 1 : at_index + 2] if at_index is not None else shown[:1]
    scoring = session.state == Session.State.SCORING
    return {
        "version": stage.version,
        "session": session.name,
        "state": session.state,
        "phase": stage.phase,
        "words": stage.get_phase_display(),
        "now": shown[at_index] if at_index is not None else None,
        "next": following[0] if following else None,
        "of": len(shown),
        "clock": _clock(stage),
        "open": [e[0] for e in entries if scoring and (not session.is_paced or (e[4] and not e[5]))],
        "paced": session.is_paced,
        "opens_after": session.opens_after,
        "head": grouped(session.head) if session.head else "",
        "rule": "" if session.rule["version"] == "v1" else f"规则{session.rule['version']}",
        "at": at.isoformat(),
        "lines": revealed(session, stage) if stage.phase in (Stage.Phase.REVEALING, Stage.Phase.FINAL) else [],
        "ranked": ResultLine.objects.filter(result=session.current_id, outcome="ranked").count(),
    }


def _clock(stage: Stage) -> dict[str, Any] | None:
    if stage.started_at is None:
        return None
    total = stage.seconds_present if stage.phase == Stage.Phase.PRESENTING else stage.seconds_question
    return {
        "total": total,
        "warning": stage.seconds_warning,
        "started_at": stage.started_at.isoformat(),
        "paused_at": stage.paused_at.isoformat() if stage.paused_at else None,
        "paused_seconds": stage.paused_seconds,
    }


def revealed(session: Session, stage: Stage) -> list[dict[str, Any]]:
    """The lines revealed so far, best first, each with the totals kept and dropped; judges appear as seats."""
    lines = list(
        ResultLine.objects.filter(result=session.current_id, outcome="ranked")
        .order_by("-place")[: stage.revealed]
        .values_list("entry_id", "rank", "entry__proposal__title", "entry__proposal__organization__name", "detail")
    )
    seats = dict(Judge.objects.filter(session=session).values_list("pk", "seat"))
    totals: dict[int, list[tuple[int, str]]] = {}
    sheets = ScoreSheet.objects.filter(entry__in=[line[0] for line in lines], state=ScoreSheet.State.SUBMITTED)
    for entry_id, judge_id, total in sheets.values_list("entry_id", "judge_id", "total"):
        totals.setdefault(entry_id, []).append((seats[judge_id], f"{total:.2f}"))
    found = []
    for entry_id, rank, title, organization, detail in reversed(lines):
        out = {*detail["left_out"]["high"], *detail["left_out"]["low"]}
        found.append(
            {
                "rank": rank, "title": title, "organization": organization, "score": detail["score"],
                "sheets": [
                    {"seat": seat, "total": total, "out": f"J{seat}" in out} for seat, total in sorted(totals.get(entry_id, []))
                ],
            }
        )  # fmt: skip
    return found
