"""Clamp, trim and aggregate a handful of values. Whole numbers or fractions in one unit; nothing is rounded unasked."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from core.exact import half_up_units
from judging.domain.values import Clamp, Trim

Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Value:
    """One judge's value; `seat` is the judge's place in the list, which decides who is left out among equals."""

    judge: str
    seat: int
    amount: Number


@dataclass(frozen=True, slots=True)
class Split:
    """Who was left out above and below, in the order of leaving, and who is kept, in the order given."""

    high: tuple[Value, ...]
    low: tuple[Value, ...]
    kept: tuple[Value, ...]


def trimmed(values: Sequence[Value], trim: Trim | None) -> Split:
    """Leave out the highest and the lowest where enough values count; of equals the later in the list goes first."""
    if trim is None or len(values) < trim.start:
        return Split((), (), tuple(values))
    order = sorted(values, key=lambda v: (v.amount, v.seat))
    high = tuple(reversed(order[len(order) - trim.high :]))
    rest = order[: len(order) - trim.high]
    rest.sort(key=lambda v: (v.amount, -v.seat))
    low = tuple(rest[: trim.low])
    gone = {v.seat for v in high} | {v.seat for v in low}
    return Split(high, low, tuple(v for v in values if v.seat not in gone))


def mean(amounts: Sequence[Number]) -> Fraction:
    return Fraction(sum(amounts)) / len(amounts)


def aggregated(kind: str, amounts: Sequence[Number]) -> Fraction:
    """Mean, median or sum of at least one amount."""
    if kind == "sum":
        return Fraction(sum(amounts))
    if kind == "median":
        order, middle = sorted(amounts), len(amounts) // 2
        return Fraction(order[middle]) if len(order) % 2 else Fraction(order[middle - 1] + order[middle]) / 2
    return mean(amounts)


def clamped(values: Sequence[Value], clamp: Clamp) -> tuple[Fraction, list[Value]]:
    """The unrounded mean, and the values moved to within reach of it, each rounded if the rule says so."""
    middle = mean([v.amount for v in values])
    least, most = middle - clamp.within, middle + clamp.within
    found = []
    for value in values:
        moved = min(max(Fraction(value.amount), least), most)
        if clamp.decimals is not None:
            moved = rounded(moved, clamp.decimals)
        found.append(Value(value.judge, value.seat, moved))
    return middle, found


def rounded(value: Fraction, places: int) -> Fraction:
    """Half-up to so many decimals, as an exact fraction."""
    return Fraction(half_up_units(value, places), 10**places)
