"""Budgets and their limits by property: sums exact to the fen, one rounding, thresholds exact, order never matters."""

import random
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.domain.findings import Finding, Limit, findings
from rounds.domain.heads import BLOCK, HEADS, OK, WARN, shares
from tests.projects.test_findings import GOOD

fen = st.integers(0, 10**11).map(lambda n: Decimal(n).scaleb(-2))
pairs = st.lists(st.tuples(st.sampled_from(list(HEADS)), fen), max_size=60)
limits = st.dictionaries(st.sampled_from(list(HEADS)), st.integers(0, 100))


@given(pairs, limits)
def test_shares_are_exact_and_rounded_once_for_people_only(rows, given_limits):
    total = sum((int(amount * 100) for _, amount in rows), 0)
    found = shares(rows, given_limits)
    assert [s.head for s in found] == [h for h in HEADS if h in given_limits]
    for share in found:
        part = sum((int(amount * 100) for head, amount in rows if head == share.head), 0)
        assert share.amount == Decimal(part).scaleb(-2)
        exact = Fraction(part, total) * 100 if total else Fraction(0)
        top, bottom = exact.numerator, exact.denominator
        assert share.percent == Decimal((2 * top * 100 + bottom) // (2 * bottom)).scaleb(-2)
        limit = Fraction(given_limits[share.head])
        wanted = BLOCK if exact > limit else WARN if exact and exact >= limit * Fraction(9, 10) else OK
        assert share.verdict == wanted


@given(pairs, limits, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_nothing(rows, given_limits, dice: random.Random):
    mixed = list(rows)
    dice.shuffle(mixed)
    assert shares(mixed, given_limits) == shares(rows, given_limits)


@given(st.integers(1, 99), st.integers(1, 10**7))
def test_the_limit_itself_is_allowed_and_one_fen_more_is_not(limit, unit):
    """A total of 100 × unit fen, of which limit × unit is exactly the limit."""

    def verdict(part):
        rows = [("staff", Decimal(part).scaleb(-2)), ("activity", Decimal(100 * unit - part).scaleb(-2))]
        return shares(rows, {"staff": limit})[0].verdict

    assert verdict(limit * unit) == WARN
    assert verdict(limit * unit + 1) == BLOCK


@given(st.integers(1, 100), st.integers(1, 10**6))
def test_from_nine_tenths_on_it_warns_and_one_fen_less_does_not(limit, unit):
    """A total of 1000 × unit fen, of which 9 × limit × unit is exactly nine tenths of the limit."""

    def verdict(part):
        rows = [("staff", Decimal(part).scaleb(-2)), ("activity", Decimal(1000 * unit - part).scaleb(-2))]
        return shares(rows, {"staff": limit})[0].verdict

    assert verdict(9 * limit * unit) == WARN
    assert verdict(9 * limit * unit - 1) == OK


@pytest.mark.parametrize(("part", "percent"), [(1, "0.33"), (2, "0.67"), (3, "1.00")])
def test_worked_shares(part, percent):
    (share,) = shares([("tax", Decimal(part)), ("activity", Decimal(300 - part))], {"tax": 7})
    assert share.percent == Decimal(percent)
    assert share.percent == (Decimal(part) * 100 / 300).quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("limit", "severity", "words"),
    [
        (Limit("staff", "人员费占 28%", is_over=False), "note", "人员费占 28%，接近限额。"),
        (Limit("staff", "人员费占 40%", is_over=True), "block", "人员费占 40%，超过限额，也没有申请例外。"),
        (Limit("staff", "人员费占 40%", is_over=True, reason="要请社工"), "warn", "人员费占 40%，超过限额；申报单位申请例外：要请社工。请先决定是否准许。"),
        (Limit("staff", "人员费占 40%", is_over=True, reason="要请社工", outcome="grant", answer="属实。"), "note", "人员费占 40%，超过限额；申报单位申请例外：要请社工。已准许：属实。"),
        (Limit("staff", "人员费占 40%", is_over=True, reason="要请社工", outcome="cut", answer="偏高。"), "warn", "人员费占 40%，超过限额；申报单位申请例外：要请社工。没有准许，须核减到限额以内：偏高。"),
        (Limit("staff", "人员费占 40%", is_over=True, reason="要请社工", outcome="return", answer="偏高。"), "warn", "人员费占 40%，超过限额；申报单位申请例外：要请社工。没有准许，须退回补正：偏高。"),
    ],
)  # fmt: skip
def test_what_is_found_about_a_head(limit, severity, words):
    assert findings(replace(GOOD, limits=(limit,))) == [Finding("head:staff", severity, words)]
