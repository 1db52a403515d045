"""Which reminder of a deadline is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.domain import due_offset

CLOSES = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "offsets", "due"),
    [
        (4 * DAY, (3,), None),
        (3 * DAY + MICRO, (3,), None),
        (3 * DAY, (3,), 3),
        (MICRO, (3,), 3),
        (timedelta(0), (3,), None),
        (-DAY, (3,), None),
        (8 * DAY, (7, 3, 1), None),
        (5 * DAY, (7, 3, 1), 7),
        (2 * DAY, (7, 3, 1), 3),
        (DAY, (1, 7, 3), 1),
        (DAY, (), None),
    ],
)
def test_worked_moments(before, offsets, due):
    assert due_offset(CLOSES, CLOSES - before, offsets) == due


@given(st.lists(st.integers(0, 30), max_size=5), st.timedeltas(timedelta(days=-2), timedelta(days=40)))
def test_only_a_passed_offset_is_due_and_none_nearer_has_passed(offsets, before):
    found = due_offset(CLOSES, CLOSES - before, offsets)
    passed = {n for n in offsets if before > timedelta(0) and before <= n * DAY}
    assert found == (min(passed) if passed else None)
