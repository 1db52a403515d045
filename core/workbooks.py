"""Reading workbooks that people upload: .xlsx only, nothing run, nothing trusted, in bounded memory and time."""

import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

from core.errors import DomainError

MOST_MEGABYTES = 5
MOST_UNPACKED = 30 * 1024 * 1024
MOST_PART = 4 * 1024 * 1024  # of what is read as a whole: styles and the like
FOREIGN = ("externallinks/", "embeddings/", "activex/", "dialogsheets/")
STREAMED = ("xl/worksheets/", "xl/sharedstrings.xml", "xl/media/")
MOST_PARTS = 400
MOST_SHEETS = 10
MOST_COLUMNS = 40
LAST_ROW = 1_048_576
EMPTY_RUN = 2000  # so many empty rows in a row, and the rest of the sheet is not read
MOST_TYPED = 3_000_000  # characters of a workbook that are kept for its file of faults
GUIDE, CHOICES = "填写说明", "选项"  # sheets of our templates that are not read
WHY = "错误原因"  # the column that a file of faults has more; not read when it comes back
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx with a password
BROKEN = (
    zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, OSError, TypeError, AttributeError, IndexError,
    EOFError, RuntimeError, AssertionError, struct.error, zlib.error, NotImplementedError, OverflowError, MemoryError,
)  # fmt: skip
Value = str | int | float | bool | date | datetime | time | timedelta | None


class BadWorkbook(DomainError):
    message = "这个文件不能读入：{why}"
    status = 400


@dataclass(frozen=True, slots=True)
class Cell:
    """One filled cell. `is_formula`: its value is computed in the workbook and was not read; `is_error`: it is #N/A or such."""

    value: Value
    is_formula: bool = False
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row that is not empty: its number in the sheet and its cells from column A on."""

    number: int
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A visible sheet. `stopped_at` is the row after which nothing was read any more, if so."""

    title: str
    lines: list[Line]
    stopped_at: int | None = None


def column_name(index: int) -> str:
    """`A` for 0."""
    return get_column_letter(index + 1)


def column_index(name: str) -> int:
    """0 for `A`."""
    return int(column_index_from_string(name)) - 1


def read_workbook(file: Any, *, most_rows: int) -> list[Sheet]:
    """The visible sheets of an uploaded file, at most `most_rows` filled rows in all. Raises BadWorkbook.

    Refused: anything but .xlsx, macros, links to other files, embedded objects, passwords, damaged files, files that unpack to more
    than they should.
    """
    _check_package(file)
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles that the library does not know
            book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
            shown = [s for s in book.worksheets if s.sheet_state == "visible"]
            if not shown:
                raise BadWorkbook(why="里面没有看得见的工作表。")
            if len(shown) > MOST_SHEETS:
                raise BadWorkbook(why=f"工作表多于 {MOST_SHEETS} 张。")
            sheets: list[Sheet] = []
            for sheet in shown:
                left = most_rows - sum(len(s.lines) for s in sheets)
                sheets.append(_read_sheet(sheet, left, most_rows))
    except BROKEN as error:
        raise BadWorkbook(why="文件已损坏或不是标准的 .xlsx。请在 WPS 或 Excel 里打开，另存为 .xlsx 再传。") from error
    return sheets


def _check_package(file: Any) -> None:
    if file.size > MOST_MEGABYTES * 1024 * 1024:
        raise BadWorkbook(why=f"文件超过 {MOST_MEGABYTES} MB，请删去图片或分成几个文件。")
    file.seek(0)
    head = file.read(8)
    if head == OLD:
        raise BadWorkbook(why="这是旧版 .xls 或加了密码的文件。请在 WPS 或 Excel 里去掉密码，另存为 .xlsx 再传。")
    if not head.startswith(b"PK\x03\x04"):
        raise BadWorkbook(why="这不是 Excel 文件。请上传 .xlsx。")
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
            kinds = next((p for p in parts if p.filename.lower() == "[content_types].xml"), None)
            told = (
                package.read(kinds)
                if kinds is not None and kinds.file_size <= MOST_PART and not kinds.flag_bits & 1
                else b""
            )
    except BROKEN as error:
        raise BadWorkbook(why="文件已损坏。请在 WPS 或 Excel 里打开，另存为 .xlsx 再传。") from error
    names = [p.filename.lower() for p in parts]
    heavy = any(p.file_size > MOST_PART and not p.filename.lower().startswith(STREAMED) for p in parts)
    if heavy or len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > MOST_UNPACKED:
        raise BadWorkbook(why="文件解开后太大。请只留要导入的内容，另存为新的 .xlsx 再传。")
    if any(p.flag_bits & 1 for p in parts):
        raise BadWorkbook(why="文件加了密码。请去掉密码再传。")
    if any(
        "vbaproject" in n or "macrosheets" in n or (n.endswith(".bin") and "printersettings" not in n) for n in names
    ):
        raise BadWorkbook(why="文件里有宏或二进制内容。请另存为不带宏的 .xlsx 再传。")
    if b"macroenabled" in told.lower():
        raise BadWorkbook(why="文件里有宏。请另存为不带宏的 .xlsx 再传。")
    if any(word in name for name in names for word in FOREIGN):
        raise BadWorkbook(why="文件里有外部链接或嵌入对象。请把内容粘贴为数值到一个新的 .xlsx 再传。")
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise BadWorkbook(why="这不是 Excel 文件。请上传 .xlsx。")


def _read_sheet(sheet: Any, left: int, most_rows: int) -> Sheet:
    lines: list[Line] = []
    empty = 0
    rows = sheet.iter_rows(min_row=1, max_row=LAST_ROW, max_col=MOST_COLUMNS)
    for number, row in enumerate(rows, 1):
        cells = tuple(_cell(c) for c in row)
        if not any(cells):
            empty += 1
            if empty >= EMPTY_RUN:
                return Sheet(sheet.title, lines, number)
            continue
        empty = 0
        if len(lines) >= left:
            raise BadWorkbook(why=f"多于 {most_rows:,} 行，请分成几个文件。")
        lines.append(Line(number, cells))
    return Sheet(sheet.title, lines)


def _cell(cell: Any) -> Cell | None:
    if cell.value is None:
        return None
    if cell.data_type == "f":
        return Cell(None, is_formula=True)
    value = cell.value
    if cell.data_type == "e":
        return Cell(str(value), is_error=True)
    if isinstance(value, str) and not value.strip():
        return None
    return Cell(value)


@dataclass(frozen=True, slots=True)
class Typed:
    """A sheet as it was typed: `head` is the number of the row with the columns' names, each line a number and its cells."""

    title: str
    head: int
    lines: Sequence[tuple[int, Sequence[str]]]


Wrong = Mapping[tuple[str, int], Sequence[tuple[int | None, str]]]


def typed_rows(sheets: Sequence[Typed], wrong: Wrong) -> list[dict[str, Any]]:
    """Every row of the sheets as it was typed, fit for JSON, with what is wrong in it: `why` are the sentences, `bad` the columns.

    `wrong`: by sheet and number of the row, the column (from 0; None where no single one is) and the sentence. Empty where no
    single row is wrong, or where the sheets say more than is kept. A column 错误原因 is left out.
    """
    found: list[dict[str, Any]] = []
    size = 0
    for sheet in sheets:
        top: Sequence[str] = next((cells for number, cells in sheet.lines if number == sheet.head), ())
        skipped = {i for i, words in enumerate(top) if title_of(words) == WHY}
        for number, typed in sheet.lines:
            cells = ["" if i in skipped else words for i, words in enumerate(typed)]
            while cells and not cells[-1]:
                cells.pop()
            size += sum(map(len, cells))
            is_head = number == sheet.head
            mine = [] if is_head else sorted(wrong.get((sheet.title, number), ()), key=lambda one: one[0] or 0)
            found.append(
                {
                    "sheet": sheet.title, "number": number, "typed": cells, "head": is_head,
                    "why": [said for _, said in mine], "bad": sorted({i for i, _ in mine if i is not None}),
                }
            )  # fmt: skip
    return found if size <= MOST_TYPED and any(row["why"] for row in found) else []


def as_typed(cell: Cell | None) -> str:
    """What stands in a cell, as text; of a formula nothing, for nobody computes it."""
    if cell is None or cell.is_formula:
        return ""
    value = cell.value
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, datetime):
        value = value.date()
    return CONTROL.sub("", str(value)).strip()


def title_of(words: str) -> str:
    """The name of a column without remarks like （必填）."""
    return re.sub(r"\s|（.*?）|\(.*?\)|\*", "", words)
