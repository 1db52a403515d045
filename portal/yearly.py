"""The arithmetic of the year's summary: this year against the last, and all years together. No database here."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure: its value in the year, in the year before, and in all years up to the year."""

    words: str
    unit: str
    kind: Literal["int", "money"]
    this: Decimal
    last: Decimal
    total: Decimal


def growth(this: Decimal, last: Decimal) -> Decimal | None:
    """By how many per cent the year is above the one before, to one decimal, half up; None where that was nothing."""
    if last == 0:
        return None
    return ((this - last) * 100 / last).quantize(TENTH, ROUND_HALF_UP)


def spoken_growth(this: Decimal, last: Decimal) -> str:
    """`+12.5%`, `-3.0%`, `持平`; `—` where there is nothing to compare with."""
    percent = growth(this, last)
    if percent is None:
        return "—"
    return "持平" if this == last else f"{percent:+.1f}%"
