"""The sheet 明细: one head, plain rows, nothing merged, for filtering; streamed, so that memory does not grow with rows.

Written as XML here and not by XlsxWriter, which needs four times as long for the same rows. It holds no formulas: text
goes in as inline strings, numbers as numbers, and a Formula of the printed sheet as its value.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, Any
from xml.sax.saxutils import escape

from xlsxwriter.utility import xl_col_to_name

from core.clock import local
from core.sheets.gathered import Gathered
from core.sheets.report import Cell, Column, Formula, Report, Row, Value, kind_of, value_of
from core.sheets.styles import Styles
from core.sheets.text import MOST_UNITS, clean

BLOCK = 500
_ODD = re.compile("[\x00-\x20&<>_\x7f\u0085\u00a0\ud800-\udfff\ufffe\uffff]")
_WORD = re.compile("[A-Za-z]")
_ESCAPED = re.compile("_(?=x[0-9a-fA-F]{4}_)")
NOTHING = type(None)
FIRST_DAY = date(1899, 12, 30)  # what a spreadsheet counts from


def write_detail(
    sink: IO[bytes], styles: Styles, gathered: Gathered, rows: Iterable[Row], told: Callable[[int], None], most: int
) -> bool:
    """Write the whole sheet; every row passes through `gathered`. False when there are more than `most` rows."""
    report = gathered.report
    sink.write(_opening(report, styles).encode())
    width = len(report.columns)
    names = [xl_col_to_name(i) for i in range(width)]
    line = '<row r="%d">' + "".join(f'<c r="{name}%d"%s' for name in names) + "</row>"
    counted = _counted(iter(rows), gathered.most, told)
    while block := list(islice(counted, BLOCK)):
        columns: list[list[Any]] = [list(c) for c in zip(*block, strict=True)]
        if len(columns) != width:
            raise ValueError(f"a row of {len(columns)} values in a report of {width} columns")
        tails = [_tails(columns, i, c, styles) for i, c in enumerate(report.columns)]
        numbers = range(gathered.count + 2, gathered.count + 2 + len(block))
        woven: list[Any] = [numbers]
        for tail in tails:
            woven += [numbers, tail]
        sink.write("".join(map(line.__mod__, zip(*woven, strict=True))).encode())
        gathered.add(block, columns)
        if gathered.count > most:
            return False
    sink.write(_closing(report, gathered.count).encode())
    return True


def _counted(rows: Iterator[Row], singly: int, told: Callable[[int], None]) -> Iterator[Row]:
    """The rows, telling how many have gone by: each of the first `singly`, then each block, and the last."""
    n = said = 0
    for n, row in enumerate(rows, 1):
        yield row
        if n <= singly or n % BLOCK == 0:
            said = n
            told(n)
    if n != said:
        told(n)


def _tails(columns: list[list[Any]], i: int, column: Column, styles: Styles) -> list[str]:
    """What follows the name of each cell of column `i` in a block; leaves bare values in `columns[i]`."""
    values, style = columns[i], styles.number[column.kind]
    kinds = set(map(type, values))
    if Cell in kinds or Formula in kinds:
        faces = [styles.number[kind_of(v, column)] for v in values]
        values = columns[i] = [value_of(v) for v in values]
        return [_one(v, face) for v, face in zip(values, faces, strict=True)]
    blank = f' s="{style}"/>'
    if kinds <= {str, NOTHING}:
        lead, end = f' s="{style}" t="inlineStr"><is><t>', "</t></is></c>"
        texts = [v or "" for v in values]
        if _ODD.search("".join(texts)) or max(map(len, texts)) * 2 > MOST_UNITS:
            return [_text(v, style) if v else blank for v in texts]
        return [lead + v + end if v else blank for v in texts]
    if kinds <= {int, Decimal, NOTHING}:
        shown = ["" if v is None else str(v) for v in values]
        if not _WORD.search("".join(shown)):
            lead, end = f' s="{style}"><v>', "</v></c>"
            return [lead + v + end if v else blank for v in shown]
    if kinds == {date}:
        return [f' s="{style}"><v>{(v - FIRST_DAY).days}</v></c>' for v in values]
    return [_one(v, style) for v in values]


def _one(value: Value, style: int) -> str:
    """The tail of one cell of whatever kind."""
    if isinstance(value, str) and value:
        return _text(value, style)
    if isinstance(value, datetime):
        day = local(value).replace(tzinfo=None) - datetime(1899, 12, 30)  # noqa: DTZ001 - what a spreadsheet counts from
        return f' s="{style}"><v>{day.days + day.seconds / 86400:.15g}</v></c>'
    if isinstance(value, date):
        return f' s="{style}"><v>{(value - FIRST_DAY).days}</v></c>'
    if isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite()):
        return f' s="{style}"><v>{value:d}</v></c>' if isinstance(value, int) else f' s="{style}"><v>{value:f}</v></c>'
    return f' s="{style}"/>'


def _text(value: str, style: int) -> str:
    # `_x003D_` typed by somebody would be read back as `=`; the underscore itself is escaped the same way.
    text = _ESCAPED.sub("_x005F_", escape(clean(value)))
    return f' s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else f' s="{style}"/>'


def _opening(report: Report, styles: Styles) -> str:
    columns = "".join(
        f'<col min="{i}" max="{i}" width="{c.width:g}" customWidth="1"/>' for i, c in enumerate(report.columns, 1)
    )
    head = "".join(
        f'<c r="{xl_col_to_name(i)}1"{_text(title_of(report, i), styles.head_number)}'
        for i in range(len(report.columns))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<sheetFormatPr defaultRowHeight="15"/><cols>{columns}</cols><sheetData>'
        f'<row r="1" ht="33" customHeight="1">{head}</row>'
    )


def title_of(report: Report, i: int) -> str:
    """The head of a column in one line: upper and lower head together, where the lower does not say it all."""
    column = report.columns[i]
    return column.group + column.title


def _closing(report: Report, count: int) -> str:
    span = f"A1:{xl_col_to_name(len(report.columns) - 1)}{count + 1}"
    filtered = f'<autoFilter ref="{span}"/>' if count else ""
    way = "portrait" if report.portrait else "landscape"
    return (
        f'</sheetData>{filtered}<printOptions horizontalCentered="1"/>'
        '<pageMargins left="0.6" right="0.6" top="0.7" bottom="0.7" header="0.3" footer="0.3"/>'
        f'<pageSetup paperSize="{report.paper}" orientation="{way}" fitToHeight="0"/>'
        "<headerFooter><oddFooter>&amp;C第 &amp;P 页 共 &amp;N 页</oddFooter></headerFooter>"
        f'<ignoredErrors><ignoredError sqref="{span}" numberStoredAsText="1"/></ignoredErrors></worksheet>'
    )
