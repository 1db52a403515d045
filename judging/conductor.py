"""The conductor's screen 导播台: one page that drives the judges' phones and the big screen; who has handed in, no number."""

import json
from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock, live
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.board import board
from judging.forms import TimesForm
from judging.models import Entry, Session
from judging.rules import online
from judging.services import stage as services
from judging.services.telling import stage_of


def _session(request: HttpRequest, session_id: int) -> Session:
    session = get_object_or_404(rules.visible_sessions(person(request)), pk=session_id)
    if not rules.can_host(person(request), session):
        raise NotAllowed
    return session


@require_safe
@never_cache
def conductor(request: HttpRequest, session_id: int) -> HttpResponse:
    """Now, next, clock, opening and closing, who has handed in, lights before the start."""
    return _page(request, _session(request, session_id))


def _page(request: HttpRequest, session: Session, status: int = 200, **more: Any) -> HttpResponse:
    at = clock.now()
    stage = stage_of(session, at)
    judges, rows = rules.progress(session)
    entries = list(
        Entry.objects.filter(session=session, position__isnull=False, proposal__state="passed")
        .select_related("proposal")
        .order_by("position")
    )
    cells = {row.entry_id: row for row in rows}
    facing = next((i for i, e in enumerate(entries) if e.pk == stage.entry_id), None)
    screen = request.build_absolute_uri(reverse("judging:screen", args=[stage.key]))
    facts = {
        "session": session, "stage": stage, "judges": judges, "entries": [(e, cells.get(e.pk)) for e in entries],
        "now_entry": entries[facing] if facing is not None else None,
        "next_entry": next(iter(entries[facing + 1 :] if facing is not None else entries), None),
        "screen": screen, "screen_qr": segno.make(screen, error="m").svg_inline(scale=3, border=2, omitsize=True), "lights": rules.preflight(session, at), "online": online(session, at), "missing": sum(row.missing for row in rows),
        "times": TimesForm(initial={"present": stage.seconds_present, "question": stage.seconds_question, "warning": stage.seconds_warning}),
        "board": board(session, stage, at), "channel": _address(request, stage.key), "poll": reverse("judging:board", args=[stage.key]), **more,
    }  # fmt: skip
    return live.allow_push(request, render(request, "judging/conductor.html", facts, status=status))


def _address(request: HttpRequest, key: str) -> str:
    return live.address(request.get_host(), request.is_secure(), live.channel("stage", key))


@require_POST
def direct(request: HttpRequest, session_id: int) -> HttpResponse:
    """One act of the conductor; the second click of a double click finds a newer board and changes nothing."""
    session = _session(request, session_id)
    act = request.POST.get("act", "")
    if act not in services.ACTS:
        return _page(request, session, 400)
    seconds = None
    if act == "times":
        form = TimesForm(request.POST)
        if not form.is_valid():
            return _page(request, session, 422, times=form, has_errors=True)
        seconds = (form.cleaned_data["present"], form.cleaned_data["question"], form.cleaned_data["warning"])
    try:
        services.direct(
            session_id=session.pk, act=act, by=person(request), at=clock.now(), version=_number(request.POST.get("version")),
            entry_id=_number(request.POST.get("entry")), note=request.POST.get("note", ""), seconds=seconds,
        )  # fmt: skip
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("judging:conductor", session.pk)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@require_safe
@never_cache
def handed(request: HttpRequest, session_id: int) -> HttpResponse:
    """Who has handed in what, and who is online, for the conductor's page to refresh itself: words, never a number."""
    session = _session(request, session_id)
    _, rows = rules.progress(session)
    facts = {
        "rows": {row.entry_id: row.cells for row in rows},
        "missing": sum(row.missing for row in rows),
        "online": online(session, clock.now()),
    }
    return HttpResponse(json.dumps(facts), content_type="application/json")
