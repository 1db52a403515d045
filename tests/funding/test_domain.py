"""Worked examples of every method of chuangtou/allocation@1."""

from decimal import Decimal

import pytest

from core.errors import FormatError
from core.exact import digest
from tests.funding.case import RANK, amounts, award, codes, document, proposal, run, ten

THEME = {"attr": "theme", "value": "党建"}


def party(key, score, ask, minimum="0", **more):
    return proposal(key, score, ask, minimum, attrs={"theme": "党建"}, **more)


def free(key, score, ask, minimum="0", **more):
    return proposal(key, score, ask, minimum, attrs={"theme": "养老"}, **more)


# --- rank ---


def test_rank_skip_passes_over_what_does_not_fit():
    answer = run("100000", RANK, ten())
    assert amounts(answer) == {
        "P1": "30000.00",
        "P2": "25000.00",
        "P3": "20000.00",
        "P5": "15000.00",
        "P10": "10000.00",
    }
    assert (answer["spent"], answer["left"]) == ("100000.00", "0.00")
    assert award(answer, "P4") == {
        "proposal": "P4",
        "amount": "0.00",
        "outcome": "reserve",
        "code": "budget_left_too_small",
        "reason": "列为备选：得分 88.88，排序第 4 位；余额 25,000.00 元，不足以支付 30,000.00 元。",
        "order": None,
        "needed": {"score": "90.11", "amount": "25000.00"},
    }
    assert award(answer, "P1")["reason"] == "获得资助 30,000.00 元：得分 95.20，排序第 1 位，按申报金额全额资助。"
    assert [award(answer, k)["order"] for k in ("P1", "P2", "P3", "P5", "P10")] == [1, 2, 3, 4, 5]
    assert [a["proposal"] for a in answer["awards"] if a["outcome"] == "reserve"] == ["P4"]
    assert answer["steps"][0] == "第 1 步：P1 得分 95.20，资助 30,000.00 元，余额 70,000.00 元。"
    assert answer["steps"][-1] == "合计资助 100,000.00 元，预算 100,000.00 元，余额 0.00 元。"


def test_rank_stop_ends_at_the_first_misfit():
    answer = run("100000", RANK | {"on_misfit": "stop"}, ten())
    assert list(amounts(answer)) == ["P1", "P2", "P3"]
    assert codes(answer)["P4"] == "budget_left_too_small"
    assert {codes(answer)[f"P{n}"] for n in range(5, 11)} == {"stopped_before"}
    assert (
        award(answer, "P5")["reason"]
        == "未获资助：得分 86.00，排序第 5 位；分配到 P4 为止，余额 25,000.00 元不再往下分配。"
    )


@pytest.mark.parametrize(
    ("left", "funded", "spent"),
    [("8000", True, "110000.00"), ("7999.99", False, "100000.00")],
)
def test_rank_fund_from_share_pays_in_full_from_exactly_the_share_on(left, funded, spent):
    given = [proposal("A", "90", "100000"), proposal("B", "80", "10000"), proposal("C", "70", "1")]
    budget = {"8000": "108000", "7999.99": "107999.99"}[left]
    answer = run(budget, RANK | {"on_misfit": {"fund_from_share": "0.80"}}, given)
    assert ("B" in amounts(answer)) is funded
    assert answer["spent"] == spent
    assert codes(answer)["C"] == "stopped_before"
    assert answer["left"] == {"8000": "-2000.00", "7999.99": "7999.99"}[left]


def test_rank_partial_gives_what_is_left_from_the_minimum_on():
    given = [proposal("A", "90", "80"), proposal("B", "85", "40", "21"), proposal("C", "80", "40", "20")]
    answer = run("100", RANK | {"partial": True}, given)
    assert amounts(answer) == {"A": "80.00", "C": "20.00"}
    assert award(answer, "C")["outcome"] == award(answer, "C")["code"] == "partial"
    assert award(answer, "B")["reason"] == "列为备选：得分 85，排序第 2 位；余额 20.00 元，低于最低可行金额 21.00 元。"
    assert award(answer, "C")["reason"] == (
        "获得部分资助 20.00 元：得分 80，排序第 3 位，余额 20.00 元少于应得金额 40.00 元，不低于最低可行金额 20.00 元，余额全部给予。"
    )
    stopped = run("100", RANK | {"partial": True, "on_misfit": "stop"}, given)
    assert codes(stopped) == {"A": "funded", "B": "budget_left_too_small", "C": "stopped_before"}


def test_limits_pass_over_and_say_so_together_with_the_money():
    limits = {"groups": [THEME | {"max_awards": 2}]}
    given = [
        party("A", "90", "50000"),
        party("B", "89", "46800"),
        party("C", "80.05", "30000", "20000"),
        free("D", "70", "3200"),
    ]
    answer = run("100000", RANK | {"on_misfit": "stop"}, given, limits=limits)
    assert codes(answer) == {"A": "funded", "B": "funded", "C": "group_max_awards", "D": "funded"}
    assert award(answer, "C")["reason"] == (
        "未获资助：得分 80.05，排序第 3 位；余额 3,200.00 元，低于最低可行金额 20,000.00 元，且本主题“党建”已达上限 2 项。"
    )


def test_group_amount_and_overall_number():
    given = [party("A", "90", "50"), party("B", "80", "40"), free("C", "70", "30"), free("D", "60", "20")]
    limits = {"max_awards": 2, "groups": [THEME | {"max_amount": "80"}]}
    answer = run("1000", RANK, given, limits=limits)
    assert codes(answer) == {"A": "funded", "B": "group_max_amount", "C": "funded", "D": "max_awards"}
    assert award(answer, "B")["needed"] == {"score": "90", "amount": "30.00"}
    assert award(answer, "D")["needed"] == {"score": "70", "amount": None}
    assert [a["outcome"] for a in answer["awards"]].count("reserve") == 0


def test_each_limits_every_value_and_nobody_without_one():
    given = [
        proposal("A", "90", "1", attrs={"organization": "O1"}),
        proposal("B", "80", "1", attrs={"organization": "O1"}),
        proposal("C", "70", "1", attrs={"organization": "O2"}),
        proposal("D", "60", "1"),
        proposal("E", "50", "1"),
    ]
    answer = run("9", RANK, given, limits={"groups": [{"attr": "organization", "each": True, "max_awards": 1}]})
    assert list(amounts(answer)) == ["A", "C", "D", "E"]


def test_min_score_is_at_least():
    answer = run(
        "9",
        RANK,
        [proposal("A", "60.00", "1"), proposal("B", "59.99", "1"), proposal("C", None, "1")],
        limits={"min_score": "60"},
    )
    assert codes(answer) == {"A": "funded", "B": "below_min_score", "C": "no_score"}
    assert award(answer, "B")["needed"]["score"] == "60.00"
    assert award(answer, "C")["reason"] == "未获资助：没有得分，不参加分配。"


def test_least_numbers_are_taken_first():
    given = [free("A", "90", "60"), free("B", "85", "40"), party("C", "70", "30"), party("D", "65", "10")]
    answer = run("100", RANK, given, limits={"groups": [THEME | {"min_awards": 1}]})
    assert amounts(answer) == {"A": "60.00", "C": "30.00", "D": "10.00"}
    assert award(answer, "C")["order"] == 1
    assert award(answer, "C")["reason"].endswith("（主题“党建”最少项数，先行入选）。")


def test_least_numbers_let_a_better_project_go_only_where_they_must():
    given = [party("A", "90", "80"), party("B", "80", "50"), party("C", "70", "50")]
    answer = run("100", RANK, given, limits={"groups": [THEME | {"min_awards": 2}]})
    assert list(amounts(answer)) == ["B", "C"]


@pytest.mark.parametrize(
    "method", [RANK, {"name": "optimal", "partial": False}, {"name": "tiers", "tie": "order", "tiers": []}]
)
def test_least_numbers_that_cannot_be_met_are_refused(method):
    with pytest.raises(FormatError) as caught:
        run(
            "100",
            method,
            [party("A", "90", "80"), party("B", "80", "50")],
            limits={"groups": [THEME | {"min_awards": 2}]},
        )
    assert (caught.value.path, caught.value.code) == ("limits.groups[0].min_awards", "infeasible_minima")


@pytest.mark.parametrize(
    ("ties", "first"),
    [
        (["lower_requested"], "P10"),
        (["higher_requested"], "P2"),
        (["input"], "P10"),
        (["key"], "P2"),
        ([], "P2"),
        (["higher_score", "lower_requested"], "P10"),
    ],
)
def test_ties(ties, first):
    given = [proposal("P10", "80", "10"), proposal("P2", "80.00", "20")]
    assert run("25", RANK, given, ties=ties)["awards"][0]["proposal"] == first


@pytest.mark.parametrize(
    ("cuts", "amount"),
    [
        ({"approved": "70"}, "70.00"),
        ({"approved": "120"}, "100.00"),
        ({"approved": "120", "self_raised": "30"}, "90.00"),
        ({"self_raised": "30"}, "70.00"),
        ({"self_raised": "30", "total": "120"}, "90.00"),
        ({"share_cap": "0.60", "total": "150"}, "90.00"),
        ({"share_cap": "0.333", "total": "100.01"}, "33.30"),
        ({"approved": "80", "self_raised": "10", "share_cap": "0.5", "total": "138"}, "69.00"),
    ],
)
def test_cuts_make_the_smallest_the_request(cuts, amount):
    answer = run("1000", RANK, [proposal("A", "90", "100", **cuts)])
    assert amounts(answer) == {"A": amount}


def test_cut_below_the_minimum_is_not_funded():
    answer = run("1000", RANK, [proposal("A", "90", "100", "80", approved="79.99")])
    assert codes(answer) == {"A": "below_minimum"}
    assert award(answer, "A")["reason"] == (
        "未获资助：得分 90，排序第 1 位；申报金额 100.00 元按核定预算核减为 79.99 元，低于最低可行金额 80.00 元。"
    )


# --- classes, claimed ---


def test_classes_pay_the_class_capped_by_the_request():
    given = [
        proposal("A", "90", "1200000", attrs={"class": "A"}),
        proposal("B", "80", "250000", attrs={"class": "B"}),
        proposal("C", "70", "400000", "300001", attrs={"class": "B"}),
    ]
    answer = run("2000000", {"name": "classes", "attr": "class", "amounts": {"A": "1000000", "B": "300000"}}, given)
    assert amounts(answer) == {"A": "1000000.00", "B": "250000.00"}
    assert codes(answer)["C"] == "below_minimum"


def test_claimed_pays_the_price_while_the_money_lasts():
    given = [proposal(k, s, "100", price=p) for k, s, p in (("A", "90", "60"), ("B", "80", "50"), ("C", "70", "10"))]
    answer = run("100", {"name": "claimed"}, given)
    assert amounts(answer) == {"A": "60.00"}
    assert codes(answer) == {"A": "funded", "B": "budget_left_too_small", "C": "stopped_before"}


# --- tiers ---

TIERS = [
    {"label": "一等", "count": 1, "amount": "30000"},
    {"label": "二等", "count": 3, "amount": "20000"},
    {"label": "三等", "count": 6, "amount": "12000"},
]


def test_tiers_of_the_worked_example_leave_money():
    answer = run("200000", {"name": "tiers", "tiers": TIERS, "tie": "order"}, ten())
    assert list(amounts(answer).values()) == ["30000.00", *["20000.00"] * 3, *["12000.00"] * 5, "10000.00"]
    assert (answer["spent"], answer["left"]) == ("160000.00", "40000.00")
    assert (
        award(answer, "P10")["reason"]
        == "获得资助 10,000.00 元：得分 75.00，排序第 10 位，三等 12,000.00 元，不超过申报金额 10,000.00 元。"
    )


def equals():
    return [proposal(k, s, "50000") for k, s in (("A", "90"), ("B", "90"), ("C", "80"), ("D", "70"))]


@pytest.mark.parametrize(
    ("tie", "expected"),
    [
        ("order", ["30000.00", "20000.00", "20000.00"]),
        ("share", ["25000.00", "25000.00", "20000.00"]),
        ("promote", ["30000.00", "30000.00", "20000.00"]),
    ],
)
def test_a_tie_across_a_border(tie, expected):
    tiers = [{"label": "一等", "count": 1, "amount": "30000"}, {"label": "二等", "count": 2, "amount": "20000"}]
    answer = run("100000", {"name": "tiers", "tiers": tiers, "tie": tie}, equals())
    assert list(amounts(answer).values()) == expected
    assert award(answer, "D")["outcome"] == "reserve"


def test_promote_needs_money_for_the_places_behind_too():
    tiers = [{"label": "一等", "count": 1, "amount": "30000"}, {"label": "二等", "count": 2, "amount": "20000"}]
    answer = run("79999", {"name": "tiers", "tiers": tiers, "tie": "promote"}, equals())
    assert list(amounts(answer).values()) == ["30000.00", "20000.00", "20000.00"]


def test_share_across_the_last_border_goes_down_to_the_unit():
    given = [proposal(k, "90", "50000") for k in "ABC"]
    answer = run(
        "100000", {"name": "tiers", "tiers": [{"label": "奖", "count": 2, "amount": "10000"}], "tie": "share"}, given
    )
    assert list(amounts(answer).values()) == ["6600.00"] * 3
    assert answer["left"] == "80200.00"


def test_tiers_keep_a_place_for_the_least_number():
    given = [free("A", "90", "9"), free("B", "80", "9"), party("C", "70", "9")]
    method = {"name": "tiers", "tiers": [{"label": "奖", "count": 2, "amount": "5"}], "tie": "order"}
    answer = run("10", method, given, limits={"groups": [THEME | {"min_awards": 1}]})
    assert list(amounts(answer)) == ["A", "C"]


# --- proportional ---


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("200000", [28300, 25000, 20000, 26500, 15000, 25200, 12000, 20000, 18000, 10000]),
        ("120000", [13500, 13100, 12700, 12600, 12200, 11900, 11600, 11300, 11100, 10000]),
    ],
)
def test_proportional_vectors(pool, expected):
    answer = run(pool, {"name": "proportional"}, ten())
    assert list(amounts(answer).values()) == [f"{n}.00" for n in expected]
    assert answer["left"] == "0.00"


def test_proportional_drops_the_lowest_scored_below_its_minimum_and_shares_again():
    given = [proposal("A", "50", "100", "50"), proposal("B", "30", "100", "33"), proposal("C", "20", "100", "25")]
    answer = run("100", {"name": "proportional"}, given, unit="1")
    assert amounts(answer) == {"A": "63.00", "B": "37.00"}
    assert codes(answer)["C"] == "below_minimum"
    assert (
        award(answer, "C")["reason"]
        == "未获资助：得分 20，排序第 3 位；按比例可得 20.00 元，低于最低可行金额 25.00 元。"
    )


def test_proportional_remainder_goes_to_the_largest_fraction_then_score_then_key():
    same = [proposal(k, "1", "100") for k in ("P10", "P2", "P1")]
    assert amounts(run("100", {"name": "proportional"}, same, unit="1")) == {
        "P1": "34.00",
        "P2": "33.00",
        "P10": "33.00",
    }


def test_proportional_keeps_a_group_amount():
    given = [party("A", "50", "100"), party("B", "50", "100"), free("C", "50", "100")]
    answer = run("90", {"name": "proportional"}, given, unit="1", limits={"groups": [THEME | {"max_amount": "40"}]})
    assert amounts(answer) == {"A": "20.00", "B": "20.00", "C": "50.00"}


# --- optimal ---


def test_what_would_have_been_needed_counts_own_money_in():
    given = [proposal("A", "90", "331", "17", self_raised="1")]
    assert award(run("17", RANK, given), "A")["needed"]["amount"] == "18.00"
    assert award(run("17", RANK, [given[0] | {"requested": "18"}]), "A")["amount"] == "17.00"
    assert award(run("17", RANK, [given[0] | {"total": "331"}]), "A")["needed"]["amount"] == "17.00"


OPTIMAL = {"name": "optimal", "partial": False}


def test_optimum_beats_the_ranking():
    given = [proposal("A", "90", "100"), proposal("B", "60", "50"), proposal("C", "55.5", "50")]
    answer = run("100", OPTIMAL, given)
    assert list(amounts(answer)) == ["B", "C"]
    assert answer["proven"] is True
    assert award(answer, "A")["code"] == "not_in_optimum"
    assert "总分 115.5" in award(answer, "A")["reason"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([("A", "100", "50"), ("B", "50", "25"), ("C", "50", "25")], ["B", "C"]),  # more projects
        ([("A", "50", "30"), ("B", "50", "29")], ["B"]),  # less money
        ([("B", "50", "30"), ("A", "50", "30")], ["A"]),  # better-ranked first
        ([("A", "50", "50"), ("B", "0", "0")], ["A", "B"]),  # a project that costs and scores nothing is one more
        ([("A", "50", "50"), ("B", "-1", "0")], ["A"]),
    ],
)
def test_ties_between_optima(given, expected):
    answer = run("50", OPTIMAL, [proposal(*item) for item in given])
    assert list(amounts(answer)) == expected


def test_optimum_keeps_limits_that_cut_across_each_other():
    given = [
        proposal("A", "90", "10", attrs={"theme": "T", "organization": "O"}),
        proposal("B", "80", "10", attrs={"theme": "U", "organization": "O"}),
        proposal("C", "70", "10", attrs={"theme": "T", "organization": "P"}),
        proposal("D", "10", "10", attrs={"theme": "V", "organization": "Q"}),
    ]
    groups = [{"attr": "theme", "each": True, "max_awards": 1}, {"attr": "organization", "each": True, "max_awards": 1}]
    answer = run("100", OPTIMAL, given, limits={"groups": groups})
    assert list(amounts(answer)) == ["B", "C", "D"]
    assert answer["proven"] is True


def test_optimum_partial_raises_from_the_minima_in_ranking_order():
    given = [party("A", "90", "60", "20"), party("B", "80", "60", "30"), free("C", "70", "50", "10")]
    answer = run("100", OPTIMAL | {"partial": True}, given, limits={"groups": [THEME | {"max_amount": "80"}]})
    assert amounts(answer) == {"A": "50.00", "B": "30.00", "C": "20.00"}
    assert {a["outcome"] for a in answer["awards"]} == {"partial"}


def test_optimum_of_hundreds_with_fen_and_decimals_is_proven():
    given = [
        proposal(
            f"P{n}", f"{60 + n * 7919 % 4000 / 100:.2f}", f"{1000 + n * 104729 % 90000}.{n * 37 % 100:02d}",
            attrs={"theme": f"T{n % 6}"},
        )
        for n in range(300)
    ]  # fmt: skip
    limits = {
        "max_awards": 60,
        "groups": [{"attr": "theme", "each": True, "max_amount": "400000", "max_awards": 12, "min_awards": 3}],
    }
    answer = run("1500000.37", OPTIMAL, given, limits=limits)
    assert answer["proven"] is True
    assert len(amounts(answer)) == 60


@pytest.mark.parametrize("step", [1, 5_000])
def test_optimum_of_hundreds_under_crossing_limits_is_proven(step):
    given = [
        proposal(
            f"P{n}", str(60 + n * 7919 % 4000 // 100) if step > 1 else f"{60 + n * 7919 % 4000 / 100:.2f}",
            str(5000 + n * 104729 % 55000 // step * step), attrs={"theme": f"T{n % 8}", "organization": f"O{n * 31 % 150}", "community": f"C{n * 17 % 20}"},
        )
        for n in range(400)
    ]  # fmt: skip
    groups = [
        {"attr": "theme", "each": True, "max_amount": "500000", "min_awards": 5},
        {"attr": "organization", "each": True, "max_awards": 1},
        {"attr": "community", "each": True, "max_awards": 6},
    ]
    answer = run("2000000", OPTIMAL, given, limits={"groups": groups})
    assert answer["proven"] is True
    won = [next(p for p in given if p["key"] == key) for key in amounts(answer)]
    assert len({p["attrs"]["organization"] for p in won}) == len(won)
    assert sum(Decimal(p["requested"]) for p in won) == Decimal(answer["spent"]) <= 2_000_000
    backwards = run("2000000", OPTIMAL, given[::-1], limits={"groups": groups})
    assert amounts(backwards) == amounts(answer)


def test_minima_that_no_set_meets_are_refused_however_tangled(monkeypatch):
    monkeypatch.setattr("funding.domain.allocation.minima.MOST_TRIES", 3)
    given = [
        proposal(f"P{n}", "80", "10", attrs={"theme": f"T{n % 3}", "organization": f"O{n // 3}"}) for n in range(9)
    ]
    groups = [
        {"attr": "theme", "each": True, "min_awards": 2},
        {"attr": "organization", "each": True, "max_awards": 2},
    ]
    assert len(amounts(run("100", OPTIMAL, given, limits={"groups": groups}))) == 6
    groups[1]["max_awards"] = 1
    with pytest.raises(FormatError) as refused:
        run("100", OPTIMAL, given, limits={"groups": groups})
    assert refused.value.code == "infeasible_minima"


def test_a_search_given_up_says_so_and_still_keeps_every_limit(monkeypatch):
    monkeypatch.setattr("funding.domain.allocation.knapsack.MOST_STATES", 50)
    monkeypatch.setattr("funding.domain.allocation.crossing.LARGEST", 0)  # the solver is not asked either
    given = [proposal(f"P{n}", str(1000 + n * n % 97), f"{1000 + n * n % 97}") for n in range(40)]
    answer = run("20321", OPTIMAL, given)
    monkeypatch.undo()
    assert run("20321", OPTIMAL, given)["proven"] is True
    assert answer["proven"] is False
    assert float(answer["left"]) >= 0
    assert "未能证明" in answer["steps"][0]


# --- ballots ---

SHARES = {"name": "equal_shares", "utility": "cost", "completion": "none"}


def ballot(count, *keys):
    return {"count": count, "points": dict.fromkeys(keys, "1")}


def voted():
    return [proposal("A", None, "60"), proposal("B", None, "40"), proposal("C", None, "30"), proposal("D", None, "30")]


def test_scores_are_the_sums_of_points():
    answer = run(
        "100", RANK, voted(), ballots=[{"count": 3, "points": {"B": "1.5"}}, ballot(2, "A"), {"count": 5, "points": {}}]
    )
    assert [a["proposal"] for a in answer["awards"]] == ["B", "A", "C", "D"]
    assert award(answer, "B")["reason"].startswith("获得资助 40.00 元：得分 4.5，排序第 1 位")


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        # 10 voters hold 10 each. A: 6 supporters hold 60 and pay it all. B: 4 hold 40 and pay it all.
        ("none", {"A": "60.00", "B": "40.00"}),
        ("rank", {"A": "60.00", "B": "40.00"}),
        ("add1_stop_exhaustive", {"A": "60.00", "B": "40.00"}),
    ],
)
def test_equal_shares(completion, expected):
    answer = run(
        "100",
        SHARES | {"completion": completion},
        voted(),
        ballots=[ballot(6, "A"), ballot(4, "B"), {"count": 9, "points": {}}],
    )
    assert amounts(answer) == expected
    assert codes(answer)["C"] == {"rank": "budget_left_too_small"}.get(completion, "not_enough_support")


def test_equal_shares_completed():
    ballots = [ballot(5, "A"), ballot(4, "B"), ballot(1, "C", "D")]
    # 10 each: A's 5 hold 50 of 60; B's 4 pay 40; C and D hold 10 of 30.
    assert amounts(run("100", SHARES, voted(), ballots=ballots)) == {"B": "40.00"}
    # The 60 left go down the ranking: A.
    assert amounts(run("100", SHARES | {"completion": "rank"}, voted(), ballots=ballots)) == {
        "A": "60.00",
        "B": "40.00",
    }
    # 12 each buys A and B; then the money is spent.
    for completion in ("add1_stop_exhaustive", "add1_stop_overspend"):
        assert amounts(run("100", SHARES | {"completion": completion}, voted(), ballots=ballots)) == {
            "A": "60.00",
            "B": "40.00",
        }


def test_phragmen_stops_when_the_next_would_break_the_budget():
    answer = run("70", {"name": "phragmen"}, voted(), ballots=[ballot(3, "A"), ballot(4, "B"), ballot(1, "C")])
    # loads 20, 10, 30: B first, then A (20) would need 100.
    assert amounts(answer) == {"B": "40.00"}
    assert codes(answer) == {
        "A": "budget_left_too_small",
        "B": "funded",
        "C": "stopped_before",
        "D": "not_enough_support",
    }


@pytest.mark.parametrize("method", [SHARES, {"name": "phragmen"}])
def test_ballots_are_needed(method):
    with pytest.raises(FormatError) as caught:
        run("100", method, voted(), ballots=[{"count": 3, "points": {"A": "0"}}])
    assert caught.value.path == "ballots"


# --- the document ---


def test_answer_carries_the_digest_of_the_input():
    given = document("100", RANK, ten())
    assert run("100", RANK, ten())["input_digest"] == digest(given)


def test_every_project_gets_one_sentence_with_its_place():
    answer = run("100000", RANK, ten())
    assert [f"排序第 {n} 位" in a["reason"] for n, a in enumerate(answer["awards"], 1)] == [True] * 10
