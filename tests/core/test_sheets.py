"""Office spreadsheets: live totals with cached values, text that stays text, a page that prints."""

from datetime import date
from decimal import Decimal

import openpyxl

from core.sheets import Cell, Column, Line, Report, write_report

COLUMNS = [
    Column("序号", "int", 6),
    Column("项目", "long", 30),
    Column("评委1", "score", group="得分"),
    Column("评委2", "score", group="得分"),
    Column("金额", "money", 14, total=True),
    Column("日期", "date", 16),
]


def report(**changes):
    facts = {
        "title": "资金分配方案表", "left": "填报单位：甲街道", "right": "单位：元", "columns": COLUMNS,
        "signatures": "制表人：        审核人：", "sheet": "方案",
    } | changes  # fmt: skip
    return Report(**facts)


def rows():
    return [
        [1, "溡源社区大管家", Cell(Decimal("88.50"), struck=True), Decimal("90"), Decimal("0.10"), date(2026, 11, 23)],
        [2, '=HYPERLINK("http://x")', Decimal("80"), None, Decimal("0.20"), None],
    ]


def test_totals_are_formulas_with_the_right_cached_value(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(lines=[Line("余额", 4, lambda t: f"=1-{t[4]}", Decimal("0.70"))]), rows())
    formulas = openpyxl.load_workbook(path)["方案"]
    values = openpyxl.load_workbook(path, data_only=True)["方案"]
    assert formulas["E7"].value == "=SUM(E5:E6)"
    assert Decimal(str(values["E7"].value)) == Decimal("0.3")
    assert formulas["E8"].value == "=1-E7"
    assert Decimal(str(values["E8"].value)) == Decimal("0.7")


def test_user_text_never_becomes_a_formula(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(), rows())
    for sheet in openpyxl.load_workbook(path):
        cells = [c for line in sheet.iter_rows() for c in line if isinstance(c.value, str) and "HYPERLINK" in c.value]
        assert [c.data_type for c in cells] == ["s"]


def test_page_is_a4_landscape_one_page_wide_with_repeated_head(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(), rows())
    sheet = openpyxl.load_workbook(path)["方案"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$1:$4"
    assert sheet["A1"].value == "资金分配方案表"
    assert sheet["C3"].value == "得分"
    assert (sheet["C4"].value, sheet["D4"].value) == ("评委1", "评委2")


def test_detail_sheet_is_unmerged_and_filterable(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(), rows())
    detail = openpyxl.load_workbook(path)["明细"]
    assert list(detail.merged_cells.ranges) == []
    assert detail.auto_filter.ref == "A1:F3"
    assert detail["C1"].value == "得分评委1"


def test_report_without_rows_has_a_zero_total(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(), [])
    assert openpyxl.load_workbook(path, data_only=True)["方案"]["E5"].value == 0


def test_progress_counts_rows(tmp_path):
    seen = []
    write_report(tmp_path / "a.xlsx", report(), rows(), progress=seen.append)
    assert seen == [1, 2]
