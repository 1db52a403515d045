"""Office spreadsheets: live totals with cached values, text that stays text, a page that prints."""

import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.sheets import (
    A3,
    PRINTED,
    Cell,
    Column,
    Formula,
    Line,
    Report,
    TooManyRows,
    book,
    file_title,
    write_book,
    write_report,
)
from core.sheets.text import CUT, MOST_HEIGHT, clean, height, lines_in
from tests.house.office import pages_of, recalculated

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


# --- subtotals


GROUPED = [
    Column("序号", "rank", 6),
    Column("方向", "text", 12),
    Column("项目", "long", 20, total="count"),
    Column("金额", "money", 14, total=True),
]


def grouped(**changes):
    return report(columns=GROUPED, group=1, **changes)


def in_groups():
    names = ["党建", "党建", "环保", "文体", "文体"]
    return [[n, name, f"项目{n}", Decimal(n) / 10] for n, name in enumerate(names, 1)]


def test_each_group_has_its_live_subtotal_and_the_total_counts_nothing_twice(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, grouped(), in_groups())
    (again,) = recalculated([path], tmp_path)
    sheet, values = openpyxl.load_workbook(path)["方案"], openpyxl.load_workbook(again, data_only=True)["方案"]
    assert [sheet[f"D{r}"].value for r in (6, 8, 11, 12)] == [
        "=SUBTOTAL(9,D4:D5)", "=SUBTOTAL(9,D7)", "=SUBTOTAL(9,D9:D10)", "=SUBTOTAL(9,D4:D11)",
    ]  # fmt: skip
    assert [round(Decimal(str(values[f"D{r}"].value)), 9) for r in (6, 8, 11, 12)] == [
        Decimal("0.3"), Decimal("0.3"), Decimal("0.9"), Decimal("1.5"),
    ]  # fmt: skip
    assert [values[f"C{r}"].value for r in (6, 8, 11, 12)] == [2, 1, 2, 5]
    assert [(sheet[f"A{r}"].value, sheet[f"B{r}"].value) for r in (6, 12)] == [("小计", "党建"), ("合计", None)]
    assert numbers(path) == numbers(again)


def numbers(path):
    return {
        (sheet.title, c.coordinate): round(Decimal(str(c.value)), 6)
        for sheet in openpyxl.load_workbook(path, data_only=True)
        for row in sheet.iter_rows()
        for c in row
        if isinstance(c.value, int | float)
    }


def test_a_group_without_a_name_is_named_so(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, grouped(), [[1, None, "甲", Decimal(1)]])
    assert openpyxl.load_workbook(path)["方案"]["B5"].value == "未填"


def test_grouped_report_without_rows_has_a_zero_total(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, grouped(), [])
    assert [openpyxl.load_workbook(path)["方案"][c].value for c in ("C4", "D4")] == ["=0", "=0"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["甲", "乙", ""]), st.decimals(0, 10**8, places=2) | st.none()), max_size=30))
def test_cached_totals_are_the_sums_of_their_rows(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("sums") / "a.xlsx"
    write_report(path, grouped(), [[1, name, "项目", money] for name, money in pairs])
    sheet = openpyxl.load_workbook(path, data_only=True)["方案"]
    last = max(r for r in range(1, sheet.max_row + 1) if sheet.cell(r, 1).value == "合计")
    parts = [r for r in range(4, last) if sheet.cell(r, 1).value == "小计"]
    total = sum((m for _, m in pairs if m is not None), Decimal(0))
    assert round(Decimal(str(sheet.cell(last, 4).value)), 2) == total
    assert sum(round(Decimal(str(sheet.cell(r, 4).value)), 2) for r in parts) == total
    assert sheet.cell(last, 3).value == len(pairs) == sum(sheet.cell(r, 3).value for r in parts)


# --- many rows


def many(count):
    for n in range(count):
        yield [n + 1, ("党建", "环保")[2 * n // count], f"项目{n}", Decimal(n) / 100]


def test_a_large_report_prints_its_totals_and_lists_its_rows_on_the_detail_sheet(tmp_path):
    path, count = tmp_path / "a.xlsx", PRINTED + 2
    seen = []
    write_report(
        path, grouped(lines=[Line("余额", 3, lambda t: f"=100000-{t[3]}", Decimal("79969.99"))]), many(count),
        progress=seen.append,
    )  # fmt: skip
    (again,) = recalculated([path], tmp_path)
    first, detail = openpyxl.load_workbook(path)["方案"], openpyxl.load_workbook(path)["明细"]
    assert [first[f"D{r}"].value for r in (4, 5, 6)] == [
        "=SUM(明细!D2:D1002)",
        "=SUM(明细!D1003:D2003)",
        "=SUM(明细!D2:D2003)",
    ]
    assert first["C6"].value == "=COUNTA(明细!C2:C2003)"
    assert first["A7"].value == "共 2,002 行，逐行见“明细”表；本表各数由该表逐行相加。"
    assert detail.auto_filter.ref == "A1:D2003"
    assert [detail["A2003"].value, detail["C2003"].value, detail["D2003"].value] == [2002, "项目2001", 20.01]
    assert numbers(path) == numbers(again)
    assert (seen[-1], seen == sorted(seen)) == (count, True)


def test_a_report_of_exactly_as_many_rows_as_are_printed_prints_them(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, grouped(), many(PRINTED))
    assert openpyxl.load_workbook(path)["方案"]["A4"].value == 1


def test_more_rows_than_a_sheet_can_hold_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(book, "MOST_ROWS", 999)
    write_report(tmp_path / "a.xlsx", report(columns=GROUPED), many(999))
    with pytest.raises(TooManyRows, match="999 行"):
        write_report(tmp_path / "b.xlsx", report(columns=GROUPED), many(1000))


def test_progress_may_stop_a_report_and_the_rows_are_asked_no_further(tmp_path):
    asked = []

    def rows():
        for row in many(5000):
            asked.append(row)
            yield row

    class Enough(Exception):
        pass

    def told(n):
        if n >= 2500:
            raise Enough

    with pytest.raises(Enough):
        write_report(tmp_path / "a.xlsx", report(columns=GROUPED), rows(), progress=told)
    assert len(asked) == 2500


MEMORY = """
import resource, sys
from pathlib import Path
from decimal import Decimal
from core.sheets import Column, Report, write_report
columns = [Column(f"列{i}", "money" if i % 2 else "long", 12, total=bool(i % 2)) for i in range(20)]
report = Report(title="t", left="", right="", columns=columns, signatures="", sheet="表")
def rows(count):
    for n in range(count):
        yield [Decimal(n) / 100 if i % 2 else f"文字{n}列{i}" for i in range(20)]
write_report(Path(sys.argv[1]), report, rows(int(sys.argv[2])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_rows(tmp_path):
    root = Path(book.__file__).parents[2]
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", MEMORY, str(tmp_path / "a.xlsx"), str(count)], cwd=root, check=True,
                capture_output=True, text=True,
            ).stdout
        )
        for count in (3000, 30_000)
    ]  # fmt: skip
    assert peaks[1] - peaks[0] < 10 * 1024


# --- what stands in the cells

ANY = [
    Column("文", "long", 20),
    Column("码", "code", 18),
    Column("数", "int", 8),
    Column("钱", "money"),
    Column("日", "date"),
]


def test_the_detail_sheet_holds_the_same_values_of_every_kind(tmp_path):
    path = tmp_path / "a.xlsx"
    moment = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
    rows = [
        ["溡源 <b>&\n二行", "013800000000", 5, Decimal("1E+3"), date(2026, 11, 23)],
        [None, "", 0, Decimal("-0.01"), moment],
        [Cell("x", struck=True), "1.38E+10", None, Formula(lambda cell: f"={cell(2)}+1", 1), None],
        [7, True, Decimal("2.5"), Decimal("NaN"), date(1999, 1, 1)],
    ]
    write_report(path, report(columns=ANY), rows)
    for name, top in (("方案", 4), ("明细", 2)):
        sheet = openpyxl.load_workbook(path, data_only=True)[name]
        found = [[c.value for c in line] for line in sheet.iter_rows(min_row=top, max_row=top + 3)]
        assert found == [
            ["溡源 <b>&\n二行", "013800000000", 5, 1000, datetime(2026, 11, 23)],
            [None, None, 0, -0.01, datetime(2026, 11, 23, 12, 30)],
            ["x", "1.38E+10", None, 1, None],
            [7, True, 2.5, None, datetime(1999, 1, 1)],
        ]
        assert {sheet.cell(r, 2).number_format for r in (top, top + 1, top + 2)} == {"@"}


def test_a_cell_may_be_of_another_kind_than_its_column(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(columns=[Column("数", "int")]), [[Cell(Decimal("1.5"), kind="money")], [3]])
    book_ = openpyxl.load_workbook(path)
    assert [book_["方案"][c].number_format for c in ("A4", "A5")] == ["#,##0.00_)", "#,##0_)"]
    assert [book_["明细"][c].number_format for c in ("A2", "A3")] == ["#,##0.00_)", "#,##0_)"]


def test_a_row_of_the_wrong_length_is_refused(tmp_path):
    with pytest.raises(ValueError, match="row"):
        write_report(tmp_path / "a.xlsx", report(columns=GROUPED), [[1, 2, 3]])
    with pytest.raises(ValueError, match="zip"):
        write_report(tmp_path / "a.xlsx", report(columns=GROUPED), [[1, 2, 3, 4], [1, 2]])


LEADS = st.sampled_from(
    ["", "=", "+", "-", "@", "\t=", "\r=", "\n=", "=HYPERLINK(", "=cmd|' /C calc'!A0", "_x003D_", "{="]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.builds(str.__add__, LEADS, st.text(max_size=40)), min_size=1, max_size=12))
def test_no_text_whatever_becomes_a_formula_or_is_lost(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("texts") / "a.xlsx"
    facts = {"title": texts[0], "left": texts[-1], "note": texts[0], "signatures": texts[-1]}
    write_report(path, report(columns=[Column("文", "long"), Column("码", "code")], **facts), [[t, t] for t in texts])
    book_ = openpyxl.load_workbook(path)
    for sheet, top in ((book_["方案"], 4), (book_["明细"], 2)):
        for n, text in enumerate(texts):
            for column in (1, 2):
                cell = sheet.cell(top + n, column)
                # openpyxl reads a literal _x003D_ as it was escaped; spreadsheets undo it.
                assert (cell.value or "").replace("_x005F_", "_") == clean(text)
                assert cell.data_type in ("s", "n" if not clean(text) else "s")
        assert "f" not in {c.data_type for row in sheet.iter_rows() for c in row}


@pytest.mark.parametrize("text", ["长" * 100_000, "𠮷" * 40_000, "a" * 32_768])
def test_a_text_too_long_for_a_cell_is_cut_and_says_so(text):
    cut = clean(text)
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767
    assert cut.endswith(CUT)
    assert text.startswith(cut.removesuffix(CUT))
    assert clean("a" * 32_767) == "a" * 32_767


def test_control_and_half_characters_are_left_out():
    assert clean("甲\x00\x07乙\ud800丙\ufffe\r\n丁\r戊\t己") == "甲乙丙\n丁\n戊\t己"


# --- room on paper


def test_rows_are_as_high_as_their_wrapped_text(tmp_path):
    path = tmp_path / "a.xlsx"
    long = "获得资助，按申报金额全额资助，理由如下。" * 5  # 100 characters: 200 half-widths in a column of 20
    write_report(path, report(columns=[Column("说明", "long", 20)], note=long), [["短"], [long], ["长" * 10_000]])
    sheet = openpyxl.load_workbook(path)["方案"]
    assert [sheet.row_dimensions[r].height for r in (4, 6)] == [20.25, 408.75]
    assert sheet.row_dimensions[5].height >= 12 * 15
    assert sheet.row_dimensions[7].height >= 10 * 15


@given(st.text(max_size=200), st.floats(3, 60))
def test_height_is_enough_for_every_character(text, width):
    lines = lines_in(text, width)
    assert lines >= 1
    assert lines_in(text, width * 2) <= lines
    assert 0 < height(lines) <= MOST_HEIGHT
    wide = sum(2 if "\u4e00" <= c <= "\u9fff" else 1 for c in text if c != "\n")
    assert lines * max(2, width - 1) >= wide


def test_a_column_is_wide_enough_for_its_total(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(columns=[Column("额", "money", 8, total=True)]), [[Decimal("99999999.99")]] * 3)
    ((text, _sizes),) = pages_of([path], tmp_path)
    assert "299,999,999.97" in text
    assert "###" not in text.split("第 1 页")[0]


def test_portrait_a3_boxes_and_repeated_heads_on_paper(tmp_path):
    path = tmp_path / "a.xlsx"
    columns = [
        Column("序号", "rank", 8),
        Column("甲", "long", 30, group="两层"),
        Column("乙", "long", 30, group="两层"),
    ]
    facts = {"columns": columns, "paper": A3, "portrait": True, "approvals": ["分管领导意见", "主要领导意见"]}
    write_report(path, report(**facts), [[n, "文", "字"] for n in range(150)])
    ((text, sizes),) = pages_of([path], tmp_path)
    assert set(sizes) == {(842, 1191)}
    pages = text.split("\f")
    printed = [p for p in pages if "资金分配方案表" in p]
    assert len(printed) >= 2
    assert all("两层" in p and "填报单位：甲街道" in p for p in printed)
    assert "分管领导意见" in printed[-1]
    assert "主要领导意见" in printed[-1]


# --- books and names


def test_a_book_has_two_sheets_for_each_report_and_an_explanation(tmp_path):
    path, seen = tmp_path / "a.xlsx", []
    parts = [(grouped(sheet="甲表"), in_groups()), (grouped(sheet="乙表"), many(3)), (grouped(sheet="丙表"), [])]
    write_book(path, parts, explanation=["本表如何使用。", "=1+1"], progress=seen.append)
    book_ = openpyxl.load_workbook(path, data_only=True)
    assert book_.sheetnames == ["甲表", "甲表明细", "乙表", "乙表明细", "丙表", "丙表明细", "说明"]
    assert [book_[n].max_row for n in ("甲表明细", "乙表明细", "丙表明细")] == [6, 4, 1]
    assert [c.value for c in book_["说明"]["A"]] == ["本表如何使用。", "=1+1"]
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_file_says_what_it_is_in_its_first_part(tmp_path):
    path = tmp_path / "a.xlsx"
    write_report(path, report(), rows())
    with zipfile.ZipFile(path) as parts:
        assert parts.namelist()[0] == "[Content_Types].xml"
        assert len(parts.namelist()) == len(set(parts.namelist()))
        assert parts.testzip() is None


def test_file_title_is_as_offices_write_it():
    day = date(2025, 6, 12)
    assert (
        file_title(year=2025, about="辛店创投第四期", report="评分汇总表", day=day)
        == "〔2025〕辛店创投第四期-评分汇总表-20250612"
    )
    assert (
        file_title(year=2025, about="创投", part="第2版", report="方案表", day=day)
        == "〔2025〕创投-第2版-方案表-20250612"
    )


@given(st.text(max_size=300), st.text(max_size=80))
def test_file_title_is_a_name_windows_takes(about, part):
    name = file_title(year=2026, about=about, part=part, report="评分汇总表", day=date(2026, 1, 2))
    assert len(name) <= 120
    assert name.endswith("-评分汇总表-20260102")
    assert not re.search(r'[\\/:*?"<>|\x00-\x1f]', name)
