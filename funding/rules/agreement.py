"""Who sees and moves agreements, payments and funds; which funds a project may draw on."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.urls import reverse

from accounts.models import Area, Role, User
from accounts.rules import area_paths, may, street_ids
from core.clock import spoken
from funding.domain.agreement import Purse
from funding.models import (
    Agreement,
    AgreementVersion,
    AllocationPlan,
    Award,
    Fund,
    FundPaper,
    Payment,
    PublicNotice,
)
from funding.rules.plan import READERS, Person, held_up
from funding.rules.turn import turn_of
from organizations.rules import acts_for, organizations_of
from projects.models import Proposal
from rounds.models import Round

ZERO = Decimal("0.00")
ALIKE = 0.7  # titles of one organization this alike are asked about
SHOWN = [AgreementVersion.State.APPROVED, AgreementVersion.State.SIGNED, AgreementVersion.State.SUPERSEDED]


def visible_agreements(user: Person) -> "QuerySet[Agreement]":
    """Of one's street (office, leader, finance, supervisor), of one's community, and of one's organization once the
    text is approved for signing.
    """
    mine = Q(proposal__organization__in=[o.pk for o in organizations_of(user)])
    mine &= Q(pk__in=AgreementVersion.objects.filter(state__in=SHOWN).values("agreement"))
    return Agreement.objects.filter(_near(user) | mine).select_related(
        "round__street", "proposal__organization", "proposal__community"
    )


def _near(user: Person, lead: str = "") -> Q:
    """Agreements of one's street or community; `lead` is the way from the queried model to the agreement."""
    seen = Q(**{f"{lead}round__street__in": street_ids(user, *READERS)})
    for path in area_paths(user, Role.COMMUNITY):
        seen |= Q(**{f"{lead}proposal__community__path__startswith": path})
    return seen


def visible_versions(user: Person) -> "QuerySet[AgreementVersion]":
    """Versions of the agreements one sees; of one's organization only texts approved for signing, and what came after."""
    mine = Q(agreement__proposal__organization__in=[o.pk for o in organizations_of(user)], state__in=SHOWN)
    return AgreementVersion.objects.filter(_near(user, "agreement__") | mine).select_related(
        "agreement__round__street", "agreement__proposal__organization", "agreement__proposal__community",
        "drafted_by", "decided_by", "recorded_by", "scan",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """A funded project without agreement: what still hinders it (empty when nothing does), and whether one may draft."""

    award: Award
    why: str
    drafts: bool


def waiting_awards(user: Person, today: date) -> list[Waiting]:
    """Funded projects of one's street without agreement, in four statements whatever their number."""
    agreed = Agreement.objects.exclude(state="dropped").values("proposal")
    awards = list(
        Award.objects.filter(
            plan__state=AllocationPlan.State.APPROVED, amount__gt=0, plan__round__street__in=street_ids(user, *READERS)
        )
        .exclude(proposal__in=agreed)
        .select_related("plan__round", "proposal__organization", "proposal__community")
        .prefetch_related("plan__notices")
        .order_by("-plan__round", "place", "pk")
    )
    held = held_up(*{a.plan.round_id for a in awards}) if awards else {}
    office = set(street_ids(user, Role.OFFICE))
    return [
        Waiting(a, hindrance(list(a.plan.notices.all()), held.get(a.proposal_id, ""), today), a.plan.round.street_id in office)
        for a in awards
    ]  # fmt: skip


def hindrance(notices: list[PublicNotice], held: str, today: date) -> str:
    """Why a funded project cannot be agreed on yet, for people; empty when it can."""
    if not notices:
        return "方案还没有公示"
    last = max(notices, key=lambda n: n.version).ends_on
    if today <= last:
        return f"公示期到 {spoken(last)} 结束"
    return f"暂缓立项：{held}" if held else ""


def visible_payments(user: Person) -> "QuerySet[Payment]":
    """Payments of the agreements one sees."""
    return Payment.objects.filter(agreement__in=visible_agreements(user).values("pk")).select_related(
        "agreement__round__street", "agreement__proposal__organization", "agreement__proposal__community", "instalment"
    )


def visible_funds(user: Person) -> "QuerySet[Fund]":
    """Funds of one's street, with what agreements draw on them as `drawn`."""
    return (
        Fund.objects.filter(street__in=street_ids(user, *READERS))
        .select_related("street", "community")
        .annotate(drawn=Sum("draws__amount"))
    )


def keeps_funds(user: Person, street: Area) -> bool:
    """The office enters funds and their yearly amounts."""
    return may(user, street, Role.OFFICE)


def payee_shown(user: Person, agreement: Agreement) -> bool:
    """Bank accounts are for the street's people and the organization itself."""
    return may(user, agreement.round.street, *READERS) or acts_for(user, agreement.proposal.organization_id)


def _decides(user: Person, agreement: Agreement) -> bool:
    """A leader; where the community pays, its own people instead."""
    community = agreement.proposal.community
    if agreement.round.buyer == Round.Buyer.COMMUNITY and community is not None:
        return may(user, community, Role.COMMUNITY)
    return may(user, agreement.round.street, Role.LEADER)


def can_approve_agreement(user: Person, version: AgreementVersion) -> bool:
    """Who decides on the money, never on what she drafted herself."""
    return _decides(user, version.agreement) and version.drafted_by_id != user.pk


def can_end(user: Person, agreement: Agreement) -> bool:
    """Who decides on the money ends an agreement."""
    return _decides(user, agreement)


def can_request(user: Person, agreement: Agreement) -> bool:
    """A member of the organization asks for payment."""
    return acts_for(user, agreement.proposal.organization_id)


def can_check(user: Person, payment: Payment) -> bool:
    """The office checks, but nobody her own organization's requests."""
    agreement = payment.agreement
    return may(user, agreement.round.street, Role.OFFICE) and not acts_for(user, agreement.proposal.organization_id)


def can_approve(user: Person, payment: Payment) -> bool:
    """Who decides on the money approves each payment."""
    return _decides(user, payment.agreement) and not acts_for(user, payment.agreement.proposal.organization_id)


def can_pay(user: Person, payment: Payment) -> bool:
    """The finance office pays and books what comes back."""
    return may(user, payment.agreement.round.street, Role.FINANCE)


def can_add_paper(user: Person, agreement: Agreement) -> bool:
    """The office or the community uploads the papers of the democratic path."""
    community = agreement.proposal.community
    return may(user, agreement.round.street, Role.OFFICE) or (
        community is not None and may(user, community, Role.COMMUNITY)
    )


def funds_for(proposal: Proposal) -> "QuerySet[Fund]":
    """Funds a project may draw on: of its street and the round's year; a community's own only for its own projects."""
    near = Q(community=None) | Q(community=proposal.community_id)
    return Fund.objects.filter(near, street=proposal.round.street_id, year=proposal.round.year).order_by("pk")


def purses(proposal: Proposal, own: Agreement | None) -> dict[int, Purse]:
    """The funds of `funds_for` by id, with what is free beside other agreements; the project's own draws count as free."""
    found = {}
    for fund in funds_for(proposal).annotate(
        drawn=Sum("draws__amount", filter=~Q(draws__agreement=own.pk if own else None))
    ):
        limits = {head: Decimal(share) for head, share in fund.head_limits.items()}
        found[fund.pk] = Purse(
            fund.pk, str(fund), fund.budget - (fund.drawn or ZERO), frozenset(fund.forbidden_heads), limits
        )
    return found


def papers_missing(agreement: Agreement) -> tuple[str, list[str]] | None:
    """(fund, kinds of papers) that a fund of the agreement still asks for; None when nothing is missing."""
    draw = agreement.draws.filter(fund__needs_papers=True).select_related("fund").order_by("pk").first()
    if draw is None:
        return None
    there = set(agreement.papers.values_list("kind", flat=True))
    missing = [str(label) for kind, label in FundPaper.Kind.choices if kind not in there]
    return (str(draw.fund), missing) if missing else None


def twice(proposal: Proposal) -> list[str]:
    """Other funded projects of the same organization that look like this one, as sentences for the office."""
    others = (
        Proposal.objects.filter(organization=proposal.organization_id)
        .exclude(pk=proposal.pk)
        .filter(Q(pk__in=_funded()) | Q(pk__in=Agreement.objects.exclude(state="dropped").values("proposal")))
        .select_related("round", "community")
    )
    found = []
    for other in others.order_by("-pk")[:200]:
        pair = sorted((other.title, proposal.title), key=len)
        if pair[0] in pair[1] or SequenceMatcher(None, pair[0], pair[1]).ratio() >= ALIKE:
            where = other.community.name if other.community else "未写明社区"
            found.append(
                f"同一单位在“{other.round.title}”已有获资助的相似项目“{other.title}”（{where}），请核对是否重复资助。"
            )
    return found


def _funded() -> Any:
    return AllocationPlan.objects.approved().filter(awards__amount__gt=0).values("awards__proposal")


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """Agreements and payments that wait for this person; three statements at most."""
    lead, office, finance = (street_ids(user, role) for role in (Role.LEADER, Role.OFFICE, Role.FINANCE))
    buying = area_paths(user, Role.COMMUNITY)
    if not (lead or office or finance or buying):
        return []
    found = []
    by_street = Q(agreement__round__street__in=lead, agreement__round__buyer="street")
    for path in buying:
        by_street |= Q(agreement__round__buyer="community", agreement__proposal__community__path__startswith=path)
    versions = AgreementVersion.objects.filter(
        (by_street & Q(state="submitted") & ~Q(drafted_by=user))
        | Q(agreement__round__street__in=office, state__in=["draft", "approved"])
    ).select_related("agreement__proposal")
    words = {"submitted": "审批协议", "draft": "完成协议", "approved": "登记协议签订"}
    found += [
        _task(f"{words[v.state]}：{v.agreement.proposal.title}", "funding:agreement", v.agreement_id)
        for v in versions.order_by("pk")[:10]
    ]
    did = {"requested": "核对拨付申请", "checked": "审批拨付", "approved": "办理拨付"}
    payments = Payment.objects.filter(turn_of(user)).select_related("agreement__proposal")
    return found + [
        _task(f"{did[p.state]}：{p.agreement.proposal.title} {p.amount:,.2f} 元", "funding:payment", p.pk)
        for p in payments.order_by("pk")[:10]
    ]


def _task(title: str, name: str, pk: int) -> dict[str, Any]:
    return {"title": title, "href": reverse(name, args=[pk]), "state": "todo", "count": 0, "hint": ""}
