"""What counts of needs tell: spans of time, a table of two sides with its sums, shares, how many working days. Pure.

Shares and averages are Decimal with one place, half up; None where there is nothing to divide by.
"""

import calendar
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from workdays.domain import ONE, Overrides, is_workday

TENTH = Decimal("0.1")
NARROW = str.maketrans("０１２３４５６７８９－／．　", "0123456789-/. ")
LONGEST = 1830  # days of a span: five years
MONTHS, QUARTERS, YEARS = 24, 8, 5  # how far back the choices reach
CODE = re.compile(r"([0-9]{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")


class BadSpan(ValueError):
    """A span that cannot be read; its text is a Chinese sentence."""


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both included. `code` is how the address says it."""

    code: str
    words: str
    first: date
    last: date

    def months(self) -> list[tuple[int, int]]:
        """Every month the span touches, in order."""
        found, year, month = [], self.first.year, self.first.month
        while (year, month) <= (self.last.year, self.last.month):
            found.append((year, month))
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return found


def span_of(code: str) -> Span | None:
    """`2026`, `2026-Q4` or `2026-11`; None for anything else."""
    found = CODE.fullmatch(code)
    if found is None or not 2000 <= int(found[1]) <= 2100:
        return None
    year = int(found[1])
    if found[2]:
        begin, end, words = 3 * int(found[2]) - 2, 3 * int(found[2]), f"{year}年第{'一二三四'[int(found[2]) - 1]}季度"
    elif found[3]:
        begin, end, words = int(found[3]), int(found[3]), f"{year}年{int(found[3])}月"
    else:
        begin, end, words = 1, 12, f"{year}年"
    return Span(code, words, date(year, begin, 1), date(year, end, calendar.monthrange(year, end)[1]))


def read_span(code: str, first: str, last: str, today: date) -> Span:
    """The span that was asked for: a code, or `range` with two days as `2026-11-01`; this year when nothing is said.

    Raises BadSpan.
    """
    if code != "range":
        return span_of(code) or year_of(today)
    begin, end = typed_day(first), typed_day(last)
    if begin is None or end is None:
        raise BadSpan("自选起止请填写开始和结束两个日期，例如 2026-11-01 或 2026年11月1日。")
    if end < begin:
        raise BadSpan("结束日期不能早于开始日期。")
    if (end - begin).days >= LONGEST or begin.year < 2000 or end.year > 2100:
        raise BadSpan("一次最多统计五年，年份在 2000 至 2100 之间。")
    return Span("range", f"{begin:%Y-%m-%d} 至 {end:%Y-%m-%d}", begin, end)


def typed_day(text: str) -> date | None:
    """A day as people type it into an address: `2026-11-01`, `2026/11/1`, `2026年11月1日`; None for anything else."""
    found = re.fullmatch(
        r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text.translate(NARROW).replace(" ", ""), re.ASCII
    )
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def day_in(text: str) -> date | None:
    """A day of this century as an address carries it, or None."""
    found = typed_day(text)
    return found if found and 2000 <= found.year <= 2100 else None


def year_of(today: date) -> Span:
    return Span(str(today.year), f"{today.year}年", date(today.year, 1, 1), date(today.year, 12, 31))


def choices(today: date) -> list[tuple[str, list[tuple[str, str]]]]:
    """Spans to choose from, the newest first, by kind: (words of the kind, [(code, words)])."""
    year, month = today.year, today.month
    back = [(year * 12 + month - 1 - n) for n in range(MONTHS)]
    quarters = [(year * 4 + (month - 1) // 3 - n) for n in range(QUARTERS)]
    kinds = (
        ("按年", [str(year - n) for n in range(YEARS)]),
        ("按季度", [f"{n // 4}-Q{n % 4 + 1}" for n in quarters]),
        ("按月", [f"{n // 12}-{n % 12 + 1:02d}" for n in back]),
    )
    return [(kind, [(s.code, s.words) for c in codes if (s := span_of(c))]) for kind, codes in kinds]


def share(part: int, whole: int) -> Decimal | None:
    """`part` of `whole` in per cent."""
    return (Decimal(part) * 100 / whole).quantize(TENTH, ROUND_HALF_UP) if whole else None


def mean(total: int, count: int) -> Decimal | None:
    """An average of whole numbers."""
    return (Decimal(total) / count).quantize(TENTH, ROUND_HALF_UP) if count else None


def steps_of(span: Span, today: date) -> list[tuple[str, list[tuple[int, int]]]]:
    """The span in steps for a trend, (words, months): months, or quarters where it is longer than two years.

    It ends with the current month: what is still to come is no fall.
    """
    months = [m for m in span.months() if m <= (today.year, today.month)]
    many, one_year = len(months) > MONTHS, span.first.year == span.last.year
    found: dict[str, list[tuple[int, int]]] = {}
    for year, month in months:
        words = f"{year}年{(month + 2) // 3}季度" if many else f"{month}月" if one_year else f"{year}年{month}月"
        found.setdefault(words, []).append((year, month))
    return list(found.items())


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with what it is made of."""

    part: int
    whole: int

    @property
    def percent(self) -> Decimal | None:
        return share(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of two sides: each row is (key, its cells in the order of `columns`, its sum)."""

    columns: list[str]
    rows: list[tuple[int, list[int], int]]
    sums: list[int]
    total: int


def cross(counts: Mapping[tuple[int, str], int], rows: Sequence[int], columns: Sequence[str]) -> Table:
    """Rows × columns with sums at both edges. Rows stay even when empty; columns without anything are left out.

    What is counted under a row or column that was not named would be lost, so that raises KeyError.
    """
    places = {name: i for i, name in enumerate(columns)}
    cells = {row: [0] * len(columns) for row in rows}
    for (row, column), count in counts.items():
        cells[row][places[column]] += count
    sums = [sum(some[i] for some in cells.values()) for i in range(len(columns))]
    kept = [i for i, n in enumerate(sums) if n]
    return Table(
        [columns[i] for i in kept],
        [(row, [some[i] for i in kept], sum(some)) for row, some in cells.items()],
        [sums[i] for i in kept],
        sum(sums),
    )


@dataclass(frozen=True, slots=True)
class Days:
    """How many working days something took: of how many cases, together, on average, in the middle."""

    count: int
    total: int
    mean: Decimal | None
    median: Decimal | None


def days_of(tally: Mapping[int, int]) -> Days:
    """From {working days: cases}. The median of an even number of cases is halfway between the middle two."""
    count = sum(tally.values())
    total = sum(days * n for days, n in tally.items())
    return Days(count, total, mean(total, count), _median(tally, count))


def _median(tally: Mapping[int, int], count: int) -> Decimal | None:
    if not count:
        return None
    wanted, found, seen = {(count - 1) // 2, count // 2}, [], 0
    for days in sorted(tally):
        found += [days for place in wanted if seen <= place < seen + tally[days]]
        seen += tally[days]
    return mean(sum(found), len(found))


def added(tallies: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Several tallies as one."""
    found: dict[int, int] = {}
    for tally in tallies:
        for days, n in tally.items():
            found[days] = found.get(days, 0) + n
    return found


def running_workdays(first: date, last: date, overrides: Overrides) -> list[int]:
    """For each day from `first` to `last`: how many working days lie after `first` up to it.

    The difference of two of them is how many working days after the one day the other is, as deadlines count.
    """
    found, day, count = [0], first, 0
    while day < last:
        day += ONE
        count += is_workday(day, overrides)
        found.append(count)
    return found
