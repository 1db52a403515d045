"""Records that have a history: who sees one, which rows are part of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model
from django.urls import reverse

from funding.models import (
    Agreement,
    AgreementVersion,
    AllocationPlan,
    Award,
    FundPaper,
    Instalment,
    Payment,
    PublicNotice,
)
from funding.rules import visible_agreements, visible_payments, visible_plans
from needs.models import Claim, Need, Pledge, ServiceOrder
from needs.rules import visible_needs, visible_orders
from organizations.models import BankAccount, Invitation, Membership, Organization, PartyRecord
from organizations.rules import visible_organizations
from projects.models import Proposal
from projects.rules import visible_proposals
from rounds.models import Grace, Question, Round
from rounds.rules import visible_rounds

Rows = "QuerySet[Any]"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: `parts` map a model to its column that points at the record; `inner` ones are told to the street alone."""

    model: type[Model]
    visible: Callable[[Any], Any]
    page: str
    title: Callable[[Any], str]
    street: str
    parts: Mapping[type[Model], str] = field(default_factory=dict)
    inner: tuple[type[Model], ...] = ()

    @property
    def words(self) -> str:
        """What such a record is called."""
        return str(self.model._meta.verbose_name)

    def href(self, row: Any) -> str:
        """The record's own page."""
        return reverse(self.page, args=[row.pk])


KINDS: dict[str, Kind] = {
    "need": Kind(Need, visible_needs, "needs:detail", lambda row: str(row.number), "street_id"),
    "order": Kind(
        ServiceOrder, visible_orders, "needs:order", lambda row: str(row.title), "street_id", {Claim: "order", Pledge: "order"}
    ),
    "proposal": Kind(Proposal, visible_proposals, "projects:detail", lambda row: str(row.title), "round__street_id"),
    "organization": Kind(
        Organization, visible_organizations, "organizations:detail", lambda row: str(row.name), "street_id",
        {Membership: "organization", BankAccount: "organization", Invitation: "organization", PartyRecord: "organization"},
    ),
    "round": Kind(
        Round, visible_rounds, "rounds:detail", lambda row: str(row.title), "street_id", {Question: "round", Grace: "round"}
    ),
    "plan": Kind(
        AllocationPlan, visible_plans, "funding:plan", lambda row: f"{row.round.title} 第 {row.version} 版", "round__street_id",
        {Award: "plan", PublicNotice: "plan"},
    ),
    "agreement": Kind(
        Agreement, visible_agreements, "funding:agreement", lambda row: str(row.number), "round__street_id",
        {AgreementVersion: "agreement", Instalment: "agreement", FundPaper: "agreement"}, (AgreementVersion, FundPaper),
    ),
    "payment": Kind(
        Payment, visible_payments, "funding:payment", lambda row: str(row.number), "agreement__round__street_id"
    ),
}  # fmt: skip
