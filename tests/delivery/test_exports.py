"""E12 and E13: what LibreOffice makes of them, every total against the database, no formula out of what people type."""

from datetime import timedelta
from decimal import Decimal

import openpyxl
import pytest

from delivery import rules, services
from projects.models import BudgetLine
from tests.delivery.make import SPENT_AT, accepted, hand_in, line_of, project
from tests.funding.test_services import landscape, numbers, report

D = Decimal


@pytest.fixture
def agreement(world, at, settings, tmp_path):
    """A budget of three heads and a self-raised line, with expenses, one of them taken back, one over its head."""
    settings.MEDIA_ROOT = tmp_path / "media"
    found = project(world, at)
    line = line_of(found)
    BudgetLine.objects.filter(pk=line.pk).update(unit_price=D(6000), quantity=1, amount=D(6000), grant=D(6000))
    for n, head, item, grant, own in (
        (2, "activity", "讲师费", "1000", "0"), (3, "staff", "志愿者补贴", "1500", "0"), (4, "management", "办公耗材", "500", "200.50"),
    ):  # fmt: skip
        amount = D(grant) + D(own)
        BudgetLine.objects.create(
            proposal_id=found.proposal_id, position=n, head=head, item=item, unit_price=amount, quantity=1, amount=amount, grant=D(grant),
            self_raised=D(own),
        )  # fmt: skip
    lines = {x.item: x for x in BudgetLine.objects.filter(proposal=found.proposal_id)}
    for n, (item, amount, source, more) in enumerate(
        [
            ("物资", "1234.56", "grant", {"payee": '=HYPERLINK("http://x","y")', "voucher": "007", "bill_number": "00012345"}),
            ("讲师费", "1080.00", "grant", {}), ("志愿者补贴", "1400.00", "grant", {}), ("办公耗材", "100.10", "own", {}), (None, "99.99", "grant", {}),
        ]
    ):  # fmt: skip
        line = lines.get(item)
        hand_in(
            world, found, at, amount=D(amount), source=source, head=line.head if line else "activity", line=line.pk if line else None,
            **{"bill_number": f"no{n}", "voucher": f"记字{n}号", "spent_on": (at + timedelta(days=9 + n)).date(), **more},
        )  # fmt: skip
    back = accepted(world, found, at, amount=D(300), bill_number="b", summary="=1+1")
    services.reverse_expense(expense_id=back.pk, reason="重复。", by=world.here.people["finance"], at=at + SPENT_AT)
    return found


def params(agreement, first=None, last=None):
    return {"agreement": agreement.pk, "first": first, "last": last}


def column(path, sheet, name):
    return [c.value for c in openpyxl.load_workbook(path, data_only=True)[sheet][name]]


def test_e12_has_live_subtotals_that_are_the_databases(world, at, agreement, tmp_path, settings):
    path, again, text, facts = report(
        world, at, "delivery.e12", params(agreement, "2026-12-03", "2026-12-31"), tmp_path, settings
    )
    sheet = "预算执行表"
    assert numbers(path, sheet) == numbers(again, sheet)
    assert column(path, sheet, "A")[4:15] == [
        "业务活动费", "业务活动费", "业务活动费", "业务活动费小计", "人员费", "人员费小计", "管理费", "管理费小计", "自筹资金", "自筹资金小计", "合计",
    ]  # fmt: skip
    rows = {
        r[0].value + r[1].value: [c.value for c in r[2:]]
        for r in openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(5, 15)
        if r[1].value
    }
    assert rows["业务活动费讲师费"] == [1000, 1080, 1080, 108, "超预算 80.00 元", -80]
    assert rows["人员费志愿者补贴"] == [1500, 1400, 1400, 93.33, "接近预算", 100]
    assert rows["业务活动费物资"] == [6000, 0, 1234.56, 20.58, None, 4765.44]
    assert rows["业务活动费未对应预算行"][:4] == [0, 99.99, 99.99, None]
    found = rules.books(agreement)
    formulas = openpyxl.load_workbook(path)[sheet]
    assert formulas["E8"].value == "=SUBTOTAL(9,E5:E7)"
    assert formulas["E15"].value == "=SUBTOTAL(9,E5:E14)"
    values = openpyxl.load_workbook(path, data_only=True)[sheet]
    assert [D(str(values[c].value)) for c in ("C15", "E15", "H15")] == [
        found.total.budget,
        found.total.spent,
        found.total.left,
    ]
    assert D(str(values["E8"].value)) == found.heads["activity"].spent == D("2414.55")
    assert landscape(facts) == (842, 595)
    assert "Pages:           2" in facts  # the printed sheet and the one for filtering
    assert "超预算 80.00 元" in text
    assert "本期：2026年12月3日至2026年12月31日" in text


def test_e13_lists_every_voucher_with_codes_as_text(world, at, agreement, tmp_path, settings):
    path, again, text, facts = report(world, at, "delivery.e13", params(agreement), tmp_path, settings)
    sheet = "支出明细和凭证清单"
    assert numbers(path, sheet) == numbers(again, sheet)
    book = openpyxl.load_workbook(path)[sheet]
    rows = {r[1].value: [c.value for c in r] for r in book.iter_rows(4, 10)}
    assert rows["007"][5:9] == ['=HYPERLINK("http://x","y")', "发票", "00012345", 1234.56]
    assert all(c.data_type != "f" for r in book.iter_rows(4, 10) for c in r)
    assert [book.cell(r, 9).value for r in range(4, 11)].count(-300) == 1
    total = openpyxl.load_workbook(path, data_only=True)[sheet]["I11"].value
    assert D(str(total)) == rules.books(agreement).total.spent == D("3914.65")
    assert "人民币叁仟玖佰壹拾肆元陆角伍分" in text
    assert landscape(facts) == (1191, 842)
    assert "Pages:           2" in facts  # the printed sheet and the one for filtering


def test_reports_of_a_project_without_expenses_are_whole(world, at, agreement, tmp_path, settings):
    for kind in ("delivery.e12", "delivery.e13"):
        folder = tmp_path / kind
        folder.mkdir()
        path, again, text, _ = report(world, at, kind, params(agreement, None, "2026-11-30"), folder, settings)
        sheet = openpyxl.load_workbook(path).sheetnames[0]
        assert numbers(path, sheet) == numbers(again, sheet)
        assert "合计" in text
