"""The theme library and the advice: points one can add up by hand, reasons that name the needs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needs.domain.advice import Asked, Given, Idea, call_text, suggest
from needs.domain.nodes import is_node, next_date, node_words

TODAY = date(2026, 11, 23)
DOGS = Idea("T15", "文明养犬劝导", frozenset({"environment"}), ("狗", "养犬"))
VISIT = Idea("T58", "敲门行动", frozenset({"elderly"}), ("独居",), ("double_ninth",), ("home",))
READ = Idea("T18", "书香社区共读", frozenset({"culture"}), ("看书",), ("04-23",))
PARTY = Idea("T01", "我们的节日", frozenset({"party"}), ("过节",), ("spring",))


def need(number, category="environment", words="楼下太吵", urgency=1, people=1, ago=10):
    return Asked(number, category, words, urgency, people, TODAY - timedelta(days=ago))


@pytest.mark.parametrize(
    ("node", "today", "day"),
    [
        ("spring", date(2026, 11, 23), date(2027, 2, 6)),
        ("spring", date(2025, 1, 29), date(2025, 1, 29)),
        ("dragon", date(2025, 1, 1), date(2025, 5, 31)),
        ("mid_autumn", date(2025, 1, 1), date(2025, 10, 6)),
        ("mid_autumn", date(2026, 1, 1), date(2026, 9, 25)),
        ("double_ninth", date(2024, 1, 1), date(2024, 10, 11)),
        ("double_ninth", date(2025, 10, 30), date(2026, 10, 18)),
        ("03-05", date(2026, 3, 5), date(2026, 3, 5)),
        ("03-05", date(2026, 3, 6), date(2027, 3, 5)),
        ("02-29", date(2026, 11, 23), date(2028, 2, 29)),
    ],
)
def test_a_node_falls_on_its_day(node, today, day):
    assert next_date(node, today) == day


def test_nodes_are_told_from_other_words():
    assert [is_node(t) for t in ("spring", "03-05", "02-29", "13-01", "3-5", "中秋", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert (node_words("double_ninth"), node_words("03-05")) == ("重阳", "3月5日")


def test_points_are_what_the_page_says():
    asked = [
        need("A1", words="小区里狗没人管", urgency=3, people=25),  # named: (3 + 2) x 2 = 10
        need("A2", urgency=2, people=9),  # alike: 2
        need("A3", urgency=1, people=900, ago=120),  # alike: 1 + 3 = 4
        need("A4", urgency=3, ago=400),  # too old
        need("A5", category="health", urgency=3),  # something else
    ]
    first = suggest([DOGS], asked, [], TODAY)[0]
    assert first.points == 10 + 2 + 4 + 1  # one more than in the 90 days before
    assert first.need_count == 3
    assert [r.kind for r in first.reasons] == ["needs", "trend"]
    assert first.reasons[0].numbers == ("A1", "A2", "A3")
    assert first.reasons[0].words == "一年内 3 件需求，涉及 934 人，其中 1 件的原话就是这类事，1 件紧急（A1、A2、A3）。"
    assert first.reasons[1].words == "最近 90 天比之前 90 天多 1 件。"


def test_what_was_funded_there_counts_against_a_theme():
    asked = [need(f"A{i}", urgency=3) for i in range(3)]
    before = suggest([DOGS], asked, [], TODAY)[0]
    given = [
        Given("文明养犬第一期", "", TODAY - timedelta(days=300), Decimal(8000)),
        Given("别的名字", "T15", TODAY - timedelta(days=600)),
        Given("养犬旧项目", "", TODAY - timedelta(days=800)),
        Given("养犬说的是别的主题", "T99", TODAY - timedelta(days=5)),
    ]
    after = suggest([DOGS], asked, given, TODAY)[0]
    assert after.points == before.points - 16
    assert after.reasons[-1].words == "两年内这里已资助同类项目：“文明养犬第一期” 8,000.00 元、“别的名字”，宜错开。"


def test_a_node_ahead_counts_while_there_is_time_to_prepare():
    found = {s.code: s for s in suggest([PARTY, VISIT, READ], [], [], TODAY)}
    assert (found["T01"].points, found["T58"].points, found["T18"].points) == (3, 0, 0)
    assert found["T01"].reasons[0].words == "春节（2027-02-06）还有 75 天，来得及准备。"
    assert suggest([PARTY], [], [], date(2027, 1, 20))[0].points == 0  # 17 days: too late


def test_needs_come_first_whatever_the_points():
    asked = [need("A1", category="elderly", urgency=1)]
    given = [Given("敲门行动", "T58", TODAY, Decimal(1))] * 3
    assert [s.code for s in suggest([PARTY, VISIT, READ], asked, given, TODAY)] == ["T58", "T01", "T18"]


def test_cautions_are_said_in_words():
    assert suggest([VISIT], [], [], TODAY)[0].cautions == ("上门服务须两人同行、佩戴证件，并征得本人同意。",)


@given(st.permutations([need(f"A{i}", urgency=1 + i % 3, people=i * 7, ago=i * 11) for i in range(12)]))
def test_the_order_of_the_needs_decides_nothing(asked):
    ideas = [DOGS, VISIT, READ, PARTY]
    straight = [need(f"A{i}", urgency=1 + i % 3, people=i * 7, ago=i * 11) for i in range(12)]
    assert suggest(ideas, asked, [], TODAY) == suggest(list(reversed(ideas)), straight, [], TODAY)


def test_a_call_is_written_from_a_theme():
    reasons = suggest([DOGS], [need("A1", words="狗")], [], TODAY)[0].reasons
    text = call_text(
        name="养犬", target_group="养犬户", activities="公约", indicators="100 户", budget=(Decimal(3000), Decimal(10000)),
        reasons=reasons, cautions=["签公约。"],
    )  # fmt: skip
    assert text.splitlines() == [
        "一、征集背景：一年内 1 件需求，涉及 1 人，其中 1 件的原话就是这类事（A1）。现面向符合条件的单位征集“养犬”类项目。",
        "二、服务对象：养犬户。",
        "三、参考活动：公约。",
        "四、参考指标：100 户。",
        "五、经费：单个项目建议 3,000.00 至 10,000.00 元，以评审和审定结果为准。",
        "六、注意事项：签公约。",
    ]
