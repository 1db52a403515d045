"""年终等级评定: five criteria out of a hundred, Party building first and with a threshold. Pure.

Party building weighs at least as much as any other criterion, and below its threshold there is no star, whatever the sum.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

PARTY = "party"
CRITERIA: dict[str, str] = {
    PARTY: "党建", "daily": "日常积分", "projects": "项目绩效", "satisfaction": "居民满意度", "finance": "财务规范",
}  # fmt: skip
FULL = Decimal(100)
STARS = (5, 4, 3)


@dataclass(frozen=True, slots=True)
class Rule:
    """Weights in percent by criterion, the threshold of Party building, and from which sum on each star is proposed."""

    weights: Mapping[str, int]
    threshold: Decimal
    lines: Mapping[int, Decimal]

    def faults(self) -> list[str]:
        """What is wrong with it, in words."""
        found = []
        if set(self.weights) != set(CRITERIA) or any(w < 0 for w in self.weights.values()):
            return ["每项权重应为不小于 0 的整数。"]
        if sum(self.weights.values()) != FULL:
            found.append(f"各项权重合计应为 100，现为 {sum(self.weights.values())}。")
        if any(w > self.weights[PARTY] for w in self.weights.values()):
            found.append("党建是首要依据，权重不能低于任何一项。")
        if not 0 < self.threshold <= FULL:
            found.append("党建门槛应大于 0，不超过 100。")
        five, four, three = (self.lines[s] for s in STARS)
        if not FULL >= five > four > three > 0:
            found.append("星级分数线应从高到低：五星 > 四星 > 三星，在 0 至 100 之间。")
        return found


DEFAULT = Rule(
    {PARTY: 30, "daily": 20, "projects": 20, "satisfaction": 15, "finance": 15}, Decimal(60), {5: Decimal(90), 4: Decimal(80), 3: Decimal(70)}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rating:
    """The weighted sum (two places), whether Party building reaches its threshold, and the star this proposes (0: none)."""

    total: Decimal
    is_through: bool
    stars: int


def rate(rule: Rule, marks: Mapping[str, Decimal]) -> Rating:
    """What five marks come to."""
    raw = sum((marks[key] * weight for key, weight in rule.weights.items()), Decimal(0)) / FULL
    total = raw.quantize(Decimal("0.01"), ROUND_HALF_UP)
    is_through = marks[PARTY] >= rule.threshold
    stars = next((s for s in STARS if total >= rule.lines[s]), 0) if is_through else 0
    return Rating(total, is_through, stars)
