"""The books of a round: every yuan of the pool is in exactly one place. Pure, exact."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.money import show_yuan

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Line:
    """One project: what was approved, agreed, asked for but not yet paid, paid, and come back. Yuan."""

    name: str
    allocated: Decimal
    agreed: Decimal
    waiting: Decimal
    paid: Decimal
    returned: Decimal
    ended: bool = False

    @property
    def net(self) -> Decimal:
        """Paid and not returned."""
        return self.paid - self.returned

    @property
    def unpaid(self) -> Decimal:
        """Agreed and not paid."""
        return self.agreed - self.net

    @property
    def unagreed(self) -> Decimal:
        """Allocated and not yet agreed."""
        return self.allocated - self.agreed


@dataclass(frozen=True, slots=True)
class Books:
    """A round's money. `reserve` is what the plan does not hand out at all; `left` what it could have handed out."""

    pool: Decimal
    reserve: Decimal
    left: Decimal
    lines: tuple[Line, ...]

    def total(self, name: str) -> Decimal:
        """Sum of one figure over all projects: allocated, agreed, waiting, paid, returned, net, unpaid, unagreed."""
        return sum((getattr(line, name) for line in self.lines), ZERO)


@dataclass(frozen=True, slots=True)
class FundLine:
    """One fund of a year: its budget, what agreements draw, what was paid from it and what came back. Yuan."""

    name: str
    budget: Decimal
    drawn: Decimal
    paid: Decimal
    returned: Decimal

    @property
    def net(self) -> Decimal:
        """Paid and not returned."""
        return self.paid - self.returned

    @property
    def unpaid(self) -> Decimal:
        """Drawn by agreements and not paid."""
        return self.drawn - self.net

    @property
    def free(self) -> Decimal:
        """What a new agreement may still draw."""
        return self.budget - self.drawn


def fund_problems(funds: Sequence[FundLine]) -> list[str]:
    """What is wrong with funds, as Chinese sentences: drawn above the budget, paid above what is drawn."""
    found = []
    for fund in funds:
        if fund.free < 0:
            found.append(f"“{fund.name}”已占用 {show_yuan(fund.drawn)} 元，超过年度额度 {show_yuan(fund.budget)} 元。")
        if fund.unpaid < 0:
            found.append(f"“{fund.name}”已拨 {show_yuan(fund.net)} 元，超过占用 {show_yuan(fund.drawn)} 元。")
        if fund.net < 0:
            found.append(f"“{fund.name}”退回 {show_yuan(fund.returned)} 元超过已拨 {show_yuan(fund.paid)} 元。")
    return found


def problems(books: Books) -> list[str]:
    """What does not add up, as Chinese sentences; empty when the books balance to the fen and nothing is negative."""
    found = []
    allocated = books.total("allocated")
    if books.pool != allocated + books.reserve + books.left:
        found.append(
            f"资金总额 {show_yuan(books.pool)} 元 ≠ 已分配 {show_yuan(allocated)} 元 + 预留 {show_yuan(books.reserve)} 元 + 余额 {show_yuan(books.left)} 元。"
        )
    for name, amount in (("预留", books.reserve), ("余额", books.left)):
        if amount < 0:
            found.append(f"{name}为负数：{show_yuan(amount)} 元。")
    for line in books.lines:
        if line.unagreed < 0:
            found.append(
                f"“{line.name}”协议金额 {show_yuan(line.agreed)} 元超过批准的 {show_yuan(line.allocated)} 元。"
            )
        if line.net < 0:
            found.append(f"“{line.name}”退回 {show_yuan(line.returned)} 元超过已拨 {show_yuan(line.paid)} 元。")
        if line.waiting > line.unpaid:
            over = f"已拨 {show_yuan(line.net)} 元加待拨 {show_yuan(line.waiting)} 元"
            found.append(f"“{line.name}”{over}超过协议金额 {show_yuan(line.agreed)} 元。")
    return found
