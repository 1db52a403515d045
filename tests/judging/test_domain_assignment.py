"""Assigning reviews: whole numbers, least cost, held against trying every assignment."""

import random
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judging.domain.assignment import BadAssignmentInput, CannotBeReviewed, assign, total_cost


@st.composite
def cases(draw):
    entries = [f"P{i}" for i in range(draw(st.integers(1, 4)))]
    judges = [f"J{i}" for i in range(draw(st.integers(1, 4)))]
    every = list(product(entries, judges))
    return {
        "entries": entries,
        "judges": judges,
        "needed": draw(st.integers(0, 3)),
        "most": draw(st.integers(0, 4)),
        "forbidden": draw(st.sets(st.sampled_from(every), max_size=4)),
        "costs": draw(st.dictionaries(st.sampled_from(every), st.integers(0, 9))),
    }


def every_assignment(case):
    """All assignments that keep the conditions."""
    choices = []
    for e in case["entries"]:
        free = [j for j in case["judges"] if (e, j) not in case["forbidden"]]
        choices.append([[(e, j) for j in some] for some in combinations(free, case["needed"])])
    for chosen in product(*choices):
        pairs = [pair for some in chosen for pair in some]
        if all(sum(j == judge for _, j in pairs) <= case["most"] for judge in case["judges"]):
            yield pairs


@settings(max_examples=150, deadline=None)
@given(cases(), st.integers(0, 5))
def test_no_assignment_is_cheaper(case, balance):
    best = min((total_cost(pairs, case["costs"], balance) for pairs in every_assignment(case)), default=None)
    try:
        found = assign(**case, balance=balance)
    except CannotBeReviewed:
        assert best is None
        return
    assert sorted(found) in [sorted(pairs) for pairs in every_assignment(case)]
    assert total_cost(found, case["costs"], balance) == best


@settings(max_examples=100, deadline=None)
@given(cases())
def test_the_first_that_cannot_be_served_is_named(case):
    try:
        assign(**case)
    except CannotBeReviewed as refused:
        served = case["entries"].index(refused.entry)
        fewer = case | {"entries": case["entries"][:served]}
        assert len(assign(**fewer)) == served * case["needed"]
        assert next(every_assignment(case | {"entries": case["entries"][: served + 1]}), None) is None


@settings(max_examples=100, deadline=None)
@given(cases())
def test_loads_come_before_wishes_unless_told_otherwise(case):
    try:
        found = assign(**case)
    except CannotBeReviewed:
        return
    squares = min(total_cost(pairs, {}, 1) for pairs in every_assignment(case))
    assert total_cost(found, {}, 1) == squares
    wishes = min(
        total_cost(pairs, case["costs"], 0) for pairs in every_assignment(case) if total_cost(pairs, {}, 1) == squares
    )
    assert total_cost(found, case["costs"], 0) == wishes


def test_many_reviews_are_spread_evenly_and_recusals_kept():
    rng = random.Random(7)
    entries, judges = [f"P{i}" for i in range(40)], [f"J{i}" for i in range(9)]
    forbidden = {(e, rng.choice(judges)) for e in entries}
    found = assign(entries, judges, needed=3, most=20, forbidden=forbidden)
    loads = [sum(j == judge for _, j in found) for judge in judges]
    assert (len(found), min(loads), max(loads)) == (120, 13, 14)
    assert not forbidden & set(found)
    assert len(set(found)) == 120


def test_too_few_judges_are_told_in_words():
    with pytest.raises(CannotBeReviewed) as refused:
        assign(["甲", "乙"], ["J1", "J2"], needed=2, most=9, forbidden=[("乙", "J1")])
    assert refused.value.message == "“乙”分不到 2 位评委：除去回避只剩 1 位评委。请增加评委或减少每个项目的评审人数。"
    with pytest.raises(CannotBeReviewed) as refused:
        assign(["甲", "乙"], ["J1", "J2"], needed=2, most=1)
    assert refused.value.entry == "乙"
    assert "可评它的评委已经排满（每位最多 1 个）" in refused.value.message


@pytest.mark.parametrize(
    "wrong",
    [
        {"entries": ["甲", "甲"]}, {"judges": ["J1", "J1"]}, {"needed": -1}, {"most": 1.5}, {"costs": {("甲", "J1"): -1}},
        {"balance": -1}, {"needed": True},
    ],
)  # fmt: skip
def test_anything_but_whole_numbers_and_single_names_is_refused(wrong):
    with pytest.raises(BadAssignmentInput):
        assign(**({"entries": ["甲"], "judges": ["J1"], "needed": 1, "most": 1} | wrong))
