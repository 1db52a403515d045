"""Pages of the office, host and supervisor: progress, lock, result."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.exact import pretty
from core.numbers import wholes
from core.sheets import file_title
from jobs.services import start_job
from judging import forms, rules, services
from judging.found import run_session, visible_session
from judging.models import Draw, Recusal, Session
from judging.record import session_record


@require_safe
def session_list(request: HttpRequest) -> HttpResponse:
    """Sessions of one's street."""
    user = person(request)
    if not street_ids(user, *rules.WATCHERS):
        raise NotAllowed
    sessions = rules.visible_sessions(user).order_by("-held_on", "-id")
    page = Paginator(sessions, 30).get_page(request.GET.get("page"))
    return render(request, "judging/list.html", {"page": page, "runs": bool(street_ids(user, Role.OFFICE))})


@require_safe
def session_detail(request: HttpRequest, session_id: int) -> HttpResponse:
    """The session's state; while scoring 交 / 未交 per judge and entry, never a number."""
    session = visible_session(request, session_id)
    return _session_page(request, session)


def _session_page(request: HttpRequest, session: Session, status: int = 200, **more: Any) -> HttpResponse:
    judges, rows = rules.progress(session)
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    facts = {
        "page": page,
        "session": session,
        "runs": rules.can_run(person(request), session),
        "hosts": rules.can_host(person(request), session),
        "judges": judges,
        "rows": rows,
        "missing": sum(r.missing for r in rows),
        "expected": sum(len(r.cells) - r.cells.count("recused") - r.cells.count("free") for r in rows),
        "gaps": services.gaps_before_opening(session) if session.state == Session.State.SETUP else [],
        "draw": Draw.objects.filter(session=session).first(),
        "declared": Recusal.objects.filter(judge__session=session, confirmed_at=None)
        .select_related("judge__user", "entry__proposal")
        .order_by("pk"),
        "lock_form": forms.LockForm(),
        **more,
    }
    facts["handed"] = facts["expected"] - facts["missing"]
    return render(request, "judging/session.html", facts, status=status)


@require_POST
def open_scoring(request: HttpRequest, session_id: int) -> HttpResponse:
    """Freeze the rule and open scoring."""
    session = run_session(request, session_id)
    try:
        services.open_scoring(session_id=session.pk, by=person(request), at=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "评分已开放，规则已冻结。")
    return redirect("judging:session", session.pk)


@require_POST
def confirm_recusal(request: HttpRequest, session_id: int) -> HttpResponse:
    """The office notes a judge's declaration."""
    session = run_session(request, session_id)
    try:
        for recusal_id in wholes(request.POST.getlist("recusal"))[:1]:
            services.confirm_recusal(session_id=session.pk, recusal_id=recusal_id, by=person(request), at=clock.now())
            messages.success(request, "已确认回避。")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("judging:session", session.pk)


@require_POST
def lock(request: HttpRequest, session_id: int) -> HttpResponse:
    """Lock and compute."""
    session = run_session(request, session_id)
    form = forms.LockForm(request.POST)
    if form.is_valid():
        try:
            services.lock_session(session_id=session.pk, by=person(request), at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已锁定，结果已算出。")
            return redirect("judging:result", session.pk)
    return _session_page(request, session, 409, lock_form=form, has_errors=True)


@require_POST
def publish(request: HttpRequest, session_id: int) -> HttpResponse:
    """Make the result public."""
    session = run_session(request, session_id)
    try:
        services.publish_result(session_id=session.pk, by=person(request), at=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "结果已公布。")
    return redirect("judging:result", session.pk)


def _with_result(request: HttpRequest, session_id: int) -> Session:
    found = rules.visible_sessions(person(request)).select_related("current")
    session = get_object_or_404(found, pk=session_id)
    if not rules.can_read_result(person(request), session):
        raise NotAllowed("评审会锁定后才有结果。")
    return session


@require_safe
def result(request: HttpRequest, session_id: int) -> HttpResponse:
    """Ranks, trimmed means and the arithmetic of each score, for those who run and watch."""
    session = _with_result(request, session_id)
    names, rows = rules.tally(session.result)
    lines = session.result.lines.select_related("entry__proposal__organization").order_by("place")
    facts = {
        "session": session,
        "names": names,
        "rows": rows,
        "lines": lines,
        "runs": rules.can_run(person(request), session),
        "checks": rules.can_check_result(person(request), session),
    }
    return render(request, "judging/result.html", facts)


@require_POST
def export_tally(request: HttpRequest, session_id: int) -> HttpResponse:
    """Start the export of E6; the next page shows its progress."""
    session = _with_result(request, session_id)
    at = clock.now()
    kind, name = ("judging.e5", "评委评分表") if request.POST.get("what") == "e5" else ("judging.e6", "评分汇总表")
    title = file_title(
        year=session.round.year, about=session.round.title, part=session.name, report=name, day=clock.local(at).date()
    )
    job = start_job(
        owner=person(request), kind=kind, title=title, params={"session": session.pk}, at=at,
        scope_id=session.round.street_id,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)


@require_safe
def document(request: HttpRequest, session_id: int, part: str) -> HttpResponse:
    """The scoring document or its result, exactly as `score_file` reads and writes it, or the open record of the session."""
    session = _with_result(request, session_id)
    if part == "record" and session.rehearsal_of_id is not None:
        raise Http404("a rehearsal is no result")
    if part == "record":
        data = {
            "format": "chuangtou/record@1",
            "round": {"code": str(session.round_id), "title": session.round.title},
            "sessions": [session_record(session)],
        }
    else:
        data = session.result.scoring if part == "scoring" else session.result.outcome
    answer = HttpResponse(pretty(data), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{part}-{session.pk}.json"'
    return answer
