"""The office drafts an agreement with live sums, a leader approves, the office signs with a scan."""

from datetime import timedelta

import pytest

from core import clock
from funding.models import PublicNotice
from tests.browser.walker import Walker
from tests.funding.money import fund, noticed
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def award(live_server, monkeypatch):
    """A funded project whose notice is over today, and a fund that suffices."""
    at = clock.now()
    world = build(at)
    found = noticed(world, at)
    fund(world, at)
    over = PublicNotice.objects.get().ends_on
    now = clock.now
    days = max((over - clock.local(at).date()).days + 1, 0)
    monkeypatch.setattr("core.clock.now", lambda: now() + timedelta(days=days))
    return found


def test_from_the_sheet_to_the_signature(chromium, live_server, award):
    office, leader = (Walker(chromium, live_server.url) for _ in range(2))
    phone = Walker(chromium, live_server.url, phone=True)
    try:
        office.sign_in("office_a", PASSWORD)
        office.go("/funds/", "资金来源")
        office.go("/agreements/", "项目协议列表")
        office.follow("拟订协议", "拟订协议")
        page = office.page
        page.get_by_label("金额（元）").nth(1).fill("1")
        assert "多" in page.inner_text("[data-sum=terms]") or "少" in page.inner_text("[data-sum=terms]")
        page.get_by_label("常用拨付比例").select_option("50-30-20")
        office.press("按比例填入", "按比例填入")
        assert page.inner_text("[data-sum=terms]") == "合计 9,000.00 元，与协议金额相等"
        office.press("保存草案", "协议有错")
        office.says("请先改正")
        page.get_by_label("项目结束日期").fill("2027-12-31")
        page.get_by_label("开户行").fill("测试银行新区支行")
        page.get_by_label("收款账号").fill("6222 0000 0000 0000")
        page.get_by_label("第 1 行场所").fill("党群服务中心")
        for row in range(page.locator("[name^=targets-][name$=-target]").count()):
            field, name = page.locator(f"[name=targets-{row}-target]"), page.locator(f"[name=targets-{row}-name]")
            if name.input_value() and not field.input_value():
                field.fill("按申报书")
        office.press("保存草案", "协议草案")
        office.says("协议草案已保存")
        path = page.url.removeprefix(live_server.url)
        office.press("提请审批")
        leader.sign_in("leader_a", PASSWORD)
        leader.go(path, "审批协议")
        leader.press("批准签订")
        page.reload()
        page.get_by_label("签订日期").fill(str(clock.local(clock.now()).date()))
        page.get_by_label("签字盖章扫描件").set_input_files(
            {"name": "扫描.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"}
        )
        office.press("登记签订", "协议已签订")
        office.says("已签订")
        leader.go(f"{path}end/", "终止协议")
        phone.sign_in("office_a", PASSWORD)
        phone.go("/agreements/", "项目协议列表")
        phone.go(path, "协议已签订")
        phone.page.locator("summary", has_text="变更协议").click()
        phone.page.locator("[name=change-reason]").fill("延期")
        phone.press("开始变更")
        phone.follow("修改草案", "修改草案")
        faults = [f for w in (office, leader, phone) for f in w.faults]
        assert not faults, faults
    finally:
        for walker in (office, leader, phone):
            walker.context.close()
