"""需求分析: the arithmetic by hand, the page's counts against the list's, reports, a fixed number of statements."""

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Area
from accounts.services import add_area
from core import clock
from core.paging import CappedPaginator
from jobs.models import Job
from jobs.registry import Work, kind_of
from needs import rules, services
from needs.domain import analysis
from needs.domain.words import top_words, words_in
from needs.models import Need, NeedRating, Resource, ServiceOrder
from projects.models import Proposal
from tests.house.office import recalculated
from tests.house.scene import play
from tests.needs.make import handled, post
from tests.needs.test_resources import pledge, resource
from workdays.domain import add_workdays

D = Decimal
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


# --- spans


@pytest.mark.parametrize(
    ("code", "first", "last", "words"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31), "2026年"),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31), "2026年第一季度"),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31), "2026年第四季度"),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29), "2024年2月"),
        ("2026-11", date(2026, 11, 1), date(2026, 11, 30), "2026年11月"),
    ],
)
def test_span_of_a_code(code, first, last, words):
    assert analysis.span_of(code) == analysis.Span(code, words, first, last)


@pytest.mark.parametrize(
    "code", ["", "2026-13", "2026-00", "2026-Q5", "1999", "2101", "２０２６", "2026-1", "x", "2026-11-01"]
)
def test_no_span_of_anything_else(code):
    assert analysis.span_of(code) is None
    assert analysis.read_span(code, "", "", date(2026, 11, 23)).code == "2026"


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("", "2026-11-01", "两个日期"), ("2026-11-31", "2026-12-01", "两个日期"), ("2026-11-02", "2026-11-01", "不能早于"),
        ("2020-01-01", "2026-11-01", "五年"), ("1990-01-01", "1990-01-02", "五年"),
    ],
)  # fmt: skip
def test_a_range_that_cannot_be_is_refused_in_words(first, last, says):
    with pytest.raises(analysis.BadSpan, match=says):
        analysis.read_span("range", first, last, date(2026, 11, 23))


def test_steps_are_months_and_quarters_beyond_two_years():
    one = analysis.read_span("range", "2025-11-30", "2026-01-01", date(2026, 1, 1))
    assert analysis.steps_of(one, date(2026, 1, 1)) == [
        ("2025年11月", [(2025, 11)]),
        ("2025年12月", [(2025, 12)]),
        ("2026年1月", [(2026, 1)]),
    ]
    assert [w for w, _ in analysis.steps_of(analysis.span_of("2026-Q2"), date(2026, 7, 1))] == ["4月", "5月", "6月"]
    long = analysis.steps_of(
        analysis.read_span("range", "2024-02-01", "2026-04-30", date(2026, 5, 1)), date(2026, 5, 1)
    )
    assert long[0] == ("2024年1季度", [(2024, 2), (2024, 3)])
    assert long[-1] == ("2026年2季度", [(2026, 4)])
    assert sum(len(months) for _, months in long) == 27
    assert [w for w, _ in analysis.steps_of(analysis.span_of("2026"), date(2026, 2, 28))] == ["1月", "2月"]


def test_choices_are_codes_that_can_be_read():
    kinds = analysis.choices(date(2026, 1, 5))
    assert [(kind, len(some)) for kind, some in kinds] == [("按年", 5), ("按季度", 8), ("按月", 24)]
    assert kinds[1][1][:2] == [("2026-Q1", "2026年第一季度"), ("2025-Q4", "2025年第四季度")]
    assert kinds[2][1][1] == ("2025-12", "2025年12月")


# --- counts


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(0, 0, None), (0, 5, "0.0"), (1, 3, "33.3"), (2, 3, "66.7"), (1, 8, "12.5"), (1, 2000, "0.1"), (49, 50, "98.0"), (5, 5, "100.0")],
)  # fmt: skip
def test_share(part, whole, percent):
    found = analysis.share(part, whole)
    assert found == (None if percent is None else D(percent))
    assert analysis.Rate(part, whole).percent == found


@pytest.mark.parametrize(
    ("tally", "count", "total", "mean", "median"),
    [
        ({}, 0, 0, None, None),
        ({4: 1}, 1, 4, "4.0", "4.0"),
        ({0: 1, 1: 1}, 2, 1, "0.5", "0.5"),
        ({1: 2, 3: 1, 10: 1}, 4, 15, "3.8", "2.0"),  # 1 1 3 10
        ({2: 3, 7: 2}, 5, 20, "4.0", "2.0"),
        ({5: 2, 6: 2}, 4, 22, "5.5", "5.5"),
    ],
)
def test_mean_and_median_of_a_tally(tally, count, total, mean, median):
    exact = [None if x is None else D(x) for x in (mean, median)]
    assert analysis.days_of(tally) == analysis.Days(count, total, *exact)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=60))
def test_median_is_that_of_the_sorted_cases(days):
    found, cases, half = analysis.days_of(Counter(days)), sorted(days), len(days) // 2
    middle = D(cases[half]) if len(days) % 2 else (D(cases[half - 1]) + cases[half]) / 2
    assert (found.count, found.total, found.median) == (len(days), sum(days), middle)


@given(st.dictionaries(st.tuples(st.integers(1, 6), st.sampled_from("abcd")), st.integers(0, 50)))
def test_cross_adds_up_in_both_directions(counts):
    table = analysis.cross(counts, list(range(1, 7)), list("abcd"))
    assert table.total == sum(counts.values()) == sum(table.sums) == sum(total for _, _, total in table.rows)
    assert all(sum(cells) == total for _, cells, total in table.rows)
    assert [sum(cells[i] for _, cells, _ in table.rows) for i in range(len(table.columns))] == table.sums
    assert 0 not in table.sums


def test_cross_loses_nothing_unnamed():
    with pytest.raises(KeyError):
        analysis.cross({(1, "x"): 1}, [1], ["a"])


@given(st.dates(date(2025, 6, 1), date(2026, 12, 31)), st.integers(0, 30))
def test_running_workdays_count_as_deadlines_do(start, days):
    first, off = date(2025, 6, 1), {date(2026, 3, 2): False}
    end = add_workdays(start, days, off)
    running = analysis.running_workdays(first, end, off)
    assert running[(end - first).days] - running[(start - first).days] == days


# --- words


def test_words_are_cleaned_cut_and_counted_once_per_need():
    assert words_in("希望我们小区的大家！123 ") == set()
    assert words_in("WIFI 不好") == {"wifi"}
    texts = (
        ["楼道灯坏了，楼道灯坏了，晚上看不见"] * 3
        + ["下水道堵了"] * 4
        + ["希望增加停车位，停车难"] * 5
        + ["停车位太少", "停车乱"] * 2
    )
    assert top_words(texts) == [("停车位", 7), ("下水道堵", 4), ("楼道灯坏", 3), ("晚上看", 3)]
    assert top_words(texts, most=1) == [("停车位", 7)]
    assert top_words(["张三家漏水"] * 2) == []


# --- the page


@pytest.fixture
def office(world, at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    client = Client()
    client.force_login(world.here.people["office"])
    return client


def test_the_page_by_hand(world, at, office):
    """Two communities, six needs: one refused, one merged, two closed after 1 and 4 working days, one overdue."""
    here, by = world.here, world.here.people["community"]
    monday = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
    fast = handled(world, monday, "rating")
    slow = handled(world, monday, "rating", category="culture", words="想有个唱歌的地方")
    for need, day, stars in ((fast, 1, 5), (slow, 4, 3)):
        NeedRating.objects.create(need=need, stars=stars, at=monday)
        services.close_need(need_id=need.pk, reason="", by=by, at=monday + timedelta(days=day))
    refused = handled(world, monday, "collected", category="party")
    services.refuse_need(need_id=refused.pk, reason="不属于社区事务", by=by, at=monday)
    old = post(world, datetime(2026, 10, 31, 15, 59, tzinfo=UTC), words="广场灯不亮")
    twin = post(world, datetime(2026, 10, 31, 16, 0, tzinfo=UTC), words="广场的灯不亮")
    services.merge_needs(head_id=old.pk, need_ids=[twin.pk], by=by, at=at)
    post(world, at, community=here.communities[1], by=here.people["office"], category="safety")
    page = office.get("/needs/analysis/").context
    assert page["chosen"].span.code == "2026"
    sums = page["sums"]
    assert (sums["n"], sums["accepted"], sums["done"], sums["late"]) == (6, 5, analysis.Rate(2, 5), analysis.Rate(1, 2))
    assert [(w, n) for w, n, _ in page["heat"]["columns"]] == [
        ("党建引领", 1),
        ("环境卫生", 3),
        ("文体娱乐", 1),
        ("平安治理", 1),
    ]
    assert [(name, [n for n, _ in cells], total) for name, cells, total, _ in page["heat"]["rows"]] == [
        ("溡源社区", [1, 3, 1, 0], 5), ("云秀社区", [0, 0, 0, 1], 1),
    ]  # fmt: skip
    assert page["months"][9:11] == [("10月", 1, 0), ("11月", 5, 2)]  # midnight of Shanghai parts the months
    assert sum(n for _, n, _ in page["months"]) == 6
    speed = {r["words"]: r for r in page["speed"]["rows"]}
    assert speed["环境卫生"]["days"] == analysis.Days(1, 1, D("1.0"), D("1.0"))
    assert speed["文体娱乐"]["days"] == analysis.Days(1, 4, D("4.0"), D("4.0"))
    assert speed["环境卫生"]["over"] == analysis.Rate(1, 1)
    assert page["speed"]["total"]["days"] == analysis.Days(2, 5, D("2.5"), D("2.5"))
    assert page["speed"]["total"]["stars"] == D("4.0")
    assert [(r["words"], r["n"], r["stars"], r["good"]) for r in page["rated_places"]] == [
        ("溡源社区", 2, D("4.0"), analysis.Rate(1, 2))
    ]
    assert [(n, w) for n, w, _ in page["silent"]["total"]] == [(2, "silent"), (1, "carried"), (1, "late")]
    assert page["met"] == analysis.Rate(0, 5)
    november = office.get("/needs/analysis/", {"period": "2026-11"}).context
    assert november["sums"]["n"] == 5
    assert [(n, w) for n, w, _ in november["silent"]["total"]] == [(2, "silent"), (1, "carried"), (1, "late")]


def test_met_by_projects_and_money(world, at, office, settings, tmp_path):
    """The scene: two needs, each on an order of a proposal that an approved plan funds; one merged into the first; one
    that nobody took. A proposal withdrawn takes its needs with it.
    """
    settings.MEDIA_ROOT = tmp_path
    scene = play(world, at)
    twin = post(world, at, words="想有个活动的地方，就在院里", category="culture")
    Need.objects.filter(pk=scene.ids["need_id"]).update(state="rating")
    post(world, at, words="垃圾没人清")
    services.merge_needs(head_id=scene.ids["need_id"], need_ids=[twin.pk], by=world.here.people["community"], at=at)
    page = office.get("/needs/analysis/").context
    assert [(w, r.part, r.whole) for w, r, _ in page["stages"]] == [
        ("已受理", 4, 4), ("已制成服务项目单", 3, 4), ("已有项目对接", 3, 4), ("已获资助", 3, 4),
    ]  # fmt: skip
    assert page["met"] == analysis.Rate(3, 4)
    Proposal.objects.filter(pk=scene.ids["proposal_id"]).update(state="withdrawn")
    assert office.get("/needs/analysis/").context["met"] == analysis.Rate(1, 4)


@pytest.mark.parametrize("seed", range(4))
def test_every_number_of_the_table_is_that_of_the_list_behind_it(world, at, office, seed):
    """Whatever is asked for: cells, sums and the silent ones equal what the list shows for the same filters."""
    pick, here = random.Random(seed), world.here
    rows = []
    for i in range(40):
        place = pick.choice(here.communities)
        state = pick.choice(["collected", "feedback", "closed", "refused"])
        rows.append(
            Need(
                number=f"T{i}", tracking_code=f"T{i}", street=here.area, community=place, channel=pick.choice(["visit", "hotline"]),
                category=pick.choice(["environment", "culture", "safety"]), words="灯坏了", state=state, route="now",
                refusal_reason="理由" if state == "refused" else "", grid=here.grid if place == here.communities[0] and pick.random() < 0.5 else None,
                collected_at=at - timedelta(hours=pick.randrange(9000)), closed_at=at if state == "closed" else None,
                answered_at=at if pick.random() < 0.3 else None,
            )
        )  # fmt: skip
    Need.objects.bulk_create(rows)

    def listed(href):
        return office.get(href).context["page"].paginator.count

    for query in (
        {}, {"period": "2026-Q4", "channel": "visit"}, {"community": here.communities[0].pk, "grid": here.grid.pk},
        {"period": "range", "first": "2026-03-01", "last": "2026-10-31", "category": "culture"},
    ):  # fmt: skip
        page = office.get("/needs/analysis/", query).context
        heat = page["heat"]
        assert heat["total"] == listed(heat["href"]) == page["sums"]["n"]
        for _, n, href in heat["columns"]:
            assert n == listed(href)
        for _, cells, total, href in heat["rows"]:
            assert total == listed(href) == sum(n for n, _ in cells)
            assert all(n == listed(link) for n, link in cells)
        for _, cells in page["silent"]["rows"]:
            assert all(n == listed(href) for n, _, href in cells)
        assert sum(n for _, n, _ in page["months"]) == heat["total"]
        assert sum(n for _, n, _, _ in page["places"]) == heat["total"]


def test_the_page_costs_the_same_at_any_length(world, at, office):
    def cost():
        office.get("/needs/analysis/")
        with CaptureQueriesContext(connection) as seen:
            assert office.get("/needs/analysis/").status_code == 200
        return len(seen)

    post(world, at)
    few = cost()
    for n in range(5):
        place = add_area(kind=Area.Kind.COMMUNITY, name=f"新{n}社区", parent=world.here.area)
        for category in ("culture", "safety", "party"):
            need = post(world, at, community=place, by=world.here.people["office"], category=category)
            NeedRating.objects.create(need=need, stars=4, at=at)
    Need.objects.filter(category="culture").update(state="closed", closed_at=at)
    assert cost() == few


def test_own_scope_only(world, at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    here = world.here
    post(world, at)
    post(world, at, community=here.communities[1], by=here.people["office"])
    clerk, there = Client(), Client()
    clerk.force_login(here.people["community"])
    there.force_login(world.there.people["supervisor"])
    assert clerk.get("/needs/analysis/").context["sums"]["n"] == 1
    assert there.get("/needs/analysis/").context["sums"]["n"] == 0
    for query in ({"community": here.communities[1].pk}, {"grid": "9"}, {"community": "x"}, {"community": "9" * 30}):
        assert clerk.get("/needs/analysis/", query).status_code == 404
    assert there.get("/needs/analysis/", {"community": here.communities[0].pk}).status_code == 404
    assert there.get("/needs/analysis/", {"grid": here.grid.pk}).status_code == 404
    assert not rules.can_analyse(here.people["grid"])


def test_days_that_cannot_be_are_said_and_kept(world, office):
    answer = office.get("/needs/analysis/", {"period": "range", "first": "2026-11-30", "last": "2026-11-01"})
    page = answer.content.decode()
    assert "结束日期不能早于开始日期。" in page
    assert 'value="2026-11-30"' in page
    assert 'aria-invalid="true"' in page


def test_the_list_tells_who_waits_since_when(world, at, office):
    here = world.here
    old = post(world, datetime(2026, 10, 31, 15, 59, tzinfo=UTC))
    new = post(world, at)
    edge = post(world, datetime(2026, 11, 16, 2, 0, tzinfo=UTC))  # five working days are over only after the 23rd
    late = post(world, datetime(2026, 11, 13, 2, 0, tzinfo=UTC))

    def numbers(**query):
        return sorted(n.pk for n in office.get("/needs/", query).context["page"])

    assert numbers(due="silent") == sorted([old.pk, new.pk, edge.pk, late.pk])
    assert numbers(due="carried") == [old.pk]
    assert numbers(due="late") == sorted([old.pk, late.pk])
    services.give_feedback(
        need_id=handled(world, at).pk, kind="visit", words="在办。", is_final=False, by=here.people["community"], at=at
    )
    assert len(numbers(due="silent")) == 4
    rows = {r["need"].pk: r for r in office.get("/needs/").context["rows"]}
    assert [(rows[n.pk]["late"], rows[n.pk]["carried"]) for n in (old, new, edge, late)] == [
        (5, True),
        (0, False),
        (0, False),
        (5, False),
    ]
    services.set_terms(
        street=here.area, terms=services.terms_of(here.area.pk).__class__(answer=20), by=here.people["office"], at=at
    )
    assert numbers(due="late") == []


def test_a_list_says_where_it_stopped_counting(world, at, office, monkeypatch):
    for _ in range(3):
        post(world, at)
    assert "共 3 条" in office.get("/needs/").content.decode()
    monkeypatch.setattr("needs.views.need.CappedPaginator", partial(CappedPaginator, most=2))
    page = office.get("/needs/")
    assert "2 条以上，请缩小范围" in page.content.decode()
    assert len(page.context["page"]) == 2


# --- reports

PARAMS = {
    "first": "2026-01-01", "last": "2026-12-31", "span": "2026年", "community": None, "grid": None, "category": "", "channel": "",
    "day": "2026-11-23", "scope": [],
}  # fmt: skip


def built(kind, user, path):
    kind_of(kind).builder(Work(PARAMS | {"user": user.pk}, path, lambda _done, _total: None))
    return openpyxl.load_workbook(path, data_only=True)


def test_ledger_by_hand(world, at, tmp_path):
    here, by = world.here, world.here.people["community"]
    monday = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
    need = handled(world, monday, "rating", contact_name="王小明", contact_phone="13800001234", consented=True)
    NeedRating.objects.create(need=need, stars=4, at=at)
    services.close_need(need_id=need.pk, reason="", by=by, at=monday + timedelta(days=2))
    post(world, at, community=here.communities[1], by=here.people["office"], category="safety", people_count=3)
    book = built("needs.e1", here.people["office"], tmp_path / "e1.xlsx")
    assert book.sheetnames == ["居民需求台账", "居民需求台账明细", "按社区和类别统计", "按社区和类别统计明细"]
    detail = list(book["居民需求台账明细"].iter_rows(values_only=True))
    assert list(detail[0]) == [
        "序号", "编号", "收集日期", "渠道", "社区", "网格", "反映人（脱敏）", "联系方式（脱敏）", "需求类别", "内容", "涉及人数", "紧急程度", "处置方式",
        "责任人", "办结时限", "办结日期", "反馈方式", "满意度（星）",
    ]  # fmt: skip
    row = next(r for r in detail if r[1] == need.number)
    assert [row[2].date(), row[3], row[4], row[8], row[10], row[12]] == [
        date(2026, 11, 2),
        "入户走访",
        "溡源社区",
        "环境卫生",
        9,
        "马上办",
    ]
    assert [row[14].date(), row[15].date(), row[16], row[17]] == [date(2026, 11, 5), date(2026, 11, 4), "上门反馈", 4]
    everything = " ".join(str(c.value) for sheet in book for r in sheet.iter_rows() for c in r)
    assert "王小明" not in everything
    assert "13800001234" not in everything
    assert row[7] == "138****1234"
    table = [
        r for r in book["按社区和类别统计"].iter_rows(values_only=True) if r[0] in ("溡源社区", "云秀社区", "合计")
    ]
    assert table == [("溡源社区", 1, 0, 1), ("云秀社区", 0, 1, 1), ("合计", 1, 1, 2)]


def test_cycle_report_by_hand_and_as_a_spreadsheet_program_computes_it(world, at, tmp_path):
    by = world.here.people["community"]
    monday = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
    for days, stars in ((1, 5), (4, 2)):
        need = handled(world, monday, "rating")
        NeedRating.objects.create(need=need, stars=stars, at=at)
        services.close_need(need_id=need.pk, reason="", by=by, at=monday + timedelta(days=days))
    handled(world, monday, "analysed")
    refused = post(world, monday)
    services.refuse_need(need_id=refused.pk, reason="不属于社区事务", by=by, at=monday)
    path = tmp_path / "e26.xlsx"
    built("needs.e26", world.here.people["office"], path)
    wanted = ("溡源社区", 4, 3, 2, 2, 2, 3, 2, 66.7, 2, 1, 50, 2, 5, 2.5)
    for file in (path, recalculated([path], tmp_path)[0]):
        rows = list(openpyxl.load_workbook(file, data_only=True)["需求闭环统计"].iter_rows(values_only=True))
        assert next(r for r in rows if r[0] == "溡源社区") == wanted
        assert next(r for r in rows if r[0] == "合计")[1:8] == wanted[1:8]
        totals = [
            v
            for r in rows[6:]
            if str(r[0]).startswith(("办结率", "满意率", "平均用时"))
            for v in r
            if isinstance(v, int | float)
        ]
        assert totals == [66.7, 50, 2.5]


def test_three_lists(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    scene = play(world, at)
    book = built("portal.e2", world.here.people["office"], tmp_path / "e2.xlsx")
    need = Need.objects.get(pk=scene.ids["need_id"])
    assert [s for s in book.sheetnames if "明细" not in s] == ["需求清单", "资源清单", "项目清单"]
    needs = list(book["需求清单明细"].iter_rows(values_only=True))
    assert need.number in [r[1] for r in needs]
    projects = list(book["项目清单明细"].iter_rows(values_only=True))
    row = next(r for r in projects if r[2] == "邻里文艺")
    assert [row[3], row[5], row[6]] == [need.number, world.here.organization.name, "已获资助"]
    waiting = next(r for r in projects if r[2] == "义诊")
    assert [waiting[3], waiting[5], waiting[6]] == [need.number, None, "已上单"]


def test_three_lists_name_the_resources_that_can_be_had_and_those_given(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    play(world, at)
    Resource.objects.update(is_active=False)
    room, money = resource(world, at), resource(world, at, kind="money", title="爱心款", amount=Decimal(1000))
    order = ServiceOrder.objects.get(title="义诊")
    promised = pledge(world, room, order, at)
    pledge(world, money, order, at, amount=Decimal(500))
    services.confirm_pledge(pledge_id=promised.pk, by=world.here.people["community"], at=at)
    book = built("portal.e2", world.here.people["office"], tmp_path / "e2.xlsx")
    rows = list(book["资源清单明细"].iter_rows(values_only=True))[1:]
    number = f"ZY-{room.pk:06d}"
    assert [r[:5] for r in rows] == [
        (number, "区供电公司", "二楼活动室", "场地", None),
        (f"ZY-{money.pk:06d}", "区供电公司", "爱心款", "资金", "1,000.00 元"),
    ]
    assert rows[0][6] == "李* 138****1234"
    waiting = next(r for r in book["项目清单明细"].iter_rows(values_only=True) if r[2] == "义诊")
    assert waiting[4] == number


def test_export_starts_for_who_may_and_only_her_own(world, at, office):
    here = world.here
    assert office.post("/needs/analysis/export/", {"what": "e9"}).status_code == 404
    answer = office.post(
        "/needs/analysis/export/", {"what": "e1", "period": "2026-11", "community": here.communities[0].pk}
    )
    job = Job.objects.get()
    assert answer["Location"] == f"/jobs/{job.pk}/"
    assert job.params["scope"] == [here.area.path]
    assert (job.kind, job.params["first"], job.params["community"]) == (
        "needs.e1",
        "2026-11-01",
        here.communities[0].pk,
    )
    for kind in ("needs.e1", "needs.e26", "portal.e2"):
        assert kind_of(kind).allows(here.people["office"], job.params)
        assert not kind_of(kind).allows(here.people["supervisor"], job.params)
        assert not kind_of(kind).allows(here.people["office"], job.params | {"scope": [world.there.area.path]})
    wrong = office.post("/needs/analysis/export/", {"what": "e1", "period": "range", "first": "x"})
    assert wrong.status_code == 302
    assert Job.objects.count() == 1
    assert (
        office.post("/needs/analysis/export/", {"what": "e1", "community": world.there.communities[0].pk}).status_code
        == 404
    )
    foreign = {"user": world.there.people["office"].pk}
    assert rules.asked_for(PARAMS | foreign)[0].count() == 0
