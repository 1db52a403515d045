"""The street's pool of judges, and who reviews what: preview, apply, take back."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.finding import narrowed
from judging import forms, rules
from judging.models import Assignment, Entry, Judge, PoolJudge, Session
from judging.services.assigning import apply_assignment, clear_assignment, keep_in_pool, propose


def pool_of(session: Session, seats: list[Judge]) -> list[PoolJudge]:
    """Who of the pool could be seated and is not yet."""
    rows = PoolJudge.objects.filter(street=session.round.street_id, is_active=True).select_related("user")
    return list(rows.exclude(user__in=[s.user_id for s in seats]).order_by("user__display_name", "pk"))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def pool(request: HttpRequest) -> HttpResponse:
    """Who may be invited: add, change, set aside."""
    user = person(request)
    streets = Area.objects.filter(pk__in=street_ids(user, Role.OFFICE)).order_by("pk")
    if not streets:
        raise NotAllowed
    adding = request.method == "POST" and "pool" not in request.POST
    form = forms.PoolForm(request.POST if adding else None, streets=streets)
    rows = PoolJudge.objects.filter(street__in=streets).select_related("user", "street")
    if request.method == "POST":
        act: dict[str, Any] = {"by": user, "at": clock.now()}
        if not adding:
            row = get_object_or_404(rows, pk=_whole(request.POST["pool"]))
            keep_in_pool(
                street=row.street,
                user=row.user,
                unit=row.unit,
                expertise=row.expertise,
                is_active=not row.is_active,
                **act,
            )
            return redirect("judging:pool")
        if form.is_valid():
            data = form.cleaned_data
            keep_in_pool(
                street=data["street"], user=data["username"], unit=data["unit"], expertise=data["expertise"], **act
            )
            messages.success(request, f"{data['username'].display_name} 已在评委库中。")
            return redirect("judging:pool")
    rows = narrowed(
        rows, request.GET.get("q", ""), texts=("user__display_name", "unit", "expertise"), codes=("user__username",)
    )
    page = Paginator(rows.order_by("-is_active", "user__display_name", "pk"), 30).get_page(request.GET.get("page"))
    return render(
        request, "judging/pool.html", {"page": page, "form": form, "has_errors": bool(form.errors)}, status=400 if form.errors else 200
    )  # fmt: skip


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def assign(request: HttpRequest, session_id: int) -> HttpResponse:
    """Who reviews what: how many judges an entry, how many entries a judge; the preview, and only then the act."""
    user, at = person(request), clock.now()
    session = get_object_or_404(rules.visible_sessions(user), pk=session_id)
    if not rules.can_run(user, session):
        raise NotAllowed
    is_open = session.state == Session.State.SETUP
    sent = request.POST if request.method == "POST" else request.GET if "needed" in request.GET else None
    form = forms.AssignForm(
        sent if sent is not None and "clear" not in sent else None, initial={"needed": 3, "most": 10}
    )
    preview = None
    try:
        if request.method == "POST" and "clear" in request.POST:
            clear_assignment(session_id=session.pk, by=user, at=at)
            messages.success(request, "已取消分配，每位评委评全部项目。")
            return redirect("judging:assign", session.pk)
        if form.is_bound and form.is_valid():
            if request.method == "POST":
                apply_assignment(
                    session_id=session.pk, seen=request.POST.get("seen", ""), by=user, at=at, **form.cleaned_data
                )
                messages.success(request, "已按预览分配。评委只看到分给自己的项目。")
                return redirect("judging:assign", session.pk)
            preview = propose(session, at=at, **form.cleaned_data)
    except DomainError as error:
        if isinstance(error, NotAllowed):
            raise
        form.add_error(None, error.message) if form.is_bound else messages.error(request, error.message)
    judges = list(Judge.objects.filter(session=session).select_related("user").order_by("seat"))
    now = Assignment.objects.filter(judge__session=session).order_by("judge__seat").values_list("entry_id", "judge_id")
    chosen: dict[int, list[int]] = {}
    for entry, judge in now:
        chosen.setdefault(entry, []).append(judge)
    shown = preview.by_entry if preview else chosen
    name = {j.pk: f"{j.seat} {j.user.display_name}" for j in judges}
    fits = preview.fitting if preview else frozenset()
    entries = Entry.objects.filter(session=session, proposal__state="passed").select_related("proposal__organization")
    facts = {
        "session": session, "form": form, "preview": preview, "is_open": is_open, "has_errors": bool(form.errors),
        "rows": [
            (e, [(name[j], (e.pk, j) in fits) for j in shown.get(e.pk, [])]) for e in entries.order_by("position", "pk")
        ],
        "loads": [(name[j.pk], sum(j.pk in own for own in shown.values())) for j in judges],
    }  # fmt: skip
    return render(request, "judging/assign.html", facts, status=400 if form.errors else 200)
