"""Papers of the result, ready at once: E5 per judge, E6 the tally, E7 of a tick-vote; and why a project has its score."""

from decimal import Decimal
from typing import Any

from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import may
from accounts.web import person
from core.errors import NotAllowed
from judging import rules
from judging.domain.ballot import columns
from judging.domain.ledger import grouped
from judging.domain.scoring import check_rule
from judging.domain.sentences import sentences
from judging.feedback import feedback
from judging.models import Entry, Judge, ResultLine, ScoreSheet, Session

A4_JUDGES, A3_JUDGES = 9, 20  # columns of judges that a sheet of paper holds


def _with_result(request: HttpRequest, session_id: int) -> Session:
    session = get_object_or_404(rules.visible_sessions(person(request)).select_related("current"), pk=session_id)
    if not rules.can_read_result(person(request), session):
        raise NotAllowed("评审会锁定后才有结果。")
    return session


@require_safe
@never_cache
def print_result(request: HttpRequest, session_id: int, what: str) -> HttpResponse:
    """One of `e5`, `e6`, `e7` as a page to print; `?paper=a3` takes more judges on a sheet."""
    session = _with_result(request, session_id)
    ticks = session.rule["aggregate"] == "ticks"
    if what not in ("e5", "e7" if ticks else "e6"):
        raise Http404
    paper = "a3" if request.GET.get("paper") == "a3" else "a4"
    facts = {"session": session, "paper": paper, "what": what, "head": grouped(session.head), "ticks": ticks}
    facts |= {"e5": _e5, "e6": _e6, "e7": _e7}[what](session, paper)
    return render(request, f"judging/print_{what}.html", facts)


def _e5(session: Session, _paper: str) -> dict[str, Any]:
    criteria = columns(session.rule)
    why = rules.explained(session)
    sheets = {
        (s.judge_id, s.entry_id): s
        for s in ScoreSheet.objects.filter(session=session, state=ScoreSheet.State.SUBMITTED)
    }
    entries = list(_entries(session))
    pages = []
    for judge in Judge.objects.filter(session=session).select_related("user").order_by("seat"):
        rows = []
        for entry in entries:
            if why.get((judge.pk, entry["pk"])) == "free":
                continue
            sheet = sheets.get((judge.pk, entry["pk"]))
            reason = {"recused": "回避", "absent": "缺评"}.get(why.get((judge.pk, entry["pk"]), ""), "缺评")
            if why.get((judge.pk, entry["pk"])) == "recused":
                sheet = None
            rows.append(
                entry | {
                    "marks": [sheet.marks.get(c["key"], "") for c in criteria] if sheet else [reason] + [""] * (len(criteria) - 1),
                    "total": sheet.total if sheet else None, "comment": sheet.comment if sheet else "",
                }
            )  # fmt: skip
        pages.append({"seat": judge.seat, "name": judge.user.display_name, "rows": rows})
    return {"criteria": criteria, "pages": pages}


def _entries(session: Session) -> Any:
    rows = Entry.objects.filter(session=session).order_by(F("position").asc(nulls_last=True), "pk")
    return rows.values("pk", "position", title=F("proposal__title"), organization=F("proposal__organization__name"))


def _e6(session: Session, paper: str) -> dict[str, Any]:
    names, rows = rules.tally(session.result)
    size = A3_JUDGES if paper == "a3" else A4_JUDGES
    parts = []
    for start in range(0, max(len(names), 1), size):
        last = start + size >= len(names)
        parts.append(
            {
                "names": list(enumerate(names[start : start + size], start + 1)), "last": last,
                "rows": [(row, row.marks[start : start + size], _extremes(row)) for row in rows],
            }
        )  # fmt: skip
    return {"parts": parts, "split": len(parts) > 1}


def _extremes(row: rules.TallyRow) -> dict[str, Any]:
    given: list[Decimal] = [t for t, _ in row.marks if t is not None]
    return {"high": max(given, default=None), "low": min(given, default=None), "given": len(given)}


def _e7(session: Session, _paper: str) -> dict[str, Any]:
    ballots = session.result.outcome["ballots"]
    sent = Judge.objects.filter(session=session).count()
    lines = session.result.lines.select_related("entry__proposal__organization").order_by("place")
    valid = ballots["valid"]
    rows = [
        (
            line,
            line.score,
            None if line.score is None or not valid else (line.score * 100 / valid).quantize(Decimal("0.01")),
        )
        for line in lines
    ]
    return {"rows": rows, "sent": sent, "missing": sent - ballots["given"], "ballots": ballots}


@require_safe
@never_cache
def why(request: HttpRequest, session_id: int, entry_id: int) -> HttpResponse:
    """Why this score: for the applicant after publication, of her own project; for those who watch, after the lock."""
    user = person(request)
    entry = get_object_or_404(
        Entry.objects.select_related("session__round__street", "session__current", "proposal__organization"),
        pk=entry_id, session=session_id,
    )  # fmt: skip
    session = entry.session
    judges = Judge.objects.filter(session=session, user=user.pk).exists()
    watches = (
        may(user, session.round.street, Role.OFFICE, Role.LEADER, Role.SUPERVISOR) and session.locked_at is not None
    )
    owns = rules.own_entries(user).filter(pk=entry.pk).exists()
    watches = watches and not judges
    if not owns and not watches:
        raise Http404
    line = get_object_or_404(ResultLine.objects.filter(result=session.current_id), entry=entry)
    told = feedback(entry, session, is_applicant=owns)
    facts = {
        "session": session, "entry": entry, "line": line, "version": session.rule["version"],
        "named": bool(session.notes.get("names_public")) and bool(told.judges), "told": told,
        "of": ResultLine.objects.filter(result=session.current_id, outcome="ranked").count(),
        "sections": sentences(check_rule(session.rule)), "watches": watches,
    }  # fmt: skip
    return render(request, "judging/why.html", facts)
