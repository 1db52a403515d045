"""An organization registers itself; its months are marked, appealed and decided on; sheets are read in and refused."""

import io
from datetime import date
from decimal import Decimal

import openpyxl
import pytest

from core import clock
from organizations.domain.monthly import DEFAULT, Month
from organizations.models import Application, Organization
from organizations.services import enter_sheet, set_items
from tests.browser.walker import Walker
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    return build(clock.now())


def no_faults(*walkers):
    faults = [f for walker in walkers for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))


def test_from_the_application_to_the_first_sign_in(chromium, live_server, world):
    visitor, office = Walker(chromium, live_server.url, phone=True), Walker(chromium, live_server.url)
    visitor.go("/organizations/apply/", "申请登记")
    page = visitor.page
    visitor.press("提交申请", "申请有错")
    page.get_by_label("所在街道").select_option(label="甲街道")
    page.get_by_label("备案队伍").check()
    page.get_by_label("组织名称").fill("云秀帮帮队")
    page.get_by_label("法定代表人或负责人").fill("王某")
    page.get_by_label("您的姓名").fill("李某")
    page.get_by_label("您的职责").select_option(label="经办人")
    page.get_by_label("您的联系电话").fill("138 0000 1234")
    page.get_by_label("我代表本组织申请").check()
    visitor.press("提交申请", "申请已收到")
    visitor.says(Application.objects.get().code)
    link = page.url
    office.sign_in("office_a", PASSWORD)
    office.go("/organizations/", "社会组织列表")
    office.follow("登记申请", "登记申请列表")
    office.follow("云秀帮帮队", "登记申请")
    office.press("通过并登记", "登记的组织")
    office.follow("修改登记信息", "修改登记信息")
    office.page.get_by_label("入驻服务中心日期").fill("2026-01-01")
    office.press("保存", "登记信息")
    visitor.go(link.removeprefix(live_server.url), "设置账号")
    page.get_by_label("用户名").fill("yunxiu")
    page.get_by_label("密码", exact=False).first.fill("Xin-jie-2026")
    page.get_by_label("再输一次密码").fill("Xin-jie-2026")
    visitor.press("设置账号", "登录")
    visitor.sign_in("yunxiu", "Xin-jie-2026")
    made = Organization.objects.get(name="云秀帮帮队")
    office.go(f"/organizations/{made.pk}/", "组织和成员")
    office.follow("李某离任", "成员离任")
    no_faults(visitor, office)


def test_a_year_of_months(chromium, live_server, world):
    office, member, leader = (
        Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True), Walker(chromium, live_server.url),
    )  # fmt: skip
    row, by, at = world.here.organization, world.here.people["office"], clock.now()
    last = Month.of(clock.local(at).date()).plus(-1)
    first = last.plus(-2)
    row.moved_in_on = date(first.year, first.month, 1)
    row.save()
    office.sign_in("office_a", PASSWORD)
    office.go("/organizations/monthly/", "月积分空")
    office.go("/organizations/monthly/items/", "积分项目")
    set_items(street=world.here.area, items=DEFAULT, starts=first, by=by, at=at)
    for n in (0, 1):
        marks = {i.key: Decimal(1) for i in DEFAULT}
        enter_sheet(organization_id=row.pk, month=first.plus(n), marks=marks, note="", shown=0, by=by, at=at)
    office.go("/organizations/monthly/", "月积分缺月")
    office.go(f"/organizations/{row.pk}/monthly/", "本单位月积分")
    office.follow(f"登记{last}积分表", "登记月积分")
    page = office.page
    for label, mark in (("月计划", "1"), ("月总结", "1"), ("坐班", "9"), ("卫生", "1"), ("党建活动", "0")):
        page.get_by_label(label).fill(mark)
    office.press("登记", "月积分有错")
    page.get_by_label("坐班").fill("1.5")
    office.press("登记", "月积分表")
    member.sign_in("member_a", PASSWORD)
    member.go(f"/organizations/{row.pk}/monthly/", "手机本单位月积分")
    member.go(f"/organizations/{row.pk}/monthly/{last.year}/{last.month}/", "手机月积分表")
    member.page.get_by_label("申诉理由").fill("坐班三次，漏记一次。")
    member.press("提交申诉", "手机已申诉")
    office.go("/organizations/monthly/", "有申诉")
    office.follow("去答复", "答复申诉")
    page.get_by_label("维持原分").check()
    page.get_by_label("答复", exact=False).first.fill("签到簿上只有两次。")
    office.press("答复", "已答复")
    leader.sign_in("leader_a", PASSWORD)
    leader.go("/organizations/monthly/", "红牌")
    leader.follow("看积分和决定", "决定")
    leader.page.get_by_label("责令退出").check()
    leader.page.get_by_label("退出日期").fill(str(clock.local(at).date()))
    leader.page.get_by_label("理由").fill("连续三个月低于6分")
    leader.press("登记决定", "已决定")
    with leader.page.expect_download() as download:
        leader.page.get_by_role("link", name="下载退出通知").click()
    assert download.value.suggested_filename.endswith(".docx")
    member.go("/organizations/apply/", "手机申请")
    no_faults(office, member, leader)


def test_a_sheet_with_faults_and_party_pages(chromium, live_server, world):
    office, phone = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    book = openpyxl.Workbook()
    for line in (["名称", "类型", "党员数"], ["甲社", "备案队伍", 3], ["乙社", "协会", "许多"]):
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    office.sign_in("office_a", PASSWORD)
    office.go("/organizations/import/", "导入")
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    office.page.get_by_label("基本情况表").set_input_files(
        {"name": "表.xlsx", "mimeType": kind, "buffer": out.getvalue()}
    )
    office.press("上传并检查", "导入有错")
    office.says("1 行没有错误，1 行有错误")
    office.follow("改好后重新上传", "")
    book.active["B3"], book.active["C3"] = "备案队伍", 0
    out = io.BytesIO()
    book.save(out)
    office.page.get_by_label("基本情况表").set_input_files(
        {"name": "表.xlsx", "mimeType": kind, "buffer": out.getvalue()}
    )
    office.press("上传并检查", "导入预览")
    office.press("全部登记", "导入完成")
    office.says("新登记 2 个")
    office.go(f"/organizations/{world.here.organization.pk}/party/", "党建情况")
    office.page.get_by_label("正式党员数").fill("3")
    office.page.get_by_label("独立党支部").check()
    office.page.get_by_label("党支部名称").fill("义工支部")
    office.press("登记", "党建已登记")
    phone.sign_in("office_a", PASSWORD)
    for path, name in (
        ("party/", "手机党组织覆盖"),
        ("", "手机社会组织"),
        ("applications/", "手机登记申请"),
        ("import/", "手机导入"),
        ("monthly/", "手机月积分"),
    ):
        phone.go(f"/organizations/{path}", name)
    phone.page.set_viewport_size({"width": 320, "height": 700})
    phone.size = {"width": 320, "height": 700}
    for path in (
        "party/",
        "",
        "apply/",
        "import/",
        f"{world.here.organization.pk}/",
        f"{world.here.organization.pk}/edit/",
    ):
        phone.go(f"/organizations/{path}")
    no_faults(office, phone)
