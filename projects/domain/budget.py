"""Budget arithmetic in yuan, exact to the fen: zero is a value, nothing is rounded because nothing needs to be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `amount` = unit price × quantity = grant + self-raised + other."""

    head: str
    item: str
    unit_price: Decimal
    quantity: int
    self_raised: Decimal
    other: Decimal = Decimal("0.00")

    @property
    def amount(self) -> Decimal:
        return self.unit_price * self.quantity

    @property
    def grant(self) -> Decimal:
        return self.amount - self.self_raised - self.other


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a budget: total = grant + self-raised + other."""

    total: Decimal
    grant: Decimal
    self_raised: Decimal
    other: Decimal = Decimal("0.00")


def totals(lines: Iterable[Line]) -> Totals:
    """Add the lines up."""
    rows = list(lines)
    total = sum((line.amount for line in rows), Decimal("0.00"))
    own = sum((line.self_raised for line in rows), Decimal("0.00"))
    other = sum((line.other for line in rows), Decimal("0.00"))
    return Totals(total, total - own - other, own, other)


def sums_of(rows: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Sums of the budget rows of a frozen version, whose amounts are decimal text. A version of before there was other money has none."""
    found = list(rows)
    keys = {"total": "amount", "grant": "grant", "self_raised": "self_raised", "other": "other"}
    return {name: sum((Decimal(row.get(key, "0.00")) for row in found), Decimal("0.00")) for name, key in keys.items()}
