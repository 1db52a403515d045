"""The sheet that is printed, signed and sealed: merged title, two-level head, rows, subtotals, totals, boxes, signatures.

Written through XlsxWriter because only it stores the cached value beside a formula, so that a file that was never
recalculated (a phone's preview, a mail viewer) shows the same totals as WPS or LibreOffice after opening.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from xlsxwriter.utility import quote_sheetname, xl_range, xl_rowcol_to_cell

from core.clock import local
from core.sheets.gathered import Gathered, Part
from core.sheets.report import Cell, Column, Formula, Line, Row, Value, kind_of, value_of
from core.sheets.styles import Styles
from core.sheets.text import clean, height, lines_in

BOX_HEIGHT = 84
SIGN_HERE = "\n\n\n　　　签字：　　　　　　　　年　　月　　日"


class Printed:
    """One report on its way into a workbook; `at` is the next free row.

    With more rows than `gathered.most` it shows only subtotals and totals, summed over the sheet `detail`.
    """

    def __init__(self, sheet: Any, styles: Styles, gathered: Gathered, detail: str) -> None:
        self.sheet, self.styles, self.gathered, self.detail = sheet, styles, gathered, detail
        self.report = gathered.report
        self.columns = self.report.columns
        self.last = len(self.columns) - 1
        self.widths = [self._width(i, c) for i, c in enumerate(self.columns)]
        self.at = 0
        self.first = 0

    def write(self) -> None:
        """The whole sheet."""
        self._open()
        if self.gathered.is_bulk:
            self._bulk()
        else:
            self._body()
        self._close()

    def _width(self, i: int, column: Column) -> float:
        """A column is never too narrow for its own total, which would be shown as ####."""
        total = self.gathered.sums.get(i)
        return column.width if total is None else max(column.width, len(_shown(column, total)) + 3)

    def _open(self) -> None:
        for i, width in enumerate(self.widths):
            self.sheet.set_column(i, i, width)
        self._across(0, 0, self.last, self.report.title, self.styles.title)
        self.sheet.set_row(0, 32 * lines_in(self.report.title, sum(self.widths) * 10.5 / 18))
        middle = self._middle()
        self._across(1, 0, middle, self.report.left, self.styles.plain)
        if self.last > middle:
            self._across(1, middle + 1, self.last, self.report.right, self.styles.right)
        self.sheet.set_row(1, height(lines_in(self.report.left, sum(self.widths[: middle + 1])), 18))
        self.at = 2
        self._head()
        self.first = self.at
        self.sheet.freeze_panes(self.first, 0)

    def _middle(self) -> int:
        """The column after which the left half of the line under the title ends: at half the width of the paper."""
        half, so_far = sum(self.widths) / 2, 0.0
        for i, width in enumerate(self.widths):
            so_far += width
            if so_far >= half or i == self.last - 1:
                return i
        return 0

    def _head(self) -> None:
        lines = max(lines_in(c.title, w) for c, w in zip(self.columns, self.widths, strict=True))
        if not any(c.group for c in self.columns):
            for i, column in enumerate(self.columns):
                self.sheet.write_string(2, i, column.title, self.styles.head)
            self.sheet.set_row(2, height(lines, 30))
            self.at = 3
            return
        i, upper = 0, 1
        while i < len(self.columns):
            group = self.columns[i].group
            if not group:
                self.sheet.merge_range(2, i, 3, i, self.columns[i].title, self.styles.head)
                i += 1
                continue
            end = i
            while end + 1 < len(self.columns) and self.columns[end + 1].group == group:
                end += 1
            self._across(2, i, end, group, self.styles.head)
            upper = max(upper, lines_in(group, sum(self.widths[i : end + 1])))
            for j in range(i, end + 1):
                self.sheet.write_string(3, j, self.columns[j].title, self.styles.head)
            i = end + 1
        self.sheet.set_row(2, height(upper, 20))
        self.sheet.set_row(3, height(lines, 30))
        self.at = 4

    def _body(self) -> None:
        ends = {part.last: part for part in self.gathered.parts}
        began = self.at
        for n, row in enumerate(self.gathered.rows):
            self._row(row)
            if n in ends:
                self._part(ends[n], {i: xl_range(began, i, self.at - 1, i) for i in self.gathered.sums}, "SUBTOTAL")
                began = self.at

    def _row(self, row: Row) -> None:
        lines = 1
        for i, (column, given) in enumerate(zip(self.columns, row, strict=True)):
            face = self.styles.style[kind_of(given, column)]
            if isinstance(given, Formula) and given.value is not None:
                text = given.build(lambda c: xl_rowcol_to_cell(self.at, c))
                self.sheet.write_formula(self.at, i, text, face, given.value)
                continue
            if isinstance(given, Cell) and given.struck:
                face = self.styles.struck[kind_of(given, column)]
            if isinstance(given, Cell) and given.alarm:
                face = (self.styles.framed if given.framed else self.styles.alarm)[kind_of(given, column)]
            value = value_of(given)
            if isinstance(value, str):
                value = clean(value)
                room = self.widths[i] - (2 if column.kind == "long" else 0)  # it is indented
                lines = max(lines, lines_in(value, room))
            self._put(i, value, face)
        self.sheet.set_row(self.at, height(lines, 20))
        self.at += 1

    def _part(self, part: Part, spans: dict[int, str], verb: str) -> None:
        for i, column in enumerate(self.columns):
            if i in part.sums:
                counts = column.total == "count"
                face = self.styles.part_count if counts else self.styles.part[column.kind]
                self.sheet.write_formula(self.at, i, _sum_of(spans[i], verb, counts=counts), face, part.sums[i])
            elif i == self.report.group:
                name = clean(str(part.value or "未填"))
                self.sheet.write_string(self.at, i, f"{name} 小计" if i == 0 else name, self.styles.part["text"])
            else:
                self._put(i, "小计" if i == 0 else None, self.styles.part["text"])
        self.sheet.set_row(self.at, 20)
        self.at += 1

    def _bulk(self) -> None:
        for part in self.gathered.parts:
            self._part(part, {i: self._there(i, part.first, part.last) for i in part.sums}, "SUM")

    def _there(self, i: int, first: int, last: int) -> str:
        """A span of rows of the sheet 明细, below its head of one row."""
        return f"{quote_sheetname(self.detail)}!{xl_range(first + 1, i, last + 1, i)}"

    def _close(self) -> None:
        totals = self._totals()
        if self.gathered.is_bulk:
            self._line(
                Line(f"共 {self.gathered.count:,} 行，逐行见“{self.detail}”表；本表各数由该表逐行相加。"), totals
            )
        for line in self.report.lines:
            self._line(line, totals)
        if self.report.note:
            self._line(Line(self.report.note), totals)
        if self.report.approvals:
            self._boxes(self.report.approvals)
        face = self.styles.right if self.report.is_signed_right else self.styles.plain
        self._across(self.at + 1, 0, self.last, self.report.signatures, face)
        self.sheet.set_row(self.at + 1, height(lines_in(self.report.signatures, sum(self.widths)), 30))
        set_up(self.sheet, paper=self.report.paper, portrait=self.report.portrait)
        self.sheet.repeat_rows(0, self.first - 1)
        self.sheet.print_area(0, 0, self.at + 1, self.last)
        self.sheet.ignore_errors(
            {"number_stored_as_text": xl_range(self.first, 0, max(self.first, self.at), self.last)}
        )

    def _totals(self) -> dict[int, str]:
        """Write the total row where a column asks for one; returns the cell names of its sums by column."""
        sums = self.gathered.sums
        if not sums:
            return {}
        names: dict[int, str] = {}
        for i, column in enumerate(self.columns):
            if i not in sums:
                self._put(i, "合计" if i == 0 else None, self.styles.bold["text"])
                continue
            counts = column.total == "count"
            face = self.styles.count if counts else self.styles.bold[column.kind]
            self.sheet.write_formula(self.at, i, self._total(i, counts=counts), face, sums[i])
            names[i] = xl_rowcol_to_cell(self.at, i)
        self.sheet.set_row(self.at, 22)
        self.at += 1
        return names

    def _total(self, i: int, *, counts: bool) -> str:
        if not self.gathered.count:
            return "=0"
        if self.gathered.is_bulk:
            return _sum_of(self._there(i, 0, self.gathered.count - 1), "SUM", counts=counts)
        # SUBTOTAL leaves out the SUBTOTALs within its range; WPS, LibreOffice and Excel agree on that.
        verb = "SUBTOTAL" if self.gathered.parts else "SUM"
        return _sum_of(xl_range(self.first, i, self.at - 1, i), verb, counts=counts)

    def _line(self, line: Line, totals: dict[int, str]) -> None:
        if line.column is None or line.formula is None:
            words = clean(line.words)
            self._across(self.at, 0, self.last, words, self.styles.plain)
            self.sheet.set_row(self.at, height(lines_in(words, sum(self.widths)), 20))
        else:
            kind = self.columns[line.column].kind
            self._across(self.at, 0, line.column - 1, line.words, self.styles.right)
            self.sheet.write_formula(self.at, line.column, line.formula(totals), self.styles.bold[kind], line.value)
            self.sheet.set_row(self.at, 20)
        self.at += 1

    def _boxes(self, names: Sequence[str]) -> None:
        """Boxes of about the same width, side by side over all columns."""
        share, so_far, began, done = sum(self.widths) / len(names), 0.0, 0, 0
        for i, width in enumerate(self.widths):
            so_far += width
            is_last = done == len(names) - 1
            if i == self.last or (not is_last and so_far >= share * (done + 1) - width / 2):
                self._across(self.at, began, i, names[done] + SIGN_HERE, self.styles.box)
                began, done = i + 1, done + 1
        self.sheet.set_row(self.at, BOX_HEIGHT)
        self.at += 1

    def _across(self, row: int, first: int, last: int, words: str, face: Any) -> None:
        if last > first:
            self.sheet.merge_range(row, first, row, last, "", face)
        self.sheet.write_string(row, first, clean(words), face)

    def _put(self, column: int, value: Value, face: Any) -> None:
        if value is None or value == "":
            self.sheet.write_blank(self.at, column, None, face)
        elif isinstance(value, datetime):
            self.sheet.write_datetime(self.at, column, local(value).replace(tzinfo=None), face)
        elif isinstance(value, date):
            day = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a day has no zone
            self.sheet.write_datetime(self.at, column, day, face)
        elif isinstance(value, str):
            self.sheet.write_string(self.at, column, value, face)
        elif isinstance(value, Decimal) and not value.is_finite():
            self.sheet.write_blank(self.at, column, None, face)
        else:
            self.sheet.write_number(self.at, column, value, face)


def set_up(sheet: Any, *, paper: int, portrait: bool) -> None:
    """The page: one page wide, centred, numbered."""
    if portrait:
        sheet.set_portrait()
    else:
        sheet.set_landscape()
    sheet.set_paper(paper)
    sheet.set_margins(left=0.6, right=0.6, top=0.7, bottom=0.7)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C第 &P 页 共 &N 页")


def _sum_of(span: str, verb: str, *, counts: bool) -> str:
    if verb == "SUBTOTAL":
        return f"=SUBTOTAL({3 if counts else 9},{span})"
    return f"={'COUNTA' if counts else 'SUM'}({span})"


def _shown(column: Column, total: Decimal) -> str:
    if column.total == "count":
        return f"{total:,.0f} 项 "
    return f"{total:,.0f}" if column.kind == "int" else f"{total:,.2f}"
