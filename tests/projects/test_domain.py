"""Budget arithmetic and the table of states."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.domain.budget import Line, sums_of, totals
from projects.domain.states import EDITABLE, MOVES, allowed
from projects.models import Proposal

fen = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-2))


@st.composite
def line(draw):
    price, count = draw(fen), draw(st.integers(0, 100_000))
    whole = int(price * count * 100)
    own = draw(st.integers(0, whole))
    other = draw(st.integers(0, whole - own))
    head = draw(st.sampled_from(["activity", "staff", "management", "tax"]))
    return Line(head, "物资", price, count, Decimal(own).scaleb(-2), Decimal(other).scaleb(-2))


@given(st.lists(line(), max_size=60))
def test_totals_add_up_to_the_fen_whatever_the_order(lines):
    found = totals(lines)
    cents = sum(int(x.unit_price * 100) * x.quantity for x in lines)
    own, other = (sum(int(getattr(x, k) * 100) for x in lines) for k in ("self_raised", "other"))
    assert (found.total, found.self_raised, found.other, found.grant) == (
        Decimal(cents) / 100,
        Decimal(own) / 100,
        Decimal(other) / 100,
        Decimal(cents - own - other) / 100,
    )
    assert totals(reversed(lines)) == found


@given(st.lists(line(), max_size=20))
def test_a_frozen_budget_adds_up_to_the_same(lines):
    rows = [
        {"amount": f"{x.amount:.2f}", "grant": f"{x.grant:.2f}", "self_raised": f"{x.self_raised:.2f}", "other": f"{x.other:.2f}"} for x in lines
    ]  # fmt: skip
    found = totals(lines)
    assert sums_of(rows) == {
        "total": found.total,
        "grant": found.grant,
        "self_raised": found.self_raised,
        "other": found.other,
    }


@pytest.mark.parametrize(
    ("price", "count", "own", "amount", "grant"),
    [
        ("0.10", 3, "0.00", "0.30", "0.30"),
        ("0.00", 5, "0.00", "0.00", "0.00"),
        ("19.99", 0, "0.00", "0.00", "0.00"),
        ("33.33", 3, "99.99", "99.99", "0.00"),
        ("9999999.99", 100000, "0.01", "999999999000.00", "999999998999.99"),
    ],
)
def test_worked_lines(price, count, own, amount, grant):
    one = Line("activity", "物资", Decimal(price), count, Decimal(own))
    assert (one.amount, one.grant) == (Decimal(amount), Decimal(grant))


def test_the_table_of_moves_is_this_one():
    states = {s.value for s in Proposal.State}
    legal = {(act, start, leads) for act, (starts, leads) in MOVES.items() for start in starts}
    assert legal == {
        ("submit", "draft", "submitted"), ("submit", "returned", "submitted"), ("pass", "submitted", "passed"),
        ("return", "submitted", "returned"), ("refuse", "submitted", "refused"), ("withdraw", "submitted", "withdrawn"),
        ("withdraw", "returned", "withdrawn"), ("withdraw", "passed", "withdrawn"),
    }  # fmt: skip
    assert {(a, s) for a in MOVES for s in states if allowed(a, s)} == {(a, s) for a, s, _ in legal}
    assert EDITABLE == ("draft", "returned")
