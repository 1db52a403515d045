"""Pages of those who read and decide: list, detail, eligibility check."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role, User
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.finding import narrowed
from core.numbers import whole
from core.sheets import file_title
from jobs.services import start_job
from organizations.models import Organization
from organizations.rules import acts_for, known_standing
from projects import forms, rules, services
from projects.checkform import CheckForm
from projects.domain.changes import changes
from projects.exports import GROUPS
from projects.models import Proposal, lacks_opinion
from projects.opinions import opinion_facts
from projects.services import checking, limits
from projects.views import sheet_of
from rounds.models import Round, Theme
from rounds.rules import visible_rounds


@require_safe
def proposal_list(request: HttpRequest) -> HttpResponse:
    """Handed-in proposals of one's street or community; filters in the address; totals below."""
    user = person(request)
    if not holds(user, *rules.READERS, Role.COMMUNITY):
        raise NotAllowed
    found = rules.visible_proposals(user).exclude(state=Proposal.State.DRAFT)
    chosen = {k: request.GET.get(k, "") for k in ("q", "round", "theme", "state", "kind", "opinion")}
    rounds = visible_rounds(user)
    themes = list(Theme.objects.filter(round__in=rounds).order_by("name").values_list("name", flat=True).distinct())
    found = narrowed(found, chosen["q"], texts=("title", "organization__name"), codes=("receipt_number",))
    round_id = whole(chosen["round"])
    if round_id is not None:
        found = found.filter(round=round_id)
    if chosen["theme"] in themes:
        found = found.filter(theme__name=chosen["theme"])
    if chosen["state"] in Proposal.State.values:
        found = found.filter(state=chosen["state"])
    if chosen["kind"] in Organization.Kind.values:
        found = found.filter(organization__kind=chosen["kind"])
    if chosen["opinion"] == "lacking":
        found = found.lacking_opinion()
    sums = found.aggregate(asked=Sum("requested"), least=Sum("minimum"), n=Count("pk"))
    kinds, states = dict(Organization.Kind.choices), dict(Proposal.State.choices)
    rows: Any = found.order_by("-submitted_at", "-id").values(
        "pk", "receipt_number", "title", "organization__name", "organization__kind", "theme__name", "community__name", "requested",
        "minimum", "state", "is_demo", "submitted_at", "round__opinion", lacks_opinion=lacks_opinion(), needs_n=_count_of("needs"), orders_n=_count_of("orders"),
    )  # fmt: skip
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    for row in page:
        row["lacks"] = row["lacks_opinion"] and bool(row["round__opinion"])
        row["kind"], row["state_words"] = kinds[row["organization__kind"]], states[row["state"]]
    reported = _reported(user, round_id)
    facts = {
        "page": page, "chosen": chosen, "sums": sums, "states": [s for s in Proposal.State.choices if s[0] != "draft"],
        "kinds": Organization.Kind.choices, "themes": themes, "rounds": rounds.order_by("-id").values_list("pk", "title"),
        "reported": reported, "checked": reported is not None and rules.can_report_checks(user, reported), "groups": GROUPS.items(),
    }  # fmt: skip
    return render(request, "projects/list.html", facts)


def _reported(user: User, round_id: int | None) -> Round | None:
    """The round of which the page offers the summary: the one chosen, else the newest."""
    rounds = visible_rounds(user)
    chosen = rounds.filter(pk=round_id) if round_id is not None else rounds.order_by("-id")
    row = chosen.first()
    return row if row is not None and rules.can_report(user, row) else None


@require_POST
def export(request: HttpRequest, round_id: int) -> HttpResponse:
    """Start the export of E3 of a round; the next page shows its progress. Phones only for the office."""
    user = person(request)
    round_ = get_object_or_404(visible_rounds(user), pk=round_id)
    if not rules.can_report(user, round_):
        raise NotAllowed
    form = forms.ReportForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请在列出的小计方式中选择一种。")
        return redirect(f"{reverse('projects:list')}?round={round_.pk}")
    at = clock.now()
    day = clock.local(at).date()
    title = file_title(year=round_.year, about=round_.title, report="申报项目汇总表", day=day)
    phones = rules.sees_phones(user, round_)
    params = {
        "round": round_.pk, "group": form.cleaned_data["group"], "phones": phones, "by": user.display_name if phones else "",
        "day": day.isoformat(),
    }  # fmt: skip
    job = start_job(owner=user, kind="projects.e3", title=title, params=params, at=at, scope_id=round_.street_id)
    return redirect("jobs:detail", job.pk)


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
    pleas = limits.pleas_now(proposal)
    sees = rules.sees_findings(user, proposal)
    found = checking.check(proposal, now) if sees and proposal.state == Proposal.State.SUBMITTED else []
    form = CheckForm(
        request.POST if request.method == "POST" else None, at=now, found=found, marks=services.fields_of(proposal.round),
        initial={"fields_open": ["budget"]} if any(p.ruling and p.ruling.outcome == "return" for p in pleas) else None,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            services.decide_eligibility(proposal_id=proposal.pk, by=user, at=now, **form.decision())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "初审结论已登记，申报单位会收到通知。")
            return redirect("projects:detail", proposal.pk)
    versions = list(proposal.versions.order_by("-number"))
    history = [
        (v, changes(older.content, v.content) if older else None)
        for v, older in zip(versions, [*versions[1:], None], strict=True)
    ]
    facts: dict[str, Any] = {
        "proposal": proposal, "form": form, "decides": decides or (request.method == "POST" and bool(form.errors)),
        "decisions": proposal.decisions.select_related("decided_by").prefetch_related("waivers__waived_by").order_by("-id"),
        "found": found, "sees_findings": sees, "pleas": pleas, "grace": rules.grace_used(proposal),
        "standing": known_standing(proposal.organization_id, (proposal.round.year, proposal.round.year - 1)) if sees else None,
        "versions": versions, "history": history, "is_own": acts_for(user, proposal.organization_id),
        "cut": rules.standing_cut(proposal), "cuts": rules.can_cut(user, proposal),
        "can_write": rules.can_write(user, proposal), "now": now, **sheet_of(versions[0].content), **opinion_facts(user, proposal, now),
    }  # fmt: skip
    return render(request, "projects/detail.html", facts)
