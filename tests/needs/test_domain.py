"""The table of a need's life by property; which sentences say the same, by real sentences."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needs.domain import cycle, similar
from workdays.domain import add_workdays, is_workday

ACTS = sorted(cycle.TABLE)


def test_every_move_leads_between_known_states():
    for moves in cycle.TABLE.values():
        assert set(moves) <= set(cycle.STATES)
        assert set(moves.values()) <= {*cycle.STATES, cycle.BACK}


@given(st.lists(st.sampled_from(ACTS), max_size=40))
def test_any_walk_stays_in_the_table_and_what_is_set_aside_knows_its_way_back(acts):
    state, kept = cycle.COLLECTED, ""
    for act in acts:
        try:
            after = cycle.target(act, state, kept)
        except cycle.NotNow:
            continue
        if after in cycle.ASIDE:
            kept = kept or state
        elif state in cycle.ASIDE:
            kept = ""
        state = after
        assert (state in cycle.ASIDE) == bool(kept)
        assert kept not in cycle.ASIDE


def test_a_need_can_be_closed_or_refused_from_everywhere_and_nothing_is_a_dead_end():
    for start in cycle.STATES:
        seen, todo = {start}, [start]
        while todo:
            state = todo.pop()
            for act in cycle.acts_in(state):
                after = cycle.target(act, state, cycle.COLLECTED)
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        assert {cycle.CLOSED, cycle.REFUSED, cycle.COLLECTED} <= seen


@given(st.sampled_from(ACTS), st.sampled_from(cycle.STATES))
def test_what_is_not_in_the_table_is_refused(act, state):
    if state in cycle.TABLE[act]:
        assert cycle.target(act, state, cycle.HANDLING) in cycle.STATES
    else:
        with pytest.raises(cycle.NotNow):
            cycle.target(act, state, cycle.HANDLING)


def test_nobody_goes_back_to_nowhere():
    with pytest.raises(cycle.NotNow):
        cycle.target("resume", cycle.HELD, "")
    with pytest.raises(cycle.NotNow):
        cycle.target("split", cycle.MERGED, cycle.MERGED)


def test_tiers_end_at_the_street():
    assert [cycle.tier_above(t) for t in cycle.TIERS] == ["community", "street", "street"]


TERMS = cycle.Terms(analyse=1, now=2, line=3, joint=4, order=5, rate=6, answer=7, escalate=8)


@pytest.mark.parametrize(
    ("state", "route", "days"),
    [
        ("collected", "", 1), ("collected", "now", 1), ("analysed", "now", 2), ("handling", "line", 3), ("handling", "joint", 4),
        ("analysed", "order", 5), ("rating", "now", 6), ("feedback", "now", None), ("closed", "now", None), ("held", "now", None),
        ("handling", "", None),
    ],
)  # fmt: skip
def test_terms_by_state_and_route(state, route, days):
    assert cycle.term_of(state, route, TERMS) == days


DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 20))


@given(DAYS, st.integers(1, 15), DAYS)
def test_late_since_is_the_newest_late_day(today, days, asked):
    since = cycle.late_since(today, days, {})
    assert (asked <= since) == (add_workdays(asked, days, {}) < today)


@given(DAYS, st.integers(0, 30))
def test_a_deadline_is_a_working_day_or_today(start, days):
    last = cycle.due(start, days, {})
    assert last is not None
    assert last >= start
    assert days == 0 or is_workday(last, {})


def test_the_spring_festival_counts_no_day():
    assert cycle.due(date(2026, 2, 13), 2, {}) == add_workdays(date(2026, 2, 13), 2, {})
    assert cycle.due(date(2026, 2, 16), 1, {}) > date(2026, 2, 16) + timedelta(days=5)


SAME = [
    ("楼道灯坏了，晚上看不见。", "三单元楼道里的灯坏了好几天，老人晚上下楼不安全"),
    ("垃圾没人清，臭得很", "小区垃圾桶旁垃圾清运不及时，太臭了"),
    ("想跟邻居一起跳舞唱歌，缺人组织。", "希望组织居民唱歌跳舞"),
    ("老人用手机挂号不会，希望有人教。", "教老年人用智能手机挂号"),
    ("农贸市场占道经营，进出不方便", "菜市场门口占道经营，希望有人维持秩序"),
    ("电动车没地方充电，飞线充电危险", "小区里飞线充电很多，电动车充电桩不够"),
    ("下水道堵了，污水冒出来", "污水井冒水，下水道堵塞"),
    ("希望周末在家门口能理发、磨剪子、量血压", "周六能不能来小区理发量血压"),
    ("暑假孩子没人看，想办托管班", "希望社区办暑假托管班，孩子没人带"),
    ("小区停车位不够，乱停车堵住消防通道", "消防通道被乱停车堵住"),
    ("路面坑洼积水", "门口那条路坑坑洼洼，一下雨就积水"),
    ("狗不拴绳，随地大便没人管", "遛狗不拴绳，狗粪随处都是"),
    ("健身器材坏了要修", "小广场的健身器材坏了好久没人修"),
    ("３号楼电梯经常停", "3号楼电梯又坏了，停了两天"),
    ("溡源社区缺老年食堂", "老年食堂什么时候能办"),
]
DIFFERENT = [
    ("楼道灯坏了，晚上看不见", "想跟邻居一起跳舞唱歌"),
    ("垃圾没人清", "老人用手机挂号不会"),
    ("希望社区解决停车问题", "希望社区解决老人吃饭问题"),
    ("路灯坏了", "健身器材坏了"),
    ("想办托管班", "想办合唱班"),
    ("老人希望有人上门理发", "老人希望有食堂吃饭"),
    ("广场舞太吵，影响休息", "想组织广场舞队，缺音响"),
    ("3号楼电梯经常停", "12号楼电梯噪音大"),
    ("楼上漏水", "小区没有自来水"),
    ("小区旧衣旧书没处去，希望有个交换的地方。", "困难家庭需要家政、助学和看病帮助。"),
    ("农贸市场占道经营", "楼道堆物占道"),
    ("3号楼漏水", "5号楼漏水"),
    ("希望社区帮忙", "希望大家帮忙"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_sentences_of_the_same_thing_are_alike(one, other):
    assert similar.likeness(one, other) >= similar.LEAST


@pytest.mark.parametrize(("one", "other"), DIFFERENT[:-1])
def test_sentences_of_different_things_are_not(one, other):
    assert similar.likeness(one, other) < similar.LEAST


def test_a_wish_that_says_nothing_is_like_itself_only():
    assert similar.likeness(*DIFFERENT[-1]) == 0
    assert similar.likeness("希望社区帮忙", " 希望社区帮忙") == 1


TEXTS = st.text(alphabet="楼道灯坏了垃圾老人停车3号12楼，。希望abc ", max_size=40)


@given(TEXTS, TEXTS)
def test_likeness_is_symmetric_and_between_nothing_and_the_same(one, other):
    score = similar.likeness(one, other)
    assert 0 <= score <= 1
    assert score == similar.likeness(other, one)


@given(TEXTS)
def test_a_text_with_something_to_say_is_like_itself(text):
    if similar.gist(text).chars:
        assert similar.likeness(text, text) == pytest.approx(1)


@given(TEXTS, TEXTS)
def test_a_part_of_a_text_has_keys_of_the_whole(head, tail):
    whole = set(similar.keys(head + "电梯" + tail, ["c1"]))
    assert {similar.key("c1", "电梯")} <= whole
    assert all(-(2**31) <= k < 2**31 for k in whole)


def test_keys_of_two_places_have_nothing_in_common():
    assert not set(similar.keys("楼道灯坏了", ["c1"])) & set(similar.keys("楼道灯坏了", ["c2"]))


def test_ranking_puts_the_most_alike_first_and_leaves_out_the_rest():
    rows = [(1, "想跳舞"), (2, "楼道的灯坏了"), (3, "楼道灯坏了，晚上看不见"), (4, "路灯坏了")]
    assert [pk for pk, _ in similar.ranked("楼道灯坏了，晚上看不见", rows)][:2] == [3, 2]
    assert 1 not in [pk for pk, _ in similar.ranked("楼道灯坏了，晚上看不见", rows)]


def test_a_very_long_text_has_a_bounded_number_of_keys():
    text = "".join(chr(0x4E00 + i) for i in range(1000))
    assert len(similar.keys(text, ["c1", "s1"])) == 2 * similar.MOST_KEYS
