"""The whole main line in a real browser, each step by its own role: from a resident's need to her rating."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from io import BytesIO

import openpyxl
import pytest
from django.conf import settings as live
from django.core.management import call_command
from playwright.sync_api import expect

from core import clock
from funding.models import Award
from messaging.models import Delivery
from needs.models import Need
from organizations.models import Membership
from projects.models import Proposal
from reminders.services import remind_closing_drafts
from rounds.models import Round, Theme
from tests.browser.walker import Walker
from tests.live import database_url
from tests.world import PASSWORD, build, open_round, organization, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
QUEUE = "test-main-line"


@pytest.fixture
def worker(tmp_path, settings):
    """A real Celery worker on the test database."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.QUEUE_PREFIX = f"{QUEUE}-"
    env = os.environ | {
        "PORTAL_DATA": str(tmp_path),
        "DATABASE_URL": database_url(),
        "PORTAL_QUEUE_PREFIX": settings.QUEUE_PREFIX,
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "chuangtou",
        "worker",
        "-c",
        "1",
        "-l",
        "WARNING",
        "--without-gossip",
        "--without-mingle",
    ]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=live.BASE_DIR, env=env, stdout=log, stderr=log, start_new_session=True)
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_proposal(walker, round_id, title, order, prices):
    """A social organization answers an order: draft, budget, check, submit; returns the receipt number."""
    page = walker.page
    walker.go(f"/calls/{round_id}/", "征集公告")
    walker.follow("我要申报", "申报开始")
    page.get_by_label("项目名称").fill(title)
    walker.press("开始填写", "申报书空白")
    page.get_by_label("主题").select_option(label="环保")
    page.get_by_label("类别").select_option(label="环境环保类")
    page.get_by_label("实施社区").select_option(label="溡源社区")
    page.get_by_label("项目简介").fill("每月一次旧物交换，减少垃圾。")
    page.get_by_label(order).check()
    page.get_by_label("实施计划").fill("每月第二个周六，六次。")
    page.get_by_label("预期成效与指标").fill("活动 6 场，服务 300 人次。")
    page.get_by_label("项目开始日期").fill("2027-01-01")
    page.get_by_label("项目结束日期").fill("2027年12月31日")
    page.get_by_label("直接受益人数").fill("300")
    page.get_by_label("最低可行金额").fill("5,000")
    for i, (item, price, count, own) in enumerate(prices):
        page.fill(f"[name=line-{i}-item]", item)
        page.fill(f"[name=line-{i}-unit_price]", price)
        page.fill(f"[name=line-{i}-quantity]", count)
        page.fill(f"[name=line-{i}-self_raised]", own)
    walker.press("暂存并核对", "申报书核对")
    walker.press("确认提交", "受理回执")
    walker.says("已提交")
    return page.locator(".code").first.inner_text().strip()


def score(walker, session, marks):
    """A judge scores every project on a phone: steppers and typing, read-back, hand in."""
    page = walker.page
    walker.go(f"/judge/{session}/", "评委清单")
    for i, given in enumerate(marks):
        page.locator("[data-rows] a").nth(i).click()
        walker.look("评委评分")
        inputs = page.locator("[data-criteria] input")
        page.get_by_role("button", name="加一档").first.click()
        assert inputs.first.input_value() != ""
        for j, mark in enumerate(given):
            inputs.nth(j).fill(mark)
        total = page.locator("[data-total]").inner_text()
        page.get_by_role("button", name="提交", exact=True).click()
        walker.look("评委确认")
        walker.says(f"您给出的总分为 {total}")
        page.get_by_role("button", name="确认提交").click()
        expect(page.locator("[data-state] .status")).to_contain_text("已送达")
        page.locator("[data-sheet] nav a", has_text="全部项目").click()
    walker.says("全部项目都已提交")


def test_a_need_becomes_a_funded_project_and_is_rated(chromium, live_server, worker):
    at = clock.now()
    world = build(at)
    here = world.here
    team = organization(here.area, "甲街道环保志愿队", at, kind="team", community=here.communities[0])
    Membership.objects.create(organization=team, user=person("team_a", at), duty="head", since=at)
    second = open_round(here.area, at, "第二期公益创投")
    Theme.objects.create(round=second, name="环保", position=1)
    walkers = []

    def new(who=None, *, phone=False):
        walker = Walker(chromium, live_server.url, phone=phone)
        walkers.append(walker)
        if who:
            walker.sign_in(who, PASSWORD)
        return walker

    # 1. A resident asks without an account, on a phone; a community worker writes one down.
    resident = new(phone=True)
    resident.go("/", "首页")
    resident.follow("提需求", "提需求")
    resident.page.get_by_label("您在哪个社区").select_option(label="甲街道 溡源社区")
    resident.page.get_by_label("环境卫生").check()
    resident.page.get_by_label("您想解决什么").fill("小区旧衣旧书没处去，希望有个交换的地方。")
    resident.press("提交", "提需求已收到")
    code = resident.page.locator(".tracking-code").inner_text().strip()
    clerk = new("community_a")
    clerk.go("/needs/new/", "登记需求")
    clerk.page.get_by_label("类别").select_option(label="环境卫生")
    clerk.page.get_by_label("居民的原话").fill("楼道堆物多，旧家电没人收。")
    clerk.page.get_by_label("涉及人数").fill("60")
    clerk.page.get_by_label("较急").check()
    clerk.press("登记", "需求详情")
    clerk.says("需求已登记")

    # 2. Both needs become one service order on the round's list.
    clerk.go("/needs/", "需求台账")
    for box in clerk.page.get_by_role("checkbox").all():
        box.check()
    clerk.press("把选中的需求制成服务项目单", "制单")
    clerk.page.get_by_label("服务项目名称").fill("旧物交换市集")
    clerk.page.get_by_label("服务对象").fill("溡源社区居民")
    clerk.page.get_by_label("最高限价").fill("30000")
    clerk.press("制单", "服务项目单")
    clerk.page.get_by_label("上到哪一期").select_option(label="第一期公益创投")
    clerk.press("上到项目超市")
    resident.go(f"/track/{code}/", "查进度制单后")
    resident.says("旧物交换市集")

    # 3. Three applicants answer; the fourth leaves a draft and is reminded once.
    first = write_proposal(
        new("member_a"),
        here.round.pk,
        "旧物新生",
        "旧物交换市集",
        [("场地布置", "500", "20", "0"), ("志愿者补贴", "50.50", "100", "50")],
    )
    write_proposal(new("team_a"), here.round.pk, "楼道清爽", "旧物交换市集", [("清运", "1000", "12", "0")])
    other = new("other_member_a")
    write_proposal(other, here.round.pk, "邻里换物", "旧物交换市集", [("活动物资", "300", "30", "0")])
    assert Proposal.objects.get(receipt_number=first).requested == 15000

    # 4. The office passes two and refuses one with a reason that the applicant reads.
    office = new("office_a")
    office.go("/proposals/", "申报项目列表")
    for title in ("旧物新生", "楼道清爽"):
        office.go("/proposals/?state=submitted")
        office.follow(title, "资格初审")
        office.page.get_by_label("通过").first.check()
        office.press("登记结论")
        office.says("初审结论已登记")
    office.go("/proposals/?state=submitted")
    office.follow("邻里换物")
    office.page.get_by_label("不予受理").first.check()
    office.press("登记结论", "初审缺理由")
    office.says("退回补正或不予受理必须写明理由")
    office.page.get_by_label("理由").first.fill("与已受理项目内容重复。")
    office.press("登记结论")
    other.go("/inbox/", "消息")
    other.says("与已受理项目内容重复")

    # 5. The office sets up the roadshow; judges score on phones; the office sees who handed in, not what.
    office.go(f"/desk/{here.round.pk}/", "期次")
    office.follow("新设评审会", "新设评审会")
    office.page.get_by_label("评审会名称").fill("路演评审会")
    office.page.get_by_label("日期").fill("2026年11月30日")
    office.press("下一步", "评审会设置")
    for box in office.page.locator("input[name=proposal]").all():
        box.check()
    office.press("保存参评项目")
    office.page.get_by_label("评委用户名").fill("judge_a\nsecond_judge_a\nthird_judge_a")
    office.press("保存评委")
    office.follow("去抽签", "抽签承诺")
    office.press("公布承诺值")
    office.page.get_by_label("现场号码").fill("2026133")
    office.page.get_by_label("见证人").fill("监督员、申报单位代表")
    office.press("抽签", "抽签结果")
    session = int(office.page.url.rstrip("/").split("/")[-2])
    office.go(f"/sessions/{session}/", "评审会待开放")
    office.press("冻结规则并开放评分", "评分进度")
    criteria = office_criteria(session)
    for judge, less in (("judge_a", 1), ("second_judge_a", 2), ("third_judge_a", 4)):
        walker = new(judge, phone=True)
        score(walker, session, [[str(m - less) for m in criteria], [str(m - less - 1) for m in criteria]])
    office.go(f"/sessions/{session}/", "评分进度齐")
    office.says("已交 6 / 6 张评分表")
    office.page.get_by_label("请输入“锁定”二字确认").fill("锁定")
    office.press("锁定并计算", "评审结果")
    office.press("公布结果")

    # 6. Allocation: a plan by rank, one award adjusted with a reason, a leader approves, the notice appears.
    office.go("/plans/", "方案列表")
    office.follow("拟订方案", "拟订方案")
    office.press("按公式计算", "分配方案")
    award = Award.objects.order_by("place").last()
    office.go(f"/awards/{award.pk}/", "调整金额")
    office.page.get_by_label("拟资助金额").fill(str(award.amount - 1000))
    office.press("保存调整")
    office.says("调整金额必须写明理由")
    office.page.get_by_label("调整理由").fill("按集体研究意见核减场地费。")
    office.press("保存调整", "分配方案已调整")
    plan = office.page.url.rstrip("/").split("/")[-1]
    office.press("提请领导审批")
    leader = new("leader_a")
    leader.go(f"/plans/{plan}/", "领导审批")
    leader.page.get_by_label("会议纪要文号").fill("街党工委纪〔2026〕12号")
    leader.page.get_by_label("会议日期").fill("2026-11-20")
    leader.page.get_by_label("应到人数").fill("9")
    leader.page.get_by_label("实到人数").fill("5")
    leader.press("批准方案")
    leader.says("不足三分之二（至少 6 人）")
    leader.page.get_by_label("实到人数").fill("6")
    leader.press("批准方案", "方案已批准")
    office.go(f"/plans/{plan}/")
    office.page.get_by_label("公示起始日").fill("2026-12-01")
    office.press("发布公示", "公示")
    office.says("2026年12月1日 至 2026年12月7日")

    # 7. E6 and E8 by a real worker, with progress, downloadable.
    for path, words in ((f"/sessions/{session}/result/", "评分汇总表"), (f"/plans/{plan}/", "资金分配方案表")):
        office.go(path)
        office.press("导出 Excel")
        office.page.get_by_role("link", name="下载", exact=True).wait_for(timeout=40000)
        office.look("导出完成")
        with office.page.expect_download() as got:
            office.page.get_by_role("link", name="下载", exact=True).click()
        assert words in openpyxl.load_workbook(BytesIO(got.value.path().read_bytes())).sheetnames

    # 8. A draft near the deadline is reminded of once and only once: inbox and e-mail.
    other.go("/calls/")
    other.follow("第二期公益创投")
    other.follow("我要申报")
    other.page.get_by_label("项目名称").fill("还没写完")
    other.press("开始填写")
    soon = Round.objects.get(title="第二期公益创投").apply_closes_at - timedelta(days=2)
    assert [remind_closing_drafts(at=soon), remind_closing_drafts(at=soon)] == [1, 0]
    other.go("/inbox/", "消息提醒")
    other.says("申报快截止了：第二期公益创投")
    assert Delivery.objects.filter(notice__subject__startswith="申报快截止了").count() == 1
    office.go(f"/rounds/{Round.objects.get(title='第二期公益创投').pk}/reminders/", "提醒记录")
    office.says("测试other_member_a")

    # 9. The resident's page shows order, proposals, result, money; she rates.
    resident.go(f"/track/{code}/", "查进度公示后")
    for words in ("旧物交换市集", "已有 2 家单位", "获资助", "评议“"):
        resident.says(words)
    resident.page.get_by_label("很满意").first.check()
    resident.press("提交评议", "已评议")
    resident.says("您的评议")
    mine = new("member_a")
    mine.go(f"/proposals/{Proposal.objects.get(receipt_number=first).pk}/award/", "资助结果说明")
    mine.says("获得资助")

    for who, pages in {
        "supervisor_a": ["/sessions/", f"/sessions/{session}/result/", f"/plans/{plan}/", "/needs/", "/proposals/"],
        "finance_a": ["/plans/", f"/plans/{plan}/", "/proposals/"],
        "host_a": ["/sessions/", f"/sessions/{session}/"],
        "system_admin_a": ["/people/", "/people/new/"],
        "security_admin_a": ["/grants/"],
        "audit_admin_a": ["/records/"],
        "grid_a": ["/needs/", "/needs/new/"],
    }.items():
        walker = new(who)
        for page in pages:
            walker.go(page, f"{who}{page.replace('/', '_')}")
    public = new(phone=True)
    for page in ("/notices/", "/market/", f"/results/{session}/", "/track/", "/calls/", "/help/", "/gallery/"):
        public.go(page, f"公开{page.replace('/', '_')}")

    faults = [f for walker in walkers for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))
    assert Need.objects.filter(state="handling", route="order").count() == 2
    call_command("check_invariants")


def office_criteria(session):
    """Maxima of the session's criteria, as whole numbers."""
    from judging.models import Session

    return [int(c["max"]) for c in Session.objects.get(pk=session).rule["criteria"]]
