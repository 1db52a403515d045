"""The office computes a plan, changes amounts in the table with live sums, and asks what would change."""

import pytest

from core import clock
from tests.browser.walker import Walker
from tests.funding.money import fund
from tests.judging.make import full_marks, hand_in, lock, open_session
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    """Four judged projects of 9,000 yuan each, and a fund."""
    at = clock.now()
    built = build(at)
    session, entries = open_session(built, at, entries=4)
    for less, entry in enumerate(entries):
        for key in ("judge", "second_judge", "third_judge"):
            hand_in(session, entry, built.here.people[key], at, marks=full_marks(session, str(less)))
    lock(built, session, at)
    fund(built, at)
    return built


def test_from_the_formula_to_the_table_with_live_sums(chromium, live_server, world):
    office = Walker(chromium, live_server.url)
    phone = Walker(chromium, live_server.url, phone=True)
    try:
        office.sign_in("office_a", PASSWORD)
        office.go(f"/plans/new/{world.here.round.pk}/", "拟订方案")
        page = office.page
        page.get_by_label("资金总额（元）").fill("30000")
        page.get_by_label("第 1 行限制谁").select_option("community")
        page.get_by_label("第 1 行名称").fill("没有的社区")
        page.get_by_label("第 1 行最多几项").fill("3")
        office.press("按公式计算", "限制写错")
        office.says("本期申报项目里没有“没有的社区”")
        page.get_by_label("第 1 行名称").fill("")
        office.press("按公式计算", "资金分配方案草案")
        amounts = page.locator("input[name^=amount_]")
        assert [amounts.nth(n).input_value() for n in range(4)] == ["9000.00", "9000.00", "9000.00", "0.00"]
        assert "余额 3,000.00 元" in page.inner_text("tfoot")

        amounts.nth(3).fill("4,000")
        assert page.inner_text("[data-sum]") == "31,000.00"
        assert "超过资金总额 1,000.00 元，不能保存" in page.inner_text("[data-over]")
        assert page.inner_text("[data-verdict]") == "不符合"
        amounts.nth(3).fill("一千")
        assert "有 1 行金额看不懂" in page.inner_text("[data-over]")
        amounts.nth(0).fill("8000")
        amounts.nth(3).fill("0")
        office.press("保存金额和理由", "金额没有理由")
        office.says("请写明调整理由")
        assert amounts.nth(0).input_value() == "8000"
        page.locator("input[name^=reason_]").nth(0).fill("压缩场地费")
        office.press("保存金额和理由", "金额已调整")
        office.says("已调整")
        assert page.inner_text("[data-sum]") == "26,000.00"

        office.follow("比较和试算", "少一位评委和资金变动")
        office.says("1 号评委")
        path = page.url.removeprefix(live_server.url)
        phone.sign_in("leader_a", PASSWORD)
        phone.go(path, "少一位评委和资金变动")
        faults = [f for w in (office, phone) for f in w.faults]
        assert not faults, faults
    finally:
        for walker in (office, phone):
            walker.context.close()


def test_the_drawers_of_the_menu_by_mouse_and_by_key(chromium, live_server, world):
    office = Walker(chromium, live_server.url)
    try:
        office.sign_in("office_a", PASSWORD)
        page = office.page
        money, needs = (page.locator(".menu-wide summary", has_text=words) for words in ("资金", "需求"))
        money.click()
        assert page.locator(".menu-wide").get_by_role("link", name="拨付").is_visible()
        office.look("菜单打开")
        needs.click()
        assert not page.locator(".menu-wide").get_by_role("link", name="拨付").is_visible()
        page.keyboard.press("Escape")
        assert not page.locator(".menu-wide").get_by_role("link", name="书记沙龙").is_visible()
        needs.press("Enter")
        page.keyboard.press("Tab")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert page.url.endswith("/needs/")
        assert "menu-open" in needs.get_attribute("class")
        assert not office.faults, office.faults
    finally:
        office.context.close()
