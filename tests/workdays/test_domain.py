"""Working days by the State Council's calendar and the street's overrides."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workdays.domain import add_workdays, end_of_notice, is_decreed, is_workday, workdays_left


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2021, 8, 18), True),  # Wednesday
        (date(2021, 8, 21), False),  # Saturday
        (date(2021, 9, 18), True),  # Saturday worked for the Mid-Autumn festival
        (date(2021, 9, 20), False),  # Monday off in exchange
        (date(2021, 10, 1), False),
        (date(2021, 10, 9), True),  # Saturday worked for the National Day
        (date(2024, 2, 18), True),  # Sunday worked for the Spring Festival
    ],
)
def test_calendar(day, works):
    assert is_workday(day, {}) is works


def test_overrides_win():
    assert is_workday(date(2021, 8, 18), {date(2021, 8, 18): False}) is False
    assert is_workday(date(2021, 8, 21), {date(2021, 8, 21): True}) is True


@pytest.mark.parametrize(
    ("start", "days", "overrides", "end"),
    [
        (date(2021, 8, 18), 5, {}, date(2021, 8, 24)),
        (date(2021, 8, 18), 1, {}, date(2021, 8, 18)),
        (date(2021, 8, 21), 1, {}, date(2021, 8, 23)),  # starts on a Saturday: Monday is the first day
        (date(2021, 9, 17), 5, {}, date(2021, 9, 24)),  # Fri, Sat (worked), Wed, Thu, Fri
        (date(2021, 8, 18), 5, {date(2021, 8, 19): False}, date(2021, 8, 25)),
        (date(2021, 8, 18), 5, {date(2021, 8, 21): True}, date(2021, 8, 23)),
    ],
)
def test_end_of_notice(start, days, overrides, end):
    assert end_of_notice(start, days, overrides) == end


def test_end_of_notice_of_no_days_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        end_of_notice(date(2021, 8, 18), 0, {})


def test_add_workdays_does_not_count_the_start():
    assert add_workdays(date(2021, 8, 18), 0, {}) == date(2021, 8, 18)
    assert add_workdays(date(2021, 8, 18), 3, {}) == date(2021, 8, 23)
    assert add_workdays(date(2021, 9, 17), 1, {}) == date(2021, 9, 18)


def test_workdays_left_counts_both_ends():
    assert workdays_left(date(2021, 8, 18), date(2021, 8, 24), {}) == 5
    assert workdays_left(date(2021, 8, 24), date(2021, 8, 24), {}) == 1
    assert workdays_left(date(2021, 8, 25), date(2021, 8, 24), {}) == 0


@pytest.mark.parametrize(("year", "known"), [(2018, True), (2021, True), (2025, True), (2060, False)])
def test_is_decreed(year, known):
    assert is_decreed(year) is known


@given(st.dates(date(2015, 1, 1), date(2026, 12, 31)), st.integers(1, 30))
def test_a_notice_ends_on_a_working_day_and_holds_so_many(start, days):
    end = end_of_notice(start, days, {})
    assert is_workday(end, {})
    assert sum(is_workday(start + timedelta(n), {}) for n in range((end - start).days + 1)) == days
    assert workdays_left(start, end, {}) == days
