"""E3 申报项目汇总表: who takes it, what stands in it, and that it costs the same however many proposals there are."""

from decimal import Decimal

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from jobs.models import Job
from jobs.registry import Work, kind_of
from needs.models import ServiceOrder
from organizations.models import Membership, Organization
from projects.domain.budget import Line
from projects.models import Proposal
from projects.services import save_draft, submit_proposal, withdraw_proposal
from tests.projects.make import facts, make_draft, make_order
from tests.world import open_round


def handed_in(street, at, n=1, **more):
    """One proposal answering the only order, of an organization of its own, handed in: 4,000.00 asked, 1,000.50 self-raised."""
    organization = Organization.objects.create(
        street=street.area, kind="social", name=f"单位{n}", pinyin=f"danwei{n}", created_at=at
    )
    by = User.objects.get(pk=street.people["member"].pk)  # asked for her organizations afresh
    Membership.objects.create(organization=organization, user=by, duty="clerk", since=at)
    draft = make_draft(street, at, organization=organization, by=by, title=f"项目{n}")
    save_draft(
        proposal_id=draft.pk, facts=facts(street, title=f"项目{n}", minimum=Decimal(1000), **more),
        lines=[Line("activity", "物资", Decimal("5000.50"), 1, Decimal("1000.50"))], need_ids=[], order_ids=[ServiceOrder.objects.get(street=street.area).pk],
        revision=0, by=by, at=at,
    )  # fmt: skip
    return submit_proposal(proposal_id=draft.pk, by=by, at=at)


@pytest.fixture(autouse=True)
def order(world, at):
    return make_order(world.here, at)


def make(tmp_path, street, *, phones=True, group="theme"):
    path = tmp_path / "e3.xlsx"
    params = {"round": street.round.pk, "group": group, "phones": phones, "by": "某经办", "day": "2026-11-23"}
    kind_of("projects.e3").builder(Work(params, path, lambda _done, _total: None))
    return openpyxl.load_workbook(path, data_only=True)


def body(book):
    """Rows of the sheet 明细 as dicts by head."""
    head, *rows = book["明细"].iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_report_says_what_was_handed_in(world, at, tmp_path):
    here = world.here
    User.objects.filter(pk=here.people["member"].pk).update(phone="13800000001")
    handed_in(here, at)
    (row,) = body(make(tmp_path, here))
    assert row == {
        "序号": 1, "项目编号": Proposal.objects.get().receipt_number, "项目名称": "项目1", "申报单位": "单位1",
        "单位性质": "登记社会组织", "实施社区": "溡源社区", "方向": "环保", "类别": "环境环保类", "受益对象": "居民", "受益人数": 300, "项目周期": "2027.01-2027.12",
        "经费预算（元）总预算": 5000.5, "经费预算（元）申请资金": 4000, "经费预算（元）自筹": 1000.5, "经费预算（元）其他资金": 0,
        "负责人": here.people["member"].display_name, "电话": "13800000001", "对接需求数": 0, "初审结论": "待初审", "备注": None,
    }  # fmt: skip


def test_drafts_and_what_was_withdrawn_are_left_out(world, at, tmp_path):
    here = world.here
    make_draft(here, at)
    gone = handed_in(here, at, 1)
    withdraw_proposal(proposal_id=gone.pk, reason="另报", by=User.objects.get(pk=here.people["member"].pk), at=at)
    handed_in(here, at, 2)
    assert [row["项目名称"] for row in body(make(tmp_path, here))] == ["项目2"]


def test_totals_and_subtotals_are_the_databases(world, at, tmp_path):
    here = world.here
    for n, theme in enumerate((0, 1, 1), 1):
        handed_in(here, at, n, theme=here.themes[theme].pk)
    sheet = make(tmp_path, here)["申报项目汇总表"]
    found = {
        sheet.cell(r, 7).value or sheet.cell(r, 1).value: [sheet.cell(r, c).value for c in (3, 10, 12, 13, 14)]
        for r in range(5, sheet.max_row + 1)
        if sheet.cell(r, 1).value in ("小计", "合计")
    }
    assert found == {
        "党建": [1, 300, 5000.5, 4000, 1000.5], "环保": [2, 600, 10001, 8000, 2001], "合计": [3, 900, 15001.5, 12000, 3001.5],
    }  # fmt: skip


def test_without_the_right_there_is_no_column_of_phones(world, at, tmp_path):
    User.objects.filter(pk=world.here.people["member"].pk).update(phone="13800000001")
    handed_in(world.here, at)
    book = make(tmp_path, world.here, phones=False)
    texts = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row]
    assert not any("13800000001" in t or t == "电话" for t in texts)


def test_a_report_takes_three_statements_at_1_and_at_30_proposals(world, at, tmp_path):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            make(tmp_path, world.here)
        return len(seen)

    handed_in(world.here, at)
    first = cost()
    for n in range(2, 31):
        handed_in(world.here, at, n)
    assert (first, cost()) == (3, 3)


def ask(user, street, **data):
    client = Client()
    client.force_login(user)
    return client.post(f"/proposals/export/{street.round.pk}/", {"group": "theme", **data})


@pytest.mark.parametrize(
    ("role", "phones"), [("office", True), ("leader", False), ("finance", False), ("supervisor", False)]
)
def test_readers_take_the_report_and_only_the_office_the_phones(world, at, role, phones):
    answer = ask(world.here.people[role], world.here)
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}/")
    assert (job.kind, job.params["phones"], job.params["group"]) == ("projects.e3", phones, "theme")
    assert job.params["by"] == (world.here.people[role].display_name if phones else "")
    assert job.title.startswith("〔2026〕第一期公益创投-申报项目汇总表-")


@pytest.mark.parametrize(
    ("role", "status"), [("community", 403), ("host", 403), ("member", 404), ("judge", 404), ("grid", 404)]
)
def test_others_are_refused(world, at, role, status):
    assert ask(world.here.people[role], world.here).status_code == status
    assert not Job.objects.exists()


def test_an_office_elsewhere_finds_nothing(world, at):
    assert ask(world.there.people["office"], world.here).status_code == 404
    assert not Job.objects.exists()


def test_twice_the_same_click_is_one_job_and_an_unknown_grouping_none(world, at):
    office = world.here.people["office"]
    ask(office, world.here)
    ask(office, world.here)
    assert Job.objects.count() == 1
    answer = ask(office, world.here, group="organization__members__user__phone")
    assert (answer.status_code, answer["Location"]) == (302, f"/proposals/?round={world.here.round.pk}")
    assert Job.objects.count() == 1


def test_the_list_offers_the_report_of_the_round_one_looks_at(world, at):
    second = open_round(world.here.area, at, "第二期")
    client = Client()
    client.force_login(world.here.people["office"])
    assert f"/proposals/export/{second.pk}/" in client.get("/proposals/").content.decode()
    chosen = client.get(f"/proposals/?round={world.here.round.pk}").content.decode()
    assert f"/proposals/export/{world.here.round.pk}/" in chosen
    client.force_login(world.here.people["community"])
    assert "/proposals/export/" not in client.get("/proposals/").content.decode()
