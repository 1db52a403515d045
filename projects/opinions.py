"""Pages of the community's opinion on an application."""

from datetime import datetime
from typing import Any

from django import forms as fields
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.forms import PortalForm
from organizations.rules import acts_for
from projects import rules
from projects.models import Attachment, Proposal
from projects.services.opinions import OpinionNeedsWords, give_opinion, remind_community


class OpinionForm(PortalForm):
    """Agrees or not, and in what words."""

    agrees = fields.ChoiceField(
        label="社区意见", choices=[("yes", "同意"), ("no", "不同意")], widget=fields.RadioSelect
    )
    words = fields.CharField(
        label="意见说明", max_length=500, required=False, widget=fields.Textarea(attrs={"rows": 3}),
        help_text="不同意时必须写明；申报单位和创投办会看到，打印在申报书上",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("agrees") == "no" and not (data.get("words") or "").strip():
            self.add_error("words", OpinionNeedsWords.message)
        return data


def opinion_facts(user: User, proposal: Proposal, at: datetime) -> dict[str, Any]:
    """What the pages of an application show of the opinion; nothing where its round asks none."""
    if not proposal.round.opinion:
        return {"opinion_asked": False}
    standing = rules.standing_opinion(proposal)
    sealed = list(proposal.attachments.standing().filter(kind=Attachment.Kind.SEAL))
    last = proposal.reminders.order_by("-pk").first()
    asks = rules.asks_opinion(user, proposal) and standing is None
    return {
        "opinion_asked": True, "opinion": standing, "sealed": sealed, "gives_opinion": rules.gives_opinion(user, proposal),
        "reminded": last, "reminds": asks, "reminds_now": asks and (last is None or last.asked_on < clock.local(at).date()),
    }  # fmt: skip


def _asked(request: HttpRequest, proposal_id: int) -> Proposal:
    """A proposal that was handed in to a round that asks for the opinion; of another round there is none."""
    seen = rules.visible_proposals(person(request)).exclude(state=Proposal.State.DRAFT).exclude(round__opinion="")
    return get_object_or_404(seen, pk=proposal_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def opinion(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The community's opinion: its state for everybody who reads the proposal, a form for the community."""
    user, now = person(request), clock.now()
    proposal = _asked(request, proposal_id)
    facts, status = opinion_facts(user, proposal, now), 200
    if request.method == "POST" and not facts["gives_opinion"]:
        raise NotAllowed
    version = proposal.versions.order_by("-number").first()
    if version is None:
        raise Http404
    form = OpinionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            give_opinion(proposal_id=proposal.pk, agrees=data["agrees"] == "yes", words=data["words"], by=user, at=now)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "社区意见已登记，申报单位会收到通知。")
            return redirect("projects:opinion", proposal.pk)
    rows = proposal.opinions.select_related("community", "given_by", "version").order_by("-pk")
    more = {"proposal": proposal, "form": form, "rows": list(rows), "version": version, "content": version.content, "is_own": acts_for(user, proposal.organization_id)}  # fmt: skip
    return render(request, "projects/opinion.html", facts | more, status=status)


@require_POST
def opinion_remind(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """The applicant reminds the community."""
    user, now = person(request), clock.now()
    proposal = _asked(request, proposal_id)
    if not acts_for(user, proposal.organization_id):
        raise NotAllowed
    try:
        remind_community(proposal_id=proposal.pk, by=user, at=now)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "已提醒社区。每天可以提醒一次。")
    return redirect("projects:opinion", proposal.pk)
