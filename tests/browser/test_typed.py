"""Numbers and amounts are told right or wrong beside their field, in blanks and full-width digits, without losing a digit."""

import re

import pytest
from playwright.sync_api import expect

from core import clock
from tests.browser.walker import Walker
from tests.projects import make
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(live_server):
    return build(clock.now()).here


def test_a_code_and_a_phone_are_checked_while_one_types(chromium, live_server, here):
    walker = Walker(chromium, live_server.url, phone=True)
    page = walker.page
    walker.go("/organizations/apply/")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    code, phone = page.get_by_label("统一社会信用代码"), page.get_by_label("您的联系电话")
    assert (code.get_attribute("inputmode"), phone.get_attribute("inputmode")) == ("text", "tel")
    said, told = page.locator("#id_uscc_typed"), page.locator("#id_phone_typed")
    code.press_sequentially("9135 01")
    expect(said).to_have_text("已写 6 位，应为 18 位")
    code.fill("9135 0100 M000 100Y 44")
    expect(said).to_have_text("统一社会信用代码不正确，请核对登记证书上的 18 位代码。")
    expect(code).to_have_attribute("aria-invalid", "true")
    code.fill("９１３５ 0100 m000 100y 43")
    expect(said).to_have_text("18 位，校验码正确")
    phone.fill("138 0013 800")
    expect(told).to_have_text("已写 10 位，应为 11 位手机号或带区号的固定电话")
    phone.blur()
    expect(told).to_have_text("请填写 11 位手机号，或带区号的固定电话，例如 0757-8888888。")
    assert code.input_value() == "９１３５ 0100 m000 100y 43"
    phone.fill("+86 １３８ ００１３ ８０００")
    expect(told).to_have_text("号码完整")
    phone.blur()
    assert phone.input_value() == "+86 １３８ ００１３ ８０００"
    code.fill("9135O100")
    expect(said).to_have_text("统一社会信用代码只有数字和字母，没有 I、O、S、V、Z，请核对。")
    walker.look("申请登记-信用代码")
    walker.axe("申请登记-信用代码")
    assert asked == []
    assert walker.faults == []


def test_an_amount_that_cannot_be_read_is_told_in_its_cell(chromium, live_server, here):
    draft = make.make_draft(here, clock.now())
    walker = Walker(chromium, live_server.url)
    page = walker.page
    walker.sign_in("member_a", PASSWORD)
    page.goto(f"{live_server.url}/proposals/{draft.pk}/edit/")
    price = page.locator("[name=line-0-unit_price]")
    row = page.locator("[data-line]").first
    unreadable = re.compile("看不懂这个金额，例如 5000 或 5000.50")
    price.fill("一百")
    price.blur()
    expect(row).to_contain_text(unreadable)
    price.fill("￥１，２００．５０ 元")
    price.blur()
    expect(row).not_to_contain_text(unreadable)
    page.fill("[name=line-0-quantity]", "2")
    expect(row.locator("[data-amount]")).to_have_text("2,401.00")
    assert walker.faults == []
