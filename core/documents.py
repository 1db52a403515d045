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
SONG, FANGSONG, HEI, KAI = "方正小标宋简体", "仿宋_GB2312", "黑体", "楷体_GB2312"
FALLBACK = {SONG: "宋体", FANGSONG: "仿宋", HEI: "黑体", KAI: "楷体"}
TITLE, BODY, CELL, FOOT, SMALL = Pt(22), Pt(16), Pt(12), Pt(14), Pt(10.5)
LINE = Pt(29)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: heads, rows of text, widths in millimetres; `right` are the columns set flush right (amounts). `is_small`
    sets it in 五号 without room between the rows.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    right: frozenset[int] = frozenset()
    is_small: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the first level, `一、…`."""

    words: str


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signs and when, set right with room for the seal."""

    who: str
    day: str


@dataclass(frozen=True, slots=True)
class Sub:
    """A heading of the second level, `（一）…`."""

    words: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A line without indent: an addressee, a party, a number. `middle` centres it."""

    words: str
    middle: bool = False


@dataclass(frozen=True, slots=True)
class Signatures:
    """Blocks side by side, two a row, each a list of lines (`甲方（盖章）：`, `日期：`); never split over two pages."""

    blocks: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Annex:
    """A new page that begins with `附件1` and a centred title."""

    label: str
    title: str


Part = str | Heading | Sub | Plain | Table | Signed | Signatures | Annex


def write_document(
    path: Path, title: str, parts: Sequence[Part], *, author: str, is_landscape: bool = False, is_compact: bool = False
) -> None:
    """Write a .docx. A plain string is a paragraph of the body; user text stays text whatever it contains. `is_compact`:
    narrow margins, for a form that is to stay on one page.
    """
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = title, author
    _page(document.sections[0], is_landscape=is_landscape)
    if is_compact:
        section: Any = document.sections[0]
        section.top_margin, section.bottom_margin, section.footer_distance = Mm(15), Mm(15), Mm(8)
    style: Any = document.styles["Normal"]
    _face(style, FANGSONG)
    style.font.size = BODY
    top = _paragraph(document, "", indent=False)
    top.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(top, title, SONG, TITLE)
    top.paragraph_format.space_after = Pt(4) if is_compact else LINE
    for part in parts:
        if isinstance(part, Table):
            _table(document, part)
        elif isinstance(part, Heading):
            _run(_paragraph(document, ""), part.words, HEI, BODY)
        elif isinstance(part, Signed):
            _signed(document, part)
        else:
            _more(document, part)
    _page_number(document.sections[0].footer.paragraphs[0])
    with BytesIO() as raw:
        document.save(raw)
        _pack(path, raw)


def _more(document: Any, part: str | Sub | Plain | Signatures | Annex) -> None:
    if isinstance(part, Sub):
        _run(_paragraph(document, ""), part.words, KAI, BODY)
    elif isinstance(part, Plain):
        line = _paragraph(document, part.words, indent=False)
        if part.middle:
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    elif isinstance(part, Signatures):
        _signatures(document, part)
    elif isinstance(part, Annex):
        label = _paragraph(document, "", indent=False)
        label.paragraph_format.page_break_before = True
        _run(label, part.label, HEI, BODY)
        title = _paragraph(document, "", indent=False)
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        title.paragraph_format.space_before = title.paragraph_format.space_after = LINE
        _run(title, part.title, SONG, TITLE)
    else:
        _paragraph(document, part)


def _signatures(document: Any, part: Signatures) -> None:
    """A table without lines; rows stay together with the next one."""
    _paragraph(document, "")
    rows = [part.blocks[i : i + 2] for i in range(0, len(part.blocks), 2)]
    grid = document.add_table(rows=len(rows), cols=2)
    grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    for row, blocks in zip(grid.rows, rows, strict=True):
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001 - no public name for it
        for cell in row.cells:
            cell.width = Mm(78)
        for cell, lines in zip(row.cells, blocks, strict=False):
            for n, words in enumerate(lines):
                paragraph = cell.paragraphs[0] if n == 0 else cell.add_paragraph()
                paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
                paragraph.paragraph_format.line_spacing = LINE
                paragraph.paragraph_format.space_after = Pt(0)
                paragraph.paragraph_format.keep_with_next = True
                _run(paragraph, words, FANGSONG, CELL)


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
    fonts.set(qn("w:eastAsia"), FALLBACK[name] if name not in (SONG, FANGSONG, KAI) else name)
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
        _cell(grid.rows[0].cells[i], words, HEI, WD_ALIGN_PARAGRAPH.CENTER, is_small=table.is_small)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    grid.rows[0]._tr.get_or_add_trPr().append(repeat)  # noqa: SLF001 - no public name for it
    for row in table.rows:
        cells = grid.add_row().cells
        for i, words in enumerate(row):
            side = WD_ALIGN_PARAGRAPH.RIGHT if i in table.right else WD_ALIGN_PARAGRAPH.LEFT
            _cell(cells[i], words, FANGSONG, side, is_small=table.is_small)
    for i, width in enumerate(table.widths):
        grid.columns[i].width = Mm(width)  # Writer reads the widths here, Word in the cells
    for row in grid.rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(whole)  # noqa: SLF001 - as above
        for i, width in enumerate(table.widths):
            row.cells[i].width = Mm(width)


def _cell(cell: Any, words: str, face: str, side: Any, *, is_small: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.alignment = side
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(0 if is_small else 2)
    _run(paragraph, words, face, SMALL if is_small else CELL)


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
