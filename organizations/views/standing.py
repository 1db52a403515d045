"""Hearings and stars of an organization."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations import rules, services
from organizations.forms import standing as forms
from organizations.models import Organization, Standing
from organizations.views.registry import own_or_street


@require_http_methods(["GET", "HEAD", "POST"])
def standings(request: HttpRequest, organization_id: int) -> HttpResponse:
    """Hearings and stars of an organization, every version; the office enters the next one."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if request.method == "POST" and not rules.can_enter(user, row):
        raise NotAllowed
    form = forms.StandingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.enter_standing(organization_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except services.HeldInFuture as error:
            form.add_error("held_on", error.message)
        except services.ClassFromBallots as error:
            form.add_error("hearing", error.message)
        except services.BelowThreshold as error:
            form.add_error("stars", error.message)
        except services.CorrectionReasonMissing as error:
            form.add_error("correction_reason", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "述职结果已登记，本单位可以查看和说明。")
            return redirect("organizations:standings", row.pk)
    return _standings_page(request, row, form=form)


@require_POST
def standing_comment(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The organization says something about its result."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.acts_for(user, row.pk):
        raise NotAllowed
    if not row.standings.exists():
        raise Http404
    form = forms.StandingCommentForm(request.POST)
    if form.is_valid():
        about = get_object_or_404(Standing, pk=form.cleaned_data["standing"], organization=row)
        try:
            services.comment_standing(standing_id=about.pk, words=form.cleaned_data["words"], by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "说明已登记。")
            return redirect("organizations:standings", row.pk)
    return _standings_page(request, row, comment_form=form)


def _standings_page(request: HttpRequest, row: Organization, **bound: Any) -> HttpResponse:
    user = person(request)
    history = rules.history_of(row)
    newest = history[0] if history else None
    comments = rules.acts_for(user, row.pk) and newest is not None
    facts = {
        "row": row, "history": history, "newest": newest, "enters": rules.can_enter(user, row), "form": forms.StandingForm(),
        "comment_form": forms.StandingCommentForm(initial={"standing": newest.pk}) if comments and newest else None,
        **bound,
    }  # fmt: skip
    return render(request, "organizations/standings.html", facts)
