"""The rule in words and by example: nothing is left out, and the examples are the engine's own."""

import pytest
from hypothesis import given, settings

from judging.domain.examples import examples
from judging.domain.rubrics import RUBRICS, standard_rule
from judging.domain.scoring import check_rule
from judging.domain.sentences import sentences
from tests.judging.documents import BY_CRITERION, criterion, ranking, rule
from tests.judging.test_domain_properties import documents


def told(document):
    return "\n".join(s for _, group in sentences(check_rule(document)) for s in group)


def test_the_usual_rule_in_words():
    assert sentences(check_rule(standard_rule(RUBRICS["community"]))) == [
        ("评分表", [
            "每位评委对每个项目填一张评分表，共 6 项，各项得分相加，满分 100 分。",
            "回避的评委不评该项目；缺评、作废、逾期的评分表不计入，也不当作 0 分。已提交的 0 分是有效分数。",
            "一个项目的有效评分表不足 3 张的，不计分，不排名次。",
        ]),
        ("合成得分", [
            "各张评分表的总分达到 5 个时，去掉一个最高分和一个最低分；不足 5 个时，一个也不去。",
            "最高分或最低分有几个相同的，只按规定的个数去掉，席位靠后的先去。",
            "取留下的分数的平均数，得出本场得分。",
        ]),
        ("总成绩", [
            "项目有系数的，本场得分乘以系数；有加分的加上，有扣分的减去。总成绩可以超过满分。",
            "最后得分保留 2 位小数（四舍五入），中间各步都不取舍。",
        ]),
        ("名次", [
            "按公布的得分（取舍以后的）从高到低排名次。",
            "同分的依次比较：（1）评分项“需求契合”的平均分；（2）去掉最高分、最低分之前的平均分；（3）抽签，先抽到的在前。除抽签外，都是高者在前；缺这一项的排在有的后面。",
            "比到最后仍相同的，名次并列，下一名空出，例如 1、2、2、4。",
            "不计分、已撤回和未到场的项目列在最后，没有名次。",
        ]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trim": {"high": 2, "low": 0, "from": 7, "on": "total"}}, "达到 7 个时，去掉两个最高分；"),
        ({"trim": BY_CRITERION}, "每个评分项取留下的分数的平均数，各项相加得出本场得分。"),
        ({"trim": None, "aggregate": "median"}, "取各张评分表的总分的中位数"),
        ({"trim": None}, "不去掉最高分和最低分。"),
        ({"parts": [{"key": "书面", "weight": "0.4", "scale": {"max": "425", "to": "100"}}, {"key": "路演", "weight": "0.6"}], "own_part": "路演"},
         "总成绩 = 书面×4÷17×40% + 路演×60%。"),
        ({"bonus_cap": "5"}, "有加分的加上，最多加 5 分，"),
        ({"rank": ranking(by="exact", style="dense")}, "同分的名次并列，下一名不空出，例如 1、2、2、3。"),
        ({"decimals": None}, "最后得分不取舍。"),
        ({"criterion_decimals": 1, "trim": BY_CRITERION}, "各评分项的平均数先保留 1 位小数（四舍五入）。"),
        ({"product_decimals": 0, "trim": BY_CRITERION}, "各评分项乘以权重后取整数（四舍五入）。"),
        ({"clamp": {"within": "2", "decimals": 1}}, "与平均数相差超过 2 分的，按相差 2 分计，保留 1 位小数（四舍五入）。"),
        ({"calibration": {"model": "additive", "ridge": "0", "decimals": 4}}, "先校准尺度："),
        ({"aggregate": "ticks", "ticks": {"at_most": 5}}, "每位评委最多投 5 票；超过的，整张选票作废。"),
        ({"parts": [{"key": "书面", "weight": "1"}]}, "本场不用评委评分表"),
    ],
)  # fmt: skip
def test_every_choice_has_its_sentence(changes, words):
    assert words in told(rule(criterion()) | changes)


def test_the_examples_of_the_usual_rule():
    found = examples(standard_rule(RUBRICS["community"]))
    assert [e.title for e in found] == [
        "去掉最高分和最低分",
        "评分表较少，不去最高分和最低分",
        "两个项目同分",
        "评分表太少",
    ]
    trimming, few, tie, short = found
    assert any("去掉一个最高分" in s for row in trimming.rows for s in row.steps)
    assert "只有 4 个分值，不足 5 个，不去最高分、最低分" in few.rows[0].steps
    assert tie.rows[0].score == tie.rows[1].score
    assert [r.rank for r in tie.rows] == [1, 2]
    assert tie.rows[0].steps[-1] == f"与其他项目同分（{tie.rows[0].score}），按评分项“需求契合”的平均分定先后"
    # (22 + 22.5 + 22.5) ÷ 3, and half a point more on each sheet
    assert [r.compared for r in tie.rows] == ["评分项“需求契合”的平均分 22.8333", "评分项“需求契合”的平均分 22.3333"]
    assert {r.compared for r in (*trimming.rows, *few.rows, *short.rows)} == {""}
    assert short.rows[-1].steps == ["只有 2 张有效评分表，少于规定的 3 张，不计分"]
    assert (short.rows[-1].score, short.rows[-1].rank) == (None, None)


@pytest.mark.parametrize("key", sorted(RUBRICS))
def test_every_ready_rubric_has_examples(key):
    found = examples(standard_rule(RUBRICS[key]))
    assert len(found) == 4
    assert [r.rank for r in found[2].rows] == [1, 2]


def test_a_tie_that_nothing_breaks_is_shared():
    (tie,) = [e for e in examples(rule(criterion(), quorum=1)) if e.title == "两个项目同分"]
    assert tie.shows.endswith("名次并列。")
    assert [r.rank for r in tie.rows] == [1, 1]


@pytest.mark.parametrize(
    ("ties", "compared"),
    [
        (["lot"], ["抽签第 1 号", "抽签第 2 号"]),
        (["untrimmed_mean"], ["去掉最高分、最低分之前的平均分 90.6", "去掉最高分、最低分之前的平均分 89"]),
        (["part:初评", "lot"], ["抽签第 1 号", "抽签第 2 号"]),
        (["top_sheets"], ["", ""]),
    ],
)
def test_what_a_tie_rule_compares_is_said(ties, compared):
    trim = {"high": 1, "low": 1, "from": 5, "on": "total"}
    (tie,) = [e for e in examples(rule(criterion(), trim=trim, rank=ranking(*ties))) if e.title == "两个项目同分"]
    assert [r.compared for r in tie.rows] == compared
    assert [r.rank for r in tie.rows] == [1, 2]


def test_made_up_other_parts_are_four_fifths():
    parts = [{"key": "书面", "weight": "0.4", "scale": {"max": "425", "to": "100"}}, {"key": "路演", "weight": "0.6"}]
    found = examples(rule(criterion(), parts=parts, own_part="路演"))
    assert any("书面 340×4÷17×0.4" in s for s in found[0].rows[0].steps)


@settings(max_examples=80, deadline=None)
@given(documents())
def test_any_rule_has_words_and_examples(doc):
    assert told(doc["rule"])
    found = examples(doc["rule"])
    assert len(found) >= 3 or doc["rule"]["own_part"] is None
