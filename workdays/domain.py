"""Working days of China: the State Council's calendar of the `holidays` package plus the street's overrides.

`overrides` maps a date to True (working day) or False (day off) and wins over the calendar.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache

import holidays

Overrides = Mapping[date, bool]
ONE = timedelta(days=1)


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


def is_decreed(year: int) -> bool:
    """Whether the year's arrangement is known: some weekend day is declared a working day in it."""
    weekend = (d for d in (date(year, 1, 1) + ONE * n for n in range(366)) if d.year == year and d.weekday() >= 5)
    return any(_china(year).is_working_day(d) for d in weekend)
