"""述职评议: ballots of two groups counted to a score, and the class a table of thresholds gives it. Pure and exact.

An option counts with its points; 不了解 counts for nothing, neither way. A group's score is the mean of its counted
ballots, the organization's the weighted mean of both groups, rounded once, half up, to two places; the class is read
from the rounded score, so what is shown and what is decided never differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

COMMUNITY, RESIDENTS = "community", "residents"
GROUPS = {COMMUNITY: "社区", RESIDENTS: "居民"}
UNKNOWN = "unknown"
OPTIONS = {"good": "满意", "fair": "基本满意", "bad": "不满意", UNKNOWN: "不了解"}
COUNTED = ("good", "fair", "bad")
CLASSES = ("excellent", "qualified", "basic")
LOWEST = "failed"
FULL = 100
CENT = 100

Tally = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class HearingRule:
    """Weights of the groups in percent, points of the options, from which score on each class holds, and how many counted
    ballots a group needs for a verdict.
    """

    weights: Mapping[str, int]
    points: Mapping[str, Decimal]
    lines: Mapping[str, Decimal]
    least: Mapping[str, int]

    def faults(self) -> list[str]:
        """What is wrong with it, in words."""
        found = []
        if sum(self.weights.values()) != FULL or any(w < 0 for w in self.weights.values()):
            found.append(f"社区和居民的权重合计应为 100，现为 {sum(self.weights.values())}。")
        good, fair, bad = (self.points[o] for o in COUNTED)
        if not FULL >= good > fair > bad >= 0:
            found.append("各选项的分值应从高到低：满意 > 基本满意 > 不满意，在 0 至 100 之间。")
        excellent, qualified, basic = (self.lines[c] for c in CLASSES)
        if not FULL >= excellent > qualified > basic > 0:
            found.append("等次分数线应从高到低：优秀 > 合格 > 基本合格，在 0 至 100 之间。")
        if any(n < 1 for n in self.least.values()):
            found.append("最少票数应不少于 1。")
        return found


DEFAULT = HearingRule(
    {COMMUNITY: 50, RESIDENTS: 50}, {"good": Decimal(100), "fair": Decimal(80), "bad": Decimal(0)},
    {"excellent": Decimal(90), "qualified": Decimal(75), "basic": Decimal(60)}, {COMMUNITY: 1, RESIDENTS: 5},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """The score and the class; both None and empty where a group has too few counted ballots (`short`)."""

    score: Decimal | None
    hearing: str
    short: tuple[str, ...]


def counted(votes: Mapping[str, int]) -> int:
    """How many ballots of a group say something."""
    return sum(votes.get(o, 0) for o in COUNTED)


def mean(rule: HearingRule, votes: Mapping[str, int]) -> Fraction | None:
    """The mean points of a group's counted ballots, exact."""
    n = counted(votes)
    return sum((Fraction(rule.points[o]) * votes.get(o, 0) for o in COUNTED), Fraction(0)) / n if n else None


def shown(value: Fraction) -> Decimal:
    """Two places, half up."""
    return (Decimal(floor(value * CENT + Fraction(1, 2))) / CENT).quantize(Decimal("0.01"))


def outcome(rule: HearingRule, tally: Tally) -> Outcome:
    """What an organization's ballots come to. A group without weight is neither counted nor needed."""
    weighing = [g for g in GROUPS if rule.weights[g]]
    short = tuple(g for g in weighing if counted(tally.get(g, {})) < rule.least[g])
    if short:
        return Outcome(None, "", short)
    raw = Fraction(0)
    for group in weighing:
        value = mean(rule, tally[group])
        assert value is not None  # noqa: S101 - a group that weighs has a counted ballot
        raw += value * rule.weights[group] / FULL
    score = shown(raw)
    return Outcome(score, next((c for c in CLASSES if score >= rule.lines[c]), LOWEST), ())


def empty() -> dict[str, dict[str, int]]:
    """A tally without ballots."""
    return {group: dict.fromkeys(OPTIONS, 0) for group in GROUPS}
