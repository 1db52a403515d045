"""The books page adds up by hand, and the ledger and the form as files say what the database says."""

import re
from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.money import parse_yuan
from funding import rules, services
from funding.domain.balance import Books, FundLine, Line, fund_problems, problems
from funding.views.books import sums
from tests.funding.money import LATER, ask, paid, signed
from tests.funding.test_services import landscape, numbers, report
from tests.judging.make import signed_in

D = Decimal
yuan = st.decimals(0, 100000, places=2)


@pytest.fixture
def later(at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return at + LATER + timedelta(days=1)


def paid_and_back(world, at, later):
    """5,400 paid, 400 came back, 1,000 of the second instalment asked for."""
    agreement = signed(world, at)
    payment = paid(world, ask(world, agreement, later), later)
    services.record_repayment(
        part_id=payment.parts.get().pk, kind="returned", amount=D(400), received_on=clock.local(later).date(), voucher="收字1号", reason="结余",
        by=world.here.people["finance"], at=later + timedelta(hours=2),
    )  # fmt: skip
    ask(world, agreement, later + timedelta(hours=3), position=2, amount="1000")
    return agreement


@given(yuan, yuan, yuan, yuan, yuan, yuan)
def test_every_sum_line_holds_for_any_books(spare, rest, paid_, back, waiting, unasked):
    back = min(back, paid_)
    agreed = paid_ - back + waiting + unasked
    line = Line("甲", agreed + spare, agreed, waiting, paid_, back)
    books = Books(line.allocated + rest, D(0), rest, (line,))
    assert problems(books) == []
    for row in sums(books):
        parts = [parse_yuan(text) for text in re.findall(r"[\d,]+\.\d\d", row["parts"])]
        assert (row["holds"], sum(parts)) == (True, row["amount"])


@given(yuan, yuan, yuan, yuan)
def test_a_fund_is_in_order_exactly_when_nothing_is_above_what_carries_it(budget, drawn, paid_, back):
    fund = FundLine("甲", budget, drawn, paid_, back)
    assert (fund_problems([fund]) == []) == (drawn <= budget and paid_ - back <= drawn and back <= paid_)
    assert fund.drawn + fund.free == budget
    assert fund.net + fund.unpaid == drawn


def test_the_page_shows_every_yuan_in_one_place(world, at, later):
    agreement = paid_and_back(world, at, later)
    page = signed_in(world.here.people["finance"]).get(f"/books/{agreement.round_id}/").content.decode()
    words = re.sub(r"<[^>]+>", "", page)
    for line in (
        "资金总额 200,000.00 = 已分配 9,000.00 + 预留 0.00 + 余额 191,000.00",
        "已分配 9,000.00 = 已签协议 9,000.00 + 未签协议 0.00",
        "已签协议 9,000.00 = 已拨 5,000.00 + 未拨 4,000.00",
        "未拨 4,000.00 = 办理中的申请 1,000.00 + 尚未申请 3,000.00",
        "拨付过的 5,400.00 = 已拨 5,000.00 + 退回和追回 400.00",
    ):
        assert line in words
    assert "账目平" in words
    fund = rules.fund_balances(agreement.round)[0]
    assert (fund.budget, fund.drawn, fund.free, fund.paid, fund.returned, fund.unpaid) == (
        100000,
        9000,
        91000,
        5400,
        400,
        4000,
    )


def test_a_round_without_money_says_what_comes(world, at):
    page = signed_in(world.here.people["office"]).get(f"/books/{world.here.round.pk}/").content.decode()
    for words in ("还没有获资助的项目", "还没有登记资金来源", "还没有自检过"):
        assert words in page


def test_the_books_are_for_the_streets_people(world, at):
    url = f"/books/{world.here.round.pk}/"
    codes = {key: signed_in(user).get(url).status_code for key, user in world.here.people.items()}
    assert {key for key, code in codes.items() if code == 200} == {"office", "leader", "finance", "supervisor"}
    assert signed_in(world.there.people["office"]).get(url).status_code == 404


def test_e10_opens_in_libreoffice_and_every_total_is_the_databases(world, at, later, tmp_path, settings):
    agreement = paid_and_back(world, at, later)
    params = {"round": agreement.round_id, "day": "2026-12-06"}
    path, again, text, _ = report(world, at, "funding.e10", params, tmp_path, settings)
    name = "协议签订及拨付台账"
    assert numbers(path, name) == numbers(again, name)
    sheet = openpyxl.load_workbook(path, data_only=True)[name]
    heads = [[c.value for c in row] for row in sheet.iter_rows(min_row=3, max_row=4)]
    assert [h for h in heads[0] if h] == [
        "协议号", "项目", "甲方", "乙方", "丙方", "合同金额", "首款", "尾款", "退回和追回", "已拨", "未拨", "拨付率（%）",
    ]  # fmt: skip
    row = [c.value for c in sheet[5]]
    assert row[:6] == [agreement.number, "邻里文艺", "测试街道办事处", "甲街道义工协会", "溡源社区", 9000]
    assert row[6:] == [5400, 5400, "2026-12-06", "记字12号", 3600, None, None, None, 400, 5000, 4000, 55.6]
    total = [c.value for c in sheet[6]]
    assert [total[i] for i in (5, 6, 7, 10, 14, 15, 16)] == [9000, 5400, 5400, 3600, 400, 5000, 4000]
    assert "协议签订及拨付台账" in text


def test_e11_opens_in_libreoffice_with_two_copies_on_one_page(world, at, later, tmp_path, settings):
    payment = paid(world, ask(world, signed(world, at), later), later)
    _, _, text, facts = report(world, at, "funding.e11", {"payment": payment.pk}, tmp_path, settings)
    plain = re.sub(r"\s", "", text)
    for words in ("人民币伍仟肆佰元整", "6222000000000000001", "记字12号", "分管领导（审批）"):
        assert plain.count(words) == 2, words
    assert re.search(r"Pages:\s+1\b", facts)
    assert landscape(facts) == (595, 842)
