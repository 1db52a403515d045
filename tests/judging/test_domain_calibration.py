"""The additive model of judges' leniency, exact: held against its own equations and plain elimination."""

import time
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import FormatError
from judging.domain.calibration import judge_effects, solve
from judging.domain.scoring import compute
from tests.judging.documents import criterion, document, proposal, rule, sheet


@st.composite
def cells(draw):
    judges = draw(st.integers(1, 5))
    return {
        f"P{p}": [
            (seat, draw(st.integers(0, 100)))
            for seat in sorted(draw(st.sets(st.integers(0, judges - 1), min_size=0, max_size=judges)))
        ]
        for p in range(draw(st.integers(1, 6)))
    }


ridges = st.sampled_from([Fraction(0), Fraction(1, 10), Fraction(3)])


def loss(cells_, effects, ridge):
    """Least of Σ (total − proposal − judge)² over the proposals, plus the ridge."""
    found = ridge * sum(e * e for e in effects.values())
    for totals in cells_.values():
        rest = [t - effects[s] for s, t in totals]
        if rest:
            middle = Fraction(sum(rest), len(rest))
            found += sum((x - middle) ** 2 for x in rest)
    return found


@settings(max_examples=200, deadline=None)
@given(cells(), ridges, st.data())
def test_effects_sum_to_zero_and_no_others_fit_better(cells_, ridge, data):
    try:
        effects = judge_effects(cells_, ridge)
    except FormatError as refused:
        assert refused.code == "unlinked_panels"
        return
    assert sum(effects.values(), Fraction(0)) == 0
    assert set(effects) == {s for totals in cells_.values() for s, _ in totals}
    assume(effects)
    best = loss(cells_, effects, ridge)
    moved = {s: e + data.draw(st.integers(-2, 2)) for s, e in effects.items()}
    assert loss(cells_, moved, ridge) >= best
    # A flat parabola at the optimum: half a step either way costs the same, so the slope is nothing.
    for seat in effects:
        up, down = effects | {seat: effects[seat] + 1}, effects | {seat: effects[seat] - 1}
        assert loss(cells_, up, ridge) == loss(cells_, down, ridge)


@settings(deadline=None)
@given(cells(), ridges, st.integers(-50, 50))
def test_raising_all_totals_of_a_proposal_moves_no_judge(cells_, ridge, by):
    try:
        before = judge_effects(cells_, ridge)
    except FormatError:
        return
    raised = {p: [(s, t + by) for s, t in totals] if p == "P0" else totals for p, totals in cells_.items()}
    assert judge_effects(raised, ridge) == before


@settings(deadline=None)
@given(
    st.integers(1, 5).flatmap(
        lambda n: st.lists(st.lists(st.integers(-9, 9), min_size=n + 1, max_size=n + 1), min_size=n, max_size=n)
    )
)
def test_solution_solves(rows):
    try:
        found = solve([list(row) for row in rows])
    except (StopIteration, ZeroDivisionError):
        return  # singular: the equations of judges never are
    for *left, right in rows:
        assert sum(a * x for a, x in zip(left, found, strict=True)) == right


def test_ridge_draws_effects_towards_nothing():
    given_ = {"P1": [(0, 80), (1, 84)]}
    assert judge_effects(given_, Fraction(0)) == {0: -2, 1: 2}
    assert judge_effects(given_, Fraction(1)) == {0: -1, 1: 1}
    assert judge_effects(given_, Fraction(3)) == {0: Fraction(-1, 2), 1: Fraction(1, 2)}


def test_panels_linked_by_a_proposal_or_a_judge_are_one():
    by_judge = {"P1": [(0, 1), (1, 2)], "P2": [(1, 3), (2, 4)]}
    assert set(judge_effects(by_judge, Fraction(0))) == {0, 1, 2}
    with pytest.raises(FormatError) as refused:
        judge_effects({"P1": [(0, 1), (1, 2)], "P2": [(2, 3), (3, 4)]}, Fraction(1))
    assert refused.value.code == "unlinked_panels"


def test_scores_of_perfectly_additive_sheets_are_recovered():
    severity = {"J1": -3, "J2": 1, "J3": 2}
    panels = {"P1": ["J1", "J2"], "P2": ["J2", "J3"], "P3": ["J1", "J3"], "P4": ["J1", "J2", "J3"]}
    worth = {"P1": 70, "P2": 80, "P3": 75, "P4": 70}
    sheets = [sheet(j, p, mark=str(worth[p] + severity[j])) for p, judges in panels.items() for j in judges]
    r = rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 4})
    answer = compute(document(r, [proposal(p) for p in panels], sheets))
    assert {j["judge"]: j["effect"] for j in answer["judges"]} == {"J1": "-3.0000", "J2": "1.0000", "J3": "2.0000"}
    assert [(x["proposal"], x["score"], x["rank"]) for x in answer["results"]] == [
        ("P2", "80.00", 1), ("P3", "75.00", 2), ("P1", "70.00", 3), ("P4", "70.00", 3),
    ]  # fmt: skip


def test_six_hundred_dives_by_fifty_judges_take_seconds():
    sheets = [
        sheet(f"J{j}", f"P{p}", mark=str((p * 7 + j * j * 3 + p * j) % 101))
        for p in range(600)
        for j in sorted({(p * 11 + k * k + 2 * k) % 50 for k in range(5 + p % 4)})
    ]
    r = rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 6})
    start = time.perf_counter()
    answer = compute(document(r, [proposal(f"P{p}") for p in range(600)], sheets))
    assert len(answer["judges"]) == 50
    assert time.perf_counter() - start < 10
