"""The first page of a new round, the form, the papers, the public call."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import docx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.clock import local
from core.exact import digest
from judging.models import Session
from rounds import forms, starts
from rounds.domain.configurations import configurations
from rounds.models import Round
from tests.rounds.make import make_round, posted
from workdays.domain import is_workday


@pytest.fixture
def noon(at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


@pytest.fixture
def office(world):
    client = Client()
    client.force_login(world.here.people["office"])
    return client


def text(answer):
    return answer.content.decode()


def words_of(answer):
    document = docx.Document(BytesIO(b"".join(answer.streaming_content)))
    cells = [c.text for t in document.tables for r in t.rows for c in r.cells]
    return "\n".join([p.text for p in document.paragraphs] + cells)


def test_the_first_page_offers_configurations_and_earlier_rounds(world, noon, office):
    page = text(office.get("/rounds/new/"))
    assert [f"?with={c.key}" in page for c in configurations()] == [True] * 4
    assert f"?from={world.here.round.pk}" in page
    assert f"?from={world.there.round.pk}" not in page
    assert "?blank=1" in page


def test_the_first_page_costs_the_same_however_many_rounds(world, noon, office):
    def cost():
        with CaptureQueriesContext(connection) as caught:
            office.get("/rounds/new/")
        return len(caught)

    make_round(world, noon)
    cost()
    few = cost()
    for n in range(12):
        make_round(world, noon, title=f"第{n}期")
    assert cost() == few


@pytest.mark.parametrize("ready", configurations(), ids=lambda c: c.key)
def test_every_configuration_is_one_form_away_from_a_call(world, noon, office, ready):
    page = office.get("/rounds/new/", {"with": ready.key})
    initial = page.context["form"].initial
    assert local(initial["apply_opens_at"]).hour == 9
    assert is_workday(local(initial["apply_opens_at"]).date(), {})
    assert is_workday(local(initial["apply_closes_at"]).date(), {})
    body = posted(
        {k: local(v) if hasattr(v, "astimezone") else v for k, v in initial.items()}, title="新的一期", objection_contact="创投办窗口"
    )  # fmt: skip
    answer = office.post("/rounds/new/", body)
    assert answer.status_code == 302, answer.context["form"].errors
    row = Round.objects.get(title="新的一期")
    assert row.origin == f"配置：{ready.label}"
    assert row.apply_closes_at == initial["apply_closes_at"]
    assert office.post(f"/rounds/{row.pk}/open/").status_code == 302
    row.refresh_from_db()
    assert row.rules_digest == digest(row.rules)
    call = text(Client().get(f"/calls/{row.pk}/"))
    assert row.rules_digest in call
    assert row.rules_digest in text(office.get(f"/rounds/{row.pk}/"))


def test_an_earlier_round_is_cloned_whole_and_moved_to_working_times(world, office, monkeypatch):
    opens = datetime(2025, 3, 10, 1, 0, 5, tzinfo=UTC)
    row = make_round(world, opens, opened=True, year=2025, asks_until=opens + timedelta(days=5))
    now = datetime(2025, 11, 24, 4, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    initial = starts.from_round(row, now)
    kept = forms.initial_of(row)
    moved = {"title", "number", "year", "apply_opens_at", "apply_closes_at", "asks_until", "origin"}
    assert {k for k in kept if kept[k] != initial[k]} == moved
    assert (initial["title"], initial["number"], initial["year"]) == ("", 3, 2026)
    assert local(initial["apply_opens_at"]).isoformat() == "2026-03-10T09:00:05+08:00"
    assert local(initial["apply_closes_at"]).isoformat() == "2026-03-30T09:00:12+08:00"
    assert is_workday(local(initial["asks_until"]).date(), {})
    page = office.get("/rounds/new/", {"from": row.pk})
    assert "2026-03-30 09:00:12" in text(page)
    body = posted({k: local(v) if hasattr(v, "astimezone") else v for k, v in initial.items()}, title="下一期")
    assert office.post("/rounds/new/", body).status_code == 302
    fresh = Round.objects.get(title="下一期")
    same = (
        "kind_caps",
        "head_limits",
        "indicators",
        "rubric",
        "allocation",
        "conditions",
        "applicant_kinds",
        "buyer",
        "cap",
    )
    assert [getattr(fresh, k) for k in same] == [getattr(row, k) for k in same]
    assert list(fresh.themes.values_list("name", "max_awards")) == list(row.themes.values_list("name", "max_awards"))


def test_words_given_by_address_still_fill_the_form(world, noon, office):
    page = office.get("/rounds/new/", {"title": "甲", "intro": "因为 & 所以", "themes": "文体\n环保 2"})
    initial = page.context["form"].initial
    assert (initial["title"], initial["intro"], initial["themes"]) == ("甲", "因为 & 所以", "文体\n环保 2")
    with_ready = office.get("/rounds/new/", {"with": "redcore", "themes": "文体"}).context["form"].initial
    assert (with_ready["themes"], with_ready["applicant_kinds"]) == ("文体", ["party"])


@pytest.mark.parametrize("query", ["from=99999999999999999999", "from=x", "with=nothing", "from=0"])
def test_an_odd_start_shows_the_first_page(world, noon, office, query):
    assert "从哪里开始" in text(office.get(f"/rounds/new/?{query}"))


def test_a_round_of_elsewhere_is_no_start(world, noon, office):
    assert "从哪里开始" in text(office.get("/rounds/new/", {"from": world.there.round.pk}))


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"scale": "micro"}, "cap", "微创投的单个项目上限必须填写，且不超过 5,000.00 元。"),
        ({"cap_party": "100"}, "cap_party", "申报主体没有选“社区（村）党组织”，请勾选，或把这一栏清空。"),
        ({"cap_social": "30000"}, "cap_social", "不能高于单个项目上限。"),
        ({"head_staff": "101"}, "head_staff", "确保该值小于或等于100。"),
        ({"head_activity": "1", "head_staff": "1", "head_management": "1", "head_tax": "1"}, "head_activity", "四个科目的限额合计不到 100%，没有预算能够符合，请调高。"),
        ({"indicators": "活动"}, "indicators", "“活动”看不懂：请写指标、数值和单位，中间空一格，例如：活动场次 12 场。"),
        ({"themes": "党建 1 60000"}, "themes", "单个主题的金额上限不能高于资金总额。"),
        ({"asks_until": "2030-01-01 00:00:00"}, "asks_until", "提问截止不能晚于申报截止。"),
    ],
)  # fmt: skip
def test_bad_settings_are_said_at_the_field_and_nothing_is_lost(world, noon, office, changed, field, sentence):
    initial = forms.initial_of(make_round(world, noon))
    body = (
        posted({k: local(v) if hasattr(v, "astimezone") else v for k, v in initial.items()}, title="另一期") | changed
    )
    answer = office.post("/rounds/new/", body)
    assert answer.status_code == 200
    assert answer.context["form"].errors == {field: [sentence]}
    assert "另一期" in text(answer)
    assert Round.objects.filter(title="另一期").count() == 0


def test_the_same_title_is_refused_at_its_field(world, noon, office):
    initial = forms.initial_of(make_round(world, noon))
    body = posted({k: local(v) if hasattr(v, "astimezone") else v for k, v in initial.items()})
    assert office.post("/rounds/new/", body).context["form"].errors == {"title": ["本街道已有同名期次，请换一个名称。"]}


def test_editing_keeps_the_seconds(world, noon, office):
    row = make_round(world, noon)
    page = text(office.get(f"/rounds/{row.pk}/edit/"))
    assert local(row.apply_closes_at).strftime("%Y-%m-%d %H:%M:%S") in page
    assert row.apply_closes_at.second == 7


def test_two_labels(world, noon, office):
    row = world.here.round
    assert "申报中，收件" in text(office.get(f"/rounds/{row.pk}/"))
    public = text(Client().get(f"/calls/{row.pk}/"))
    assert "正在申报" in public
    assert "收件" not in public


def test_the_frozen_rules_are_the_bytes_of_the_digest(world, noon):
    import hashlib

    row = make_round(world, noon, opened=True)
    answer = Client().get(f"/calls/{row.pk}/rules.json")
    assert hashlib.sha256(answer.content).hexdigest() == row.rules_digest
    assert json.loads(answer.content)["format"] == "chuangtou/round@1"


def test_papers_say_what_was_set(world, noon, office):
    row = make_round(world, noon, title="溡源社区创投", themes=None)
    draft = words_of(office.get(f"/rounds/{row.pk}/word/w1/"))
    assert "关于开展溡源社区创投的通知（草案）" in draft
    assert "SHA-256" not in draft
    office.post(f"/rounds/{row.pk}/open/")
    row.refresh_from_db()
    notice, call = (words_of(office.get(f"/rounds/{row.pk}/word/{what}/")) for what in ("w1", "w2"))
    closes = f"{local(row.apply_closes_at):%Y年}"
    for said in (
        "一、目的", "二、组织机构", "协办单位：测试党群服务中心。", "登记社会组织、居民小组", "1. 条件一", "资金总额 50,000.00 元，单个项目不超过 20,000.00 元，居民小组不超过 3,000.00 元",
        "人员费不超过 30%", "12时00分07秒", "附件1", "申报主题一览表", "社区公益创投立项评审表", "活动场次", row.rules_digest,
    ):  # fmt: skip
        assert said in notice
    for said in (
        "溡源社区创投征集公告",
        "咨询：创投办窗口。",
        "异议受理：创投办（测试）。",
        closes,
        row.rules_digest,
        "一、谁可以申报",
    ):
        assert said in call
    assert not re.search(r"\bNone\b|\{|\}", notice + call)
    public = Client().get(f"/calls/{row.pk}/word/")
    assert words_of(public) == call
    assert office.get(f"/rounds/{row.pk}/word/w9/").status_code == 404


def test_a_draft_is_not_public(world, noon):
    row = make_round(world, noon)
    for url in ("", "word/", "rules.json"):
        assert Client().get(f"/calls/{row.pk}/{url}").status_code == 404


def test_a_session_and_a_plan_begin_from_what_the_call_said(world, noon, office):
    from funding.forms.plan import PlanForm
    from judging.models import Result

    row = make_round(world, noon, opened=True, rubric="party", allocation="tiers")
    assert office.get(f"/sessions/new/{row.pk}/").context["form"].initial == {"rubric": "party"}
    plan = PlanForm(round_=row, results=Result.objects.none())
    assert plan.fields["method"].initial == "tiers"
    assert Session.objects.count() == 0
    assert plan.fields["pool"].initial == f"{Decimal(50000):.2f}"
    assert {str(k) for k, _ in Round.Allocation.choices if k} == {k for k, _ in PlanForm.METHODS}
