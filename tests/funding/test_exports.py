"""E8 and E9: the plan with its cuts, the notice exactly as it was published."""

from datetime import date

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from funding.models import AllocationPlan
from jobs.models import Job
from jobs.registry import Work, kind_of
from projects.models import Proposal
from tests.funding.test_services import approved, draft, publish


def make(kind, params, tmp_path):
    path = tmp_path / f"{kind}.xlsx"
    kind_of(kind).builder(Work(params, path, lambda _done, _total: None))
    return path


def head(sheet, row=3):
    return {c.value: c.column for c in sheet[row]}


def test_e8_shows_the_approved_budget_and_the_cut_where_the_document_names_them(world, at, tmp_path):
    plan = draft(world, at)
    (proposal,) = plan.document["proposals"]
    AllocationPlan.objects.filter(pk=plan.pk).update(
        document=plan.document | {"proposals": [proposal | {"approved": "8000.50", "factor": "0.9"}]}
    )
    path = make("funding.e8", {"plan": plan.pk}, tmp_path)
    sheet = openpyxl.load_workbook(path, data_only=True)["资金分配方案表"]
    at_ = head(sheet)
    row = {words: sheet.cell(4, column).value for words, column in at_.items()}
    assert (row["申报金额"], row["核定预算"], row["核减额"], row["述职/等级系数"]) == (9000, 8000.5, 999.5, "0.9")
    assert (row["拟资助金额"], row["大写"], row["类别/等次"]) == (9000, "人民币玖仟元整", "文体")
    assert openpyxl.load_workbook(path)["资金分配方案表"].cell(4, at_["核减额"]).value == "=E4-F4"
    assert sheet.cell(5, at_["核减额"]).value == 999.5


def test_e8_without_an_approved_budget_cuts_nothing(world, at, tmp_path):
    plan = draft(world, at)
    sheet = openpyxl.load_workbook(make("funding.e8", {"plan": plan.pk}, tmp_path), data_only=True)["资金分配方案表"]
    found = head(sheet)
    assert [sheet.cell(4, found[w]).value for w in ("核定预算", "核减额", "述职/等级系数")] == [9000, 0, "—"]
    texts = {c.value for row in sheet.iter_rows() for c in row if isinstance(c.value, str)}
    assert "拟资助金额合计（大写）：人民币玖仟元整" in texts
    assert {t.split("：")[0] for t in texts} >= {"分管领导意见\n\n\n　　　签字", "主要领导意见\n\n\n　　　签字"}


def test_e9_is_the_frozen_notice_and_nothing_else(world, at, tmp_path):
    plan = approved(world, at)
    notice = publish(world, plan, date(2026, 11, 24))
    Proposal.objects.update(title="改名以后")
    book = openpyxl.load_workbook(make("funding.e9", {"notice": notice.pk}, tmp_path), data_only=True)
    frozen = notice.content["rows"][0]
    assert list(book["明细"].iter_rows(min_row=2, values_only=True)) == [
        (1, frozen["title"], frozen["organization"], frozen["community"], frozen["theme"], 9000, "以项目协议为准")
    ]
    sheet = book["拟立项项目公示表"]
    assert sheet["F5"].value == float(notice.content["total"])
    assert sheet["A6"].value == f"资助金额合计（大写）：{notice.content['total_upper']}"
    assert sheet["A7"].value == (
        "公示期：2026年11月24日至2026年11月30日。对公示内容有异议的，请在公示期内实名向街道创投办（测试）反映。"
    )


def test_e9_of_a_correction_says_why(world, at, tmp_path):
    plan = approved(world, at)
    publish(world, plan, date(2026, 11, 24))
    second = publish(world, plan, date(2026, 11, 25), reason="单位名称有误")
    sheet = openpyxl.load_workbook(make("funding.e9", {"notice": second.pk}, tmp_path))["拟立项项目公示表"]
    assert sheet["A1"].value == "第一期公益创投拟立项项目公示表（更正第2版）"
    assert sheet["A8"].value == "更正理由：单位名称有误"


@pytest.mark.parametrize(("kind", "most"), [("funding.e8", 2), ("funding.e9", 1)])
def test_reports_of_money_take_few_statements(world, at, tmp_path, kind, most):
    plan = approved(world, at)
    notice = publish(world, plan, date(2026, 11, 24))
    with CaptureQueriesContext(connection) as seen:
        make(kind, {"funding.e8": {"plan": plan.pk}, "funding.e9": {"notice": notice.pk}}[kind], tmp_path)
    assert len(seen) == most


@pytest.mark.parametrize(
    ("role", "status"),
    [("office", 302), ("leader", 302), ("finance", 302), ("supervisor", 302), ("community", 404), ("member", 404)],
)
def test_readers_of_the_plan_take_e9(world, at, role, status):
    notice = publish(world, approved(world, at), date(2026, 11, 24))
    client = Client()
    client.force_login(world.here.people[role])
    assert client.post(f"/notices/{notice.pk}/export/").status_code == status
    client.force_login(world.there.people[role])
    assert client.post(f"/notices/{notice.pk}/export/").status_code == 404
    assert [j.kind for j in Job.objects.all()] == ["funding.e9"] * (status == 302)


def test_the_plan_page_offers_e9_of_its_notices(world, at):
    plan = approved(world, at)
    notice = publish(world, plan, date(2026, 11, 24))
    client = Client()
    client.force_login(world.here.people["leader"])
    assert f'action="/notices/{notice.pk}/export/"' in client.get(f"/plans/{plan.pk}/").content.decode()


def test_names_of_files_follow_the_offices_pattern(world, at):
    plan = approved(world, at)
    client = Client()
    client.force_login(world.here.people["office"])
    client.post(f"/plans/{plan.pk}/export/")
    client.post(f"/sessions/{plan.result.session_id}/export/", {"what": "e5"})
    client.post(f"/sessions/{plan.result.session_id}/export/", {"what": "e6"})
    titles = [j.title[:-9] for j in Job.objects.order_by("pk")]
    name = plan.result.session.name
    assert titles == [
        "〔2026〕第一期公益创投-第1版-资金分配方案表", f"〔2026〕第一期公益创投-{name}-评委评分表", f"〔2026〕第一期公益创投-{name}-评分汇总表",
    ]  # fmt: skip
