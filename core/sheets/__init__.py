"""Office spreadsheets: a title, a head, rows, totals that are live formulas with right cached values, signatures.

`report.py` says what a report is, `printed.py` writes the sheet that is printed and signed (XlsxWriter), `detail.py`
the unmerged sheet 明细 (streamed, any number of rows), `book.py` puts them into one file. Why so:
docs/decisions/0003-xlsxwriter-for-reports.md and report-streaming.md. User text is always text: `=HYPERLINK(...)` typed
into a project's name is never a formula.
"""

from core.sheets.book import MOST_ROWS, PRINTED, TooManyRows, write_book, write_report
from core.sheets.names import file_title
from core.sheets.report import A3, A4, Cell, Column, Formula, Kind, Line, Report, Row, Value

__all__ = [
    "A3", "A4", "MOST_ROWS", "PRINTED", "Cell", "Column", "Formula", "Kind", "Line", "Report", "Row", "TooManyRows",
    "Value", "file_title", "write_book", "write_report",
]  # fmt: skip
