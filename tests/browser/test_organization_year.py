"""An organization's year: months, warnings, a red flag, a decision, its notice; and another's: appeal, hearing, star, factor."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core import clock
from judging import services as judging
from judging.domain.rubrics import RUBRICS
from organizations.domain.monthly import DEFAULT, Month
from organizations.models import HearingCode, Standing
from organizations.services import enter_sheet, set_items
from tests.browser.walker import Walker
from tests.judging.make import full_marks, hand_in, lock
from tests.projects.make import decide, make_submitted_proposal
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    return build(clock.now())


@pytest.fixture
def months(world):
    """Both organizations resident for a year, all months but the last marked: low of late here, good there. The last month."""
    at, office = clock.now(), world.here.people["office"]
    last = Month.of(clock.local(at).date()).plus(-1)
    first = last.plus(-11)
    set_items(street=world.here.area, items=DEFAULT, starts=first, by=office, at=at)
    for row, lows in ((world.here.organization, 2), (world.here.other_organization, 0)):
        row.moved_in_on = date(first.year, first.month, 1)
        row.save()
        for n in range(11):
            marks = {i.key: Decimal(1) if n >= 11 - lows else i.top for i in DEFAULT}
            enter_sheet(organization_id=row.pk, month=first.plus(n), marks=marks, note="", shown=0, by=office, at=at)
    return last


def no_faults(*walkers):
    faults = [f for walker in walkers for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))


def enter(office, row, month, marks):
    office.go(f"/organizations/{row.pk}/monthly/{month.year}/{month.month}/")
    for label, mark in zip(("月计划", "月总结", "坐班", "卫生", "党建活动"), marks, strict=True):
        office.page.get_by_label(label).fill(mark)
    office.press("登记", "")


def test_twelve_months_to_the_notice(chromium, live_server, world, months):
    row, office, leader = (
        world.here.organization,
        Walker(chromium, live_server.url),
        Walker(chromium, live_server.url, phone=True),
    )
    office.sign_in("office_a", PASSWORD)
    office.go("/organizations/monthly/", "全年月积分")
    office.go(f"/organizations/{row.pk}/monthly/")
    office.says("缺月，暂不能判定")
    enter(office, row, months, ("1", "1", "1.5", "1", "0"))
    office.go("/organizations/monthly/", "全年红牌")
    office.says("红牌：连续三个月低于 6 分")
    leader.sign_in("leader_a", PASSWORD)
    leader.go("/organizations/monthly/", "手机全年红牌")
    leader.follow("看积分和决定", "手机决定")
    leader.page.get_by_label("责令退出").check()
    leader.page.get_by_label("退出日期").fill(str(clock.local(clock.now()).date() + timedelta(days=30)))
    leader.page.get_by_label("理由").fill("连续三个月低于 6 分")
    leader.press("登记决定", "手机已决定")
    with leader.page.expect_download() as download:
        leader.page.get_by_role("link", name="下载退出通知").click()
    assert download.value.suggested_filename.endswith(".docx")
    no_faults(office, leader)


def test_from_an_appeal_to_next_seasons_factor(chromium, live_server, world, months):
    row, here = world.here.other_organization, world.here
    office, member = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    clerk, leader, resident = (Walker(chromium, live_server.url, phone=p) for p in (False, False, True))
    office.sign_in("office_a", PASSWORD)
    enter(office, row, months, ("2", "2", "1", "1", "0"))
    member.sign_in("other_member_a", PASSWORD)
    member.go(f"/organizations/{row.pk}/monthly/{months.year}/{months.month}/")
    member.page.get_by_label("申诉理由").fill("坐班三次，漏记两次。")
    member.press("提交申诉")
    office.go("/organizations/monthly/")
    office.follow("去答复")
    office.page.get_by_label("更正得分").check()
    office.page.get_by_label("坐班").fill("3")
    office.page.get_by_label("答复", exact=False).first.fill("属实，已更正。")
    office.press("答复", "申诉已更正")
    _hear(office, member, clerk, resident, here, row)
    year = clock.local(clock.now()).year
    office.go(f"/organizations/{row.pk}/rating/{year}/")
    for label, mark in (
        ("党建", "92"),
        ("日常积分", "95"),
        ("项目绩效", "90"),
        ("居民满意度", "96"),
        ("财务规范", "90"),
    ):
        office.page.get_by_label(label).fill(mark)
    office.press("登记", "年终得分")
    leader.sign_in("leader_a", PASSWORD)
    leader.go("/organizations/rating/", "年终评定")
    leader.follow("确认星级", "确认星级")
    leader.press("确认本页星级", "已确认星级")
    leader.says("已确认")
    member.go("/organizations/certificates/", "手机证书列表")
    member.page.get_by_role("main").get_by_role("link", name=row.name).first.click()
    member.look("手机证书")
    member.says("五星级")
    with member.page.expect_download() as download:
        member.page.get_by_role("link", name="下载 Word").click()
    assert download.value.suggested_filename.endswith(".docx")
    leader.go(member.page.url.removeprefix(live_server.url), "证书")
    standing = Standing.objects.filter(organization=row).latest("number")
    assert (standing.hearing, standing.stars) == ("basic", 5)
    _counts(office, world, row, year)
    no_faults(office, member, clerk, leader, resident)


def _hear(office, member, clerk, resident, here, row):
    """The office plans, the organization reports, a worker and residents vote, the office closes."""
    today = clock.local(clock.now()).date()
    office.go("/organizations/hearings/new/", "安排述职")
    office.page.get_by_label("述职日期").fill(str(today))
    office.page.get_by_label("评议截止时间").fill(f"{today - timedelta(days=3)} 17:00")
    office.press("安排", "安排述职有错")
    office.page.get_by_label("评议截止时间").fill(f"{today + timedelta(days=3)} 17:00")
    office.press("安排", "述职待召开")
    home = office.page.url.removeprefix(office.base)
    office.press(f"移出：{here.organization.name}", "述职名单")
    member.go(home, "手机述职")
    member.follow("写报告", "手机写报告")
    member.page.get_by_label("述职报告").fill("全年办了二十场活动，服务三百人次。")
    member.press("提交报告", "手机已报告")
    office.go(home)
    office.press("开始评议", "正在评议")
    office.follow(f"评议码：{here.communities[0].name}", "评议码")
    office.page.get_by_label("增加多少张").fill("5")
    office.press("增加", "评议码打印")
    clerk.sign_in("community_a", PASSWORD)
    clerk.go(home, "社区看述职")
    clerk.follow("去投票", "社区投票")
    clerk.page.get_by_label("满意", exact=True).check()
    clerk.press("投票", "社区已投票")
    clerk.says("您已经投过票")
    for code, option in zip(
        HearingCode.objects.order_by("pk"), ("满意", "基本满意", "不满意", "不满意", "不满意"), strict=True
    ):
        resident.go("/organizations/ballot/", "手机输评议码")
        resident.page.get_by_label("评议码").fill(code.code)
        resident.press("去评议", "手机居民投票")
        resident.page.get_by_label(option, exact=True).check()
        resident.press("投票", "手机居民已投票")
    office.go(home)
    office.follow(f"录入现场票：{here.communities[1].name}", "录入现场票")
    office.go(home)
    office.press("结束评议并计票", "述职已结束")
    office.says("基本合格")
    office.follow(row.name, "述职结果")
    office.says("得分 68.00，基本合格")
    member.go(f"/organizations/{row.pk}/hearings/", "手机述职和星级")
    member.page.get_by_label("本单位的说明").fill("两位居民反映活动少，明年每月一次。")
    member.press("提交说明")


def _counts(office, world, row, year):
    """The class is a fact of the eligibility check and gives a factor in the plan."""
    here, at, who = world.here, clock.now(), world.here.people
    here.round.year = year
    here.round.save()
    proposal = make_submitted_proposal(here, at, organization=row, by=who["other_member"])
    office.go(f"/proposals/{proposal.pk}/", "资格初审里的述职")
    office.says(f"{year} 年述职基本合格，五星")
    office.says("单位说明：两位居民反映活动少")
    decide(proposal, here, "pass", at)
    session = judging.create_session(
        round_id=here.round.pk, name="路演", held_on=at.date(), venue="", by=who["office"], at=at,
        rule=judging.make_rule(RUBRICS["community"].as_criteria(), quorum=2),
    )  # fmt: skip
    judging.set_entries(session_id=session.pk, proposal_ids=[proposal.pk], by=who["office"], at=at)
    judges = [who["judge"], who["second_judge"]]
    judging.seat_judges(session_id=session.pk, user_ids=[j.pk for j in judges], by=who["office"], at=at)
    judging.commit_draw(session_id=session.pk, by=who["office"], at=at)
    judging.draw_order(session_id=session.pk, public_number="7", witnesses="见证人", by=who["office"], at=at)
    judging.open_scoring(session_id=session.pk, by=who["office"], at=at)
    for judge in judges:
        hand_in(session, session.entries.get(), judge, at, marks=full_marks(session))
    lock(world, session, at)
    office.go(f"/plans/new/{here.round.pk}/", "方案选述职年度")
    office.page.get_by_label("采用哪一年的述职等次").select_option(str(year))
    office.press("按公式计算", "方案里的述职系数")
    office.says(f"{year} 年述职基本合格，系数 0.80，五星")
    office.says("单位说明：两位居民反映活动少")
