"""Working days of China: the State Council's calendar of the `holidays` package plus the street's overrides.

`overrides` maps a date to True (working day) or False (day off) and wins over the calendar.
"""

import re
from calendar import Calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

Overrides = Mapping[date, bool]
ONE = timedelta(days=1)
SATURDAY = 5


@cache
def _china(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year)


def is_workday(day: date, overrides: Overrides) -> bool:
    """Whether people work on that day; Saturdays and Sundays moved by 调休 included."""
    if day in overrides:
        return overrides[day]
    return bool(_china(day.year).is_working_day(day))


def end_of_notice(start: date, days: int, overrides: Overrides) -> date:
    """The last day of a period of `days` working days; the start day counts if it is one. `days` at least 1."""
    if days < 1:
        raise ValueError("a period has at least one working day")
    day, left = start, days
    while True:
        left -= is_workday(day, overrides)
        if not left:
            return day
        day += ONE


def add_workdays(start: date, days: int, overrides: Overrides) -> date:
    """The working day that is `days` working days after `start`; the start day does not count. Zero gives `start`."""
    day, left = start, days
    while left:
        day += ONE
        left -= is_workday(day, overrides)
    return day


def workdays_left(today: date, last: date, overrides: Overrides) -> int:
    """Working days from today to `last`, both included; 0 when it is over."""
    count, day = 0, today
    while day <= last:
        count += is_workday(day, overrides)
        day += ONE
    return count


def is_decreed(year: int, overrides: Overrides | None = None) -> bool:
    """Whether the year's arrangement is known: some weekend day is declared a working day in it, by calendar or overrides."""
    if any(works and day.year == year and day.weekday() >= SATURDAY for day, works in (overrides or {}).items()):
        return True
    weekend = (d for d in (date(year, 1, 1) + ONE * n for n in range(366)) if d.year == year and d.weekday() >= 5)
    return any(_china(year).is_working_day(d) for d in weekend)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar. `name` is the holiday, empty on plain days; `is_own` where the override table decides."""

    day: date
    works: bool
    name: str
    is_own: bool

    @property
    def is_unusual(self) -> bool:
        """A weekday off, or a weekend day worked."""
        return self.works != (self.day.weekday() < SATURDAY)


@cache
def _named(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year, language="zh_CN")


def months_of(year: int, overrides: Overrides) -> list[list[list[Day | None]]]:
    """Twelve months of weeks of seven days, Monday first; None before the first and after the last of a month."""
    return [
        [
            [_day(d, overrides) if d.month == month else None for d in week]
            for week in Calendar(0).monthdatescalendar(year, month)
        ]
        for month in range(1, 13)
    ]


def _day(day: date, overrides: Overrides) -> Day:
    return Day(day, is_workday(day, overrides), _named(day.year).get(day) or "", day in overrides)


class BadLine(ValueError):
    """A pasted line that cannot be read; its text is a Chinese sentence."""


MOST_LINES, LONGEST_SPAN = 200, 31
WORDS = {"休": False, "放假": False, "休息": False, "班": True, "上班": True, "工作日": True}
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
LINE = re.compile(rf"^({DATE.pattern})(?:\s*(?:至|到|~|—|–)\s*({DATE.pattern}))?[\s,，]+(\S+?)(?:[\s,，]+(.*))?$")


def read_decree(text: str) -> dict[date, tuple[bool, str]]:
    """Days of a year's decree as pasted, one line a day or a span: `2021-10-01 至 2021-10-07 休 国庆节`.

    Gives day → (works, words). Raises BadLine for a line that cannot be read, too many lines, or a day told twice.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise BadLine("没有内容。请每行写一天或一段，例如：2021-10-01 至 2021-10-07 休 国庆节。")
    if len(lines) > MOST_LINES:
        raise BadLine(f"最多 {MOST_LINES} 行，现有 {len(lines)} 行。")
    found: dict[date, tuple[bool, str]] = {}
    for number, line in lines:
        first, last, works, words = _read_line(number, line)
        day = first
        while day <= last:
            if day in found:
                raise BadLine(f"第 {number} 行：{day} 前面已经写过。")
            found[day] = works, words
            day += ONE
    return found


def _read_line(number: int, line: str) -> tuple[date, date, bool, str]:
    match = LINE.match(line)
    if match is None or match[9] not in WORDS:
        raise BadLine(f"第 {number} 行“{line[:30]}”看不懂。请写：日期（或 起 至 止）、休 或 班、说明。")
    try:
        first = date(int(match[2]), int(match[3]), int(match[4]))
        last = date(int(match[6]), int(match[7]), int(match[8])) if match[5] else first
    except ValueError as error:
        raise BadLine(f"第 {number} 行：没有这一天。") from error
    if not 0 <= (last - first).days < LONGEST_SPAN:
        raise BadLine(f"第 {number} 行：一段最多 {LONGEST_SPAN} 天，结束不能早于开始。")
    return first, last, WORDS[match[9]], (match[10] or "").strip()[:100]
