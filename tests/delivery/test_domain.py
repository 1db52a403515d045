"""Arithmetic of spending, by property and by worked examples."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.domain.spending import (
    CHECKS,
    NEEDED,
    Entry,
    Purse,
    Row,
    added,
    close,
    findings,
    is_digital_invoice,
    level,
    missing,
    rate,
    room,
    scaled,
    tight,
)

D = Decimal
money = st.decimals(0, 100000, places=2)
DAY = date(2026, 12, 5)
PERIOD = {"starts_on": date(2026, 12, 1), "ends_on": date(2027, 6, 30)}


@given(st.lists(money, max_size=8), money)
def test_scaled_parts_add_up_to_the_fen(asked, total):
    parts = scaled(asked, total)
    assert len(parts) == len(asked)
    assert sum(parts, D(0)) == (total if sum(asked, D(0)) else 0)
    whole = sum(asked, D(0))
    for one, part in zip(asked, parts, strict=True):
        assert part >= 0
        assert abs(part * whole - one * total) <= D("0.01") * whole


@given(st.lists(money, max_size=8))
def test_scaled_to_what_was_asked_changes_nothing(asked):
    assert scaled(asked, sum(asked, D("0.00"))) == asked


@pytest.mark.parametrize(
    ("budget", "spent", "found"),
    [
        ("1000", "0", "fine"), ("1000", "899.99", "fine"), ("1000", "900", "near"), ("1000", "1000", "near"), ("1000", "1000.01", "over"),
        ("1000", "1100", "over"), ("1000", "1100.01", "beyond"), ("0", "0", "fine"), ("0", "0.01", "beyond"), ("1000", "-5", "fine"),
    ],
)  # fmt: skip
def test_level_of_a_head(budget, spent, found):
    assert level(D(budget), D(spent)) == found


@given(money, money, money)
def test_spending_more_never_looks_better(budget, spent, more):
    order = ["fine", "near", "over", "beyond"]
    assert order.index(level(budget, spent)) <= order.index(level(budget, spent + more))


@pytest.mark.parametrize(
    ("budget", "spent", "found"),
    [("9000", "3000", "33.33"), ("8", "1", "12.50"), ("3", "2", "66.67"), ("0", "1", None)],
)
def test_rate_is_half_up_with_two_decimals(budget, spent, found):
    assert rate(D(budget), D(spent)) == (None if found is None else D(found))


def test_rows_say_their_warning_in_words():
    row = Row("staff", "人员费", D(1000), D("1120.00"))
    assert (row.left, row.rate, row.warning) == (D(-120), D("112.00"), "超预算过多 120.00 元")
    assert Row("a", "甲", D(1000), D(1050)).warning == "超预算 50.00 元"
    assert Row("a", "甲", D(1000), D(950)).warning == "接近预算"
    assert Row("a", "甲", D(1000), D(1000)).warning == "已用完"
    assert Row("a", "甲", D(1000), D(10)).warning == Row("a", "甲", D(0), D(0)).warning == ""
    assert Row("a", "甲", D(0), D(10)).warning == "无预算，支出 10.00 元"
    assert added([row, Row("x", "乙", D(1), D(2), D(3), D(4))]) == Row(
        "", "合计", D(1001), D("1122.00"), D("3.00"), D("4.00")
    )


@given(
    st.lists(st.tuples(st.integers(0, 4), st.sets(st.sampled_from("ab")), st.sampled_from([None, 0, 50, 100])), min_size=1, max_size=2),
    st.integers(0, 5), st.integers(0, 5),
)  # fmt: skip
def test_tight_agrees_with_trying_every_way(purses, a, b):
    """Half-yuan steps are enough: every bound is a multiple of one half."""
    rows = [
        Purse(str(n), D(drawn), frozenset(no), {} if cap is None else {"a": D(cap)})
        for n, (drawn, no, cap) in enumerate(purses)
    ]
    step = [D(n) / 2 for n in range(11)]

    def carried():
        for ways in product(product(step, step), repeat=len(rows)):
            if sum(w[0] for w in ways) != a or sum(w[1] for w in ways) != b:
                continue
            if all(
                x <= p.may("a") and y <= p.may("b") and x + y <= p.drawn for p, (x, y) in zip(rows, ways, strict=True)
            ):
                return True
        return False

    assert (tight(rows, {"a": D(a), "b": D(b)}) == ()) == carried()


def test_room_is_what_funds_pay_together():
    purses = [Purse("甲", D(6000), frozenset({"staff"})), Purse("乙", D(3000), limits={"staff": D(30)})]
    assert (room(purses, ["staff"]), room(purses, ["activity"]), room(purses, ["staff", "activity"])) == (
        900,
        9000,
        9000,
    )
    assert close(purses, {"staff": D(810)}, "staff")
    assert not close(purses, {"staff": D(809)}, "staff")
    assert not close(purses, {"activity": D(9000)}, "activity")


def said(amount, *, head="activity", is_grant=True, spent="0", reason="", summary="物资", on=DAY, purses=None):
    heads = {
        "activity": Row("activity", "业务活动费", D(6000), D(spent)), "staff": Row("staff", "人员费", D(3000), D(0)),
    }  # fmt: skip
    own = Row("own", "自筹资金", D(500), D(0))
    entry = Entry(head, D(amount), is_grant, on, summary, reason)
    found = findings(entry, heads=heads, own=own, purses=purses or [Purse("街道资金", D(9000))], **PERIOD)
    return [(f.level, f.field) for f in found], "".join(f.words for f in found)


def test_findings_warn_ask_and_stop():
    assert said("5000") == ([], "")
    assert said("5400")[0] == [("note", "amount")]
    assert "接近预算" in said("5400")[1]
    assert "允许调剂的 10% 以内" in said("6600")[1]
    marks, words = said("6600.01")
    assert marks == [("ask", "over_reason")]
    assert (
        words
        == "业务活动费预算 6,000.00 元，累计支出将为 6,600.01 元，超过预算的 110%。请写明超出的理由，或改用自筹资金。"
    )
    assert said("6600.01", reason="增加一场")[0] == [("note", "over_reason")]
    marks, words = said("5000", spent="4500")
    assert marks == [("stop", "amount")]
    assert "资助资金只剩 4,500.00 元，超支不补" in words
    assert said("5000", spent="4500", reason="有理由")[0] == [("stop", "amount")]


def test_findings_of_days_words_and_own_money():
    assert said("10", on=date(2026, 11, 30))[0] == [("note", "spent_on")]
    assert said("10", on=date(2027, 6, 30))[0] == []
    assert said("10", on=date(2027, 7, 1))[0] == [("note", "spent_on")]
    assert said("10", summary="发放慰问金") == (
        [("note", "summary")],
        "摘要中有“慰问金”，可能不在资金开支范围内，请核对。",
    )
    assert said("9999999", is_grant=False)[0] == [("note", "amount")]
    assert said("500", is_grant=False)[0] == []


def test_findings_of_funds_that_forbid_or_limit_a_head():
    forbids = [Purse("党组织服务群众经费", D(9000), frozenset({"staff"}))]
    assert said("1", head="staff", purses=forbids) == (
        [("stop", "head")], "“党组织服务群众经费”不得开支人员费，请改用自筹资金或核对科目。",
    )  # fmt: skip
    assert said("1", head="staff", is_grant=False, purses=forbids)[0] == []
    limits = [Purse("街道资金", D(9000), limits={"staff": D(20)})]
    assert said("1800.01", head="staff", purses=limits)[0] == [("ask", "over_reason")]
    assert "超过资金比例上限 1,800.00 元" in said("1800.01", head="staff", purses=limits)[1]
    assert said("1800.01", head="staff", purses=limits, reason="已报批")[0] == [("note", "over_reason")]
    assert said("1620", head="staff", purses=limits)[0] == [("note", "amount")]
    assert said("1619", head="staff", purses=limits)[0] == []


def test_every_kind_of_voucher_names_what_it_needs():
    assert {code for codes in NEEDED.values() for code in codes} <= set(CHECKS)
    assert missing("invoice", ["title"]) == ["已在税务平台查验真伪"]
    assert missing("labour", ["signed", "signin", "photo"]) == []


@pytest.mark.parametrize(
    ("number", "found"), [("26442000000000000017", True), ("12345678", False), ("２６４４２０００００００００００００１７", False), ("", False)]
)  # fmt: skip
def test_a_digital_invoice_has_twenty_digits(number, found):
    assert is_digital_invoice(number) is found
