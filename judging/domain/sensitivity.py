"""How firm a ranking is: without one judge, with a weight moved, and how each judge marked. Pure and exact.

Everything is counted again by the engine that made the result; nothing here changes a result. Square roots (standard
deviation, rank correlation) are taken of exact fractions and rounded half-up once.

Spearman's coefficient is Pearson's on the ranks, equals sharing the mean of their places (Spearman 1904; Kendall,
Rank Correlation Methods). Severity is the additive model of `calibration`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import isqrt, lcm
from typing import Any

from core.errors import FormatError
from core.exact import half_up, plain_text
from judging.domain.arithmetic import mean
from judging.domain.calibration import judge_effects
from judging.domain.reading import read
from judging.domain.scoring import counted
from judging.domain.values import Rule, Scoring, Sheet

STEP = 5  # points of a criterion's full marks, per cent of a part's weight
PLACES = 2
Ranks = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Change:
    """A proposal whose rank is another; None is no rank."""

    proposal: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Variation:
    """One thing changed, all else as it was. `crossed`: proposals that cross the line; `refused`: why it cannot be counted."""

    key: str
    label: str
    changes: tuple[Change, ...]
    crossed: tuple[str, ...]
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Weight:
    """A criterion or part with its weight as it is (points or per cent) and five less and more; None: below zero."""

    key: str
    label: str
    kind: str
    now: Fraction
    less: Variation | None
    more: Variation | None


@dataclass(frozen=True, slots=True)
class Spread:
    """How one judge marked; totals in points. None where too few sheets tell it.

    `deviation`: sample standard deviation (n − 1). `agreement`: Spearman with the mean of the other judges.
    `severity`: positive is lenient; only comparable within `group` (1, 2 …), judges linked by common proposals.
    """

    judge: str
    sheets: int
    average: Decimal | None
    deviation: Decimal | None
    agreement: Decimal | None
    severity: Decimal | None
    group: int | None


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The whole analysis, in the orders of the document. `groups`: how many panels nothing links."""

    ranks: dict[str, int | None]
    without: list[Variation]
    weights: list[Weight]
    judges: list[Spread]
    groups: int


def analyse(document: Any, cut: int | None = None) -> Sensitivity:
    """Analyse a scoring document. `cut`: the last rank within the line, if there is a line. Raises FormatError."""
    scoring = read(document)
    base = _ranks(scoring)
    spreads = _spreads(scoring)
    return Sensitivity(
        ranks=base,
        without=[_without(scoring, base, judge, cut) for judge in scoring.judges] if scoring.rule.uses_sheets else [],
        weights=[*_criteria(scoring, base, cut), *_parts(scoring, base, cut)],
        judges=spreads,
        groups=len({s.group for s in spreads if s.group is not None}),
    )


# --- what if ---


def _ranks(scoring: Scoring) -> dict[str, int | None]:
    return {tally.proposal.key: tally.rank for tally in counted(scoring).order}


def _variation(key: str, label: str, changed: Scoring, base: Ranks, cut: int | None) -> Variation:
    try:
        after = _ranks(changed)
    except FormatError as error:
        return Variation(key, label, (), (), error.message)
    changes = tuple(Change(p, rank, after[p]) for p, rank in base.items() if rank != after[p])
    crossed = tuple(c.proposal for c in changes if cut is not None and _within(c.before, cut) != _within(c.after, cut))
    return Variation(key, label, changes, crossed)


def _within(rank: int | None, cut: int) -> bool:
    return rank is not None and rank <= cut


def _without(scoring: Scoring, base: Ranks, judge: str, cut: int | None) -> Variation:
    sheets = tuple(s for s in scoring.sheets if s.judge != judge)
    return _variation(judge, judge, replace(scoring, sheets=sheets), base, cut)


def _criteria(scoring: Scoring, base: Ranks, cut: int | None) -> list[Weight]:
    rule = scoring.rule
    if not rule.uses_sheets or rule.by_tick:
        return []
    found = []
    for c in rule.criteria.values():
        points = c.most * c.weight
        if c.most <= 0:
            continue
        moved = [
            _variation(c.key, c.label, _reweighted(scoring, c.key, to / c.most), base, cut) if to >= 0 else None
            for to in (points - STEP, points + STEP)
        ]
        found.append(Weight(c.key, c.label, "criterion", points, *moved))
    return found


def _reweighted(scoring: Scoring, key: str, weight: Fraction) -> Scoring:
    """The same marks with one criterion's weight changed; totals counted again in their new unit."""
    criteria = {c.key: replace(c, weight=weight) if c.key == key else c for c in scoring.rule.criteria.values()}
    unit = lcm(*(c.weight.denominator for c in criteria.values()))
    weights = {c.key: int(c.weight * unit) for c in criteria.values()}
    rule = replace(scoring.rule, criteria=criteria, weights=weights, total_unit=scoring.rule.mark_unit * unit)
    sheets = tuple(replace(s, total=sum(weights[k] * mark for k, mark in s.marks.items())) for s in scoring.sheets)
    return replace(scoring, rule=rule, sheets=sheets)


def _parts(scoring: Scoring, base: Ranks, cut: int | None) -> list[Weight]:
    found = []
    for part in scoring.rule.parts:
        moved = [
            _variation(part.key, part.key, _with_part(scoring, part.key, weight), base, cut) if weight >= 0 else None
            for weight in (part.weight - Fraction(STEP, 100), part.weight + Fraction(STEP, 100))
        ]
        found.append(Weight(part.key, part.key, "part", part.weight * 100, *moved))
    return found


def _with_part(scoring: Scoring, key: str, weight: Fraction) -> Scoring:
    parts = tuple(replace(p, weight=weight) if p.key == key else p for p in scoring.rule.parts)
    return replace(scoring, rule=replace(scoring.rule, parts=parts))


# --- how each judge marked ---


def _spreads(scoring: Scoring) -> list[Spread]:
    rule = scoring.rule
    if not rule.uses_sheets or rule.by_tick:
        return []
    cells = _cells(scoring)
    group_of = _groups(cells)
    severity = _severities(rule, cells, group_of)
    found = []
    for seat, judge in enumerate(scoring.judges):
        own = {p: totals[seat] for p, totals in cells.items() if seat in totals}
        average = mean(list(own.values())) if own else None
        found.append(
            Spread(
                judge, len(own), None if average is None else half_up(average, PLACES), _deviation(list(own.values())),
                _agreement(own, cells, seat), severity.get(seat), group_of.get(seat),
            )
        )  # fmt: skip
    return found


def _cells(scoring: Scoring) -> dict[str, dict[int, Fraction]]:
    """Proposal → seat → total in points, of whole submitted sheets of standing proposals."""
    found: dict[str, dict[int, Fraction]] = {p.key: {} for p in scoring.proposals if p.stands}
    for s in scoring.sheets:
        if s.state == "submitted" and s.proposal in found and _whole(scoring.rule, s):
            found[s.proposal][s.seat] = Fraction(s.total, scoring.rule.total_unit)
    return found


def _whole(rule: Rule, sheet: Sheet) -> bool:
    return len(sheet.marks) == len(rule.criteria)


def _deviation(amounts: Sequence[Fraction]) -> Decimal | None:
    if len(amounts) < 2:
        return None
    middle = mean(amounts)
    return half_up_root(sum(((a - middle) ** 2 for a in amounts), Fraction(0)) / (len(amounts) - 1), PLACES)


def _agreement(own: Mapping[str, Fraction], cells: Mapping[str, Mapping[int, Fraction]], seat: int) -> Decimal | None:
    """Spearman of the judge's totals with the mean totals of the others, over the proposals that both have."""
    mine, theirs = [], []
    for proposal, total in own.items():
        rest = [t for other, t in cells[proposal].items() if other != seat]
        if rest:
            mine.append(total)
            theirs.append(mean(rest))
    return spearman(mine, theirs)


def spearman(left: Sequence[Fraction], right: Sequence[Fraction]) -> Decimal | None:
    """Spearman's rank correlation to two places; None for fewer than three pairs or where one side has only equals."""
    if len(left) < 3:
        return None
    a, b = _places(left), _places(right)
    middle = Fraction(len(left) + 1, 2)
    both = sum(((x - middle) * (y - middle) for x, y in zip(a, b, strict=True)), Fraction(0))
    spread = sum(((x - middle) ** 2 for x in a), Fraction(0)) * sum(((y - middle) ** 2 for y in b), Fraction(0))
    if not spread:
        return None
    size = half_up_root(both**2 / spread, PLACES)
    return -size if both < 0 and size else size


def _places(values: Sequence[Fraction]) -> list[Fraction]:
    """Each value's place from the smallest, equals sharing the mean of theirs."""
    order = sorted(values)
    return [Fraction(2 * order.index(v) + order.count(v) + 1, 2) for v in values]


def half_up_root(value: Fraction, places: int) -> Decimal:
    """The square root of an exact value that is not negative, rounded half-up, with exactly `places` decimals."""
    # ⌊√y + ½⌋ = ⌊(⌊√(4y)⌋ + 1) ÷ 2⌋ with y in squared units of the last place
    scaled = 4 * value * 100**places
    return half_up(Fraction((isqrt(scaled.numerator // scaled.denominator) + 1) // 2, 10**places), places)


def _groups(cells: Mapping[str, Mapping[int, Fraction]]) -> dict[int, int]:
    """Seat → number of its panel, from 1 by lowest seat; judges belong together who share a proposal, in a chain."""
    panels: list[set[int]] = []
    for totals in cells.values():
        if totals:
            joined = {*totals}.union(*(p for p in panels if p & totals.keys()))
            panels = [p for p in panels if not p & joined] + [joined]
    return {seat: number for number, panel in enumerate(sorted(panels, key=min), 1) for seat in panel}


def _severities(
    rule: Rule, cells: Mapping[str, Mapping[int, Fraction]], group_of: Mapping[int, int]
) -> dict[int, Decimal]:
    """Seat → effect in points within its panel; a judge alone in a panel cannot be compared and has none."""
    found: dict[int, Decimal] = {}
    for number in set(group_of.values()):
        seats = {seat for seat, group in group_of.items() if group == number}
        if len(seats) < 2:
            continue
        inside = {
            p: [(seat, int(total * rule.total_unit)) for seat, total in t.items()]
            for p, t in cells.items()
            if t.keys() & seats
        }
        effects = judge_effects(inside, Fraction(0))
        found |= {seat: half_up(effect / rule.total_unit, PLACES) for seat, effect in effects.items()}
    return found


# --- in words ---


def said(changes: Iterable[Change], names: Mapping[str, str]) -> list[str]:
    """`甲（2→3）`, in the old order; no rank is `无名次`."""
    return [f"{names[c.proposal]}（{_rank(c.before)}→{_rank(c.after)}）" for c in changes]


def _rank(rank: int | None) -> str:
    return "无名次" if rank is None else str(rank)


def points(value: Fraction) -> str:
    """A weight as text."""
    return plain_text(value)
