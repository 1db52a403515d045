"""E11 拨付审批单 as Excel: one payment, two copies on one sheet of A4."""

from collections.abc import Mapping
from typing import Any

import xlsxwriter

from funding import rules
from funding.documents.form import Form, form_of
from funding.models import Payment
from jobs.registry import Work, register

FACE = {"font_name": "宋体", "font_size": 10.5, "valign": "vcenter", "text_wrap": True}
COPIES = ("财政留存", "创投办留存")
WIDE = 4  # last column: label and four beside it, five boxes for signatures


def may_read(user: Any, params: Mapping[str, Any]) -> bool:
    """Whoever sees the payment and may have its form as a file."""
    payment = rules.visible_payments(user).filter(pk=params["payment"]).first()
    return payment is not None and rules.exports_form(user, payment)


@register("funding.e11", may=may_read)
def approval_form(work: Work) -> None:
    """E11 of one payment: `params` = {"payment": id}. The whole account: for the street's people only."""
    payment = Payment.objects.select_related(
        "agreement__round__street", "agreement__proposal", "instalment", "checked_by", "approved_by", "paid_by"
    ).get(pk=work.params["payment"])
    payee = {key: str(payment.payee.get(key, "")) for key in ("name", "bank", "account")}
    book = xlsxwriter.Workbook(
        str(work.path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    try:
        _write(book, form_of(payment, payee))
    finally:
        book.close()
    work.rows(len(COPIES), len(COPIES))


def _write(book: Any, form: Form) -> None:
    sheet = book.add_worksheet(form.title)
    sheet.set_column(0, WIDE, 17.5)
    sheet.set_paper(9)
    sheet.set_portrait()
    sheet.set_margins(left=0.5, right=0.5, top=0.4, bottom=0.4)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 1)
    style = {
        "top": book.add_format({**FACE, "bold": True, "font_size": 16, "align": "center"}),
        "line": book.add_format(FACE),
        "label": book.add_format({**FACE, "font_name": "黑体", "align": "center", "border": 1}),
        "value": book.add_format({**FACE, "align": "left", "border": 1, "num_format": "@"}),
        "sign": book.add_format({**FACE, "align": "center", "border": 1, "valign": "top"}),
    }
    at = 0
    for n, copy in enumerate(COPIES, 1):
        at = _copy(sheet, form, style, at, f"第{n}联：{copy}") + 2
    sheet.print_area(0, 0, at - 3, WIDE)


def _copy(sheet: Any, form: Form, style: dict[str, Any], at: int, words: str) -> int:
    """One copy from row `at` on; returns the row after it."""
    _across(sheet, at, 0, f"{form.street}{form.title}", style["top"])
    sheet.set_row(at, 26)
    _across(sheet, at + 1, 0, f"编号 {form.number}　　申请日期 {form.day}　　{words}", style["line"])
    at += 2
    for label, value in form.rows:
        sheet.write_string(at, 0, label, style["label"])
        _across(sheet, at, 1, value, style["value"])
        sheet.set_row(at, 18 * (1 + len(value) // 36))
        at += 1
    for i, sign in enumerate(form.signs):
        sheet.write_string(at, i, sign.office, style["label"])
        sheet.write_string(at + 1, i, f"{sign.name}\n{sign.day}" if sign.name else "", style["sign"])
    sheet.set_row(at + 1, 46)
    at += 2
    if form.note:
        _across(sheet, at, 0, form.note, style["line"])
        at += 1
    return at


def _across(sheet: Any, row: int, first: int, words: str, style: Any) -> None:
    sheet.merge_range(row, first, row, WIDE, "", style)
    sheet.write_string(row, first, words, style)
