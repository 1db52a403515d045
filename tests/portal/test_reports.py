"""报表中心 and E25 年度总表: the arithmetic, the counts, who takes them."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from jobs.models import Job
from jobs.registry import Work, kind_of
from needs.models import Need
from portal.exports import figures
from portal.yearly import growth, spoken_growth
from rounds.models import Round
from tests.house.office import pages_of
from tests.house.scene import play
from tests.projects.make import make_need
from tests.world import open_round

AMOUNT = st.decimals(0, 10**9, places=2)


@pytest.mark.parametrize(
    ("this", "last", "words"),
    [
        ("0", "0", "—"), ("5", "0", "—"), ("5", "5", "持平"), ("9", "8", "+12.5%"), ("0", "8", "-100.0%"),
        ("2", "3", "-33.3%"), ("200125", "200000", "+0.1%"), ("200100", "200000", "+0.1%"), ("200099", "200000", "+0.0%"),
    ],
)  # fmt: skip
def test_growth_in_words(this, last, words):
    assert spoken_growth(Decimal(this), Decimal(last)) == words


@given(AMOUNT, AMOUNT)
def test_growth_is_half_up_and_points_the_right_way(this, last):
    found = growth(this, last)
    if last == 0:
        assert found is None
        return
    assert found is not None
    assert abs(found - (this - last) * 100 / last) <= Decimal("0.05")
    assert (found > 0) <= (this > last)
    assert (found < 0) <= (this < last)
    assert found == ((this - last) * 100 / last).quantize(Decimal("0.1"), ROUND_HALF_UP)


def by_words(street, year=2026):
    return {f.words: (f.this, f.last, f.total) for f in figures(street.area, year)}


@pytest.fixture
def scene(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return play(world, at)


def test_figures_of_a_street_are_its_own_and_of_their_year(scene, at):
    here = scene.world.here
    Round.objects.create(
        street=here.area, title="上年", number=1, year=2025, fund_source="经费", applicant_kinds=["social"],
        budget=Decimal("100000.50"), apply_opens_at=at - timedelta(days=400), apply_closes_at=at - timedelta(days=390),
        state="closed", rules={}, rules_digest="0" * 64, opened_at=at - timedelta(days=400),
    )  # fmt: skip
    found = by_words(here)
    assert found["创投期数"] == (3, 1, 4)
    assert found["投入资金总额"] == (450000, Decimal("100000.50"), Decimal("550000.50"))
    assert found["申报项目数"] == (2, 0, 2)
    assert found["立项项目数"] == (2, 0, 2)
    assert found["批准资助金额"] == (18000, 0, 18000)
    assert found["立项项目计划受益人次"] == (200, 0, 200)
    assert found["覆盖社区"] == (1, 0, 1)
    assert found["收集居民需求"] == (2, 0, 2)
    assert found["居民评议"] == (1, 0, 1)
    assert by_words(here, 2027)["立项项目数"] == (0, 2, 2)
    assert by_words(here, 2024)["创投期数"] == (0, 0, 0)
    assert by_words(scene.world.there)["立项项目数"] == (0, 0, 0)


def test_a_need_of_new_years_night_counts_on_the_clock_of_the_street(world, at):
    for moment in (
        datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2025, 12, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
    ):  # fmt: skip
        Need.objects.filter(pk=make_need(world.here, at).pk).update(collected_at=moment)
    assert by_words(world.here)["收集居民需求"] == (2, 1, 3)


def make(street, tmp_path, year=2026):
    path = tmp_path / "e25.xlsx"
    params = {"street": street.area.pk, "year": year, "day": "2026-11-23"}
    kind_of("portal.e25").builder(Work(params, path, lambda _done, _total: None))
    return path


def test_e25_takes_the_same_statements_in_an_empty_street_and_a_busy_one(scene, tmp_path):
    costs = []
    for street in (scene.world.there, scene.world.here):
        with CaptureQueriesContext(connection) as seen:
            make(street, tmp_path)
        costs.append(len(seen))
    assert costs == [9, 9]


def test_e25_fills_one_page_and_its_differences_are_live(scene, tmp_path):
    path = make(scene.world.here, tmp_path)
    sheet = openpyxl.load_workbook(path)["年度总表"]
    assert sheet["F4"].value == "=D4-E4"
    assert [sheet[c].number_format for c in ("D4", "D5", "F5")] == ["#,##0_)", "#,##0.00_)", "#,##0.00_)"]
    ((text, sizes),) = pages_of([path], tmp_path)
    assert len([p for p in text.split("\f") if "年度总表" in p]) == 1
    assert sizes == [(842, 595)] * 2


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_the_page_lists_every_report_of_the_round_with_its_use(scene):
    page = signed_in(scene.world.here.people["leader"]).get(f"/reports/?round={scene.ids['round_id']}").content.decode()
    ids = scene.ids
    for way in (
        f"/proposals/export/{ids['round_id']}/", f"/sessions/{ids['session_id']}/export/", f"/plans/{ids['plan_id']}/export/",
        f"/notices/{ids['notice_id']}/export/", f"/reports/{ids['street_id']}/year/", *(f"/organizations/export/e{n}/" for n in (17, 18, 19, 20)),
    ):  # fmt: skip
        assert f'action="{way}"' in page


def test_what_cannot_be_had_yet_says_when(world):
    page = signed_in(world.here.people["office"]).get("/reports/").content.decode()
    for words in ("评审会锁定后可以导出。", "拟订资金分配方案后可以导出。", "发布公示后可以导出。"):
        assert words in page


def test_a_street_without_rounds_is_told_what_comes_first(world):
    Round.objects.filter(street=world.here.area).delete()
    page = signed_in(world.here.people["office"]).get("/reports/").content.decode()
    assert "还没有期次" in page
    assert "年度总表" in page


def test_the_page_costs_the_same_with_many_rounds(world, at):
    client = signed_in(world.here.people["office"])

    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/reports/").status_code == 200
        return len(seen)

    cost()
    few = cost()
    for n in range(30):
        open_round(world.here.area, at, f"第{n}期")
    assert cost() == few


def test_a_round_of_elsewhere_is_not_shown(world):
    page = signed_in(world.here.people["office"]).get(f"/reports/?round={world.there.round.pk}").content.decode()
    assert f"/proposals/export/{world.there.round.pk}/" not in page
    assert f"/proposals/export/{world.here.round.pk}/" in page


@pytest.mark.parametrize(("role", "page", "year"), [
    ("office", 200, 302), ("leader", 200, 302), ("finance", 200, 302), ("supervisor", 200, 302), ("community", 403, 403),
    ("host", 403, 403), ("member", 403, 404), ("judge", 403, 404),
])  # fmt: skip
def test_who_takes_the_year(world, role, page, year):
    client = signed_in(world.here.people[role])
    assert client.get("/reports/").status_code == page
    assert client.post(f"/reports/{world.here.area.pk}/year/", {"year": "2026"}).status_code == year
    assert [(j.kind, j.params["year"]) for j in Job.objects.all()] == [("portal.e25", 2026)] * (year == 302)
    assert client.post(f"/reports/{world.there.area.pk}/year/", {"year": "2026"}).status_code == 404


@pytest.mark.parametrize("year", ["", "1999", "99999", "今年"])
def test_an_impossible_year_starts_nothing_and_says_so(world, year):
    answer = signed_in(world.here.people["office"]).post(
        f"/reports/{world.here.area.pk}/year/", {"year": year}, follow=True
    )
    assert "请填写 2000 至 2100 之间的年度。" in answer.content.decode()
    assert not Job.objects.exists()
