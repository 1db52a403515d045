"""Worked examples of chuangtou/scoring@1, rule by rule, and the vectors of the arithmetic."""

import copy
import hashlib
import json

import pytest

from judging.domain.scoring import check_marks, check_rule, compute, sheet_total
from tests.judging.documents import (
    BY_CRITERION,
    NORM,
    by_key,
    criterion,
    document,
    panel,
    proposal,
    ranking,
    rule,
    sheet,
)


def only(doc):
    (result,) = compute(doc)["results"]
    return result


def scores(doc):
    return {r["proposal"]: r["score"] for r in compute(doc)["results"]}


def ranks(doc):
    return [(r["proposal"], r["rank"], r["tie_broken_by"]) for r in compute(doc)["results"]]


@pytest.mark.parametrize(
    ("totals", "score", "exact"),
    [
        ("88 92 85.5 90 91 79 95", "89.30", "893/10"),
        ("90.5 88 88 86 93", "88.83", "533/6"),
        ("95 95 90 85 80", "90.00", "90"),
        ("88 88 88 88 88", "88.00", "88"),
        ("80 81 82 83 84 90.02", "82.50", "165/2"),
        ("90 80 85 86", "85.25", "341/4"),
        ("0 88 90 92 91", "89.67", "269/3"),
        ("80 88 88 88 88.5 95", "88.13", "705/8"),
        ("60 89.11 89.11 89.12 89.12 99", "89.12", "17823/200"),
    ],
    ids=[f"V{i}" for i in range(1, 10)],
)
def test_vector_of_trimmed_means(totals, score, exact):
    result = only(panel({"P1": totals.split()}, rule(criterion(), trim=NORM)))
    assert (result["score"], result["exact"], result["rank"]) == (score, exact, 1)


def test_vector_v10_composite_of_three_stages():
    parts = [{"key": k, "weight": w} for k, w in (("first", "0.15"), ("paper", "0.25"), ("show", "0.60"))]
    given = {"first": "82.40", "paper": "88.00", "show": "88.80"}
    result = only(document(rule(parts=parts), [proposal(parts=given)], []))
    assert (result["score"], result["exact"]) == ("87.64", "2191/25")
    assert result["steps"] == [
        "各部分合成：first 82.4×0.15 + paper 88×0.25 + show 88.8×0.6=12.36+22+53.28=87.64",
        "保留 2 位小数（四舍五入）：87.64",
    ]


def test_vector_v11_scaled_votes():
    parts = [{"key": "votes", "weight": "1", "scale": {"max": "425", "to": "100"}}]
    assert only(document(rule(parts=parts), [proposal(parts={"votes": "340"})], []))["score"] == "80.00"


def test_steps_let_a_calculator_follow():
    doc = panel({"P1": ["88", "92", "85.5", "90", "91", "79", "95"]}, rule(criterion(), trim=NORM))
    assert only(doc) == {
        "proposal": "P1",
        "outcome": "ranked",
        "score": "89.30",
        "exact": "893/10",
        "rank": 1,
        "tie_broken_by": None,
        "counted": ["J1", "J2", "J3", "J4", "J5"],
        "left_out": {"high": ["J7"], "low": ["J6"]},
        "criteria": {"mark": {"value": "89.3", "left_out": {"high": ["J7"], "low": ["J6"]}}},
        "steps": [
            "7 张有效评分表，总分：88、92、85.5、90、91、79、95",
            "去掉一个最高分 95（J7）、一个最低分 79（J6）",
            "(88+92+85.5+90+91)÷5=446.5÷5=89.3",
            "保留 2 位小数（四舍五入）：89.30",
        ],
    }


# Rule 0


def test_rule_0_defaults_are_what_they_say():
    spare = panel({"P1": ["3", "4"]}, rule(criterion()))
    full = copy.deepcopy(spare)
    full["rule"] |= {"clamp": None, "calibration": None}
    full["rule"]["criteria"][0] |= {"min": "0", "weight": "1"}
    full["proposals"][0] |= {
        "factor": "1", "parts": {}, "bonus": "0", "penalty": "0", "lot": None, "state": "standing",
    }  # fmt: skip
    for each in full["sheets"]:
        each["state"] = "submitted"
    assert compute(spare)["results"] == compute(full)["results"]
    assert compute(spare)["rule_digest"] != compute(full)["rule_digest"]


# Rule 1


@pytest.mark.parametrize("state", ["recused", "absent", "void", "late"])
def test_rule_1_only_submitted_sheets_count(state):
    doc = panel({"P1": ["80", "90"]}, rule(criterion()))
    doc["sheets"][1]["state"] = state
    assert (only(doc)["score"], only(doc)["counted"]) == ("80.00", ["J1"])
    doc["sheets"][1]["marks"] = {}
    assert only(doc)["score"] == "80.00"


def test_rule_1_mark_may_be_missing_only_where_criteria_are_trimmed():
    a, b = criterion("a"), criterion("b")
    sheets = [sheet("J1", a="9", b="5"), sheet("J2", a="8"), sheet("J3", a="7", b="3")]
    result = only(document(rule(a, b, trim={**BY_CRITERION, "from": 5}), [proposal()], sheets))
    assert result["score"] == "12.00"
    assert {k: v["value"] for k, v in result["criteria"].items()} == {"a": "8", "b": "4"}
    assert result["counted"] == ["J1", "J2", "J3"]


def test_rule_1_step_starts_at_min():
    r = check_rule(rule(criterion("a", "10", "3", min="1")))
    assert sheet_total(r, {"a": "7"}) == 7
    assert sheet_total(r, {"a": "10.0"}) == 10


# Rule 2


def test_rule_2_total_weighs_and_criterion_rounds_each_product():
    a, b = criterion("a", "10", "0.25", weight="0.8"), criterion("b", "10", "0.25", weight="1.6")
    sheets = [sheet("J1", a="7.25", b="8.75"), sheet("J2", a="7.5", b="8.25"), sheet("J3", a="8", b="8.25")]
    on_total = only(document(rule(a, b), [proposal()], sheets))
    # totals 19.8, 19.2, 19.6
    assert (on_total["score"], on_total["exact"]) == ("19.53", "293/15")
    assert on_total["steps"][0] == "每张评分表的总分 = 项目a×0.8 + 项目b×1.6"
    each = {"high": 0, "low": 0, "from": 1, "on": "criterion"}
    rounded = only(document(rule(a, b, trim=each, criterion_decimals=1, product_decimals=0), [proposal()], sheets))
    # a: 22.75/3 → 7.6, ×0.8 = 6.08 → 6; b: 25.25/3 → 8.4, ×1.6 = 13.44 → 13
    assert (rounded["score"], rounded["criteria"]["a"]["value"]) == ("19.00", "7.6")
    assert rounded["steps"] == [
        (
            "项目a：3 个分值 7.25、7.5、8；(7.25+7.5+8)÷3=22.75÷3≈7.5833333333；保留 1 位小数（四舍五入）：7.6；"
            "乘以权重：7.6×0.8=6.08；取整数（四舍五入）：6"
        ),
        (
            "项目b：3 个分值 8.75、8.25、8.25；(8.75+8.25+8.25)÷3=25.25÷3≈8.4166666667；保留 1 位小数（四舍五入）：8.4；"
            "乘以权重：8.4×1.6=13.44；取整数（四舍五入）：13"
        ),
        "各项相加：6+13=19",
        "保留 2 位小数（四舍五入）：19.00",
    ]


def test_rule_2_roundings_of_criteria_do_nothing_on_totals():
    doc = panel({"P1": ["1.15", "1.16"]}, rule(criterion(), criterion_decimals=0, product_decimals=0, decimals=3))
    assert only(doc)["score"] == "1.155"


def test_rule_2_weights_may_be_negative():
    a, b = criterion("a"), criterion("b", weight="-0.5")
    result = only(document(rule(a, b), [proposal()], [sheet("J1", a="3", b="9"), sheet("J2", a="1", b="8")]))
    assert (result["score"], result["exact"]) == ("-2.25", "-9/4")
    assert result["steps"][2] == "((-1.5)+(-3))÷2=-4.5÷2=-2.25"


# Rule 3


def test_rule_3_trims_only_where_enough_values_count():
    four = panel({"P1": ["80", "81", "82", "99"]}, rule(criterion(), trim=NORM))
    assert only(four)["left_out"] == {"high": [], "low": []}
    assert only(four)["steps"][1] == "只有 4 个分值，不足 5 个，不去最高分、最低分"


def test_rule_3_of_equal_values_the_later_judge_goes_first():
    same = panel({"P1": ["88"] * 6}, rule(criterion(), trim={"high": 2, "low": 1, "from": 4, "on": "total"}))
    assert only(same)["left_out"] == {"high": ["J6", "J5"], "low": ["J4"]}
    low = panel({"P1": ["80", "90", "80", "85", "91"]}, rule(criterion(), trim=NORM))
    assert only(low)["left_out"] == {"high": ["J5"], "low": ["J3"]}


def test_rule_3_list_of_judges_decides_and_not_the_order_of_sheets():
    doc = panel({"P1": ["88"] * 5}, rule(criterion(), trim=NORM))
    doc["sheets"].reverse()
    assert only(doc)["left_out"] == {"high": ["J5"], "low": ["J4"]}
    doc["judges"].reverse()
    assert only(doc)["left_out"] == {"high": ["J1"], "low": ["J2"]}
    assert only(doc)["counted"] == ["J5", "J4", "J3"]


def test_rule_3_from_counts_the_marks_of_each_criterion():
    a, b = criterion("a"), criterion("b")
    sheets = [sheet("J1", a="1", b="1"), sheet("J2", a="2", b="3"), sheet("J3", a="6")]
    result = only(document(rule(a, b, trim=BY_CRITERION), [proposal()], sheets))
    assert result["criteria"] == {
        "a": {"value": "2", "left_out": {"high": ["J3"], "low": ["J1"]}},
        "b": {"value": "2", "left_out": {"high": [], "low": []}},
    }
    assert result["left_out"] == {"high": [], "low": []}


def test_rule_3_only_high_or_only_low():
    high = rule(criterion(), trim={"high": 2, "low": 0, "from": 3, "on": "total"})
    assert only(panel({"P1": ["1", "5", "9"]}, high))["score"] == "1.00"
    low = rule(criterion(), trim={"high": 0, "low": 2, "from": 3, "on": "total"})
    assert only(panel({"P1": ["1", "5", "9"]}, low))["score"] == "9.00"


# Rule 4


def test_rule_4_clamp_moves_and_rounds_before_trimming():
    doc = panel({"P1": ["10", "10", "10", "20"]}, rule(criterion(), clamp={"within": "2", "decimals": 1}))
    # mean 12.5: 10 → 10.5, 20 → 14.5
    assert only(doc)["exact"] == "23/2"
    uneven = panel({"P1": ["10", "11", "19"]}, rule(criterion(), clamp={"within": "3", "decimals": 2}))
    # mean 13.333…: 10 → 10.33, 19 → 16.33
    assert only(uneven)["exact"] == "1883/150"
    exact = panel({"P1": ["10", "11", "19"]}, rule(criterion(), clamp={"within": "3"}))
    assert only(exact)["exact"] == "113/9"
    trimmed = panel(
        {"P1": ["10", "11", "19"]},
        rule(criterion(), clamp={"within": "3", "decimals": 2}, trim={"high": 1, "low": 0, "from": 2, "on": "total"}),
    )
    assert (only(trimmed)["exact"], only(trimmed)["left_out"]["high"]) == ("2133/200", ["J3"])


def test_rule_4_clamp_on_each_criterion():
    a = criterion("a", weight="2")
    sheets = [sheet("J1", a="10"), sheet("J2", a="10"), sheet("J3", a="16")]
    each = {"high": 0, "low": 0, "from": 1, "on": "criterion"}
    result = only(document(rule(a, trim=each, clamp={"within": "1"}), [proposal()], sheets))
    # mean 12: 11, 11, 13
    assert result["exact"] == "70/3"


def test_rule_4_calibration_levels_a_harsh_and_a_lenient_judge():
    marks = {"P1": ["80", "84"], "P2": ["70", "74"], "P3": ["60", "64"]}
    doc = panel(marks, rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 4}))
    answer = compute(doc)
    assert answer["judges"] == [
        {"judge": "J1", "effect": "-2.0000", "totals": 3},
        {"judge": "J2", "effect": "2.0000", "totals": 3},
    ]
    assert {r["proposal"]: r["score"] for r in answer["results"]} == {"P1": "82.00", "P2": "72.00", "P3": "62.00"}
    assert answer["results"][0]["steps"][1] == "减去各评委的尺度偏差：J1 80−(-2)=82、J2 84−2=82"


def test_rule_4_calibration_corrects_panels_that_share_a_judge():
    # J1 and J2 judge P1; J2 and J3 judge P2. J3 is two points harsher than J2.
    sheets = [
        sheet("J1", "P1", mark="80"), sheet("J2", "P1", mark="80"),
        sheet("J2", "P2", mark="80"), sheet("J3", "P2", mark="78"),
    ]  # fmt: skip
    calibration = {"model": "additive", "ridge": "0", "decimals": 2}
    answer = compute(document(rule(criterion(), calibration=calibration), [proposal("P1"), proposal("P2")], sheets))
    assert [(j["judge"], j["effect"]) for j in answer["judges"]] == [("J1", "0.67"), ("J2", "0.67"), ("J3", "-1.33")]
    assert scores(document(rule(criterion(), calibration=calibration), [proposal("P1"), proposal("P2")], sheets)) == {
        "P1": "79.33",
        "P2": "79.33",
    }


def test_rule_4_withdrawn_proposals_calibrate_nobody():
    marks = {"P1": ["80", "84"], "P2": ["70", "99"]}
    doc = panel(
        marks,
        rule(criterion(), calibration={"model": "additive", "ridge": "0", "decimals": 0}),
        P2={"state": "withdrawn"},
    )
    assert compute(doc)["judges"] == [
        {"judge": "J1", "effect": "-2", "totals": 1},
        {"judge": "J2", "effect": "2", "totals": 1},
    ]


# Rule 5


@pytest.mark.parametrize(
    ("kind", "marks", "exact"),
    [("median", "1 9 4", "4"), ("median", "1 9 4 5", "9/2"), ("sum", "1 9 4", "14"), ("mean", "1 9 4", "14/3")],
)
def test_rule_5_aggregates(kind, marks, exact):
    assert only(panel({"P1": marks.split()}, rule(criterion(), aggregate=kind)))["exact"] == exact


def test_rule_5_factor_multiplies_the_own_score():
    doc = panel({"P1": ["8", "8.5", "9"]}, rule(criterion(), aggregate="sum", decimals=None), P1={"factor": "3.2"})
    assert only(doc)["score"] == "81.6"
    assert "乘以系数：25.5×3.2=81.6" in only(doc)["steps"]


# Rule 6


PAPER_AND_SHOW = [{"key": "paper", "weight": "0.40"}, {"key": "show", "weight": "0.60"}]


def test_rule_6_own_part_is_rounded_before_it_is_weighed():
    doc = panel(
        {"P1": ["88.8", "88.83", "88.84"]},
        rule(criterion(), parts=PAPER_AND_SHOW, own_part="show"),
        P1={"parts": {"paper": "80"}},
    )
    # 266.47/3 = 88.8233… → 88.82 × 0.6 + 32 = 85.292
    assert (only(doc)["exact"], only(doc)["score"]) == ("21323/250", "85.29")
    doc["rule"]["decimals"] = None
    assert (only(doc)["exact"], only(doc)["score"]) == ("42647/500", "85.294")


def test_rule_6_without_parts_nothing_is_rounded_before_bonus_and_penalty():
    doc = panel({"P1": ["1", "1", "2"]}, rule(criterion()), P1={"bonus": "0.002", "penalty": "0.001"})
    # 4/3 + 0.001 = 1.334333…
    assert (only(doc)["exact"], only(doc)["score"]) == ("4003/3000", "1.33")


def test_rule_6_bonus_is_capped_and_may_pass_the_maximum():
    r = rule(criterion(), bonus_cap="5")
    doc = panel({"P1": ["98"], "P2": ["98"]}, r, P1={"bonus": "8"}, P2={"bonus": "4.5", "penalty": "0.25"})
    assert scores(doc) == {"P1": "103.00", "P2": "102.25"}
    assert by_key(compute(doc))["P1"]["steps"][-2] == "加分 8（上限 5）：98+5=103"


def test_rule_6_values_may_be_negative_and_sheets_are_not_used():
    parts = [{"key": "jury", "weight": "1"}, {"key": "tele", "weight": "-1"}]
    doc = panel({"P1": ["50"]}, rule(criterion(), parts=parts, quorum=9), P1={"parts": {"jury": "-3", "tele": "4"}})
    assert (only(doc)["score"], only(doc)["counted"], only(doc)["criteria"]) == ("-7.00", [], {})
    assert only(doc)["steps"][0] == "各部分合成：jury -3×1 + tele 4×(-1)=(-3)+(-4)=-7"


def test_rule_6_scale_is_exact():
    parts = [{"key": "net", "weight": "0.4", "scale": {"max": "3", "to": "100"}}, {"key": "site", "weight": "0.6"}]
    doc = document(rule(parts=parts), [proposal(parts={"net": "2", "site": "90"})], [])
    assert (only(doc)["exact"], only(doc)["score"]) == ("242/3", "80.67")
    assert only(doc)["steps"][0] == ("各部分合成：net 2×100÷3×0.4 + site 90×0.6≈26.6666666667+54≈80.6666666667")


def test_rule_6_own_part_below_quorum_has_no_score():
    doc = panel(
        {"P1": ["88"]},
        rule(criterion(), parts=PAPER_AND_SHOW, own_part="show", quorum=2),
        P1={"parts": {"paper": "80"}},
    )
    assert (only(doc)["outcome"], only(doc)["score"]) == ("below_quorum", None)


# Rule 7


def test_rule_7_decimals_pad_and_round_half_up_away_from_zero():
    assert only(panel({"P1": ["2.5"]}, rule(criterion(), decimals=0)))["score"] == "3"
    assert only(panel({"P1": ["2"]}, rule(criterion(), decimals=4)))["score"] == "2.0000"
    doc = panel({"P1": ["0"]}, rule(criterion(), decimals=0), P1={"penalty": "2.5"})
    assert only(doc)["score"] == "-3"
    doc["proposals"][0]["penalty"] = "0.4"
    assert (only(doc)["score"], only(doc)["exact"]) == ("0", "-2/5")


def test_rule_7_null_shows_ten_places_and_ranks_by_the_exact_value():
    r = rule(criterion(), decimals=None)
    assert only(panel({"P1": ["1", "1", "0"]}, r))["score"] == "0.6666666667"
    assert only(panel({"P1": ["1.50", "1.50"]}, r))["score"] == "1.5"
    assert only(panel({"P1": ["100"]}, r))["score"] == "100"
    near = panel({"P1": ["1"], "P2": ["1"]}, r, P1={"bonus": "0.000000000001"}, P2={"bonus": "0.000000000002"})
    assert ranks(near) == [("P2", 1, None), ("P1", 2, None)]
    assert scores(near) == {"P1": "1", "P2": "1"}


def test_rule_7_printed_or_exact_ranking():
    marks = {"P1": ["88.44", "88.45"], "P2": ["88.45", "88.45"]}
    assert ranks(panel(marks, rule(criterion(), decimals=1))) == [("P2", 1, None), ("P1", 2, None)]
    marks = {"P1": ["88.41", "88.42"], "P2": ["88.42", "88.42"]}
    assert ranks(panel(marks, rule(criterion(), decimals=1))) == [("P1", 1, None), ("P2", 1, None)]
    exact = rule(criterion(), decimals=1, rank=ranking(by="exact"))
    assert ranks(panel(marks, exact)) == [("P2", 1, None), ("P1", 2, None)]


# Rule 8


def test_rule_8_unscored_proposals_come_last_in_input_order():
    doc = panel(
        {"P1": ["99", "99"], "P2": ["50"], "P3": ["80", "80"], "P4": ["99", "99"]},
        rule(criterion(), quorum=2),
        P1={"state": "withdrawn"},
        P4={"state": "absent"},
    )
    assert [(r["proposal"], r["outcome"], r["score"], r["exact"], r["rank"]) for r in compute(doc)["results"]] == [
        ("P3", "ranked", "80.00", "80", 1),
        ("P1", "withdrawn", None, None, None),
        ("P2", "below_quorum", None, None, None),
        ("P4", "absent", None, None, None),
    ]
    found = by_key(compute(doc))
    assert found["P2"]["counted"] == ["J1"]
    assert found["P2"]["steps"] == ["只有 1 张有效评分表，少于规定的 2 张，不计分"]
    assert found["P1"]["steps"] == ["已撤回，不计分"]


def test_rule_8_no_sheet_at_all_is_below_any_quorum():
    result = only(document(rule(criterion()), [proposal()], []))
    assert (result["outcome"], result["score"]) == ("below_quorum", None)


def test_rule_8_zero_that_was_handed_in_is_a_score():
    assert only(panel({"P1": ["0"]}, rule(criterion(), quorum=1)))["score"] == "0.00"


def test_rule_8_criterion_without_any_mark_gives_no_score():
    a, b = criterion("a"), criterion("b")
    result = only(document(rule(a, b, trim=BY_CRITERION), [proposal()], [sheet("J1", a="3")]))
    assert (result["outcome"], result["criteria"], result["steps"][-1]) == (
        "below_quorum",
        {},
        "项目b：没有一张评分表打分，不计分",
    )


# Rule 9


def two(ties, p1=None, p2=None, marks=None, **changes):
    marks = marks or {"P1": ["80"], "P2": ["80"]}
    return ranks(panel(marks, rule(criterion(), rank=ranking(*ties), **changes), P1=p1 or {}, P2=p2 or {}))


def test_rule_9_competition_and_dense():
    marks = {"P1": ["70"], "P2": ["80"], "P3": ["80"], "P4": ["90"]}
    doc = panel(marks, rule(criterion()))
    assert [(r["proposal"], r["rank"]) for r in compute(doc)["results"]] == [("P4", 1), ("P2", 2), ("P3", 2), ("P1", 4)]
    doc["rule"]["rank"]["style"] = "dense"
    assert [r["rank"] for r in compute(doc)["results"]] == [1, 2, 2, 3]


def test_rule_9_criterion_over_the_sheets_kept():
    a, b = criterion("a"), criterion("b")
    sheets = [sheet("J1", "P1", a="60", b="20"), sheet("J2", "P1", a="40", b="40")]
    sheets += [sheet("J1", "P2", a="40", b="40"), sheet("J2", "P2", a="61", b="19")]
    doc = document(rule(a, b, rank=ranking("criterion:a")), [proposal("P1"), proposal("P2")], sheets)
    assert ranks(doc) == [("P2", 1, "criterion:a"), ("P1", 2, "criterion:a")]
    sheets += [sheet(j, p, a="0", b="0") for j in ("J3", "J4") for p in ("P1", "P2")]
    # Highest and lowest go: P1 keeps J1 and J3 (J2 goes above, J4 below): a is 30; P2 keeps J1 and J3: 20.
    doc = document(
        rule(a, b, rank=ranking("criterion:a"), trim={"high": 1, "low": 1, "from": 3, "on": "total"}),
        [proposal("P1"), proposal("P2")],
        sheets,
    )
    assert ranks(doc) == [("P1", 1, "criterion:a"), ("P2", 2, "criterion:a")]


def test_rule_9_untrimmed_mean_of_totals_as_written():
    marks = {"P1": ["80", "85", "85", "85", "90"], "P2": ["80", "85", "85", "85", "91"]}
    assert two(["untrimmed_mean"], marks=marks, trim=NORM) == [("P2", 1, "untrimmed_mean"), ("P1", 2, "untrimmed_mean")]


def test_rule_9_part_vote_and_lot():
    assert two(["part:first"], {"parts": {"first": "70"}}, {"parts": {"first": "71"}})[0] == ("P2", 1, "part:first")
    assert two(["vote:tie"], {"parts": {"tie": "4"}}, {"parts": {"tie": "3"}})[0] == ("P1", 1, "vote:tie")
    assert two(["lot"], {"lot": "2"}, {"lot": "1"}) == [("P2", 1, "lot"), ("P1", 2, "lot")]
    assert two(["lot"], {}, {"lot": "7"})[0] == ("P2", 1, "lot")
    assert two(["vote:tie"], {}, {"parts": {"tie": "0"}})[0] == ("P2", 1, "vote:tie")


def test_rule_9_own_part_breaks_a_tie_as_rounded():
    parts = [{"key": "paper", "weight": "0.5"}, {"key": "show", "weight": "0.5"}]
    doc = panel(
        {"P1": ["80"], "P2": ["84"]},
        rule(criterion(), parts=parts, own_part="show", rank=ranking("part:show")),
        P1={"parts": {"paper": "84"}},
        P2={"parts": {"paper": "80"}},
    )
    assert ranks(doc) == [("P2", 1, "part:show"), ("P1", 2, "part:show")]


def test_rule_9_top_sheets_counts_firsts_and_shared_firsts():
    marks = {"P1": ["90", "80", "70"], "P2": ["80", "80", "80"], "P3": ["70", "81", "10"]}
    # J1: P1 first. J2: P3 first. J3: P2 first → one each; the same score of P1 and P2 stays shared.
    assert ranks(panel(marks, rule(criterion(), rank=ranking("top_sheets")))) == [
        ("P1", 1, None), ("P2", 1, None), ("P3", 3, None),
    ]  # fmt: skip
    marks["P3"] = ["70", "80", "10"]
    # J2: all three share the first place, so P1 has two and P2 has two.
    assert [r[1] for r in ranks(panel(marks, rule(criterion(), rank=ranking("top_sheets"))))] == [1, 1, 3]
    marks = {"P1": ["90", "90", "60"], "P2": ["80", "80", "80"]}
    assert ranks(panel(marks, rule(criterion(), rank=ranking("top_sheets"))))[0] == ("P1", 1, "top_sheets")


def test_rule_9_ties_go_down_the_list_and_what_stays_equal_shares():
    marks = {f"P{i}": ["80"] for i in range(1, 5)}
    doc = panel(
        marks,
        rule(criterion(), rank=ranking("vote:v", "lot")),
        P1={"parts": {"v": "1"}, "lot": "2"},
        P2={"parts": {"v": "2"}},
        P3={"parts": {"v": "1"}, "lot": "1"},
        P4={"parts": {"v": "2"}},
    )
    assert ranks(doc) == [("P2", 1, "vote:v"), ("P4", 1, "vote:v"), ("P3", 3, "lot"), ("P1", 4, "lot")]
    assert by_key(compute(doc))["P3"]["steps"][-1] == "与其他项目同分（80.00），按抽签定先后"
    assert by_key(compute(doc))["P4"]["steps"][-1] == "与其他 1 个项目并列第 1 名"


# The answer as a document


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_answer_names_its_format_and_the_digests_of_what_it_was_given():
    doc = panel({"P1": ["80"]}, rule(criterion()))
    answer = compute(doc)
    assert set(answer) == {"format", "rule_digest", "input_digest", "results"}
    assert answer["format"] == "chuangtou/result@1"
    assert answer["rule_digest"] == hashlib.sha256(canonical(doc["rule"])).hexdigest()
    assert answer["input_digest"] == hashlib.sha256(canonical(doc)).hexdigest()


def test_nobody_is_nothing():
    answer = compute(document(rule(criterion()), [], []))
    assert answer["results"] == []


def test_document_is_not_changed():
    doc = panel({"P1": ["80", "90"]}, rule(criterion(), trim=NORM), P1={"parts": {}})
    before = copy.deepcopy(doc)
    compute(doc)
    assert doc == before


# Tick-votes


def vote(*ballots, at_most=2, proposals="ABC", **changes):
    r = rule(aggregate="ticks", ticks={"at_most": at_most}, decimals=0, **changes)
    sheets = [sheet(f"J{i}", key, tick="1") for i, ballot in enumerate(ballots, 1) for key in ballot]
    return document(r, [proposal(key) for key in proposals], sheets)


def test_ticks_are_counted_and_a_ballot_with_too_many_is_invalid_as_a_whole():
    answer = compute(vote("AB", "A", "ABC", "BA"))
    assert [(r["proposal"], r["score"], r["rank"], r["counted"]) for r in answer["results"]] == [
        ("A", "3", 1, ["J1", "J2", "J4"]),
        ("B", "2", 2, ["J1", "J4"]),
        ("C", "0", 3, []),
    ]
    assert answer["ballots"] == {"given": 4, "valid": 3, "invalid": 1}
    assert answer["invalid"] == ["J3"]
    assert answer["results"][0]["steps"][0] == "3 张有效选票中得 3 票"


def test_ticks_left_empty_are_a_ballot_too():
    doc = vote("A", quorum=2)
    assert compute(doc)["results"][0]["outcome"] == "below_quorum"
    doc["judges"].append({"key": "J2", "name": "评委"})
    doc["sheets"].append({"judge": "J2", "proposal": "A"})
    assert compute(doc)["results"][0]["score"] == "1"
    assert compute(doc)["ballots"] == {"given": 2, "valid": 2, "invalid": 0}


def test_ticks_that_were_not_submitted_do_not_count():
    doc = vote("ABC", "A")
    doc["sheets"][0]["state"] = "void"
    assert compute(doc)["invalid"] == []
    assert scores(doc) == {"A": "1", "B": "1", "C": "1"}


# What screens ask of a single sheet


def test_marks_of_one_sheet():
    r = check_rule(rule(criterion("a", "25", "0.5", weight="2"), criterion("b", "10", "1")))
    assert {k: str(v) for k, v in check_marks(r, {"a": "22.5", "b": "7"}, complete=True).items()} == {
        "a": "22.5",
        "b": "7",
    }
    assert str(sheet_total(r, {"a": "22.50", "b": "7"})) == "52"
    assert str(sheet_total(r, {"a": "22.5"})) == "45"
    assert str(sheet_total(r, {})) == "0"
