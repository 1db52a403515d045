"""The page of 超限例外: what the applicant asked for and what the office decides about it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from projects import rules
from projects.forms.limits import RulingForm
from projects.models import Proposal
from projects.services import limits


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def limit_pleas(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """Every plea of the version handed in last with its ruling; the office decides those that wait, one at a time."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user).exclude(state=Proposal.State.DRAFT), pk=proposal_id)
    decides = rules.can_decide(user, proposal)
    if request.method == "POST" and not decides:
        raise NotAllowed
    head = request.POST.get("head", "")
    sent = RulingForm(request.POST, prefix=None, auto_id=f"id_{head[:12]}_%s") if request.method == "POST" else None
    if sent is not None and sent.is_valid():
        try:
            limits.rule_on_limit(proposal_id=proposal.pk, by=user, at=clock.now(), **sent.cleaned_data)
        except DomainError as error:
            sent.add_error(None, error.message)
        else:
            messages.success(request, "决定已登记。")
            return redirect("projects:limits", proposal.pk)
    pleas = limits.pleas_now(proposal)
    waits = decides and proposal.state == Proposal.State.SUBMITTED
    rows = [(p, _form(p.head, head, sent) if waits and p.ruling is None else None) for p in pleas]
    # What was typed for a head that is not waiting any more is shown with its sentence above the list.
    lost = sent if sent is not None and not any(form is sent for _, form in rows) else None
    facts = {"proposal": proposal, "rows": rows, "lost": lost, "waits": waits}
    return render(request, "projects/limits.html", facts)


def _form(head: str, sent_head: str, sent: RulingForm | None) -> RulingForm:
    if sent is not None and head == sent_head:
        return sent
    return RulingForm(initial={"head": head}, auto_id=f"id_{head}_%s")
