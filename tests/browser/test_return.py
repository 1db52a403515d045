"""Returned for completion: only what was marked opens, the next version shows its differences; then taken back."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from projects.models import Proposal, ProposalVersion
from tests.browser.walker import Walker
from tests.projects import make
from tests.projects.test_limits import REASON, handed_in
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_returned_completed_and_taken_back(chromium, live_server):
    at = clock.now()
    here = make.ruled(build(at).here, takes_waivers=True, head_limits={"staff": 30}, grace_hours=24)
    proposal = handed_in(here, at)
    path = f"/proposals/{proposal.pk}/"
    office, member = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    try:
        # The office refuses the plea: the budget is to be completed.
        office.sign_in("office_a", PASSWORD)
        office.go(path, "有例外待决定")
        office.says("待决定")
        office.page.get_by_label("通过", exact=True).check()
        office.press("登记结论", "例外未决定")
        office.says("要“通过”须先逐项决定")
        office.follow("决定例外", "超限例外-待决定")
        office.says(REASON)
        office.page.get_by_label("不准许，退回补正").check()
        office.page.get_by_label("决定的理由").fill("社工人数请按实际安排。")
        office.press("登记决定", "超限例外-已决定")
        office.go(path)
        office.page.get_by_label("退回补正", exact=True).check()
        expect(office.page.get_by_role("checkbox", name="经费预算")).to_be_checked()
        office.page.get_by_role("checkbox", name="实施计划").check()
        office.page.get_by_label("理由", exact=True).fill("预算和计划请补正。")
        until = clock.local(clock.now() + timedelta(days=2))
        office.page.get_by_label("补正截止（退回补正时填写）").fill(f"{until:%Y-%m-%d %H:%M}")
        office.press("登记结论", "已退回补正")
        assert Proposal.objects.get().state == "returned"

        # The applicant: what was not marked is shut.
        member.sign_in("member_a", PASSWORD)
        member.go(path, "申报单位看退回")
        member.says("社工人数请按实际安排。")
        member.follow("去补正", "补正")
        page = member.page
        expect(page.get_by_label("项目简介")).to_be_disabled()
        expect(page.get_by_label("项目名称")).to_be_disabled()
        expect(page.get_by_label("实施计划")).to_be_editable()
        expect(page.get_by_label("最低可行金额（元）")).to_be_disabled()
        page.get_by_label("实施计划").fill("每月第二个周六，共八次。")
        page.fill("[name=line-1-quantity]", "5")
        expect(page.locator("[data-head=staff] [data-verdict]")).to_have_text("接近限额")
        page.get_by_label("人员费超过限额的理由（申请例外）").fill("")
        member.press("暂存并核对", "补正核对")
        member.press("确认提交", "补正回执")
        member.says(Proposal.objects.get().receipt_number)
        member.says("第 2 版")
        assert ProposalVersion.objects.count() == 2

        # The office reads what changed.
        office.go(path, "补正后的差异")
        office.page.locator("summary", has_text="比上一版改了").click()
        differences = office.page.locator("details dl.facts").inner_text()
        for words in ("每月第二个周六，共六次。", "每月第二个周六，共八次。", "超限例外"):
            assert words in differences, (words, differences)
        office.look("补正后的差异-展开")

        # Taken back, with a reason.
        member.go(path)
        member.follow("撤回申报", "撤回")
        member.press("撤回", "撤回缺理由")
        member.says("请填写撤回理由。")
        page.get_by_label("撤回理由").fill("改由社区牵头。")
        member.press("撤回", "已撤回")
        member.says("申报书已撤回。")
        assert Proposal.objects.get().state == "withdrawn"
        faults = [f for w in (office, member) for f in w.faults]
        assert not faults, faults
    finally:
        for walker in (office, member):
            walker.context.close()


def test_a_grace_in_the_browser(chromium, live_server):
    """The office puts one closing off after it has passed; that organization hands in, the receipt says why."""
    at = clock.now()
    hour = timedelta(hours=1)
    here = make.ruled(
        build(at).here, grace_hours=24, apply_opens_at=at - 9 * hour, apply_closes_at=at + timedelta(seconds=1)
    )
    draft = make.make_complete_draft(here, at)
    office, member = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    try:
        member.sign_in("member_a", PASSWORD)
        member.go(f"/proposals/{draft.pk}/check/", "截止后核对")
        member.press("确认提交", "截止后提交")
        member.says("截止，不能再提交。您的草稿已保留。")
        office.sign_in("office_a", PASSWORD)
        office.go(f"/rounds/{here.round.pk}/", "期次-可顺延")
        office.follow("申报顺延", "申报顺延-空")
        office.page.get_by_label("申报单位").select_option(label=here.organization.name)
        office.page.get_by_label("顺延到").fill(f"{clock.local(at + hour):%Y-%m-%d %H:%M:%S}")
        office.page.get_by_label("顺延理由").fill("截止前十分钟平台无法访问。")
        office.press("登记顺延", "申报顺延")
        office.says("截止前十分钟平台无法访问。")
        member.go(f"/proposals/{draft.pk}/check/", "顺延后核对")
        member.press("确认提交", "顺延后回执")
        member.says("截止前十分钟平台无法访问。")
        assert Proposal.objects.get().state == "submitted"
        faults = [f for w in (office, member) for f in w.faults]
        assert not faults, faults
    finally:
        for walker in (office, member):
            walker.context.close()


def test_four_tabs_at_the_closing_second(chromium, live_server):
    """Four people of two organizations press at the closing second: each sees a receipt or the sentence, once each."""
    at = clock.now()
    here = build(at).here
    closes = at + timedelta(seconds=75)
    make.ruled(here, apply_opens_at=at - timedelta(days=1), apply_closes_at=closes)
    drafts = [
        make.make_complete_draft(here, at),
        make.make_complete_draft(
            here, at, organization=here.other_organization, by=here.people["other_member"], title="另一份"
        ),
    ]
    people = ("member_a", "member_a", "other_member_a", "other_member_a")
    walkers = [Walker(chromium, live_server.url) for _ in people]
    try:
        for walker, who, n in zip(walkers, people, (0, 0, 1, 1), strict=True):
            walker.sign_in(who, PASSWORD)
            walker.page.goto(f"{live_server.url}/proposals/{drafts[n].pk}/check/")
        early, late = walkers[:2], walkers[2:]

        def press(walker):
            walker.page.get_by_role("button", name="确认提交").click(no_wait_after=True)

        assert clock.now() < closes, "the machine was too slow to come before the closing"
        for walker in early:
            press(walker)
        for walker in early:
            walker.page.wait_for_url("**/receipt/")
        while clock.now() < closes:
            pass
        for walker in late:
            press(walker)
        for walker in late:
            expect(walker.page.locator("main")).to_contain_text("截止，不能再提交。您的草稿已保留。")
        numbers = {walker.page.locator(".code").inner_text() for walker in early}
        mine, other = (Proposal.objects.get(pk=d.pk) for d in drafts)
        assert (numbers, mine.versions.count()) == ({mine.receipt_number}, 1)
        assert (other.state, other.versions.count()) == ("draft", 0)
    finally:
        for walker in walkers:
            walker.context.close()
