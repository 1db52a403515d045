"""Ten points a month: worked examples and properties of the three-month rule."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from organizations.domain.monthly import (
    DEFAULT,
    Item,
    Level,
    Month,
    first_whole,
    judge,
    months,
    sums_to_ten,
    total,
)

D = Decimal
START = Month(2025, 11)


def scores(text):
    """`5.9 - 6.0`: the months from START on, `-` for a missing one; and the last month."""
    words = text.split()
    found = {START.plus(n): D(w) for n, w in enumerate(words) if w != "-"}
    return found, START.plus(len(words) - 1)


@pytest.mark.parametrize(
    ("text", "level", "run", "missing", "red"),
    [
        ("10", Level.CLEAR, 0, 0, 0), ("6.0 6.0 6.0", Level.CLEAR, 0, 0, 0), ("5.9", Level.FIRST, 1, 0, 0), ("5.9 5.9", Level.SECOND, 2, 0, 0),
        ("5.9 5.9 5.9", Level.RED, 3, 0, 1), ("0 0 6.0 0 0", Level.SECOND, 2, 0, 0), ("5 5 5 9", Level.RED, 0, 0, 1), ("5 5 5 5", Level.RED, 4, 0, 2),
        ("5 5 -", Level.BLOCKED, 0, 1, 0), ("5 - 5", Level.BLOCKED, 1, 1, 0), ("- 5 5", Level.BLOCKED, 2, 1, 0), ("9 -", Level.BLOCKED, 0, 1, 0),
        ("- 9", Level.CLEAR, 0, 1, 0), ("5 - 5 9", Level.BLOCKED, 0, 1, 0), ("5 - 9", Level.CLEAR, 0, 1, 0), ("5 5 5 -", Level.RED, 0, 1, 1),
        ("- - - 9", Level.BLOCKED, 0, 3, 0), ("5 5 9 - 5", Level.BLOCKED, 1, 1, 0),
    ],
)  # fmt: skip
def test_worked_examples(text, level, run, missing, red):
    found, last = scores(text)
    verdict = judge(found, START, last)
    assert (verdict.level, len(verdict.run), len(verdict.missing), len(verdict.red)) == (level, run, missing, red)


def test_december_and_january_are_consecutive():
    low = {Month(2025, 11): D(5), Month(2025, 12): D(5), Month(2026, 1): D(5)}
    assert judge(low, Month(2025, 11), Month(2026, 1)).red == (Month(2026, 1),)
    assert [str(m) for m in months(Month(2025, 12), Month(2026, 2))] == ["2025年12月", "2026年1月", "2026年2月"]
    assert months(Month(2026, 2), Month(2026, 1)) == []


def test_a_decision_ends_the_flag_and_the_next_low_month_raises_it_again():
    found, last = scores("5 5 5")
    assert judge(found, START, last, decided=last).level is Level.SECOND
    more, later = scores("5 5 5 5")
    assert judge(more, START, later, decided=last).red == (later,)
    better, later = scores("5 5 5 9")
    assert judge(better, START, later, decided=last).level is Level.CLEAR


def test_nothing_before_the_start_counts():
    found, last = scores("5 5 5")
    assert judge(found, START.plus(1), last).level is Level.SECOND
    assert judge({}, last.plus(1), last) == judge({}, START.plus(1), START)
    assert judge({}, last.plus(1), last).level is Level.CLEAR


SCORE = st.one_of(st.none(), st.decimals(0, 10, places=1))


@given(st.lists(SCORE, min_size=1, max_size=9), st.one_of(st.none(), st.integers(0, 8)))
def test_blocked_is_just_where_fillings_differ(values, decided):
    """Every filling of the missing months by a low or a good score is tried: the level is theirs, or there is none."""
    known = {START.plus(n): v for n, v in enumerate(values) if v is not None}
    gaps = [START.plus(n) for n, v in enumerate(values) if v is None]
    last, until = START.plus(len(values) - 1), None if decided is None else START.plus(decided)
    found = {
        judge({**known, **dict(zip(gaps, filling, strict=True))}, START, last, decided=until).level
        for filling in product((D(0), D("5.9"), D(6), D(10)) if len(gaps) < 5 else (D(0), D(10)), repeat=len(gaps))
    }
    verdict = judge(known, START, last, decided=until)
    assert verdict.level is (found.pop() if len(found) == 1 else Level.BLOCKED)
    assert verdict.missing == tuple(gaps)


@given(st.lists(st.decimals(0, 10, places=1), min_size=1, max_size=14))
def test_red_is_just_three_low_months_in_a_row(values):
    known = {START.plus(n): v for n, v in enumerate(values)}
    low = "".join("x" if v < 6 else "." for v in values)
    verdict = judge(known, START, START.plus(len(values) - 1))
    assert (verdict.level is Level.RED) == ("xxx" in low)
    assert len(verdict.run) == len(low) - len(low.rstrip("x"))
    assert verdict.level is not Level.BLOCKED


@given(st.lists(st.decimals(0, 10, places=1), min_size=1, max_size=10), st.integers(0, 9), st.decimals(0, 10, places=1))
def test_a_better_month_never_makes_it_worse(values, n, more):
    rank = [Level.CLEAR, Level.FIRST, Level.SECOND, Level.RED]
    n %= len(values)
    last = START.plus(len(values) - 1)
    before = judge({START.plus(i): v for i, v in enumerate(values)}, START, last).level
    values[n] = max(values[n], more)
    after = judge({START.plus(i): v for i, v in enumerate(values)}, START, last).level
    assert rank.index(after) <= rank.index(before)


def test_the_sheet_sums_to_ten_and_a_bonus_never_exceeds_it():
    assert sums_to_ten(DEFAULT)
    full = {i.key: i.top for i in DEFAULT}
    assert total(DEFAULT, full) == D(10)
    assert total(DEFAULT, full | {"duty": D("2.5")}) == D(10)
    assert total(DEFAULT, full | {"duty": D(1), "party": D("0.5")}) == D("8.5")
    assert not sums_to_ten([Item("a", "甲", D(9)), Item("b", "乙", D(1), is_bonus=True)])


def test_the_first_month_is_a_whole_one():
    assert first_whole(date(2026, 1, 1)) == Month(2026, 1)
    assert first_whole(date(2026, 12, 2)) == Month(2027, 1)
