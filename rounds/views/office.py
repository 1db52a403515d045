"""Pages of the office: list, set-up, actions and papers of a round."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from rounds import forms, rules, services, starts
from rounds.domain.configurations import configuration_of, configurations
from rounds.facts import facts_of
from rounds.views.calls import word_of


@require_safe
def round_list(request: HttpRequest) -> HttpResponse:
    """Rounds of one's street, newest first."""
    user = person(request)
    if not street_ids(user, *rules.READERS):
        raise NotAllowed
    page = Paginator(rules.visible_rounds(user).order_by("-id"), 30).get_page(request.GET.get("page"))
    now = clock.now()
    facts = {"page": page, "rows": [(r, r.phase_at(now)) for r in page], "runs": bool(street_ids(user, Role.OFFICE))}
    return render(request, "rounds/list.html", facts)


PREFILL = ("title", "intro", "themes")


def _begins_from(request: HttpRequest, at: datetime) -> tuple[dict[str, Any], str] | None:
    """First values of the form and what they come from, in words; None where nothing was chosen yet.

    `?with=` a ready configuration, `?from=` an earlier round, `?blank=1`, or words given (`?title=`, `?intro=`, `?themes=`).
    """
    words = {name: request.GET[name] for name in PREFILL if request.GET.get(name)}
    ready = configuration_of(request.GET.get("with", ""))
    if ready is not None:
        return starts.from_configuration(ready, at) | words, ready.label
    model_id = whole(request.GET.get("from", ""))
    model = None if model_id is None else rules.visible_rounds(person(request)).filter(pk=model_id).first()
    if model is not None:
        return starts.from_round(model, at) | words, model.title
    if words or request.GET.get("blank"):
        return starts.blank(at) | words, ""
    return None


@require_http_methods(["GET", "HEAD", "POST"])
def round_new(request: HttpRequest) -> HttpResponse:
    """The office sets up a round: first from what, then the form with everything filled in that is known."""
    user, at = person(request), clock.now()
    streets = street_ids(user, Role.OFFICE)
    if not streets:
        raise NotAllowed
    begins = _begins_from(request, at)
    if request.method != "POST" and begins is None:
        page = Paginator(rules.visible_rounds(user).filter(street__in=streets).order_by("-year", "-id"), 20)
        facts = {"ready": configurations(), "page": page.get_page(request.GET.get("page")), "now": at}
        return render(request, "rounds/start.html", facts)
    initial, origin = begins or (starts.blank(at), "")
    form = forms.RoundForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data, themes = form.facts()
        try:
            row = services.create_round(
                street=Area.objects.get(pk=streets[0]), facts=data, themes=themes, at=at, by=user
            )
        except DomainError as error:
            form.add_error("title" if isinstance(error, services.SameTitle) else None, error.message)
        else:
            messages.success(request, "期次已建好，核对后即可开启。")
            return redirect("rounds:detail", row.pk)
    return render(request, "rounds/edit.html", {"form": form, "origin": origin})


@require_http_methods(["GET", "HEAD", "POST"])
def round_edit(request: HttpRequest, round_id: int) -> HttpResponse:
    """The office changes a round in preparation."""
    user = person(request)
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    if not rules.can_run_round(user, row):
        raise NotAllowed
    form = forms.RoundForm(request.POST if request.method == "POST" else None, initial=forms.initial_of(row))
    if request.method == "POST" and form.is_valid():
        data, themes = form.facts()
        try:
            services.edit_round(round_id=row.pk, facts=data, themes=themes, at=clock.now(), by=user)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已保存。")
            return redirect("rounds:detail", row.pk)
    return render(request, "rounds/edit.html", {"form": form, "row": row})


@require_safe
def round_detail(request: HttpRequest, round_id: int) -> HttpResponse:
    """Facts of a round and what the office may do with it."""
    user = person(request)
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    now = clock.now()
    facts = {
        "round": row, "runs": rules.can_run_round(user, row), "now": now, "phase": row.phase_at(now),
        "waiting": row.questions.waiting().count(), "sees_graces": bool(row.grace_hours) and rules.sees_graces(user, row),
        "graces": row.graces.count(), **facts_of(row),
    }  # fmt: skip
    return render(request, "rounds/detail.html", facts)


@require_safe
@never_cache
def round_word(request: HttpRequest, round_id: int, what: str) -> HttpResponseBase:
    """W1 the notice or W2 the call as Word; before the opening it says 草案."""
    row = get_object_or_404(rules.visible_rounds(person(request)), pk=round_id)
    return word_of(row, what)


@require_POST
def round_open(request: HttpRequest, round_id: int) -> HttpResponse:
    """Publish the call; freezes the rules."""
    user = person(request)
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    if not rules.can_run_round(user, row):
        raise NotAllowed
    services.open_round(round_id=row.pk, at=clock.now(), by=user)
    messages.success(request, "期次已开启，征集公告已公开，规则已冻结。")
    return redirect("rounds:detail", row.pk)


@require_POST
def round_close(request: HttpRequest, round_id: int) -> HttpResponse:
    """End the round."""
    user = person(request)
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    if not rules.can_run_round(user, row):
        raise NotAllowed
    services.close_round(round_id=row.pk, at=clock.now(), by=user)
    messages.success(request, "期次已结束。")
    return redirect("rounds:detail", row.pk)
