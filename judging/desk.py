"""The judge's pages: one's own list, one project a screen. Nothing about anybody else."""

import secrets
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError
from judging import rules, services
from judging.models import Entry, Judge, Recusal, ScoreSheet, Session


def _seat(request: HttpRequest, session_id: int) -> Judge:
    """One's own seat in a session whose scoring has opened; anybody else finds nothing."""
    open_to_judges = Judge.objects.exclude(session__state=Session.State.SETUP).select_related("session__round")
    return get_object_or_404(open_to_judges, session=session_id, user=person(request))


@require_safe
@never_cache
def desk(request: HttpRequest, session_id: int) -> HttpResponse:
    """已评 n/N, the list in running order, the next one to score."""
    seat = _seat(request, session_id)
    rows = rules.desk(seat)
    own = [r for r in rows if r.state not in ("recused", "gone")]
    facts = {
        "session": seat.session, "seat": seat, "rows": rows, "done": sum(r.state == "submitted" for r in own), "all": len(own),
        "next": next((r for r in own if r.state != "submitted"), None), "is_open": seat.session.state == Session.State.SCORING,
    }  # fmt: skip
    return render(request, "judging/desk.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sheet(request: HttpRequest, session_id: int, entry_id: int) -> HttpResponse:
    """One project: marks, running total; keep, read back, hand in."""
    seat = _seat(request, session_id)
    entry = get_object_or_404(
        Entry.objects.select_related("proposal__organization", "proposal__theme", "version"),
        pk=entry_id,
        session=seat.session_id,
    )
    if Recusal.objects.filter(judge=seat, entry=entry).exists():
        messages.info(request, "您已回避此项目，不能查看和评分。")
        return redirect("judging:desk", session_id)
    if request.method == "POST":
        return _save(request, seat, entry)
    stored = ScoreSheet.objects.filter(judge=seat, entry=entry).first()
    return _page(request, seat, entry, stored, dict(stored.marks) if stored else {}, stored.revision if stored else 0)


def _page(
    request: HttpRequest, seat: Judge, entry: Entry, stored: ScoreSheet | None, marks: dict[str, str], revision: int,
    *, status: int = 200, bad: str = "", error: str = "", confirm: str = "",
) -> HttpResponse:  # fmt: skip
    rows = [
        {**c, "value": marks.get(c["key"], ""), "error": error if c["key"] == bad else ""}
        for c in seat.session.rule["criteria"]
    ]
    listed = rules.desk(seat)
    at = next((i for i, r in enumerate(listed) if r.entry_id == entry.pk), 0)
    facts: dict[str, Any] = {
        "session": seat.session, "entry": entry, "content": entry.version.content, "rows": rows, "stored": stored,
        "revision": revision, "client_id": secrets.token_hex(16), "error": "" if bad else error, "has_errors": bool(error),
        "confirm": confirm, "is_open": seat.session.state == Session.State.SCORING, "full": sum(Decimal(c["max"]) for c in seat.session.rule["criteria"]),
        "before": listed[at - 1] if at > 0 else None, "after": listed[at + 1] if at + 1 < len(listed) else None,
        "done": sum(r.state == "submitted" for r in listed), "all": sum(r.state not in ("recused", "gone") for r in listed),
    }  # fmt: skip
    return render(request, "judging/sheet.html", facts, status=status)


def _save(request: HttpRequest, seat: Judge, entry: Entry) -> HttpResponse:
    given = {c["key"]: request.POST.get(f"mark-{c['key']}", "") for c in seat.session.rule["criteria"]}
    asked = request.POST.get("do", "keep")
    revision = int(request.POST.get("revision", "0")) if request.POST.get("revision", "").isdigit() else 0
    stored = ScoreSheet.objects.filter(judge=seat, entry=entry).first()
    try:
        if asked == "check":
            _, total = services.read_marks(seat.session.rule, given, whole=True)
            return _page(request, seat, entry, stored, given, revision, confirm=f"{total:.2f}")
        saved = services.save_sheet(
            entry_id=entry.pk, judge=person(request), marks=given, submit=asked == "submit", base_revision=revision,
            client_id=request.POST.get("client_id", "")[:64], at=clock.now(),
        )  # fmt: skip
    except services.BadMark as error:
        return _page(request, seat, entry, stored, given, revision, status=400, bad=error.key, error=error.message)
    except services.SheetChangedMeanwhile as error:
        return _page(request, seat, entry, error.sheet, given, error.sheet.revision, status=409, error=error.message)
    except DomainError as error:
        return _page(request, seat, entry, stored, given, revision, status=error.status, error=error.message)
    if asked == "submit":
        messages.success(
            request, f"“{entry.proposal.title}”已送达：{saved.total:.2f} 分（{clock.local(saved.saved_at):%H:%M:%S}）。"
        )
        return redirect("judging:desk", seat.session_id)
    messages.success(request, f"已暂存（{clock.local(saved.saved_at):%H:%M:%S}）。")
    return redirect("judging:sheet", seat.session_id, entry.pk)


@require_safe
def material(request: HttpRequest, session_id: int, entry_id: int) -> HttpResponse:
    """The frozen proposal that is judged."""
    seat = _seat(request, session_id)
    entry = get_object_or_404(Entry.objects.select_related("version", "proposal"), pk=entry_id, session=seat.session_id)
    if Recusal.objects.filter(judge=seat, entry=entry).exists():
        messages.info(request, "您已回避此项目，不能查看和评分。")
        return redirect("judging:desk", session_id)
    return render(
        request, "judging/material.html", {"session": seat.session, "entry": entry, "content": entry.version.content}
    )
