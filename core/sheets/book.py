"""One .xlsx file of one or several reports: each its printed sheet and its sheet 明细."""

import io
import zipfile
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from core.errors import DomainError
from core.sheets.detail import write_detail
from core.sheets.gathered import Gathered
from core.sheets.printed import Printed, set_up
from core.sheets.report import A4, Report, Row
from core.sheets.styles import Styles
from core.sheets.text import clean, height, lines_in

PRINTED = 2000  # a report of more rows is not printed row by row: the first sheet shows its totals
MOST_ROWS = 500_000
QUICK = 1  # of nine: files are made to be sent at once
TYPES = "[Content_Types].xml"
SAFE = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


class TooManyRows(DomainError):
    message = "一张表最多导出 {most} 行，请缩小范围（例如分期次、分社区）后再导出。"


def write_report(
    path: Path,
    report: Report,
    rows: Iterable[Row],
    *,
    progress: Callable[[int], None] = lambda _n: None,
    made: datetime | None = None,
) -> None:
    """Write one report to `path` (.xlsx): the printed sheet and beside it an unmerged sheet `明细` for filtering.

    `rows` is run through once and never held as a whole, so it may come from a server-side cursor; a report of more
    than PRINTED rows shows only its totals on the first sheet. `progress` is called with the number of rows written so
    far, after each row and from PRINTED rows on after each block, and may raise to stop. `made` is what the file says of
    its making (else now): with it the same report is the same file. Raises TooManyRows.
    """
    write_book(path, [(report, rows)], progress=progress, made=made)


def write_book(
    path: Path,
    reports: Sequence[tuple[Report, Iterable[Row]]],
    *,
    explanation: Sequence[str] = (),
    progress: Callable[[int], None] = lambda _n: None,
    made: datetime | None = None,
) -> None:
    """Write several reports into one file, two sheets each, and `explanation` line by line on a last sheet `说明`.

    `progress` counts the rows of all reports together. Raises TooManyRows, ValueError for a row of the wrong length.
    """
    gathered = [Gathered(report, PRINTED) for report, _rows in reports]
    details = ["明细"] if len(reports) == 1 else [f"{report.sheet[:29]}明细" for report, _rows in reports]
    before = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=QUICK) as out:
        with zipfile.ZipFile(io.BytesIO(_frame(gathered, details, explanation, made))) as frame:
            # Programs that look at the first bytes of a file to learn what it is look for this part first.
            _put(out, TYPES, frame.read(TYPES))
        styles = Styles(xlsxwriter.Workbook(io.BytesIO(), SAFE))
        for n, (found, (_report, rows)) in enumerate(zip(gathered, reports, strict=True)):
            with out.open(_part_of(n), "w") as sink:
                if not write_detail(sink, styles, found, rows, _after(before, progress), MOST_ROWS):
                    raise TooManyRows(most=f"{MOST_ROWS:,}")
            before += found.count
        streamed = {TYPES, *(_part_of(n) for n in range(len(reports)))}
        with zipfile.ZipFile(io.BytesIO(_frame(gathered, details, explanation, made))) as frame:
            for name in frame.namelist():
                if name not in streamed:
                    _put(out, name, frame.read(name))


def _after(before: int, progress: Callable[[int], None]) -> Callable[[int], None]:
    """Progress of one report, counted on from the rows of those before it."""
    return lambda n: progress(before + n)


def _part_of(n: int) -> str:
    """Where the sheet 明细 of the n-th report lies in the file."""
    return f"xl/worksheets/sheet{2 * n + 2}.xml"


def _put(out: zipfile.ZipFile, name: str, content: bytes) -> None:
    """A part of the file, without a time of its own, as XlsxWriter writes it."""
    out.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=QUICK)


def _frame(
    gathered: Sequence[Gathered], details: Sequence[str], explanation: Sequence[str], made: datetime | None
) -> bytes:
    """The workbook as XlsxWriter writes it, its sheets 明细 empty: their rows are streamed in their place."""
    kept = io.BytesIO()
    book = xlsxwriter.Workbook(kept, SAFE)
    if made is not None:
        book.set_properties({"created": made})
    styles = Styles(book)
    for found, detail in zip(gathered, details, strict=True):
        Printed(book.add_worksheet(found.report.sheet), styles, found, detail).write()
        sheet = book.add_worksheet(detail)
        sheet.repeat_rows(0)
        if found.count:
            sheet.autofilter(0, 0, found.count, len(found.report.columns) - 1)
    if explanation:
        _explain(book.add_worksheet("说明"), styles, explanation)
    book.close()
    return kept.getvalue()


def _explain(sheet: Any, styles: Styles, lines: Sequence[str]) -> None:
    sheet.set_column(0, 0, 90)
    for i, words in enumerate(lines):
        text = clean(words)
        sheet.write_string(i, 0, text, styles.plain)
        sheet.set_row(i, height(lines_in(text, 90), 20))
    set_up(sheet, paper=A4, portrait=True)
