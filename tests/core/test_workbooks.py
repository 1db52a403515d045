"""Uploaded workbooks: what is read, what is refused, and how soon."""

import io
import time
import zipfile

import openpyxl
import pytest

from core.workbooks import OLD, BadWorkbook, Cell, read_workbook
from tests.needs.files import upload, workbook


def rebuilt(changes=(), extra=()):
    """A good workbook with parts changed (name → bytes) or added (name, bytes)."""
    good = zipfile.ZipFile(io.BytesIO(workbook([["a", "b", "c"]]).read()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in good.namelist():
            target.writestr(name, dict(changes).get(name, good.read(name)))
        for name, data in extra:
            target.writestr(name, data)
    return out.getvalue()


def sheet_xml(rows, head=""):
    return (
        f'<?xml version="1.0"?>{head}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{rows}</sheetData></worksheet>"
    ).encode()


FIRST = "xl/worksheets/sheet1.xml"


def test_cells_keep_their_kinds_and_formulas_are_marked():
    (sheet,) = read_workbook(workbook([["=1+1", 13800001234, "  "], [None, None, None], ["x", 1.5, True]]), most_rows=9)
    assert [line.number for line in sheet.lines] == [1, 2, 4]
    assert sheet.lines[1].cells[:3] == (Cell(None, is_formula=True), Cell(13800001234), None)
    assert sheet.lines[2].cells[:3] == (Cell("x"), Cell(1.5), Cell(True))


def test_hidden_sheets_are_not_read():
    book = openpyxl.Workbook()
    book.active.append(["看得见"])
    book.create_sheet("藏").append(["藏着的"])
    book["藏"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert [s.title for s in read_workbook(upload(out.getvalue()), most_rows=9)] == ["Sheet"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "不是 Excel 文件"),
        (b"name,words\n1,2\n", "不是 Excel 文件"),
        (OLD + b"\0" * 600, "旧版 .xls"),
        (b"PK\x03\x04" + b"\0" * 100, "已损坏"),
        (rebuilt()[:-300], "已损坏"),
        (rebuilt(extra=[("xl/vbaProject.bin", b"x")]), "宏"),
        (rebuilt(extra=[("xl/macrosheets/sheet1.xml", b"x")]), "宏"),
        (rebuilt(extra=[("xl/media/a.bmp", b"\0" * 31 * 1024 * 1024)]), "解开后太大"),
        (rebuilt(extra=[(f"xl/media/{i}", b"") for i in range(500)]), "解开后太大"),
        (rebuilt(changes={"xl/styles.xml": b" " * 5 * 1024 * 1024}), "解开后太大"),
        (rebuilt(changes={FIRST: b"<worksheet"}), "已损坏"),
        (rebuilt(changes={"xl/workbook.xml": b"<workbook/>"}), "没有看得见的工作表"),
        (
            rebuilt(
                changes={
                    FIRST: sheet_xml('<row r="1"><c r="A1"><v>&a;</v></c></row>', '<!DOCTYPE x [<!ENTITY a "b">]>')
                }
            ),
            "已损坏",
        ),
    ],
)
def test_what_is_no_plain_workbook_is_refused_with_a_sentence(data, why):
    with pytest.raises(BadWorkbook, match=why):
        read_workbook(upload(data), most_rows=9)


def test_a_lie_about_the_unpacked_size_is_found_out():
    data = bytearray(rebuilt(changes={FIRST: sheet_xml('<row r="1"><c r="A1"><v>1</v></c></row>' * 50_000)}))
    package = zipfile.ZipFile(io.BytesIO(bytes(data)))
    size = package.getinfo(FIRST).file_size
    small = (1000).to_bytes(4, "little")
    while (at := data.find(size.to_bytes(4, "little"))) >= 0:
        data[at : at + 4] = small
    with pytest.raises(BadWorkbook, match="已损坏"):
        read_workbook(upload(bytes(data)), most_rows=9)


def test_too_many_rows_and_a_heavy_file():
    with pytest.raises(BadWorkbook, match="多于 20 行"):
        read_workbook(workbook([["x"]] * 20), most_rows=20)
    assert len(read_workbook(workbook([["x"]] * 19), most_rows=20)[0].lines) == 20
    file = upload(b"x")
    file.size = 6 * 1024 * 1024
    with pytest.raises(BadWorkbook, match="超过 5 MB"):
        read_workbook(file, most_rows=9)


@pytest.mark.parametrize("row", ["1048576", "999999999999"])
def test_a_cell_far_down_costs_nothing_and_is_told(row):
    far = sheet_xml(f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="A{row}"><v>1</v></c></row>')
    began = time.monotonic()
    (sheet,) = read_workbook(upload(rebuilt(changes={FIRST: far})), most_rows=9)
    assert time.monotonic() - began < 3
    assert (len(sheet.lines), sheet.stopped_at) == (1, 2001)
