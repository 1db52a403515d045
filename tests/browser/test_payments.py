"""An organization asks on a phone, office, leader and finance each do their part, and the books know it."""

from datetime import timedelta

import pytest

from core import clock
from tests.browser.walker import SCREENS, Walker
from tests.funding.money import LATER, signed
from tests.world import PASSWORD, build
from workdays.domain import is_workday

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def agreement(live_server, monkeypatch):
    """An agreement signed yesterday, its notice over."""
    at = clock.now() - LATER - timedelta(days=1)
    day = clock.local(at).date()
    while not is_workday(day, {}):
        day -= timedelta(days=1)
    monkeypatch.setattr("tests.funding.money.START", day)
    return signed(build(at), at)


def test_from_the_phone_to_the_voucher(chromium, live_server, agreement):
    member = Walker(chromium, live_server.url, phone=True)
    office, leader, finance = (Walker(chromium, live_server.url) for _ in range(3))
    phone = Walker(chromium, live_server.url, phone=True)
    try:
        member.sign_in("member_a", PASSWORD)
        member.go("/payments/", "我的拨付")
        member.follow("看各期拨付", "可以申请的拨付")
        member.says("“首款”还没有拨付，拨付以后才能申请这一期。")
        member.follow("申请首款", "申请首款")
        page = member.page
        page.get_by_label("申请金额").fill("9000")
        member.press("提交申请", "申请未提交")
        member.says("还可申请 5,400.00 元")
        member.faults = [
            f for f in member.faults if "400 (Bad Request)" not in f
        ]  # the console notes the refusal itself
        page.get_by_label("申请金额").fill("5,400")
        page.get_by_label("申请说明").fill("收据 001 号。")
        page.get_by_label("依据材料").set_input_files(
            {"name": "收据.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"}
        )
        member.press("提交申请", "申请已提交")
        member.says("等待核对。")
        url = page.url.removeprefix(live_server.url)

        office.sign_in("office_a", PASSWORD)
        office.go("/payments/", "拨付列表")
        office.says("等您办理")
        office.go(url, "核对")
        office.press("核对通过，交审批", "核对未填写")
        office.says("请写明“协议已签订”是怎样核对的")
        office.page.get_by_label("协议已签订").fill("原件已签字盖章，收据 1 张。")
        office.press("核对通过，交审批", "已核对")

        leader.sign_in("leader_a", PASSWORD)
        leader.go(url, "审批拨付")
        leader.says("原件已签字盖章")
        leader.press("批准拨付")

        finance.sign_in("finance_a", PASSWORD)
        finance.go(url, "登记拨付")
        finance.page.get_by_label("凭证号").fill("记字12号")
        finance.press("登记已拨付", "已拨付")
        finance.go(url + "print/", "拨付审批单")
        finance.page.pdf(path=str(SCREENS / "拨付审批单.pdf"), prefer_css_page_size=True, print_background=True)
        finance.go(url)
        finance.follow("登记退回或追回", "登记退回")
        finance.go(f"/books/{agreement.round_id}/", "资金账")
        finance.says("账目平")

        member.go(url, "申请办理经过")
        member.says("凭证号 记字12号")
        phone.sign_in("finance_a", PASSWORD)
        for path, name in (
            ("/payments/", "拨付列表"),
            (f"/books/{agreement.round_id}/", "资金账"),
            (url + "print/", "拨付审批单"),
        ):
            phone.go(path, name)
        faults = [f for w in (member, office, leader, finance, phone) for f in w.faults]
        assert not faults, "\n".join(faults)
    finally:
        for walker in (member, office, leader, finance, phone):
            walker.context.close()
