"""十分制积分: the items of a month's sheet, and what three low months in a row mean. Pure.

A month is `Month(year, month)`. A score below `LOW` is low, `LOW` itself is not. A month without a sheet is unknown: it
is never counted as zero, and while it could still change the verdict there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

TOP, LOW, RUN = Decimal(10), Decimal(6), 3
STEP = Decimal("0.1")
WORST, BEST = Decimal(0), TOP


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @property
    def index(self) -> int:
        """Months since year 0, so that the next month is one more."""
        return self.year * 12 + self.month - 1

    def plus(self, months: int) -> "Month":
        year, month = divmod(self.index + months, 12)
        return Month(year, month + 1)

    def __str__(self) -> str:
        return f"{self.year}年{self.month}月"


def months(first: Month, last: Month) -> list[Month]:
    """All months from `first` to `last`, both included; none where `last` lies before `first`."""
    return [first.plus(n) for n in range(last.index - first.index + 1)]


def first_whole(day: date) -> Month:
    """The first month that lies wholly on or after a day: a start on the first counts that month itself."""
    return Month.of(day) if day.day == 1 else Month.of(day).plus(1)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the sheet: at most `top` points; a bonus comes on top of the ten, and the sum stays at ten."""

    key: str
    name: str
    top: Decimal
    is_bonus: bool = False


DEFAULT = (
    Item("plan", "月计划", Decimal("2.5")),
    Item("summary", "月总结", Decimal("2.5")),
    Item("duty", "坐班", Decimal(3)),
    Item("clean", "卫生", Decimal(2)),
    Item("party", "党建活动", Decimal(1), is_bonus=True),
)


def total(items: Sequence[Item], marks: Mapping[str, Decimal]) -> Decimal:
    """The month's score: the sum of all marks, never more than ten."""
    return min(sum((marks[item.key] for item in items), Decimal(0)), TOP)


def sums_to_ten(items: Sequence[Item]) -> bool:
    """Whether the items without bonuses make ten points."""
    return sum((i.top for i in items if not i.is_bonus), Decimal(0)) == TOP


class Level(StrEnum):
    """What the scores say, from good to bad; `BLOCKED` says nothing yet."""

    CLEAR = "clear"
    FIRST = "first"
    SECOND = "second"
    RED = "red"
    BLOCKED = "blocked"


RANK = [Level.CLEAR, Level.FIRST, Level.SECOND, Level.RED]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What holds after a month: the level, the low months that ran up to it, the months still missing, and the months
    that each completed three low ones and have not been decided on.
    """

    level: Level
    run: tuple[Month, ...]
    missing: tuple[Month, ...]
    red: tuple[Month, ...]


def judge(scores: Mapping[Month, Decimal], first: Month, last: Month, *, decided: Month | None = None) -> Verdict:
    """The verdict from `first` to `last`. A red flag stays until somebody has decided (`decided`: up to which month).

    Red as soon as three consecutive known months are low, whatever else is missing. Otherwise, if the missing months
    could be filled so that the level differs, it is blocked.
    """
    span = months(first, last)
    missing = tuple(m for m in span if m not in scores)
    red = tuple(_red(scores, span, decided))
    run = _run(scores, span)
    if red:
        return Verdict(Level.RED, run, missing, red)
    worst = _level({**dict.fromkeys(span, WORST), **scores}, span, decided)
    best = _level({**dict.fromkeys(span, BEST), **scores}, span, decided)
    return Verdict(best if worst == best else Level.BLOCKED, run, missing, ())


def _is_low(scores: Mapping[Month, Decimal], month: Month) -> bool:
    return month in scores and scores[month] < LOW


def _run(scores: Mapping[Month, Decimal], span: Sequence[Month]) -> tuple[Month, ...]:
    """The low months that lead up to the last one without a gap, oldest first."""
    found: list[Month] = []
    for month in reversed(span):
        if not _is_low(scores, month):
            break
        found.append(month)
    return tuple(reversed(found))


def _red(scores: Mapping[Month, Decimal], span: Sequence[Month], decided: Month | None) -> list[Month]:
    """Months after `decided` that complete three low ones."""
    return [
        month
        for n, month in enumerate(span)
        if n >= RUN - 1
        and (decided is None or month > decided)
        and all(_is_low(scores, m) for m in span[n - RUN + 1 : n + 1])
    ]


def _level(scores: Mapping[Month, Decimal], span: Sequence[Month], decided: Month | None) -> Level:
    if _red(scores, span, decided):
        return Level.RED
    # a run that was decided on and goes on no further than that says no more than its second warning
    return RANK[min(len(_run(scores, span)), RUN - 1)]
