"""Votes and the table on a judge's device; opening again without a network; nothing left behind at sign-out."""

import re

import pytest
from playwright.sync_api import expect

from core import clock
from judging.models import ScoreSheet
from judging.services.setup import make_rule
from tests.browser.proxy import Proxy
from tests.browser.walker import Walker
from tests.judging.make import open_session
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHEETS = """() => new Promise((done) => {
  const asked = indexedDB.open("chuangtou-judge");
  asked.onsuccess = () => {
    const all = asked.result.transaction("sheets").objectStore("sheets").getAll();
    all.onsuccess = () => { asked.result.close(); done(all.result.length); };
  };
})"""


@pytest.fixture
def world(live_server):
    return build(clock.now())


@pytest.fixture
def proxy(live_server):
    one = Proxy(live_server.url)
    yield one
    one.close()


@pytest.fixture
def device(chromium, proxy):
    made = []

    def new(session, *, phone):
        walker = Walker(chromium, proxy.url, phone=phone)
        made.append(walker)
        walker.sign_in("judge_a", PASSWORD)
        walker.go(f"/judge/{session.pk}/", "评委票选" if phone else "评委电脑清单")
        return walker

    yield new
    for walker in made:
        walker.context.close()


def voted():
    return set(
        ScoreSheet.objects.filter(state="submitted", marks__has_key="tick").values_list("entry__position", flat=True)
    )


def real_faults(walker):
    return [f for f in walker.faults if "Failed to load resource" not in f]


def test_a_ballot_is_given_on_a_phone_over_a_dead_line(device, proxy, world):
    session, _ = open_session(world, clock.now(), entries=4, rule=make_rule([], aggregate="ticks", ticks=2, quorum=2))
    walker = device(session, phone=True)
    page = walker.page
    vote = lambda n: page.locator(f"[data-rows] li:nth-child({n}) button")  # noqa: E731
    vote(1).click()
    vote(3).click()
    expect(page.locator("[data-votes]")).to_have_text("2")
    vote(4).click()
    expect(page.locator("[data-full-words]")).to_contain_text("已选满 2 票")
    walker.look("评委票选投满")
    proxy.set("cut")
    page.get_by_role("button", name="提交选票").click()
    expect(page.locator("[data-ballot-read]")).to_have_text("您投给 1 号、3 号，共 2 票，是否提交？")
    page.get_by_role("button", name="确认提交").click()
    expect(page.locator("[data-line]")).to_contain_text("网络不通：4 张评分表已存本机")
    assert voted() == set()
    proxy.set("pass")
    expect(page.locator("[data-gaps]")).to_contain_text("选票已提交", timeout=20000)
    assert (voted(), ScoreSheet.objects.filter(state="submitted").count()) == ({1, 3}, 4)
    # One vote moves: the one taken back leaves first, so the ballot is never too full.
    vote(1).click()
    vote(2).click()
    page.get_by_role("button", name="改交选票").click()
    page.get_by_role("button", name="确认提交").click()
    expect(page.locator("[data-ballot-submit]")).to_be_hidden()
    expect(page.locator("[data-rows]")).not_to_contain_text("已存本机", timeout=20000)
    assert voted() == {2, 3}
    page.locator("[data-rows] li:nth-child(2) a").click()
    expect(page.locator("[data-vote] button")).to_have_attribute("aria-pressed", "true")
    walker.look("评委票选单个项目")
    assert real_faults(walker) == []


def test_the_table_of_a_laptop_is_filled_by_keyboard(device, world):
    session, _ = open_session(world, clock.now(), entries=3)
    walker = device(session, phone=False)
    page = walker.page
    page.get_by_role("link", name="表格视图").click()
    expect(page.locator("[data-table]")).to_be_visible()
    rows = page.locator("[data-cells] tr")
    rows.nth(0).locator("input").first.focus()
    tops = [
        int(re.search(r"至 (\d+) 分", i.get_attribute("aria-label"))[1]) for i in rows.nth(0).locator("input").all()
    ]
    for most in tops:
        page.keyboard.type(str(most - 1))
        page.keyboard.press("Enter")
    expect(rows.nth(1).locator("input").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(rows.nth(0).locator("input").first).to_be_focused()
    total = f"{sum(tops) - len(tops)}.00"
    expect(rows.nth(0)).to_contain_text(total)
    walker.look("评委电脑表格")
    rows.nth(0).get_by_role("button").click()
    expect(page.locator("[data-table-read]")).to_contain_text(f"您给出的总分为 {total}，是否提交？")
    walker.look("评委电脑表格确认")
    page.get_by_role("button", name="确认提交").click()
    expect(rows.nth(0)).to_contain_text(re.compile(r"已送达 \d\d:\d\d"))
    # An incomplete row cannot be handed in: the gap gets the focus.
    rows.nth(1).locator("input").first.fill("5")
    rows.nth(1).get_by_role("button").click()
    expect(rows.nth(1).locator("input").nth(1)).to_be_focused()
    assert ScoreSheet.objects.filter(state="submitted").count() == 1
    assert real_faults(walker) == []


def test_the_page_opens_again_without_a_network_and_leaves_nothing_at_sign_out(device, proxy, world):
    session, _ = open_session(world, clock.now(), entries=2)
    walker = device(session, phone=True)
    page = walker.page
    page.locator("[data-phone][data-kept]").wait_for()
    page.locator("[data-rows] li:nth-child(1) a").click()
    page.locator("[data-criteria] input").first.fill("7")
    expect(page.locator("[data-state] .status")).to_have_text(re.compile("已暂存|已存本机"))
    proxy.set("cut")
    page.reload()
    expect(page.locator("[data-criteria] input").first).to_have_value("7")
    expect(page.locator("h1")).to_contain_text("1. ")
    page.locator("[data-criteria] input").first.fill("8")
    expect(page.locator("[data-state] .status")).to_have_text("已存本机")
    proxy.set("pass")
    page.reload()
    expect(page.locator("[data-criteria] input").first).to_have_value("8")
    assert page.evaluate(SHEETS) > 0
    page.locator("form.sign-out button").click()
    page.wait_for_url("**/")
    assert page.evaluate(SHEETS) == 0
    assert page.evaluate("() => caches.has('chuangtou-judge')") is False
