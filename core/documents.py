"""Office documents as Word: page, type and levels of GB/T 9704-2012 as offices use them, without letterhead or seal.

A4; margins 37/35/28/26 mm; 22 lines of 28 characters at 29 points; title 二号 小标宋, body 三号 仿宋 with an indent of two
characters, headings 黑体. Fonts are named, never embedded; where one is missing, the reader's program falls back to
a song or fangsong of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SONG, FANGSONG, HEI = "方正小标宋简体", "仿宋_GB2312", "黑体"
FALLBACK = {SONG: "宋体", FANGSONG: "仿宋", HEI: "黑体"}
TITLE, BODY, CELL, FOOT = Pt(22), Pt(16), Pt(12), Pt(14)
LINE = Pt(29)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: heads, rows of text, widths in millimetres; `right` are the columns set flush right (amounts)."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the first level, `一、…`."""

    words: str


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signs and when, set right with room for the seal."""

    who: str
    day: str


Part = str | Heading | Table | Signed


def write_document(path: Path, title: str, parts: Sequence[Part], *, author: str, is_landscape: bool = False) -> None:
    """Write a .docx. A plain string is a paragraph of the body; user text stays text whatever it contains."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = title, author
    _page(document.sections[0], is_landscape=is_landscape)
    style: Any = document.styles["Normal"]
    _face(style, FANGSONG)
    style.font.size = BODY
    top = _paragraph(document, "", indent=False)
    top.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(top, title, SONG, TITLE)
    top.paragraph_format.space_after = LINE
    for part in parts:
        if isinstance(part, Table):
            _table(document, part)
        elif isinstance(part, Heading):
            _run(_paragraph(document, ""), part.words, HEI, BODY)
        elif isinstance(part, Signed):
            _signed(document, part)
        else:
            _paragraph(document, part)
    _page_number(document.sections[0].footer.paragraphs[0])
    with BytesIO() as raw:
        document.save(raw)
        _pack(path, raw)


def _pack(path: Path, raw: BytesIO) -> None:
    """Write the package without the moment of writing: the same document is the same bytes, and its digest says so."""
    with ZipFile(raw) as given, ZipFile(path, "w", ZIP_DEFLATED) as made:
        for name in given.namelist():
            made.writestr(ZipInfo(name), given.read(name), ZIP_DEFLATED)


def _page(section: Any, *, is_landscape: bool) -> None:
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    if is_landscape:
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Mm(297), Mm(210)
        section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
            Mm(28),
            Mm(26),
            Mm(25),
            Mm(25),
        )


def _face(target: Any, name: str) -> None:
    target.font.name = "Times New Roman"
    fonts = target.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.set(qn("w:eastAsia"), FALLBACK[name] if name not in (SONG, FANGSONG) else name)
    fonts.set(qn("w:hint"), "eastAsia")


def _paragraph(document: Any, words: str, *, indent: bool = True) -> Any:
    paragraph = document.add_paragraph()
    form = paragraph.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, LINE
    form.space_before = form.space_after = Pt(0)
    if indent:
        form.first_line_indent = Pt(32)
    if words:
        _run(paragraph, words, FANGSONG, BODY)
    return paragraph


def _run(paragraph: Any, words: str, face: str, size: Any) -> Any:
    run = paragraph.add_run(_printable(words))
    _face(run, face)
    run.font.size = size
    return run


def _printable(words: str) -> str:
    """Without the control characters that XML cannot carry."""
    return "".join(c for c in words if c in "\n\t" or c >= " ")


def _table(document: Any, table: Table) -> None:
    grid = document.add_table(rows=1, cols=len(table.heads))
    grid.style, grid.alignment, grid.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
    for i, words in enumerate(table.heads):
        _cell(grid.rows[0].cells[i], words, HEI, WD_ALIGN_PARAGRAPH.CENTER)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    grid.rows[0]._tr.get_or_add_trPr().append(repeat)  # noqa: SLF001 - no public name for it
    for row in table.rows:
        cells = grid.add_row().cells
        for i, words in enumerate(row):
            _cell(cells[i], words, FANGSONG, WD_ALIGN_PARAGRAPH.RIGHT if i in table.right else WD_ALIGN_PARAGRAPH.LEFT)
    for row in grid.rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(whole)  # noqa: SLF001 - as above
        for i, width in enumerate(table.widths):
            row.cells[i].width = Mm(width)


def _cell(cell: Any, words: str, face: str, side: Any) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = side
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    _run(paragraph, words, face, CELL)


def _signed(document: Any, part: Signed) -> None:
    _paragraph(document, "")
    for words in (part.who, part.day):
        paragraph = _paragraph(document, words, indent=False)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.right_indent = Pt(64)


def _page_number(paragraph: Any) -> None:
    """`— 1 —` in the middle of the foot."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, "— ", SONG, FOOT)
    run = _run(paragraph, "", SONG, FOOT)
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        if kind is None:
            part = OxmlElement("w:instrText")
            part.set(qn("xml:space"), "preserve")
            part.text = text
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)  # noqa: SLF001 - as above
    _run(paragraph, " —", SONG, FOOT)
