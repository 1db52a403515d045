"""When a new round opens and closes: counted from today, or a year after the last one, always at working times."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.clock import SHANGHAI, local
from workdays.domain import Overrides, add_workdays, is_workday

MORNING, EVENING = time(9, 0), time(17, 0)
ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """`opens` included, `closes` excluded; both aware."""

    opens: datetime
    closes: datetime


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, SHANGHAI)


def workday_from(day: date, overrides: Overrides) -> date:
    """The day itself if people work on it, else the next on which they do."""
    while not is_workday(day, overrides):
        day += ONE
    return day


def from_today(today: date, *, workdays: int | None, days: int, overrides: Overrides) -> Window:
    """From nine o'clock of the next working day to five o'clock of the last: so many working days, or calendar days."""
    first = add_workdays(today, 1, overrides)
    last = add_workdays(first, workdays - 1, overrides) if workdays else workday_from(first + ONE * days, overrides)
    return Window(_at(first, MORNING), _at(last, EVENING))


def _years_later(moment: datetime, years: int, overrides: Overrides) -> datetime:
    """The same hour that many years later on a working day; the 29th of February becomes the 1st of March."""
    there = local(moment)
    try:
        day = there.date().replace(year=there.year + years)
    except ValueError:
        day = date(there.year + years, 3, 1)
    return datetime.combine(workday_from(day, overrides), there.timetz().replace(tzinfo=None), SHANGHAI)


def years_to_shift(opens: datetime, at: datetime) -> int:
    """How many whole years to move a window so that it opens again after `at`; at least one."""
    there, now = local(opens), local(at)
    years = max(1, now.year - there.year)
    return years if (now.year, now.month, now.day) <= (there.year + years, there.month, there.day) else years + 1


def shifted(moments: dict[str, datetime | None], years: int, overrides: Overrides) -> dict[str, datetime | None]:
    """Each moment so many years later at a working time."""
    return {k: None if m is None else _years_later(m, years, overrides) for k, m in moments.items()}
