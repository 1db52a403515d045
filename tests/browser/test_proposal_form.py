"""The proposal form in a real browser: saved while one types, two tabs, a cut line, more rows, with and without scripts."""

import re
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from core import clock
from projects.models import Proposal
from tests.browser.walker import SCREENS, Walker
from tests.projects import make
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROWS = "tr[data-line]"
SAVED = re.compile(r"^已送达 \d\d:\d\d:\d\d$")


@pytest.fixture
def here(live_server):
    return build(clock.now()).here


@pytest.fixture
def draft(here):
    at = clock.now()
    for words in ("想要一间图书角。", "路灯坏了三盏。"):
        make.make_need(here, at, words=words)
    return make.make_draft(here, at)


@pytest.fixture
def walker(chromium, live_server, draft):
    one = Walker(chromium, live_server.url)
    one.sign_in("member_a", PASSWORD)
    one.go(f"/proposals/{draft.pk}/edit/", "申报书编辑")
    yield one
    one.context.close()


def words(page):
    return page.locator("[data-save-words]")


def test_what_is_typed_is_saved_without_a_button(walker, draft):
    page = walker.page
    expect(page.locator("[data-gaps] summary")).to_have_text("还差 12 处才能提交")
    page.get_by_label("实施计划").fill("每月一次。")
    expect(words(page)).to_have_text(SAVED, timeout=8000)
    expect(page.locator("[data-gaps] summary")).to_have_text("还差 11 处才能提交")
    assert Proposal.objects.get().plan == "每月一次。"
    page.get_by_label("最低可行金额").fill("多少")
    expect(words(page)).to_have_text("未保存：有内容看不懂，按“暂存”查看要改正的地方", timeout=8000)
    page.get_by_label("最低可行金额").fill("5000")
    expect(words(page)).to_have_text(SAVED, timeout=8000)
    page.reload()
    assert (page.get_by_label("实施计划").input_value(), page.get_by_label("最低可行金额").input_value()) == (
        "每月一次。",
        "5000.00",
    )
    walker.look("申报书自动保存")
    # 422 is the server's answer to what it could not read; the browser notes it in its console.
    assert [f for f in walker.faults if "422" not in f] == []


def test_the_second_tab_is_told_and_keeps_its_words(walker, draft):
    page, other = walker.page, walker.context.new_page()
    other.goto(page.url)
    page.get_by_label("项目简介").fill("第一个页面")
    expect(words(page)).to_have_text(SAVED, timeout=8000)
    other.get_by_label("项目简介").fill("第二个页面")
    expect(words(other)).to_have_text("未保存：这份申报书刚刚在别处被修改过，按“暂存”核对", timeout=8000)
    assert Proposal.objects.get().summary == "第一个页面"
    with other.expect_navigation():
        other.get_by_role("button", name="暂存", exact=True).click()
    assert "这份申报书刚刚在别处被修改过" in other.inner_text("main")
    assert other.get_by_label("项目简介").input_value() == "第二个页面"
    assert Proposal.objects.get().summary == "第一个页面"
    with other.expect_navigation():
        other.get_by_role("button", name="暂存", exact=True).click()
    assert Proposal.objects.get().summary == "第二个页面"


def test_a_cut_line_is_said_and_made_good(walker, draft):
    page = walker.page
    walker.context.set_offline(True)
    page.get_by_label("项目简介").fill("在路上写的")
    expect(words(page)).to_have_text("未保存，正在重试", timeout=8000)
    walker.context.set_offline(False)
    expect(words(page)).to_have_text(SAVED, timeout=12000)
    assert Proposal.objects.get().summary == "在路上写的"


def test_an_ended_sign_in_is_renewed_and_the_words_are_saved(walker, draft):
    page = walker.page
    Session.objects.all().delete()
    page.get_by_label("项目简介").fill("写了很久的话")
    expect(words(page)).to_have_text("未保存：登录已过期，内容已存本机", timeout=8000)
    again = page.locator("[data-signed-out]")
    again.get_by_label("用户名或手机号").fill("member_a")
    again.get_by_label("密码").fill(PASSWORD)
    again.get_by_role("button", name="登录").click()
    expect(words(page)).to_have_text(SAVED, timeout=12000)
    assert Proposal.objects.get().summary == "写了很久的话"


def test_at_the_end_the_form_is_only_read_and_says_why(walker, draft):
    page = walker.page

    def nearly_over(route):
        answer = route.fetch()
        body = answer.text()
        now = datetime.fromisoformat(re.search(r'data-now="([^"]+)"', body)[1])
        end = (
            (now + timedelta(seconds=3602)).isoformat() if turn == "hour" else (now + timedelta(seconds=2)).isoformat()
        )
        route.fulfill(response=answer, body=re.sub(r'data-deadline="[^"]+"', f'data-deadline="{end}"', body))

    page.route("**/edit/", nearly_over)
    turn = "hour"
    page.reload()
    note = page.locator("[data-deadline-note]")
    expect(note).to_contain_text("距截止还剩", timeout=8000)
    turn = "over"
    page.reload()
    expect(note).to_contain_text("已到截止时间，不能再修改", timeout=8000)
    assert page.get_by_label("项目简介").get_attribute("readonly") is not None
    assert page.get_by_role("button", name="暂存", exact=True).is_disabled()
    expect(words(page)).to_have_text("已锁定，不能再修改")
    walker.look("申报书已截止")


def test_rows_are_added_in_place_and_counted_while_one_types(walker, draft):
    page = walker.page
    page.get_by_label("项目简介").fill("没有丢")
    assert page.locator(ROWS).count() == 3
    page.get_by_role("button", name="再加三行").click()
    assert page.locator(ROWS).count() == 6
    expect(page.get_by_label("第 4 行科目")).to_be_focused()
    for i, (price, count, own) in ((0, ("0.10", "3", "0")), (5, ("33.33", "3", "9.99"))):
        for name, value in (("item", "物资"), ("unit_price", price), ("quantity", count), ("self_raised", own)):
            page.fill(f"[name=line-{i}-{name}]", value)
    cells = page.locator("[data-amount]")
    assert [cells.nth(i).inner_text() for i in range(6)] == ["0.30", "", "", "", "", "99.99"]
    expect(page.locator("[data-grant]")).to_have_text("90.30")
    walker.look("申报书加行")
    walker.press("暂存", "申报书已暂存")
    stored = Proposal.objects.get()
    assert (stored.requested, stored.summary, stored.lines.count()) == (Decimal("90.30"), "没有丢", 2)
    for _ in range(25):
        page.get_by_role("button", name="再加三行").click()
    assert page.locator(ROWS).count() == 60
    assert walker.faults == []


def test_the_button_waits_for_a_save_on_its_way(walker, draft):
    page = walker.page
    held = []
    page.route(
        "**/edit/", lambda route: held.append(route) if "auto" in (route.request.post_data or "") else route.continue_()
    )
    page.get_by_label("项目简介").fill("先自动")
    expect(words(page)).to_have_text("发送中", timeout=8000)
    page.get_by_role("button", name="暂存", exact=True).click()
    page.wait_for_timeout(500)
    assert Proposal.objects.get().revision == 0
    with page.expect_navigation():
        held[0].continue_()
    assert "已暂存。" in page.inner_text("main")
    assert (Proposal.objects.get().revision, Proposal.objects.get().summary) == (2, "先自动")


def test_the_form_works_on_a_narrow_phone_without_scripts(chromium, live_server, draft):
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale="zh-CN", java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + "/account/sign-in/")
    page.get_by_label("用户名或手机号").fill("member_a")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{live_server.url}/proposals/{draft.pk}/edit/")
    page.get_by_label("项目简介").fill("不用脚本")
    page.get_by_label("查找要回应的内容").fill("路灯")
    page.get_by_role("button", name="查找").click()
    assert (page.get_by_label("路灯坏了三盏").count(), page.get_by_label("想要一间图书角").count()) == (1, 0)
    page.get_by_label("路灯坏了三盏").check()
    page.get_by_role("button", name="再加三行").click()
    assert (page.locator(ROWS).count(), page.get_by_label("项目简介").input_value()) == (6, "不用脚本")
    expect(page.get_by_label("路灯坏了三盏")).to_be_checked()
    expect(page.locator("[data-save-words]")).to_be_hidden()
    page.get_by_role("button", name="暂存", exact=True).click()
    stored = Proposal.objects.get()
    assert (stored.summary, stored.needs.count()) == ("不用脚本", 1)
    page.screenshot(path=str(SCREENS / "申报书无脚本-320.png"), full_page=True)
    context.close()
