"""Limits of budget heads: each head's share of the total. From nine tenths of a limit on it warns, above it blocks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from core.exact import half_up

HEADS = {"activity": "业务活动费", "staff": "人员费", "management": "管理费", "tax": "税费"}
NEAR = Fraction(9, 10)
OK, WARN, BLOCK = "ok", "warn", "block"


@dataclass(frozen=True, slots=True)
class HeadShare:
    """One head against its limit. `percent` is rounded for people only; `verdict` is decided exactly."""

    head: str
    label: str
    amount: Decimal
    percent: Decimal
    limit: Decimal
    verdict: str

    @property
    def words(self) -> str:
        """What to tell who writes the budget."""
        said = f"{self.label}占总预算 {self.percent}%，限额 {self.limit}%"
        return {OK: said, WARN: f"{said}，接近限额", BLOCK: f"{said}，超过限额，请调减"}[self.verdict]


def shares(lines: Iterable[tuple[str, Decimal]], limits: Mapping[str, int | str]) -> list[HeadShare]:
    """Each limited head of a budget, lines as (head, amount in yuan), in the order of HEADS. An empty budget is within."""
    sums: dict[str, Decimal] = {}
    for head, amount in lines:
        sums[head] = sums.get(head, Decimal("0.00")) + amount
    total = sum(sums.values(), Decimal("0.00"))
    found = []
    for head, label in HEADS.items():
        if head not in limits:
            continue
        limit, amount = Decimal(str(limits[head])), sums.get(head, Decimal("0.00"))
        part = Fraction(amount) / Fraction(total) * 100 if total else Fraction(0)
        verdict = BLOCK if part > Fraction(limit) else WARN if part and part >= Fraction(limit) * NEAR else OK
        found.append(HeadShare(head, label, amount, half_up(part, 2), limit, verdict))
    return found
