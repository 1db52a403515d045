"""Office spreadsheets: a title, a head, rows, totals that are live formulas with right cached values, signatures.

Written through XlsxWriter because only it stores the cached value beside a formula, so that a file that was never
recalculated (a phone's preview, a mail viewer) shows the same totals as WPS or LibreOffice after opening. User text is
always written as a string: `=HYPERLINK(...)` stays text.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from core.clock import local

Kind = Literal["text", "long", "int", "money", "score", "date"]
Value = str | int | Decimal | date | datetime | None
A4, A3 = 9, 8
FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"align": "center", "text_wrap": True},
    "long": {"align": "left", "text_wrap": True},
    "int": {"align": "right", "num_format": "#,##0"},
    "money": {"align": "right", "num_format": "#,##0.00"},
    "score": {"align": "right", "num_format": "0.00"},
    "date": {"align": "center", "num_format": 'yyyy"年"m"月"d"日"'},
}
FACE = {"font_name": "宋体", "font_size": 10.5, "valign": "vcenter"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `group` is the upper head of a two-level head; `total` puts a live SUM in the total row."""

    title: str
    kind: Kind = "text"
    width: float = 12
    group: str = ""
    total: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A value that is marked: `struck` is a mark left out (underlined, shaded, with ※), never colour alone."""

    value: Value
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A live formula over cells of its own row: `build` gets a function from column index to cell name.

    `value` is the cached value, from the database; None writes a blank instead.
    """

    build: Callable[[Callable[[int], str]], str]
    value: Decimal | int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line under the total row: words over all columns, or a live formula in one column.

    `formula` gets the cell names of the total row by column index and returns a formula; `value` is its cached value.
    """

    words: str
    column: int | None = None
    formula: Callable[[dict[int, str]], str] | None = None
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a report says, apart from its rows. `paper` is A4 or A3; landscape always."""

    title: str
    left: str
    right: str
    columns: Sequence[Column]
    signatures: str
    sheet: str
    paper: int = A4
    lines: Sequence[Line] = field(default_factory=tuple)
    note: str = ""


def write_report(
    path: Path,
    report: Report,
    rows: Iterable[Sequence[Value | Cell | Formula]],
    *,
    progress: Callable[[int], None] = lambda _n: None,
) -> None:
    """Write one report to `path` (.xlsx): the printed sheet and beside it an unmerged sheet `明细` for filtering.

    `progress` is called with the number of rows written so far after each row and may raise to stop.
    """
    book = xlsxwriter.Workbook(
        str(path), {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    try:
        writer = _Writer(book, report)
        writer.open()
        writer.body(rows, progress)
        writer.close()
    finally:
        book.close()


class _Writer:
    """One report on its way into a workbook; `at` is the next free row of the printed sheet."""

    def __init__(self, book: Any, report: Report) -> None:
        self.report = report
        self.columns = report.columns
        self.last = len(report.columns) - 1
        self.sheet = book.add_worksheet(report.sheet)
        self.detail = book.add_worksheet("明细")
        self.at = 0
        self.first = 0
        self.sums: dict[int, Decimal] = {i: Decimal(0) for i, c in enumerate(self.columns) if c.total}
        self.style, self.struck, self.bold = {}, {}, {}
        for kind, form in FORMATS.items():
            base = {**FACE, "border": 1, **form}
            marked = form.get("num_format", "@") + '"※"'
            self.style[kind] = book.add_format(base)
            self.struck[kind] = book.add_format({**base, "underline": 1, "bg_color": "#D9D9D9", "num_format": marked})
            self.bold[kind] = book.add_format({**base, "bold": True})
        self.head = book.add_format(
            {**FACE, "font_name": "黑体", "align": "center", "text_wrap": True, "border": 1, "bg_color": "#E7E6E6"}
        )
        self.top = book.add_format({**FACE, "bold": True, "font_size": 18, "align": "center"})
        self.plain = book.add_format({**FACE, "text_wrap": True})
        self.right = book.add_format({**FACE, "align": "right"})

    def open(self) -> None:
        """Title, unit line and head."""
        for i, column in enumerate(self.columns):
            self.sheet.set_column(i, i, column.width)
            self.detail.set_column(i, i, column.width)
            self.detail.write_string(0, i, column.group + column.title, self.head)
        _across(self.sheet, 0, 0, self.last, self.report.title, self.top)
        self.sheet.set_row(0, 32)
        middle = self.last // 2
        _across(self.sheet, 1, 0, middle, self.report.left, self.plain)
        if self.last > middle:
            _across(self.sheet, 1, middle + 1, self.last, self.report.right, self.right)
        self.first = self.at = _head(self.sheet, self.columns, self.head)
        self.sheet.freeze_panes(self.first, 0)
        self.detail.freeze_panes(1, 0)

    def body(self, rows: Iterable[Sequence[Value | Cell | Formula]], progress: Callable[[int], None]) -> None:
        """The rows, on both sheets, and the total row."""
        for row in rows:
            for i, (column, given) in enumerate(zip(self.columns, row, strict=True)):
                if isinstance(given, Formula):
                    self._live(i, column, given)
                    continue
                cell = given if isinstance(given, Cell) else Cell(given)
                _put(self.sheet, self.at, i, cell.value, (self.struck if cell.struck else self.style)[column.kind])
                _put(self.detail, self.at - self.first + 1, i, cell.value, self.style[column.kind])
                if i in self.sums and isinstance(cell.value, int | Decimal):
                    self.sums[i] += cell.value
            self.at += 1
            progress(self.at - self.first)
        if self.at > self.first:
            self.detail.autofilter(0, 0, self.at - self.first, self.last)

    def _live(self, i: int, column: Column, given: Formula) -> None:
        if given.value is None:
            _put(self.sheet, self.at, i, None, self.style[column.kind])
        else:
            text = given.build(lambda c: xl_rowcol_to_cell(self.at, c))
            self.sheet.write_formula(self.at, i, text, self.style[column.kind], given.value)
            if i in self.sums:
                self.sums[i] += given.value
        _put(self.detail, self.at - self.first + 1, i, given.value, self.style[column.kind])

    def close(self) -> None:
        """Totals, lines below them, signatures, print set-up."""
        totals = self._totals()
        for line in self.report.lines:
            if line.column is None or line.formula is None:
                _across(self.sheet, self.at, 0, self.last, line.words, self.plain)
            else:
                kind = self.columns[line.column].kind
                _across(self.sheet, self.at, 0, line.column - 1, line.words, self.right)
                self.sheet.write_formula(self.at, line.column, line.formula(totals), self.bold[kind], line.value)
            self.at += 1
        if self.report.note:
            _across(self.sheet, self.at, 0, self.last, self.report.note, self.plain)
            self.sheet.set_row(self.at, 15 * (1 + len(self.report.note) // 60))
            self.at += 1
        _across(self.sheet, self.at + 1, 0, self.last, self.report.signatures, self.plain)
        self.sheet.set_row(self.at + 1, 30)
        for page in (self.sheet, self.detail):
            page.set_landscape()
            page.set_paper(self.report.paper)
            page.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.7)
            page.center_horizontally()
            page.fit_to_pages(1, 0)
            page.set_footer("&C第 &P 页 共 &N 页")
        self.sheet.repeat_rows(0, self.first - 1)
        self.detail.repeat_rows(0)
        self.sheet.print_area(0, 0, self.at + 1, self.last)

    def _totals(self) -> dict[int, str]:
        """Write the total row where a column asks for one; returns the cell names of its sums by column."""
        if not self.sums:
            return {}
        names: dict[int, str] = {}
        for i, column in enumerate(self.columns):
            if i not in self.sums:
                self.sheet.write_string(self.at, i, "合计" if i == 0 else "", self.bold["text"])
                continue
            span = xl_range(self.first, i, max(self.first, self.at - 1), i)
            formula = f"=SUM({span})" if self.at > self.first else "=0"
            self.sheet.write_formula(self.at, i, formula, self.bold[column.kind], self.sums[i])
            names[i] = xl_rowcol_to_cell(self.at, i)
        self.at += 1
        return names


def _head(sheet: Any, columns: Sequence[Column], style: Any) -> int:
    """Write the one- or two-level head from row 2 on; returns the first data row."""
    if not any(c.group for c in columns):
        for i, column in enumerate(columns):
            sheet.write_string(2, i, column.title, style)
        sheet.set_row(2, 30)
        return 3
    i = 0
    while i < len(columns):
        group = columns[i].group
        if not group:
            sheet.merge_range(2, i, 3, i, columns[i].title, style)
            i += 1
            continue
        end = i
        while end + 1 < len(columns) and columns[end + 1].group == group:
            end += 1
        _across(sheet, 2, i, end, group, style)
        for j in range(i, end + 1):
            sheet.write_string(3, j, columns[j].title, style)
        i = end + 1
    sheet.set_row(3, 30)
    return 4


def _across(sheet: Any, row: int, first: int, last: int, words: str, style: Any) -> None:
    if last > first:
        sheet.merge_range(row, first, row, last, "", style)
    sheet.write_string(row, first, words, style)


def _put(sheet: Any, row: int, column: int, value: Value, style: Any) -> None:
    if value is None or value == "":
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, local(value).replace(tzinfo=None), style)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, datetime(value.year, value.month, value.day), style)  # noqa: DTZ001 - a day
    elif isinstance(value, str):
        sheet.write_string(row, column, value, style)
    else:
        sheet.write_number(row, column, value, style)
