"""An organization books an expense on a phone, with a photo; finance accepts it on its own screen."""

from datetime import timedelta

import pytest

from core import clock
from delivery.models import Expense
from tests.browser.walker import Walker
from tests.delivery.make import line_of, project
from tests.world import PASSWORD, build
from workdays.domain import is_workday

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHOTO = {"name": "票据.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n photo"}


@pytest.fixture
def agreement(live_server, monkeypatch):
    """A project that has begun: the agreement was signed a month ago."""
    at = clock.now()
    begun = at - timedelta(days=30)
    world = build(begun)
    day = clock.local(begun).date()
    while not is_workday(day, {}):
        day -= timedelta(days=1)
    monkeypatch.setattr("tests.funding.money.START", day)
    return project(world, begun)


def test_from_the_phone_to_accepted(chromium, live_server, agreement):
    member = Walker(chromium, live_server.url, phone=True)
    finance = Walker(chromium, live_server.url)
    try:
        member.sign_in("member_a", PASSWORD)
        member.go("/spending/", "项目支出")
        member.follow(agreement.proposal.title, "项目支出空")
        member.follow("记一笔支出", "记一笔支出")
        member.press("保存并提交", "支出未填写")
        member.says("请填写摘要")
        page = member.page
        page.get_by_label("金额（元）").fill("1,200")
        page.get_by_text("人民币壹仟贰佰元整").wait_for()
        page.get_by_label("日期").fill(clock.local(clock.now()).strftime("%Y-%m-%d"))
        page.get_by_label("摘要").fill("购买端午活动糯米")
        page.get_by_label("科目和预算行").select_option(value=f"activity:{line_of(agreement).pk}")
        page.get_by_label("收款方").fill("测试粮油店")
        page.get_by_label("收据", exact=True).check()
        page.locator("input[name=photo_files]").set_input_files(PHOTO)
        page.get_by_label("收款人已签字或盖章").check()
        member.press("保存并提交", "支出已提交")
        member.says("等待财政所或创投办核对")
        finance.sign_in("finance_a", PASSWORD)
        finance.go("/spending/check/", "待核凭证")
        finance.page.get_by_label(f"选择 {Expense.objects.get().number}").check()
        finance.press("选中的退回", "退回未写理由")
        finance.says("请写明退回理由")
        finance.press("选中的核对通过", "核对通过")
        finance.says("核对通过 1 笔")
        finance.go(f"/spending/{agreement.pk}/", "预算执行")
        finance.page.get_by_role("link", name=Expense.objects.get().number).first.click()
        finance.look("支出已核")
        member.go(f"/spending/{agreement.pk}/", "预算执行手机")
        member.says("13.33%")
        faults = [f for w in (member, finance) for f in w.faults if "400 (Bad Request)" not in f]  # the refused return
        assert not faults, "\n".join(faults)
    finally:
        for walker in (member, finance):
            walker.context.close()
