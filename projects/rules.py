"""Who sees, writes and decides on which proposal."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import area_paths, may, street_ids
from organizations.models import Organization
from organizations.rules import acts_for, organizations_of
from projects.domain.states import EDITABLE
from projects.models import EligibilityDecision, Proposal
from rounds.models import Round

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)


def visible_proposals(user: Person) -> "QuerySet[Proposal]":
    """One's own organization's; all handed in of the street for office, leader, finance, supervisor; for community
    workers those handed in for their community.
    """
    mine = Q(organization__in=[o.pk for o in organizations_of(user)])
    street = Q(round__street__in=street_ids(user, *READERS)) & ~Q(state=Proposal.State.DRAFT)
    local = Q(pk__in=[])
    for path in area_paths(user, Role.COMMUNITY):
        local |= Q(community__path__startswith=path) & ~Q(state=Proposal.State.DRAFT)
    return Proposal.objects.filter(mine | street | local).select_related(
        "round__street", "organization", "community", "theme"
    )


def can_write(user: Person, proposal: Proposal) -> bool:
    """A member of the applicant, while it is a draft or returned for completion."""
    return acts_for(user, proposal.organization_id) and proposal.state in EDITABLE


def can_decide(user: Person, proposal: Proposal) -> bool:
    """The office of the street, but nobody on a proposal of her own organization."""
    return may(user, proposal.round.street, Role.OFFICE) and not acts_for(user, proposal.organization_id)


def organizations_for(user: Person, round_: Round) -> list[Organization]:
    """One's organizations that the round invites."""
    return [o for o in organizations_of(user) if o.street_id == round_.street_id and o.kind in round_.applicant_kinds]


def standing_decision(proposal: Proposal) -> EligibilityDecision | None:
    """The last decision of the office, if any."""
    return proposal.decisions.select_related("decided_by").order_by("-id").first()


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """Drafts and returned proposals of one's organizations; for the office what waits for the eligibility check."""
    found: list[dict[str, Any]] = []
    mine = Proposal.objects.filter(
        organization__in=[o.pk for o in organizations_of(user)], state__in=EDITABLE, round__state=Round.State.OPEN
    ).select_related("round")
    written = list(mine.order_by("round__apply_closes_at", "pk")[:20])
    returned = [p.pk for p in written if p.state == Proposal.State.RETURNED]
    last = {d.proposal_id: d for d in EligibilityDecision.objects.filter(proposal__in=returned).order_by("pk")}
    for proposal in written:
        if proposal.state == Proposal.State.RETURNED:
            decision = last.get(proposal.pk)
            found.append(
                {"title": f"补正并重新提交：{proposal.title}", "href": reverse("projects:edit", args=[proposal.pk]), "state": "todo",
                 "count": 0, "hint": decision.reason if decision else "", "due": decision.complete_by if decision else None}
            )  # fmt: skip
        elif proposal.round.apply_closes_at > at:
            found.append(
                {"title": f"完成并提交申报书：{proposal.title}", "href": reverse("projects:edit", args=[proposal.pk]), "state": "todo",
                 "count": 0, "hint": proposal.round.title, "due": proposal.round.apply_closes_at}
            )  # fmt: skip
    streets = street_ids(user, Role.OFFICE)
    if streets:
        waiting = (
            Proposal.objects.filter(round__street__in=streets, state=Proposal.State.SUBMITTED)
            .values("round_id", "round__title")
            .annotate(n=Count("pk"))
            .order_by("round_id")
        )
        found += [
            {"title": f"资格初审：{row['round__title']}", "href": reverse("projects:list") + f"?round={row['round_id']}&state=submitted",
             "state": "todo", "count": row["n"], "hint": "通过、退回补正或不予受理"}
            for row in waiting
        ]  # fmt: skip
    if organizations_of(user):
        streets_of = {o.street_id for o in organizations_of(user)}
        begun = Proposal.objects.filter(organization__in=[o.pk for o in organizations_of(user)]).values("round_id")
        for row in Round.objects.accepting(at).filter(street__in=streets_of, mode="scoring").exclude(pk__in=begun)[:10]:
            if organizations_for(user, row):
                found.append(
                    {"title": f"可以申报：{row.title}", "href": reverse("rounds:call", args=[row.pk]), "state": "todo", "count": 0,
                     "hint": "先看征集公告和项目超市", "due": row.apply_closes_at}
                )  # fmt: skip
    return found
