"""Clamp, trim and aggregate a handful of values. Whole numbers or fractions in one unit; nothing is rounded unasked."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

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
    _, amounts = common_unit([v.amount for v in values])
    rows = sorted((amount, value.seat, i) for i, (amount, value) in enumerate(zip(amounts, values, strict=True)))
    high = [i for _, _, i in rows[: len(rows) - trim.high - 1 : -1]]
    rest = sorted((amount, -seat, i) for amount, seat, i in rows[: len(rows) - trim.high])
    low = [i for _, _, i in rest[: trim.low]]
    gone = {*high, *low}
    return Split(
        tuple([values[i] for i in high]),
        tuple([values[i] for i in low]),
        tuple([value for i, value in enumerate(values) if i not in gone]),
    )


def common_unit(amounts: Sequence[Number]) -> tuple[int, list[int]]:
    """The amounts as whole numbers of one unit, 1 ÷ the first number returned: quick to compare and to add."""
    unit = lcm(*[a.denominator for a in amounts])
    return unit, [a.numerator * (unit // a.denominator) for a in amounts]


def total(amounts: Sequence[Number]) -> Fraction:
    unit, whole = common_unit(amounts)
    return Fraction(sum(whole), unit)


def mean(amounts: Sequence[Number]) -> Fraction:
    unit, whole = common_unit(amounts)
    return Fraction(sum(whole), unit * len(whole))


def aggregated(kind: str, amounts: Sequence[Number]) -> Fraction:
    """Mean, median or sum of at least one amount."""
    if kind == "sum":
        return total(amounts)
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
