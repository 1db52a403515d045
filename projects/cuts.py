"""Pages of 预算核减: the cut table of office and finance, the applicant's answer."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations.rules import acts_for
from projects import forms, rules
from projects.models import BudgetCut, Proposal
from projects.services import cutting, limits


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def cut(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Every version of the cut; office and finance write the next one, the applicant answers the newest."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user).exclude(state=Proposal.State.DRAFT), pk=proposal_id)
    if request.method == "POST" and not rules.can_cut(user, proposal):
        raise NotAllowed
    standing = rules.standing_cut(proposal)
    lines = list(proposal.lines.order_by("position"))
    form = forms.CutForm(request.POST if request.method == "POST" else None, lines=lines, standing=standing)
    if request.method == "POST" and form.is_valid():
        try:
            made = cutting.cut_budget(
                proposal_id=proposal.pk, approvals=form.approvals(), seen=form.cleaned_data["seen"],
                note=form.cleaned_data["note"], by=user, at=clock.now(),
            )  # fmt: skip
        except cutting.CutMeanwhile as error:
            form.add_error(None, error.message)
            form.now_seen(rules.standing_cut(proposal))
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"第 {made.number} 版核减已登记，申报单位会收到通知。")
            return redirect("projects:cut", proposal.pk)
    return _page(request, proposal, form=form)


@require_POST
def cut_answer(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The applicant agrees or not."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user).exclude(state=Proposal.State.DRAFT), pk=proposal_id)
    if not acts_for(user, proposal.organization_id):
        raise NotAllowed
    if rules.standing_cut(proposal) is None:
        raise Http404
    form = forms.CutAnswerForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        which = get_object_or_404(BudgetCut, proposal=proposal, number=data["number"])
        try:
            cutting.answer_cut(
                cut_id=which.pk, agrees=data["agrees"] == "yes", words=data["words"], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "答复已登记。")
            return redirect("projects:cut", proposal.pk)
    return _page(request, proposal, answer_form=form)


def _page(request: HttpRequest, proposal: Proposal, **bound: Any) -> HttpResponse:
    user = person(request)
    versions = list(
        proposal.cuts.select_related("made_by", "answer__answered_by").prefetch_related("lines").order_by("-number")
    )
    for version in versions:
        version.sorted_lines = sorted(version.lines.all(), key=lambda line: line.position)  # type: ignore[attr-defined]
    standing = versions[0] if versions else None
    cuts = rules.can_cut(user, proposal) and proposal.state == Proposal.State.PASSED
    is_own, pleas = acts_for(user, proposal.organization_id), limits.pleas_now(proposal)
    answers = is_own and standing is not None and not hasattr(standing, "answer")
    lines = list(proposal.lines.order_by("position"))
    facts = {
        "proposal": proposal, "pleas": pleas, "to_cut": any(p.ruling and p.ruling.outcome == "cut" for p in pleas), "versions": versions, "cuts": cuts, "is_own": is_own, "answers": answers,
        "form": forms.CutForm(None, lines=lines, standing=standing) if cuts else None,
        "answer_form": forms.CutAnswerForm(initial={"number": standing.number}) if standing and answers else None,
        **bound,
    }  # fmt: skip
    return render(request, "projects/cut.html", facts)
