"""日历 on the clerk's screen and on a phone: a month, what is late, the feed's link, the street's rules."""

from datetime import timedelta

import pytest

from core import clock
from needs.models import Need
from reminders.models import Rule
from tests.needs.make import handled, post
from tests.projects import make
from tests.world import build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    return build(clock.now())


def fill(world):
    """A busy month for the community's worker: on several days, some late, one long ago."""
    at = clock.now()
    today = clock.local(at).date()
    for n in range(4):
        post(world, at, words=f"第{n}盏灯坏了")
    handled(world, at, "rating")
    ids = list(Need.objects.order_by("pk").values_list("pk", flat=True))
    for pk, days in zip(ids, (0, 0, 0, -1, 1), strict=True):
        Need.objects.filter(pk=pk).update(due_on=today + timedelta(days=days))
    late = post(world, at, words="早就该办的")
    Need.objects.filter(pk=late.pk).update(due_on=today - timedelta(days=70))


def test_a_month_on_a_desk_and_on_a_phone(world, walk):
    fill(world)
    make.make_draft(world.here, clock.now())
    desk = walk(who="community_a")
    desk.says("需求办理")
    desk.go("/calendar/", "日历")
    desk.says("以前逾期未办的")
    desk.says("今天")
    desk.follow("下月", "日历-下月")
    desk.follow("本月")
    desk.follow("上月")
    desk.go("/calendar/?month=2026-10", "日历-国庆")
    desk.says("国庆节")
    phone = walk(phone=True, who="community_a")
    phone.go("/calendar/", "日历-手机")
    phone.page.get_by_role("link", name="件").last.click()
    phone.look()
    applicant = walk(phone=True, who="member_a")
    applicant.go("/calendar/", "日历-单位")


def test_narrow_screens_and_elder_mode(world, walk):
    fill(world)
    phone = walk(phone=True, who="community_a")
    phone.page.set_viewport_size({"width": 320, "height": 700})
    for path in ("/calendar/", "/calendar/settings/"):
        phone.go(path)
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= 320
    phone.page.goto(f"{phone.base}/elder/?step=2&next=/help/")
    assert phone.page.locator("html.elder").count() == 1
    for path in ("/calendar/", "/calendar/settings/"):
        phone.go(path)
        phone.axe(f"{path} elder")


def test_the_link_for_a_phones_calendar_is_shown_once(world, walk):
    desk = walk(who="community_a")
    desk.go("/calendar/settings/", "日历设置")
    desk.page.get_by_label("每件事各发一条").check()
    desk.press("保存")
    desk.says("提醒设置已保存")
    desk.press("生成订阅链接", "日历设置-链接")
    link = desk.page.get_by_label("订阅链接").input_value()
    path = "/calendar/feed/" + link.rsplit("/", 1)[1]
    assert desk.page.request.get(desk.base + path).status == 200
    desk.go("/calendar/settings/")
    assert link not in desk.page.content()
    desk.press("停用链接")
    desk.says("订阅链接已停用")
    assert desk.page.request.get(desk.base + path).status == 404
    phone = walk(phone=True, who="community_a")
    phone.go("/calendar/settings/", "日历设置-手机")


def test_the_office_changes_a_rule(world, walk):
    office = walk(who="office_a")
    office.go("/calendar/rules/", "提醒规则")
    office.follow("补正截止", "提醒规则-一种")
    office.page.get_by_label("提前几天提醒").fill("七天")
    office.press("保存", "提醒规则-填错")
    office.says("请填写 0 至 60 之间的天数")
    office.page.get_by_label("提前几天提醒").fill("7、3、1")
    office.press("保存")
    office.says("提醒规则已保存")
    office.says("7、3、1")
    phone = walk(phone=True, who="office_a")
    phone.go("/calendar/rules/", "提醒规则-手机")
    phone.follow("补正截止", "提醒规则-一种-手机")
    phone.page.set_viewport_size({"width": 320, "height": 700})
    phone.go("/calendar/rules/")
    rule = Rule.objects.get(kind="projects.completion")
    assert (rule.before, rule.revision) == ([7, 3, 1], 1)


def test_the_office_sets_quiet_hours_and_the_day_of_monthly_sheets(world, walk):
    office = walk(who="office_a")
    office.go("/messages/", "群发消息")
    office.follow("免打扰时段", "免打扰时段")
    office.says("现在：21 点到次日 8 点（默认）")
    office.page.get_by_label("从几点起").select_option("6")
    office.page.get_by_label("到几点止").select_option("22")
    office.press("保存", "免打扰时段-填错")
    office.says("这样有 16 小时不发消息")
    assert office.page.get_by_label("从几点起").input_value() == "6"
    office.page.get_by_label("从几点起").select_option("20")
    office.page.get_by_label("到几点止").select_option("7")
    office.page.get_by_label("电子邮件和群机器人的话也等到时段结束").check()
    office.press("保存", "免打扰时段-已存")
    office.says("现在：20 点到次日 7 点，短信、邮件和群机器人的话都等到 7 点再发")
    office.go("/calendar/rules/")
    office.follow("登记月积分表", "提醒规则-月积分表")
    office.page.get_by_label("次月第几天前办完").fill("40")
    office.press("保存", "提醒规则-月积分表-填错")
    assert office.page.get_by_label("次月第几天前办完").input_value() == "40"
    office.page.get_by_label("次月第几天前办完").fill("8")
    office.page.get_by_label("第几天按工作日算").check()
    office.press("保存")
    office.says("提醒规则已保存")
    rule = Rule.objects.get(kind="organizations.monthly")
    assert (rule.due_day, rule.due_in_workdays) == (8, True)
    phone = walk(phone=True, who="office_a")
    phone.go("/messages/quiet/", "免打扰时段-手机")
    phone.page.set_viewport_size({"width": 320, "height": 700})
    phone.go("/messages/quiet/")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 320
