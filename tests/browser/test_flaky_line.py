"""A proposal written on a flaky line: the tab closed again and again, the sign-in run out once, two tabs; nothing lost, nothing twice."""

import re
from contextlib import suppress

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from core import clock
from projects.models import Proposal, ProposalVersion
from projects.services import save_draft
from tests.browser.walker import Walker
from tests.projects import make
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAVED = re.compile(r"^已送达 \d\d:\d\d:\d\d$")
RETRY = "未保存，正在重试"


@pytest.fixture
def here(live_server):
    at = clock.now()
    street = make.ruled(build(at).here, takes_waivers=True, head_limits={"staff": 30})
    make.make_need(street, at, words="想要一间图书角。")
    return street


@pytest.fixture
def walker(chromium, live_server, here):
    one = Walker(chromium, live_server.url)
    one.sign_in("member_a", PASSWORD)
    yield one
    one.context.close()


def words(page):
    return page.locator("[data-save-words]")


def saved(page):
    expect(words(page)).to_have_text(SAVED, timeout=25000)


def test_written_on_a_flaky_line(walker, here, live_server):
    draft = make.make_draft(here, clock.now())
    path = f"{live_server.url}/proposals/{draft.pk}/edit/"
    page = walker.page
    page.goto(path)
    page.get_by_label("项目简介").fill("第一段，已经送到。")
    saved(page)

    # The line goes; what is typed stays on the device, and the tab is closed on it.
    walker.context.set_offline(True)
    page.get_by_label("实施计划").fill("断网时写的计划。")
    page.get_by_role("button", name=re.compile(r"再加几行\s*指标表")).click()
    page.get_by_label("指标表第 2 行指标").fill("活动场次")
    expect(words(page)).to_have_text(RETRY, timeout=10000)
    page.close()
    walker.context.set_offline(False)
    assert Proposal.objects.get().plan == ""

    page = walker.page = walker.context.new_page()
    page.goto(path)
    expect(page.locator("[data-kept-words]")).to_contain_text("写在本机、还没有送达的内容，正在自动保存。")
    assert page.get_by_label("实施计划").input_value() == "断网时写的计划。"
    walker.look("断网后恢复")
    saved(page)
    stored = Proposal.objects.get()
    assert (stored.summary, stored.plan) == ("第一段，已经送到。", "断网时写的计划。")
    assert list(stored.goals.values_list("name", flat=True)) == ["活动场次"]

    # The request arrives, its answer does not; the tab is closed again before the next try.
    def swallow(route):
        if "auto" in (route.request.post_data or ""):
            with suppress(Exception):
                route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/edit/", swallow)
    before = stored.revision
    page.get_by_label("预期成效与指标").fill("活动 6 场。")
    expect(words(page)).to_have_text(RETRY, timeout=15000)
    assert (Proposal.objects.get().indicators, Proposal.objects.get().revision) == ("活动 6 场。", before + 1)
    page.get_by_label("项目简介").fill("第一段，已经送到，又改了。")
    page.close()
    page = walker.page = walker.context.new_page()
    page.goto(path)
    assert page.get_by_label("项目简介").input_value() == "第一段，已经送到，又改了。"
    saved(page)
    assert Proposal.objects.get().revision == before + 2

    # An answer lost while the page stays: the same request again is no conflict, and what came after goes along.
    page.route("**/edit/", swallow)
    page.get_by_label("直接受益人数").fill("300")
    expect(words(page)).to_have_text(RETRY, timeout=15000)
    page.get_by_label("参加志愿者人数").fill("0")
    page.unroute("**/edit/")
    saved(page)
    expect(page.locator("[data-save-state]")).to_have_attribute("data-save-state", "saved")
    page.wait_for_timeout(4000)
    saved(page)
    stored = Proposal.objects.get()
    assert (stored.beneficiaries, stored.volunteers) == (300, 0)

    # The sign-in runs out; the words stay, and come back after the next one.
    Session.objects.all().delete()
    page.get_by_label("项目简介").fill("登录过期时写的。")
    expect(words(page)).to_have_text("未保存：登录已过期，内容已存本机", timeout=10000)
    walker.look("登录过期")
    page.close()
    page = walker.page = walker.context.new_page()
    page.goto(path)
    page.get_by_label("用户名或手机号").fill("member_a")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/edit/")
    assert page.get_by_label("项目简介").input_value() == "登录过期时写的。"
    saved(page)
    assert (Proposal.objects.count(), Proposal.objects.get().summary) == (1, "登录过期时写的。")
    assert ProposalVersion.objects.count() == 0
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('chuangtou-draft:'))") == []


def test_somebody_else_wrote_meanwhile_and_the_writer_chooses(walker, here, live_server):
    draft = make.make_draft(here, clock.now())
    path = f"{live_server.url}/proposals/{draft.pk}/edit/"
    page = walker.page
    page.goto(path)
    walker.context.set_offline(True)
    page.get_by_label("项目简介").fill("本机写的")
    expect(words(page)).to_have_text(RETRY, timeout=10000)
    page.close()
    walker.context.set_offline(False)
    save_draft(
        proposal_id=draft.pk, facts={"title": "邻里换物", "summary": "同事写的"}, lines=[], need_ids=[], order_ids=[], revision=0,
        by=here.people["member"], at=clock.now(),
    )  # fmt: skip
    page = walker.page = walker.context.new_page()
    page.goto(path)
    kept = page.locator("[data-kept]")
    expect(kept).to_contain_text("而申报书后来在别处改过。两者不同的：项目简介")
    assert page.get_by_label("项目简介").input_value() == "同事写的"
    walker.look("本机与服务器不同")
    page.get_by_role("button", name="用本机的内容").click()
    saved(page)
    assert Proposal.objects.get().summary == "本机写的"
    assert walker.faults == [] or all("ERR_INTERNET_DISCONNECTED" in f for f in walker.faults)


def test_sign_out_leaves_nothing_on_the_device(walker, here, live_server):
    draft = make.make_draft(here, clock.now())
    page = walker.page
    page.goto(f"{live_server.url}/proposals/{draft.pk}/edit/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_label("项目简介").fill("不要留下")
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('chuangtou-draft:')).length") == 1
    page.get_by_role("button", name="退出").click()
    page.wait_for_url(re.compile(r"^(?!.*/edit/)"))
    assert page.evaluate("Object.keys(localStorage).filter((k) => k.startsWith('chuangtou-draft:'))") == []


def test_sums_shares_and_a_plea_while_one_types(walker, here, live_server):
    draft = make.make_draft(here, clock.now())
    page = walker.page
    page.goto(f"{live_server.url}/proposals/{draft.pk}/edit/")
    rows = (
        ("activity", "物资", "73.01", "100", "0", "0"),
        ("staff", "社工", "26.99", "100", "0", "0.50"),
    )
    for i, row in enumerate(rows):
        page.select_option(f"[name=line-{i}-head]", row[0])
        for name, value in zip(("item", "unit_price", "quantity", "self_raised", "other"), row[1:], strict=True):
            page.fill(f"[name=line-{i}-{name}]", value)
    verdict = page.locator("[data-head=staff] [data-verdict]")
    sums = page.locator("[data-sums] dd")
    assert sums.all_inner_texts() == ["10,000.00", "0.00", "0.50", "9,999.50"]
    expect(verdict).to_have_text("在限额内")  # 26.99 % of 30 %: below nine tenths
    for price, other, words_now in (("27", "73", "接近限额"), ("30", "70", "接近限额"), ("30.01", "69.99", "超过限额")):
        page.fill("[name=line-1-unit_price]", price)
        page.fill("[name=line-0-unit_price]", other)
        expect(verdict).to_have_text(words_now)
    expect(page.locator("[data-head=staff] [data-share]")).to_have_text("30.01")
    page.get_by_label("人员费超过限额的理由（申请例外）").fill("要请社工驻点。")
    saved(page)
    walker.look("科目限额与例外")
    page.set_viewport_size({"width": 390, "height": 844})
    walker.size = {"width": 390, "height": 844}
    walker.look("科目限额与例外")
    assert Proposal.objects.get().pleas.get().reason == "要请社工驻点。"
    assert walker.faults == []
