"""On which day which reminder of a deadline is due: days before and after its end, in calendar or working days.

An offset says how many days before the end: 3, 1, 0 on the day itself, -1 a working day after it. What a downtime has
swallowed is merged by one rule: of all steps that have passed only the last counts, and one that is older than STALE
days is dropped.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from core.clock import SHANGHAI, local
from messaging.domain.timing import USUAL, Quiet, after_all
from reminders.domain import due_offset
from workdays.domain import ONE, Overrides, add_workdays, is_workday

STALE = timedelta(days=3)
MORNING, EARLIEST, LATEST_HOUR = 8, 6, 20  # the usual hour of a digest, the earliest and the latest one may choose
MIDNIGHT = 24


def workdays_before(day: date, days: int, overrides: Overrides) -> date:
    """The working day that is `days` working days before `day`, which itself does not count. Zero gives `day`."""
    left = days
    while left:
        day -= ONE
        left -= is_workday(day, overrides)
    return day


def step_day(day: date, offset: int, overrides: Overrides, *, in_workdays: bool) -> date:
    """The day on which the reminder of that offset is due, for an end on `day`."""
    if offset < 0:
        return add_workdays(day, -offset, overrides)
    return workdays_before(day, offset, overrides) if in_workdays else day - timedelta(days=offset)


def due_step(
    day: date, today: date, before: Sequence[int], after: Sequence[int], overrides: Overrides, *, in_workdays: bool = False
) -> int | None:  # fmt: skip
    """The offset to remind of today, or None: too early, or the last one is too long ago."""
    offsets = [*before, *(-days for days in after)]
    passed = [(step_day(day, offset, overrides, in_workdays=in_workdays), -offset) for offset in offsets]
    passed = [step for step in passed if step[0] <= today]
    if not passed:
        return None
    on, offset = max(passed, key=lambda step: (step[1], step[0]))
    return None if today - on > STALE else -offset


def is_over_heads(day: date, today: date, escalate: int | None, overrides: Overrides) -> bool:
    """Whether those above are told today: so many working days late, and not told of it long ago."""
    if escalate is None:
        return False
    on = add_workdays(day, escalate, overrides)
    return on <= today <= on + STALE


def is_told(offset: int, told: Iterable[int]) -> bool:
    """Whether this step, or one after it, was told already: a clock that jumps back repeats nothing."""
    return any(known <= offset for known in told)


def reach(days: int, *, in_workdays: bool) -> timedelta:
    """Calendar days that `days` surely lie within; the longest holidays are below two weeks."""
    return timedelta(days=days if not in_workdays else days * 2 + 14)


def night_of(quiet: Quiet) -> int:
    """From this hour on nobody is reminded until the next morning; 24 where the quiet hours end on the day they begin: then
    what waits are SMS and letters, and the inbox says it at once.
    """
    return quiet.start if quiet.is_over_midnight else MIDNIGHT


def is_daytime(at: datetime, hour: int, night: int = USUAL.start) -> bool:
    """Whether digests of that hour go out now: from then on until the night; the last hour before it where that is sooner."""
    return min(hour, night - 1) <= local(at).hour < night


def day_begins(day: date, hour: int, *several: Quiet | None) -> datetime:
    """When a digest of that hour reaches somebody on a day by all channels: after the quiet hours that it falls into."""
    return after_all(datetime(day.year, day.month, day.day, hour, tzinfo=SHANGHAI), *several)


def exact_offset(ends_at: datetime, at: datetime, before: Sequence[int], quiet: Quiet) -> int | None:
    """As `due_offset`, for what is told at the exact hour; 0 is the morning of the last day, or of the day before where the
    end comes sooner than that morning's message would.
    """
    if at >= ends_at:
        return None
    first = day_begins(local(ends_at).date(), MORNING, quiet)
    if first >= ends_at:
        first -= ONE
    return 0 if 0 in before and first <= at else due_offset(ends_at, at, [days for days in before if days])


def next_morning(at: datetime, hour: int) -> datetime:
    """When tomorrow's digest of that hour goes out."""
    tomorrow = local(at).date() + ONE
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, hour, tzinfo=SHANGHAI)
