"""Phases, windows, themes and indicators as typed, limits of heads, ready configurations."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SHANGHAI, local
from organizations.models import Organization
from projects.models import BudgetLine
from rounds.catalogue import rubric_of
from rounds.domain.configurations import configuration_of, configurations, read
from rounds.domain.heads import BLOCK, HEADS, OK, WARN, shares
from rounds.domain.lines import BadLine, ThemeLine, indicator_text, indicators_of, themes_of
from rounds.domain.phases import PHASES, phase_of
from rounds.domain.windows import from_today, shifted, years_to_shift
from rounds.models import Round
from workdays.domain import is_workday, workdays_left

OPENS = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=20)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("state", "at", "key"),
    [
        ("draft", OPENS, "draft"), ("open", OPENS - SECOND, "announced"), ("open", OPENS, "applying"),
        ("open", CLOSES - SECOND, "applying"), ("open", CLOSES, "judging"), ("closed", OPENS, "closed"),
    ],
)  # fmt: skip
def test_phase_by_state_and_second(state, at, key):
    assert phase_of(state, OPENS, CLOSES, at).key == key


def test_every_phase_has_its_own_two_labels():
    assert len({p.office for p in PHASES}) == len({p.public for p in PHASES}) == len(PHASES)
    assert all(p.office != p.public for p in PHASES)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("党建", ThemeLine("党建")), ("党建 3", ThemeLine("党建", 3)), ("党建 3 80,000", ThemeLine("党建", 3, Decimal(80000))),
        ("环保 - 500.50", ThemeLine("环保", None, Decimal("500.50"))), ("一 老 一 小", ThemeLine("一老一小")),
    ],
)  # fmt: skip
def test_theme_as_typed(typed, line):
    assert themes_of(typed) == [line]
    assert themes_of(str(line)) == [line]


@pytest.mark.parametrize("typed", ["", "党建 0", "党建 80000", "党建 3 很多", "党建 3 0", "长" * 31])
def test_theme_that_is_not_understood(typed):
    with pytest.raises(BadLine):
        themes_of(typed)


@given(
    st.text("党建环保一老小文艺", min_size=1, max_size=30),
    st.none() | st.integers(1, 999),
    st.none() | st.decimals(Decimal("0.01"), Decimal(10**7), places=2),
)
def test_theme_survives_being_shown_and_read(name, most, amount):
    line = ThemeLine(name, most, amount)
    assert themes_of(str(line)) == [line]


def test_indicators_as_typed():
    rows = indicators_of("活动 场次 12 场\n\n满意率 90 %\n党员 5")
    assert rows == [
        {"name": "活动场次", "least": "12", "unit": "场"}, {"name": "满意率", "least": "90", "unit": "%"}, {"name": "党员", "least": "5", "unit": ""},
    ]  # fmt: skip
    assert indicators_of("\n".join(map(indicator_text, rows))) == rows
    for bad in ("活动场次", "12 场", "\n".join(f"指标第{'一' * n} 1" for n in range(1, 22))):
        with pytest.raises(BadLine):
            indicators_of(bad)


@pytest.mark.parametrize(
    ("staff", "verdict"), [("26.99", OK), ("27.00", WARN), ("30.00", WARN), ("30.01", BLOCK)]
)  # of a total of 100
def test_head_warns_from_nine_tenths_and_blocks_above(staff, verdict):
    lines = [("staff", Decimal(staff)), ("activity", 100 - Decimal(staff))]
    (found,) = shares(lines, {"staff": 30})
    assert (found.verdict, found.percent) == (verdict, Decimal(staff))


def test_head_limits_at_the_ends():
    assert [s.verdict for s in shares([], {"staff": 0, "tax": 7})] == [OK, OK]
    assert shares([("staff", Decimal("0.01")), ("activity", Decimal(10**6))], {"staff": 0})[0].verdict == BLOCK
    assert shares([("activity", Decimal(5))], {"staff": 0})[0].verdict == OK
    assert shares([("activity", Decimal(5))], {"activity": 100})[0].verdict == WARN


@given(
    st.lists(st.tuples(st.sampled_from(list(HEADS)), st.decimals(0, 10**6, places=2)), max_size=8),
    st.dictionaries(st.sampled_from(list(HEADS)), st.integers(0, 100)),
)
def test_head_verdict_is_exact(lines, limits):
    total = sum((amount for _, amount in lines), Decimal(0))
    for found in shares(lines, limits):
        part, limit = found.amount * 100, found.limit * total
        assert (found.verdict == BLOCK) == (part > limit)
        assert (found.verdict == WARN) == (bool(part) and part <= limit and part * 10 >= limit * 9)


def test_heads_and_kinds_are_those_of_the_other_apps():
    assert dict(BudgetLine.Head.choices) == HEADS
    ours = dict(Round.Applicant.choices)
    assert {k: ours[k] for k in Organization.Kind.values} == dict(Organization.Kind.choices)


def test_window_of_five_working_days():
    window = from_today(date(2026, 9, 29), workdays=5, days=0, overrides={})  # the National Day lies inside
    assert (local(window.opens).date(), local(window.opens).hour) == (date(2026, 9, 30), 9)
    assert workdays_left(local(window.opens).date(), local(window.closes).date(), {}) == 5
    assert local(window.closes).hour == 17
    assert local(window.closes).date() > date(2026, 10, 7)


@given(st.dates(date(2024, 1, 1), date(2026, 6, 1)), st.integers(0, 86399), st.integers(1, 3))
def test_shift_keeps_the_hour_and_lands_on_a_working_day(day, second, years):
    moment = datetime.combine(day, datetime.min.time(), SHANGHAI) + timedelta(seconds=second)
    moved = local(shifted({"m": moment}, years, {})["m"])
    assert moved.time() == moment.time()
    assert is_workday(moved.date(), {})
    assert 0 <= (moved.date() - date(day.year + years, day.month, min(day.day, 28))).days < 14


def test_shift_reaches_a_window_still_to_come():
    assert years_to_shift(OPENS, OPENS + timedelta(days=30)) == 1
    assert years_to_shift(datetime(2017, 7, 10, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)) == 10
    assert years_to_shift(datetime(2024, 12, 20, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)) == 2


def test_ready_configurations_are_whole():
    assert [c.key for c in configurations()] == ["xindian", "redcore", "community_micro", "micro"]
    assert all(rubric_of(c.initial["rubric"]) for c in configurations())
    micro = configuration_of("micro")
    assert (micro.initial["cap"], micro.initial["paper"], micro.workdays) == ("5000.00", "page", 5)
    with pytest.raises(KeyError):
        read("- {key: x, label: y}")
