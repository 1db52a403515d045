"""Who sees, writes and decides on which proposal."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import area_paths, may, street_ids
from organizations.models import Organization
from organizations.rules import acts_for, organizations_of
from projects.domain.states import EDITABLE
from projects.models import (
    Attachment,
    BudgetCut,
    CommunityOpinion,
    EligibilityDecision,
    LimitRuling,
    Proposal,
    ProposalQuerySet,
)
from rounds.models import Grace, Round
from rounds.rules import later_closings_in

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)
CHECKERS = (Role.OFFICE, Role.LEADER, Role.SUPERVISOR)


def visible_proposals(user: Person) -> ProposalQuerySet:
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


def can_attach(user: Person, proposal: Proposal) -> bool:
    """Whoever may write it, in a draft, or where the return marked the attachments."""
    if not can_write(user, proposal):
        return False
    decision = standing_decision(proposal) if proposal.state == Proposal.State.RETURNED else None
    return decision is None or "attachments" in decision.fields_open


def sees_attachment(user: Person, attachment: Attachment) -> bool:
    """The applicant's own people all; whoever else sees the proposal only what was handed in with a version."""
    proposal = attachment.proposal
    if acts_for(user, proposal.organization_id):
        return True
    return proposal.versions.filter(content__attachments__contains=[{"id": attachment.pk}]).exists()


def can_decide(user: Person, proposal: Proposal) -> bool:
    """The office of the street, but nobody on a proposal of her own organization."""
    return may(user, proposal.round.street, Role.OFFICE) and not acts_for(user, proposal.organization_id)


def sees_findings(user: Person, proposal: Proposal) -> bool:
    """Office, leader and supervisor of the street read the automatic check and its exceptions; nobody of the applicant's
    people does: it shows other applicants' words.
    """
    return may(user, proposal.round.street, *CHECKERS) and not acts_for(user, proposal.organization_id)


def gives_opinion(user: Person, proposal: Proposal) -> bool:
    """The community workers of the site, but nobody on a proposal of her own organization; until the office has decided."""
    place = proposal.community
    open_ones = (Proposal.State.SUBMITTED, Proposal.State.RETURNED)
    return (
        bool(proposal.round.opinion) and place is not None and proposal.state in open_ones and may(user, place, Role.COMMUNITY)
        and not acts_for(user, proposal.organization_id)
    )  # fmt: skip


def asks_opinion(user: Person, proposal: Proposal) -> bool:
    """The applicant's people may remind the community while the opinion can still be given."""
    open_ones = (Proposal.State.SUBMITTED, Proposal.State.RETURNED)
    return bool(proposal.round.opinion) and proposal.state in open_ones and acts_for(user, proposal.organization_id)


def standing_opinion(proposal: Proposal) -> CommunityOpinion | None:
    """The newest opinion of the community, if any."""
    if not proposal.round.opinion:
        return None
    return proposal.opinions.select_related("community", "given_by", "version").order_by("-pk").first()


def can_report(user: Person, round_: Round) -> bool:
    """Office, leader, finance and supervisor of the street take the summary of all proposals of a round."""
    return may(user, round_.street, *READERS)


def can_report_checks(user: Person, round_: Round) -> bool:
    """Office, leader and supervisor of the street take the report of the eligibility check, as they read the check."""
    return may(user, round_.street, *CHECKERS)


def sees_phones(user: Person, round_: Round) -> bool:
    """Only the office, which has to ring them up, gets the applicants' phones in a report."""
    return may(user, round_.street, Role.OFFICE)


def sees_contacts(user: Person, proposal: Proposal) -> bool:
    """The applicant's people and the office, which has to ring them up."""
    return acts_for(user, proposal.organization_id) or sees_phones(user, proposal.round)


def organizations_for(user: Person, round_: Round) -> list[Organization]:
    """One's organizations that the round invites."""
    return [o for o in organizations_of(user) if o.street_id == round_.street_id and o.kind in round_.applicant_kinds]


def standing_decision(proposal: Proposal) -> EligibilityDecision | None:
    """The last decision of the office, if any."""
    return proposal.decisions.select_related("decided_by").order_by("-id").first()


def grace_used(proposal: Proposal) -> Grace | None:
    """The grace under which it was handed in first, after the round's own closing; None where it was in time."""
    if proposal.submitted_at is None or proposal.submitted_at < proposal.round.apply_closes_at:
        return None
    given = Grace.objects.filter(round=proposal.round_id, organization=proposal.organization_id)
    return given.filter(granted_at__lte=proposal.submitted_at).order_by("-pk").first()


def can_cut(user: Person, proposal: Proposal) -> bool:
    """Office and finance of the street, but nobody the budget of her own organization."""
    return may(user, proposal.round.street, Role.OFFICE, Role.FINANCE) and not acts_for(user, proposal.organization_id)


def standing_cut(proposal: Proposal) -> BudgetCut | None:
    """The newest version, if any."""
    return proposal.cuts.select_related("made_by", "answer__answered_by").order_by("-number").first()


def standing_cuts(proposal_ids: Iterable[int]) -> dict[int, BudgetCut]:
    """The newest version by proposal."""
    rows = BudgetCut.objects.filter(proposal__in=list(proposal_ids)).order_by("proposal", "number")
    return {row.proposal_id: row for row in rows.select_related("answer")}


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """Drafts and returned proposals of one's organizations; for the office what waits for the eligibility check."""
    found: list[dict[str, Any]] = []
    mine = Proposal.objects.filter(
        organization__in=[o.pk for o in organizations_of(user)], state__in=EDITABLE, round__state=Round.State.OPEN
    ).select_related("round")
    written = list(mine.order_by("round__apply_closes_at", "pk")[:20])
    returned = [p.pk for p in written if p.state == Proposal.State.RETURNED]
    last = {d.proposal_id: d for d in EligibilityDecision.objects.filter(proposal__in=returned).order_by("pk")}
    later = later_closings_in({p.round_id for p in written if p.round.grace_hours})
    for proposal in written:
        if proposal.state == Proposal.State.RETURNED:
            decision = last.get(proposal.pk)
            found.append(
                {"title": f"补正并重新提交：{proposal.title}", "href": reverse("projects:edit", args=[proposal.pk]), "state": "todo",
                 "count": 0, "hint": decision.reason if decision else "", "due": decision.complete_by if decision else None}
            )  # fmt: skip
        elif max(proposal.round.apply_closes_at, later.get((proposal.round_id, proposal.organization_id), at)) > at:
            found.append(
                {"title": f"完成并提交申报书：{proposal.title}", "href": reverse("projects:edit", args=[proposal.pk]), "state": "todo",
                 "count": 0, "hint": proposal.round.title,
                 "due": later.get((proposal.round_id, proposal.organization_id), proposal.round.apply_closes_at)}
            )  # fmt: skip
    found += _cuts_to_answer(user) + _budgets_to_cut(user)
    found += _opinions_to_give(user)
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


def _opinions_to_give(user: User) -> list[dict[str, Any]]:
    """For community workers: how many applications for their community wait for its opinion."""
    paths = area_paths(user, Role.COMMUNITY)
    if not paths:
        return []
    local = Q(pk__in=[])
    for path in paths:
        local |= Q(community__path__startswith=path)
    waiting = Proposal.objects.filter(local).lacking_opinion().exclude(organization__members__user=user).count()
    if not waiting:
        return []
    return [
        {"title": "出具社区意见", "href": reverse("projects:list") + "?opinion=lacking", "state": "todo", "count": waiting,
         "hint": "同意或不同意，并写明意见"}
    ]  # fmt: skip


def _cuts_to_answer(user: User) -> list[dict[str, Any]]:
    """Newest cuts of one's organizations' budgets that nobody has answered."""
    own = [o.pk for o in organizations_of(user)]
    if not own:
        return []
    newer = BudgetCut.objects.filter(proposal=OuterRef("proposal"), number__gt=OuterRef("number"))
    rows = BudgetCut.objects.filter(~Exists(newer), proposal__organization__in=own, answer=None).select_related(
        "proposal"
    )
    return [
        {"title": f"答复预算核减：{cut.proposal.title}", "href": reverse("projects:cut", args=[cut.proposal_id]), "state": "todo",
         "count": 0, "hint": f"申请 {cut.asked:,.2f} 元，核定 {cut.approved:,.2f} 元"}
        for cut in rows.order_by("pk")[:10]
    ]  # fmt: skip


def _budgets_to_cut(user: User) -> list[dict[str, Any]]:
    """For office and finance: cuts to which the applicant did not agree, budgets with a head that still has to be cut."""
    streets = street_ids(user, Role.OFFICE, Role.FINANCE)
    if not streets:
        return []
    passed = Proposal.objects.filter(round__street__in=streets, state=Proposal.State.PASSED).exclude(
        organization__in=[o.pk for o in organizations_of(user)]
    )
    newer = BudgetCut.objects.filter(proposal=OuterRef("proposal"), number__gt=OuterRef("number"))
    refused = BudgetCut.objects.filter(~Exists(newer), proposal__in=passed, answer__agrees=False)
    later = LimitRuling.objects.filter(
        proposal=OuterRef("pk"), head=OuterRef("rulings__head"), pk__gt=OuterRef("rulings__pk")
    )
    waiting = (
        passed.filter(~Exists(later), cuts=None, rulings__outcome=LimitRuling.Outcome.CUT).order_by("pk").distinct()
    )
    found = [
        {"title": f"申报单位不同意核减：{cut.proposal.title}", "href": reverse("projects:cut", args=[cut.proposal_id]), "state": "todo",
         "count": 0, "hint": cut.answer.words}
        for cut in refused.select_related("proposal", "answer").order_by("pk")[:10]
    ]  # fmt: skip
    return found + [
        {"title": f"核减超限科目：{p.title}", "href": reverse("projects:cut", args=[p.pk]), "state": "todo", "count": 0,
         "hint": "超限例外没有准许，须核减到限额以内"}
        for p in waiting[:10]
    ]  # fmt: skip
