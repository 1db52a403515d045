"""Pages of those who read and decide: list, detail, eligibility check."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Role
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations.models import Organization
from organizations.rules import acts_for
from projects import forms, rules, services
from projects.models import Proposal
from projects.views import sheet_of
from rounds.models import Theme
from rounds.rules import visible_rounds


@require_safe
def proposal_list(request: HttpRequest) -> HttpResponse:
    """Handed-in proposals of one's street or community; filters in the address; totals below."""
    user = person(request)
    if not holds(user, *rules.READERS, Role.COMMUNITY):
        raise NotAllowed
    found = rules.visible_proposals(user).exclude(state=Proposal.State.DRAFT)
    chosen = {k: request.GET.get(k, "") for k in ("round", "theme", "state", "kind")}
    rounds = visible_rounds(user)
    themes = list(Theme.objects.filter(round__in=rounds).order_by("name").values_list("name", flat=True).distinct())
    if (round_id := forms.whole(chosen["round"])) is not None:
        found = found.filter(round=round_id)
    if chosen["theme"] in themes:
        found = found.filter(theme__name=chosen["theme"])
    if chosen["state"] in Proposal.State.values:
        found = found.filter(state=chosen["state"])
    if chosen["kind"] in Organization.Kind.values:
        found = found.filter(organization__kind=chosen["kind"])
    sums = found.aggregate(asked=Sum("requested"), least=Sum("minimum"), n=Count("pk"))
    kinds, states = dict(Organization.Kind.choices), dict(Proposal.State.choices)
    rows: Any = found.order_by("-submitted_at", "-id").values(
        "pk", "receipt_number", "title", "organization__name", "organization__kind", "theme__name", "community__name", "requested",
        "minimum", "state", "is_demo", "submitted_at", needs_n=_count_of("needs"), orders_n=_count_of("orders"),
    )  # fmt: skip
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    for row in page:
        row["kind"], row["state_words"] = kinds[row["organization__kind"]], states[row["state"]]
    facts = {
        "page": page, "chosen": chosen, "sums": sums, "states": [s for s in Proposal.State.choices if s[0] != "draft"],
        "kinds": Organization.Kind.choices, "themes": themes, "rounds": rounds.order_by("-id").values_list("pk", "title"),
    }  # fmt: skip
    return render(request, "projects/list.html", facts)


def _count_of(relation: str) -> Coalesce:
    """How many needs or orders each proposal answers, without multiplying its row."""
    links: Any = getattr(Proposal, relation).through
    ours = links.objects.filter(proposal=OuterRef("pk")).order_by().values("proposal")
    return Coalesce(ours.annotate(n=Count("pk")).values("n"), 0)


@require_http_methods(["GET", "HEAD", "POST"])
def detail(request: HttpRequest, proposal_id: int) -> HttpResponse:
    """One proposal as it was handed in last, with its decisions; the office decides here."""
    user = person(request)
    proposal = get_object_or_404(rules.visible_proposals(user), pk=proposal_id)
    if proposal.state == Proposal.State.DRAFT:
        return redirect("projects:edit", proposal.pk)
    decides = rules.can_decide(user, proposal) and proposal.state == Proposal.State.SUBMITTED
    if request.method == "POST" and not rules.can_decide(user, proposal):
        raise NotAllowed
    now = clock.now()
    form = forms.DecideForm(request.POST if request.method == "POST" else None, at=now)
    if request.method == "POST" and form.is_valid():
        try:
            services.decide_eligibility(proposal_id=proposal.pk, by=user, at=now, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "初审结论已登记，申报单位会收到通知。")
            return redirect("projects:detail", proposal.pk)
    versions = list(proposal.versions.order_by("-number"))
    facts: dict[str, Any] = {
        "proposal": proposal, "form": form, "decides": decides or (request.method == "POST" and bool(form.errors)),
        "decisions": proposal.decisions.select_related("decided_by").order_by("-id"),
        "versions": versions, "is_own": acts_for(user, proposal.organization_id),
        "can_write": rules.can_write(user, proposal), "now": now, **sheet_of(versions[0].content),
    }  # fmt: skip
    return render(request, "projects/detail.html", facts)
