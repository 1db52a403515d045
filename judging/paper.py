"""Last resorts on the office's side: printed sheets, their entry by two people, device files, and the page of all gaps."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.domain.ballot import columns, votes
from judging.domain.codes import paper_code
from judging.forms import ConfirmForm, DeviceFileForm, PaperForm
from judging.found import visible_session
from judging.models import Absence, CarriedSheet, Entry, Judge, Move, Recusal, Session
from judging.services.absences import record_absences, withdraw_absence
from judging.services.paper import (
    carried_of,
    confirm_carried,
    enter_file,
    enter_paper,
    may_carry,
    reject_carried,
)  # fmt: skip
from judging.services.sheets import BadMark


def _carries(request: HttpRequest, session_id: int) -> Session:
    session = visible_session(request, session_id)
    if not may_carry(person(request), session):
        raise NotAllowed("评审会的评委和只读人员不能录入评分表。")
    return session


@require_safe
@never_cache
def print_sheets(request: HttpRequest, session_id: int) -> HttpResponse:
    """A4 sheets to fill by hand, a page per judge, every line with its code."""
    session = _carries(request, session_id)
    judges = Judge.objects.filter(session=session).select_related("user").order_by("seat")
    entries = list(
        Entry.objects.filter(session=session, position__isnull=False, proposal__state="passed")
        .order_by("position")
        .values_list("pk", "position", "proposal__title", "proposal__organization__name")
    )
    recused = set(Recusal.objects.filter(judge__session=session).values_list("judge_id", "entry_id"))
    why = rules.explained(session)
    pages = [
        {
            "seat": judge.seat, "name": judge.user.display_name,
            "rows": [
                {"position": position, "title": title, "organization": organization, "recused": (judge.pk, pk) in recused,
                 "code": paper_code(session.pk, judge.seat, position or 0)}
                for pk, position, title, organization in entries
                if why.get((judge.pk, pk)) != "free"
            ],
        }
        for judge in judges
    ]  # fmt: skip
    return render(
        request,
        "judging/paper_print.html",
        {"session": session, "pages": pages, "criteria": columns(session.rule), "ticks": votes(session.rule)},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def paper(request: HttpRequest, session_id: int) -> HttpResponse:
    """Enter paper sheets and device files; what waits for another person."""
    session = _carries(request, session_id)
    which = request.POST.get("part", "") if request.method == "POST" else ""
    form = PaperForm(request.POST if which == "paper" else None, criteria=columns(session.rule))
    file = DeviceFileForm(*((request.POST, request.FILES) if which == "file" else (None,)))
    act: dict[str, Any] = {"session_id": session.pk, "by": person(request), "at": clock.now()}
    try:
        if which == "paper" and form.is_valid():
            row = enter_paper(**act, code=form.cleaned_data["code"], marks=form.marks)
            messages.success(request, f"已录入，合计 {row.total:.2f} 分。请另一位工作人员复核。")
            return redirect("judging:paper", session.pk)
        if which == "file" and file.is_valid():
            made = enter_file(**act, text=file.cleaned_data["text"])
            messages.success(request, f"已读入 {len(made)} 条。请另一位工作人员复核。")
            return redirect("judging:paper", session.pk)
    except BadMark as error:
        bad, field = (form, f"mark-{error.key}") if which == "paper" else (file, None)
        bad.add_error(field, error.message)
    except DomainError as error:
        (form if which == "paper" else file).add_error(None, error.message)
    facts = {
        "session": session, "form": form, "file": file, "carried": carried_of(session), "me": person(request).pk,
        "is_open": session.state == Session.State.SCORING, "has_errors": form.errors or file.errors,
    }  # fmt: skip
    return render(request, "judging/paper.html", facts, status=400 if which and (form.errors or file.errors) else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def carried(request: HttpRequest, session_id: int, carried_id: int) -> HttpResponse:
    """One entered sheet, shown to the person who confirms it or sends it back; nobody edits it."""
    session = _carries(request, session_id)
    rows = CarriedSheet.objects.select_related("judge__user", "entry__proposal", "entered_by", "decided_by")
    row = get_object_or_404(rows, pk=carried_id, judge__session=session)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data, at = form.cleaned_data, clock.now()
        try:
            if request.POST.get("do") == "reject":
                reject_carried(carried_id=row.pk, by=person(request), at=at, note=data["reason"])
                messages.success(request, "已退回，请重新录入。")
            else:
                confirm_carried(
                    carried_id=row.pk, by=person(request), at=at, total=data["total"], replace_reason=data["reason"]
                )
                messages.success(request, "已复核，评分表已计入。")
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("judging:paper", session.pk)
    lines = [(c["label"], c["max"], row.marks.get(c["key"], "")) for c in columns(session.rule)]
    facts = {
        "session": session, "row": row, "form": form, "lines": lines, "is_waiting": row.state == CarriedSheet.State.ENTERED,
        "mine": row.entered_by_id == person(request).pk,
        "seen": row.state == CarriedSheet.State.ENTERED or session.locked_at is not None,
    }  # fmt: skip
    return render(request, "judging/carried.html", facts, status=409 if form.errors else 200)


@require_safe
@never_cache
def reconcile(request: HttpRequest, session_id: int) -> HttpResponse:
    """Every gap with what is known of it and the ways out; what came late; what was carried. Never a number."""
    session = visible_session(request, session_id)
    scoring = session.state == Session.State.SCORING
    gaps = rules.gaps(session) if scoring else []
    by_judge: dict[int, dict[str, Any]] = {}
    for gap in gaps:
        row = by_judge.setdefault(gap.judge_id, {"gap": gap, "count": 0})
        row["count"] += 1
    facts = {
        "session": session, "page": Paginator(gaps, 50).get_page(request.GET.get("page")), "gaps": len(gaps),
        "by_judge": list(by_judge.values()), "runs": rules.can_run(person(request), session) and scoring,
        "carries": may_carry(person(request), session) and scoring, "is_open": scoring,
        "absences": Absence.objects.filter(judge__session=session)
        .select_related("judge__user", "entry__proposal", "recorded_by").order_by("judge__seat", "entry__position")[:300],
        "waiting": CarriedSheet.objects.filter(judge__session=session, state=CarriedSheet.State.ENTERED).count(),
        "late": Move.objects.filter(session=session, kind=Move.Kind.LATE)
        .select_related("judge__user", "entry__proposal").order_by("-at")[:100],
    }  # fmt: skip
    return render(request, "judging/reconcile.html", facts)


@require_POST
def absences(request: HttpRequest, session_id: int) -> HttpResponse:
    """Record absences: chosen gaps, or all the rest of one judge; or take one back."""
    session = visible_session(request, session_id)
    act: dict[str, Any] = {"session_id": session.pk, "by": person(request), "at": clock.now()}
    try:
        if "withdraw" in request.POST:
            withdraw_absence(**act, absence_id=_whole(request.POST["withdraw"]))
            messages.success(request, "已撤销缺评记录。")
        else:
            judge = _whole(request.POST.get("judge", ""))
            chosen = [_pair(text) for text in request.POST.getlist("gap")]
            gaps = [(g.judge_id, g.entry_id) for g in rules.gaps(session) if g.judge_id == judge] if judge else chosen
            made = record_absences(**act, gaps=gaps, reason=request.POST.get("reason", ""))
            messages.success(request, f"已登记 {len(made)} 个缺评。")
    except DomainError as error:
        if isinstance(error, NotAllowed):
            raise
        messages.error(request, error.message)
    return redirect("judging:reconcile", session.pk)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _pair(text: str) -> tuple[int, int]:
    judge, _, entry = text.partition("-")
    return _whole(judge), _whole(entry)
