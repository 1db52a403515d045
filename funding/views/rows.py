"""The rows of a plan's page: each award with its facts, its limits, its fields, and what would have been needed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from funding.domain.ceilings import needed_words
from funding.forms.decide import AwardsForm
from funding.models import AllocationPlan, Award

KINDS = {"theme": "主题", "organization": "单位", "community": "社区", "fund": "资金来源"}


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit on a theme, organization or community, and how far it is used. Money in yuan."""

    number: int
    attr: str
    value: str
    max_amount: Decimal | None
    min_awards: int | None
    max_awards: int | None
    amount: Decimal
    awards: int

    @property
    def label(self) -> str:
        return f"{KINDS.get(self.attr, self.attr)}“{self.value}”"

    @property
    def max_fen(self) -> str:
        return "" if self.max_amount is None else str(int(self.max_amount * 100))

    @property
    def is_broken(self) -> bool:
        return (
            (self.max_amount is not None and self.amount > self.max_amount)
            or (self.max_awards is not None and self.awards > self.max_awards)
            or (self.min_awards is not None and self.awards < self.min_awards)
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One award. `groups` are the numbers of the limits that hold it; `is_shared` says that others have its rank."""

    award: Award
    is_shared: bool
    groups: str
    needed: str
    ceiling: Decimal
    cut: dict[str, Any] | None
    hearing: dict[str, Any] | None
    amount_field: Any = None
    reason_field: Any = None


def attrs_of(document: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """By receipt number what the document says of a project: theme, organization, community, fund."""
    return {proposal["key"]: proposal["attrs"] for proposal in document["proposals"]}


def _can_bind(group: Mapping[str, Any], projects: int) -> bool:
    """Whether a limit on each value can be broken or missed by one that has so many projects."""
    if group.get("max_amount") is not None or group.get("min_awards"):
        return True
    return projects > (group.get("max_awards") or 0)


def limits_of(document: Mapping[str, Any], awards: Sequence[Award]) -> list[LimitRow]:
    """Every limit of the document with what the awards use of it; `each` becomes one row per value where it can bind."""
    known = attrs_of(document)
    attrs = {award.pk: known.get(award.proposal.receipt_number or "", {}) for award in awards}
    found: list[LimitRow] = []
    for group in document["limits"]["groups"]:
        attr = group["attr"]
        counts = Counter(held[attr] for held in attrs.values() if attr in held)
        values = sorted(v for v, n in counts.items() if _can_bind(group, n)) if group.get("each") else [group["value"]]
        for value in values:
            inside = [award for award in awards if attrs[award.pk].get(attr) == value]
            amount = group.get("max_amount")
            found.append(
                LimitRow(
                    len(found), attr, value, None if amount is None else Decimal(amount), group.get("min_awards"), group.get("max_awards"),
                    sum((a.amount for a in inside), Decimal("0.00")), sum(a.amount > 0 for a in inside),
                )
            )  # fmt: skip
    return found


def needed_by_key(plan: AllocationPlan) -> dict[str, str]:
    """By receipt number the sentence that says what would have been needed; empty where the engine cannot say."""
    return {row["proposal"]: needed_words(row["needed"]) for row in plan.answer["awards"]}


def needed_of(plan: AllocationPlan, award: Award) -> str:
    """The sentence for one unfunded award."""
    return needed_by_key(plan).get(award.proposal.receipt_number or "", "") if not award.amount else ""


def rows_of(
    plan: AllocationPlan, awards: Sequence[Award], limits: Sequence[LimitRow], form: AwardsForm | None
) -> list[Row]:
    """The table, in ranking order."""
    shared = Counter(award.rank for award in awards if award.rank is not None)
    needed = needed_by_key(plan)
    known, found = attrs_of(plan.document), []
    for award in awards:
        attrs = known.get(award.proposal.receipt_number or "", {})
        groups = " ".join(str(one.number) for one in limits if attrs.get(one.attr) == one.value)
        fields = form.fields_of(award) if form is not None else (None, None)
        found.append(
            Row(
                award, award.rank is not None and shared[award.rank] > 1, groups,
                "" if award.amount else needed.get(award.proposal.receipt_number or "", ""),
                award.requested if award.ceiling is None else award.ceiling, award.facts.get("cut"), award.facts.get("hearing"), *fields,
            )
        )  # fmt: skip
    return found
