"""The stored budget of a proposal: reading and writing its lines."""

from collections.abc import Sequence
from decimal import Decimal

from core.errors import DomainError
from core.money import TOP
from projects.domain.budget import Line, totals
from projects.models import BudgetLine, Proposal


class BadBudget(DomainError):
    message = "第 {row} 行：自筹和其他资金合计不能超过金额。"


class TooManyLines(DomainError):
    message = "一页纸申报最多 {most} 行预算，请合并或删去几行。"


class BudgetTooLarge(DomainError):
    message = "预算合计过大，请核对单价和数量。"


def lines_of(proposal: Proposal) -> list[Line]:
    """The stored budget as pure lines."""
    rows = proposal.lines.order_by("position").values_list(
        "head", "item", "unit_price", "quantity", "self_raised", "other"
    )
    return [Line(*row) for row in rows]


def check_lines(lines: Sequence[Line], most: int | None) -> None:
    """`most`: how many lines the page has room for. Raises BadBudget, BudgetTooLarge, TooManyLines."""
    for i, line in enumerate(lines, 1):
        if line.self_raised + line.other > line.amount:
            raise BadBudget(row=i)
    if totals(lines).total > TOP:
        raise BudgetTooLarge
    if most is not None and len(lines) > most:
        raise TooManyLines(most=most)


def write_lines(proposal: Proposal, lines: Sequence[Line]) -> None:
    """Put lines in the place of those stored; inside the caller's transaction."""
    proposal.lines.all().delete()
    BudgetLine.objects.bulk_create(
        BudgetLine(
            proposal=proposal, position=i, head=line.head, item=line.item, unit_price=line.unit_price, quantity=line.quantity,
            amount=line.amount, grant=line.grant, self_raised=line.self_raised, other=line.other,
        )
        for i, line in enumerate(lines, 1)
    )  # fmt: skip


def money_of(proposal: Proposal) -> dict[str, Decimal]:
    """Totals of the stored budget for a page."""
    found = totals(lines_of(proposal))
    return {"total": found.total, "grant": found.grant, "self_raised": found.self_raised, "other": found.other}
