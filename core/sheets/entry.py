"""Workbooks that people fill in and hand back: the template with its lists, and what was handed in with its faults marked."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import xlsxwriter

from core.sheets.book import SAFE
from core.workbooks import CHOICES, GUIDE, WHY, title_of

MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - as the file format has it
FACE = {"font_name": "宋体", "font_size": 11, "valign": "vcenter", "num_format": "@"}
HEAD = {**FACE, "bold": True, "border": 1, "align": "center", "bg_color": "#E7E6E6"}


@dataclass(frozen=True, slots=True)
class EntrySheet:
    """What a sheet to fill in looks like: columns by title with their widths, in order; what can be chosen, by column.

    `example` is the grey second row, by column; `loose` are columns in which something else than the list is only asked about.
    """

    title: str
    widths: Mapping[str, int]
    needed: Sequence[str]
    lists: Mapping[str, Sequence[str]]
    guide: Sequence[str]
    most_rows: int
    example: Mapping[str, str] = field(default_factory=dict)
    days: Sequence[str] = ()
    loose: Sequence[str] = ()


def write_blank(entry: EntrySheet) -> io.BytesIO:
    """The template: the sheet with its head, an example and lists to choose from; how to fill it in; the lists. The same file each time."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    book.set_properties({"created": MADE})
    head, plain = book.add_format(HEAD), book.add_format({**FACE, "text_wrap": True})
    day = book.add_format({**FACE, "num_format": "yyyy-mm-dd"})
    grey = book.add_format({**FACE, "italic": True, "font_color": "#595959", "text_wrap": True})
    page = book.add_worksheet(entry.title)
    guide, choices = book.add_worksheet(GUIDE), book.add_worksheet(CHOICES)
    for i, (title, width) in enumerate(entry.widths.items()):
        page.set_column(i, i, width, day if title in entry.days else plain)
        page.write_string(0, i, title + ("（必填）" if title in entry.needed else ""), head)
        page.write_string(1, i, entry.example.get(title, ""), grey)
    _lists(choices, entry)
    for title in entry.lists:
        _offer(page, list(entry.widths).index(title), title, entry, 1)
    page.freeze_panes(1, 0)
    _printing(page, 0)
    guide.set_column(0, 0, 100)
    for i, words in enumerate(entry.guide):
        guide.write_string(i, 0, f"{i + 1}. {words}", plain)
    book.close()
    out.seek(0)
    return out


def write_faulty(entry: EntrySheet, rows: Sequence[Mapping[str, Any]]) -> io.BytesIO:
    """The workbook that was read, row by row where it stood, with one column more: what is wrong. Bad cells are coloured.

    `rows` as core.workbooks.typed_rows gives them; the head of a sheet is its row marked so, else its first.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    book.set_properties({"created": MADE})
    faces = {
        "head": book.add_format(HEAD), "plain": book.add_format({**FACE, "text_wrap": True}),
        "bad": book.add_format({**FACE, "text_wrap": True, "bg_color": "#FFC7CE", "border": 1, "border_color": "#9C0006"}),
        "why": book.add_format({**FACE, "text_wrap": True, "font_color": "#9C0006"}),
    }  # fmt: skip
    sheets: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        sheets.setdefault(row["sheet"], []).append(row)
    pages = [(book.add_worksheet(title), lines) for title, lines in sheets.items()]
    _lists(book.add_worksheet(CHOICES), entry)
    for page, lines in pages:
        _page(page, lines, entry, faces)
    book.close()
    out.seek(0)
    return out


def _page(page: Any, lines: Sequence[Mapping[str, Any]], entry: EntrySheet, faces: Mapping[str, Any]) -> None:
    top = next((row for row in lines if row.get("head")), lines[0])
    wide = max(len(row["typed"]) for row in lines)
    for row in lines:
        is_head, at = row is top, row["number"] - 1
        for i, words in enumerate(row["typed"]):
            face = "head" if is_head else "bad" if i in row["bad"] else "plain"
            page.write_string(at, i, words, faces[face])
        for i in row["bad"]:
            if i >= len(row["typed"]) or not row["typed"][i]:
                page.write_blank(at, i, None, faces["bad"])
        if is_head or row["why"]:
            page.write_string(at, wide, WHY if is_head else "\n".join(row["why"]), faces["head" if is_head else "why"])
    first, last = top["number"] - 1, lines[-1]["number"] - 1
    for i, title in enumerate(map(title_of, top["typed"])):
        page.set_column(i, i, entry.widths.get(title, 14))
        if title in entry.lists:
            _offer(page, i, title, entry, first + 1)
    page.set_column(wide, wide, 60)
    page.autofilter(first, 0, last, wide)
    page.freeze_panes(first + 1, 0)
    _printing(page, first)


def _printing(page: Any, head: int) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(head)


def _lists(choices: Any, entry: EntrySheet) -> None:
    """The values of each column on the sheet of choices."""
    for j, (title, values) in enumerate(entry.lists.items()):
        choices.write_string(0, j, title)
        choices.set_column(j, j, 22)
        for i, value in enumerate(values, 1):
            choices.write_string(i, j, value)


def _offer(page: Any, column: int, title: str, entry: EntrySheet, first: int) -> None:
    """A list to choose from in a column of a sheet, from row `first` (from 0) on."""
    count = len(entry.lists[title])
    if not count:
        return
    letter = xlsxwriter.utility.xl_col_to_name(list(entry.lists).index(title))
    told = (
        {"error_type": "warning", "error_title": "请核对", "error_message": f"下拉框里没有这个{title}。"}
        if title in entry.loose
        else {"error_title": "请从列表里选", "error_message": f"请从下拉框里选{title}。"}
    )
    source = f"={CHOICES}!${letter}$2:${letter}${count + 1}"
    page.data_validation(first, column, entry.most_rows + first, column, {"validate": "list", "source": source, **told})
