"""Pages of the round: the office's list, set-up and actions; the public calls."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations.models import Organization
from rounds import forms, rules, services
from rounds.models import Round


@require_safe
def round_list(request: HttpRequest) -> HttpResponse:
    """Rounds of one's street, newest first."""
    user = person(request)
    if not street_ids(user, *rules.READERS):
        raise NotAllowed
    page = Paginator(rules.visible_rounds(user).order_by("-id"), 30).get_page(request.GET.get("page"))
    return render(
        request, "rounds/list.html", {"page": page, "runs": bool(street_ids(user, Role.OFFICE)), "now": clock.now()}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def round_new(request: HttpRequest) -> HttpResponse:
    """The office sets up a round, from scratch or from an earlier one (`?from=`)."""
    user = person(request)
    streets = street_ids(user, Role.OFFICE)
    if not streets:
        raise NotAllowed
    model = (
        rules.visible_rounds(user).filter(pk=request.GET["from"]).first()
        if request.GET.get("from", "").isdigit()
        else None
    )
    initial = forms.initial_of(model) if model else {"year": clock.local(clock.now()).year, "number": 1}
    if model:
        initial |= {"title": "", "number": model.number + 1, "apply_opens_at": None, "apply_closes_at": None}
    form = forms.RoundForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        themes = data.pop("themes")
        try:
            row = services.create_round(
                street=Area.objects.get(pk=streets[0]), facts=data, themes=themes, at=clock.now(), by=user
            )
        except DomainError as error:
            form.add_error("title", error.message)
        else:
            messages.success(request, "期次已建好，核对后即可开启。")
            return redirect("rounds:detail", row.pk)
    return render(request, "rounds/edit.html", {"form": form, "model": model})


@require_http_methods(["GET", "HEAD", "POST"])
def round_edit(request: HttpRequest, round_id: int) -> HttpResponse:
    """The office changes a round in preparation."""
    user = person(request)
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    if not rules.can_run_round(user, row):
        raise NotAllowed
    form = forms.RoundForm(request.POST if request.method == "POST" else None, initial=forms.initial_of(row))
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        themes = data.pop("themes")
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
    facts = {"round": row, "runs": rules.can_run_round(user, row), "now": clock.now(), **_facts(row)}
    return render(request, "rounds/detail.html", facts)


def _facts(row: Round) -> dict[str, object]:
    kinds = dict(Organization.Kind.choices)
    return {
        "themes": row.themes.order_by("position"),
        "kinds": [kinds[k] for k in row.applicant_kinds if k in kinds],
    }


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


@login_not_required
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """Calls for everybody, newest first."""
    page = Paginator(rules.public_rounds().order_by("-apply_closes_at", "-id"), 30).get_page(request.GET.get("page"))
    return render(request, "rounds/calls.html", {"page": page, "now": clock.now()})


@login_not_required
@require_safe
def call(request: HttpRequest, round_id: int) -> HttpResponse:
    """One call: what, who may apply, how much, until when to the second, whom to ask."""
    row = get_object_or_404(rules.public_rounds(), pk=round_id)
    now = clock.now()
    facts = {
        "round": row,
        "now": now,
        "accepts": row.accepts_at(now),
        "may_apply": rules.may_apply(request.user, row),
        **_facts(row),
    }
    return render(request, "rounds/call.html", facts)
