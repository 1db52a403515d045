"""What projects have spent, from the rows: by head, by budget line, against what was granted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce

from core.money import show_yuan
from delivery.domain.spending import Entry, Finding, Purse, Row, added, findings, is_digital_invoice, scaled
from delivery.models import Expense
from funding.domain.agreement import read
from funding.models import Agreement, AgreementVersion, Instalment, Payment
from funding.rules import net_by_instalment
from projects.models import BudgetLine

ZERO = Decimal("0.00")
SIGNED_AMOUNT = Case(When(reverses=None, then=F("amount")), default=-F("amount"), output_field=DecimalField())
ACTIVE = [Payment.State.REQUESTED, Payment.State.CHECKED, Payment.State.APPROVED, Payment.State.PAID]


@dataclass(frozen=True, slots=True)
class Books:
    """One project's spending. `heads` is the grant by head, `lines` by budget line within each head (the last one of a
    head without a line), `own` the same of the self-raised part in one row; `own_lines` its parts.

    `granted` is what the signed agreement gives; `asked` what the budget asked of the grant. Amounts in yuan.
    """

    granted: Decimal
    asked: Decimal
    starts_on: date
    ends_on: date
    heads: dict[str, Row]
    lines: dict[str, tuple[Row, ...]]
    own: Row
    own_lines: tuple[Row, ...]
    purses: tuple[Purse, ...]

    @property
    def grant(self) -> Row:
        """All of the grant."""
        return added(list(self.heads.values()), "资助资金合计")

    @property
    def total(self) -> Row:
        return added([self.grant, self.own])

    @property
    def is_scaled(self) -> bool:
        """Whether less was granted than asked, so that each line's budget is its share."""
        return self.granted != self.asked


def counted(agreement: Agreement) -> "QuerySet[Expense]":
    """What counts as spent: handed in or accepted; a counter-entry takes its original away again."""
    return Expense.objects.filter(agreement=agreement).counted()


def spent(agreement: Agreement) -> Decimal:
    """What a project has spent of its grant so far, handed in and accepted, in yuan."""
    rows = counted(agreement).filter(source=Expense.Source.GRANT)
    total: Decimal = rows.aggregate(s=Coalesce(Sum(SIGNED_AMOUNT), ZERO))["s"]
    return total


def books(
    agreement: Agreement, *, first: date | None = None, last: date | None = None, without: int | None = None
) -> Books:
    """The books of a project in four statements; `first` to `last` is the period, `without` leaves one expense out."""
    version = agreement.versions.filter(state=AgreementVersion.State.SIGNED).get()
    content = read(version.content)
    lines = list(BudgetLine.objects.filter(proposal=agreement.proposal_id).order_by("position"))
    rows = counted(agreement).order_by()
    if without is not None:
        rows = rows.exclude(pk=without)
    inside = Q(spent_on__gte=first or date.min) & Q(spent_on__lte=last or date.max)
    sums: dict[tuple[str, str, int | None], tuple[Decimal, Decimal]] = {
        (source, head, line): (total, period)
        for source, head, line, total, period in rows.values_list("source", "head", "line").annotate(
            t=Coalesce(Sum(SIGNED_AMOUNT, filter=Q(spent_on__lte=last or date.max)), ZERO),
            p=Coalesce(Sum(SIGNED_AMOUNT, filter=inside), ZERO),
        )
    }
    draws = agreement.draws.select_related("fund").order_by("pk")
    purses = tuple(
        Purse(
            str(d.fund),
            d.amount,
            frozenset(d.fund.forbidden_heads),
            {h: Decimal(x) for h, x in d.fund.head_limits.items()},
        )
        for d in draws
    )
    granted = dict(zip([x.pk for x in lines], scaled([x.grant for x in lines], content.amount), strict=True))
    heads, by_head = {}, {}
    for head in BudgetLine.Head:
        mine = [x for x in lines if x.head == head]
        found = [
            Row(head, f"{x.item}", granted[x.pk], *sums.get(("grant", head, x.pk), (ZERO, ZERO)), x.grant)
            for x in mine
            if x.grant
        ]
        found += [
            Row(head, x.item, ZERO, *sums["grant", head, x.pk])
            for x in mine
            if not x.grant and ("grant", head, x.pk) in sums
        ]
        loose = sums.get(("grant", head, None))
        if loose:
            found.append(Row(head, "未对应预算行", ZERO, *loose))
        heads[str(head)] = _named(added(found), str(head), str(head.label))
        by_head[str(head)] = tuple(found)
    own_lines = _own(lines, sums)
    return Books(
        granted=content.amount, asked=sum((x.grant for x in lines), ZERO), starts_on=content.starts_on, ends_on=content.ends_on,
        heads=heads, lines=by_head, own=_named(added(own_lines), "own", "自筹资金"), own_lines=own_lines, purses=purses,
    )  # fmt: skip


def _named(row: Row, key: str, words: str) -> Row:
    return Row(key, words, row.budget, row.spent, row.period, row.asked)


def _own(lines: list[BudgetLine], sums: dict[tuple[str, str, int | None], tuple[Decimal, Decimal]]) -> tuple[Row, ...]:
    found = [
        Row(
            x.head,
            f"{x.get_head_display()}：{x.item}",
            x.self_raised,
            *sums.get(("own", x.head, x.pk), (ZERO, ZERO)),
            x.self_raised,
        )
        for x in lines
        if x.self_raised or ("own", x.head, x.pk) in sums
    ]
    for head in BudgetLine.Head:
        loose = sums.get(("own", str(head), None))
        if loose:
            found.append(Row(head, f"{head.label}：未对应预算行", ZERO, *loose))
    return tuple(found)


def findings_of(expense: Expense, found: Books) -> list[Finding]:
    """What is to be said of an expense, given the books of its project without it."""
    entry = Entry(
        expense.head,
        expense.amount,
        expense.source == Expense.Source.GRANT,
        expense.spent_on,
        expense.summary,
        expense.over_reason,
    )
    return findings(
        entry, heads=found.heads, own=found.own, purses=found.purses, starts_on=found.starts_on, ends_on=found.ends_on
    )


def used_elsewhere(expense: Expense) -> Expense | None:
    """Another expense that stands on the same invoice: of the same project, of the same organization, or anywhere if the
    number is unique in the country.
    """
    if expense.bill_kind != Expense.Bill.INVOICE or not expense.bill_number:
        return None
    near = Q(agreement=expense.agreement_id) & ~Q(state__in=[Expense.State.DROPPED, Expense.State.REVERSED])
    standing = Q(state__in=[Expense.State.SUBMITTED, Expense.State.ACCEPTED])
    near |= standing & Q(agreement__proposal__organization=expense.agreement.proposal.organization_id)
    if is_digital_invoice(expense.bill_number):
        near |= standing
    same = Expense.objects.filter(near, bill_kind=Expense.Bill.INVOICE, bill_number=expense.bill_number, reverses=None)
    return same.exclude(pk=expense.pk).select_related("agreement__round").order_by("pk").first()


def alike(expense: Expense) -> list[Expense]:
    """Other standing expenses of the street that a checker should compare: the same invoice number elsewhere, or the same
    payee, day and amount in the project; five at most.
    """
    same = Q(agreement=expense.agreement_id, payee=expense.payee, spent_on=expense.spent_on, amount=expense.amount)
    if expense.bill_kind == Expense.Bill.INVOICE and expense.bill_number:
        same |= Q(bill_number=expense.bill_number, bill_kind=Expense.Bill.INVOICE)
    rows = Expense.objects.filter(
        same, reverses=None, state__in=[Expense.State.SUBMITTED, Expense.State.ACCEPTED],
        agreement__round__street=expense.agreement.round.street_id,
    )  # fmt: skip
    return list(rows.exclude(pk=expense.pk).select_related("agreement__proposal").order_by("pk")[:5])


def next_instalment(agreement: Agreement) -> Instalment | None:
    """The first instalment of which something is still to be asked for."""
    nets = net_by_instalment(agreement)
    return next((i for i in agreement.instalments.order_by("position") if nets.get(i.pk, ZERO) < i.amount), None)


def payments_in_question() -> Iterator[str]:
    """Requests for payment that say more was spent than is on record, as Chinese questions; for `check_invariants`."""
    recorded: dict[int, Decimal] = dict(
        Expense.objects.counted()
        .filter(source=Expense.Source.GRANT)
        .order_by()
        .values_list("agreement")
        .annotate(s=Sum(SIGNED_AMOUNT))
    )
    rows: Any = Payment.objects.filter(state__in=ACTIVE, spent__gt=0).order_by("pk")
    for number, agreement, told in rows.values_list("number", "agreement", "spent"):
        known = recorded.get(agreement, ZERO)
        if told > known:
            yield f"拨付 {number}：申请时填写累计支出 {show_yuan(told)} 元，已录入并提交的支出 {show_yuan(known)} 元，请核对。"
