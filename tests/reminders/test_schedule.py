"""On which day which reminder is due: worked days around a long holiday, and what must hold for any rule."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminders.domain.schedule import (
    STALE,
    due_step,
    is_daytime,
    is_over_heads,
    is_told,
    next_morning,
    reach,
    step_day,
    workdays_before,
)
from workdays.domain import add_workdays, is_workday

ONE = timedelta(days=1)
# 2026: 国庆 1–7 October off, 10 October (a Saturday) worked; 20 September (a Sunday) worked.
FRIDAY, NATIONAL_DAY = date(2026, 11, 27), date(2026, 10, 1)


@pytest.mark.parametrize(
    ("day", "offset", "in_workdays", "on"),
    [
        (FRIDAY, 0, False, FRIDAY),
        (FRIDAY, 3, False, date(2026, 11, 24)),
        (date(2026, 11, 30), 3, False, FRIDAY),
        (date(2026, 11, 30), 3, True, date(2026, 11, 25)),
        (date(2026, 11, 30), 1, True, FRIDAY),
        (date(2026, 10, 8), 1, True, date(2026, 9, 30)),
        (date(2026, 10, 8), 0, True, date(2026, 10, 8)),
        (date(2026, 10, 12), 1, True, date(2026, 10, 10)),
        (FRIDAY, -1, False, date(2026, 11, 30)),
        (date(2026, 9, 30), -1, False, date(2026, 10, 8)),
    ],
)
def test_the_day_of_a_step(day, offset, in_workdays, on):
    assert step_day(day, offset, {}, in_workdays=in_workdays) == on


@pytest.mark.parametrize(
    ("today", "offset"),
    [
        (date(2026, 11, 8), None),  # too early
        (date(2026, 11, 12), 15),  # T-15
        (date(2026, 11, 15), 15),  # late by three days, still told
        (date(2026, 11, 16), None),  # four: dropped
        (date(2026, 11, 20), 7),
        (date(2026, 11, 24), 3),
        (date(2026, 11, 25), 3),
        (date(2026, 11, 26), 1),
        (FRIDAY, 0),
        (date(2026, 11, 28), 0),
        (date(2026, 11, 30), -1),  # one working day late
        (date(2026, 12, 2), -3),
        (date(2026, 12, 5), -3),
        (date(2026, 12, 6), None),
        (date(2027, 2, 1), None),  # long ago: nobody is blasted
    ],
)
def test_the_last_step_that_has_passed_counts_and_old_ones_are_dropped(today, offset):
    assert due_step(FRIDAY, today, (15, 7, 3, 1, 0), (1, 3), {}) == offset


def test_overrides_move_a_step():
    monday = date(2026, 11, 30)
    assert step_day(monday, 1, {date(2026, 11, 29): True}, in_workdays=True) == date(2026, 11, 29)
    assert step_day(FRIDAY, -1, {monday: False}, in_workdays=False) == date(2026, 12, 1)


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 1))
NUMBERS = st.lists(st.integers(0, 60), max_size=6)


@settings(deadline=None)
@given(DAYS, DAYS, NUMBERS, st.lists(st.integers(1, 60), max_size=6), st.booleans())
def test_a_step_is_one_of_the_rule_passed_and_fresh(day, today, before, after, in_workdays):
    offset = due_step(day, today, before, after, {}, in_workdays=in_workdays)
    if offset is None:
        return
    assert offset in before or -offset in after
    on = step_day(day, offset, {}, in_workdays=in_workdays)
    assert on <= today <= on + STALE
    nearer = [n for n in (*before, *(-a for a in after)) if n < offset]
    assert all(step_day(day, n, {}, in_workdays=in_workdays) > today for n in nearer)


@settings(deadline=None, max_examples=50)  # a hundred and fifty days each
@given(DAYS, NUMBERS, st.lists(st.integers(1, 30), max_size=6), st.booleans(), st.integers(0, 20), st.integers(1, 20))
def test_whatever_the_days_one_looks_each_step_is_told_at_most_once(day, before, after, in_workdays, skip, span):
    """Looking every day, with a downtime anywhere: offsets only fall, and none comes twice."""
    told = []
    today = day - timedelta(days=90)
    while today < day + timedelta(days=60):
        offset = due_step(day, today, before, after, {}, in_workdays=in_workdays)
        if offset is not None and not is_told(offset, told):
            told.append(offset)
        today += ONE if (day - today).days != skip else ONE * span
    assert told == sorted(set(told), reverse=True)


@settings(deadline=None)
@given(DAYS, st.integers(0, 60))
def test_working_days_before_and_after_are_inverse(day, days):
    if is_workday(day, {}):
        assert add_workdays(workdays_before(day, days, {}), days, {}) == day


@settings(deadline=None)
@given(DAYS, st.integers(0, 60), st.booleans())
def test_reach_is_far_enough(day, days, in_workdays):
    assert day - step_day(day, days, {}, in_workdays=in_workdays) <= reach(days, in_workdays=in_workdays)
    assert add_workdays(day, days, {}) - day <= reach(days, in_workdays=True)


@pytest.mark.parametrize(
    ("today", "over"),
    [
        (date(2026, 11, 30), False),
        (date(2026, 12, 1), True),
        (date(2026, 12, 4), True),
        (date(2026, 12, 5), False),
    ],
)
def test_those_above_are_told_once_it_is_two_working_days_late(today, over):
    assert is_over_heads(FRIDAY, today, 2, {}) is over
    assert is_over_heads(FRIDAY, today, None, {}) is False


def test_a_clock_that_jumps_back_repeats_nothing():
    assert is_told(3, [1])
    assert is_told(1, [1])
    assert not is_told(0, [3, 1])
    assert not is_told(3, [])


@pytest.mark.parametrize(("hour", "day"), [(7, False), (8, True), (20, True), (21, False), (23, False), (0, False)])
def test_nobody_is_told_at_night(hour, day):
    assert is_daytime(datetime(2026, 11, 27, hour, 30, tzinfo=UTC) - timedelta(hours=8), 8) is day


def test_the_next_morning_is_shanghais():
    assert next_morning(datetime(2026, 11, 27, 20, 0, tzinfo=UTC), 8) == datetime(2026, 11, 29, 0, 0, tzinfo=UTC)
