"""The workbook in which needs are written down for importing: one sheet to fill, with lists to choose from."""

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter

from accounts.models import Area
from core.sheets.book import SAFE
from needs.domain import sheet as rule
from needs.models import Need

MADE = datetime(2026, 1, 1)  # noqa: DTZ001 - as the file format has it
WIDTHS = dict(zip(rule.COLUMNS, (6, 16, 20, 12, 14, 60, 10, 10, 14, 12, 16, 10), strict=True))
GUIDE = [
    f"只填“{rule.SHEET}”这一张表。每行一件需求，一次最多 {rule.MOST_ROWS:,} 行。第一行的列名不要改，列的次序可以变。",
    f"“{rule.EXAMPLE_MARK}”那一行是编的例子，导入时不读，可以删去。",
    f"必填：{'、'.join(rule.NEEDED)}。只管一个社区的，“{rule.COMMUNITY}”可以不填。",
    f"“{rule.WORDS}”：照居民的话写，最多 {rule.MOST_WORDS} 个字，不写姓名、电话和病情。",
    f"“{rule.PEOPLE}”不填算 1 人，“{rule.URGENCY}”不填算一般，“{rule.DAY}”不填算今天，写成 2026-11-23 这样。",
    f"“{rule.NAME}”和“{rule.PHONE}”：本人同意才填，同时在“{rule.CONSENT}”里选“{rule.YES}”。电话只有本社区工作人员能查看，每次查看都有记录。",
    "不要用公式，文字不要以 =、+、-、@ 开头。从别的表复制时用“选择性粘贴为数值”。",
    "存成 .xlsx（不带宏、不加密码，不超过 5 MB）。旧版 .xls 请另存为 .xlsx。",
    "上传后先检查，不写入任何数据：有错误就逐条列出在哪一行哪一列，改好再传；没有错误，看过预览再点“确认导入”，要么全部导入，要么一行也不导入。",
]


FACE = {"font_name": "宋体", "font_size": 11, "valign": "vcenter", "num_format": "@"}
HEAD = {**FACE, "bold": True, "border": 1, "align": "center", "bg_color": "#E7E6E6"}


def _lists(communities: Sequence[Area], grids: Sequence[Area]) -> dict[str, list[str]]:
    """What can be chosen, by column."""
    alone = len(communities) == 1
    return {
        rule.COMMUNITY: [c.name for c in communities],
        rule.GRID: [g.name if alone or g.parent is None else f"{g.parent.name}{g.name}" for g in grids],
        rule.CHANNEL: [str(words) for value, words in Need.Channel.choices if value != Need.Channel.ONLINE],
        rule.CATEGORY: [str(words) for _value, words in Need.Category.choices],
        rule.URGENCY: [str(words) for _value, words in Need.Urgency.choices],
        rule.CONSENT: [rule.YES, rule.NO],
    }


def write_template(communities: Sequence[Area], grids: Sequence[Area]) -> io.BytesIO:
    """The workbook for a person who registers for these communities; `grids` with their parents."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    book.set_properties({"created": MADE})  # the same template is the same file
    head, plain = book.add_format(HEAD), book.add_format({**FACE, "text_wrap": True})
    day = book.add_format({**FACE, "num_format": "yyyy-mm-dd"})
    grey = book.add_format({**FACE, "italic": True, "font_color": "#595959", "text_wrap": True})
    page = book.add_worksheet(rule.SHEET)
    guide, choices = book.add_worksheet(rule.GUIDE), book.add_worksheet(rule.CHOICES)
    for i, title in enumerate(rule.COLUMNS):
        page.set_column(i, i, WIDTHS[title], day if title == rule.DAY else plain)
        page.write_string(0, i, title + ("（必填）" if title in rule.NEEDED else ""), head)
    example = {
        rule.MARK: rule.EXAMPLE_MARK, rule.COMMUNITY: communities[0].name if communities else "", rule.CHANNEL: "入户走访",
        rule.CATEGORY: "便民利民", rule.WORDS: rule.EXAMPLE_WORDS, rule.PEOPLE: "24", rule.URGENCY: "较急", rule.CONSENT: rule.NO,
    }  # fmt: skip
    for i, title in enumerate(rule.COLUMNS):
        page.write_string(1, i, example.get(title, ""), grey)
    for j, (title, values) in enumerate(_lists(communities, grids).items()):
        _list(choices, j, title, values)
        _offer(page, rule.COLUMNS.index(title), j, title, len(values))
    page.freeze_panes(1, 0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    guide.set_column(0, 0, 100)
    for i, words in enumerate(GUIDE):
        guide.write_string(i, 0, f"{i + 1}. {words}", plain)
    book.close()
    out.seek(0)
    return out


def write_faulty(rows: Sequence[Mapping[str, Any]], communities: Sequence[Area], grids: Sequence[Area]) -> io.BytesIO:
    """The workbook that was read, row by row where it stood, with one column more: what is wrong. Bad cells are coloured.

    `rows` as needs.domain.sheet.typed_rows gives them.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, SAFE)
    book.set_properties({"created": MADE})
    head, plain = book.add_format(HEAD), book.add_format({**FACE, "text_wrap": True})
    bad = book.add_format({**FACE, "text_wrap": True, "bg_color": "#FFC7CE", "border": 1, "border_color": "#9C0006"})
    why = book.add_format({**FACE, "text_wrap": True, "font_color": "#9C0006"})
    sheets: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        sheets.setdefault(row["sheet"], []).append(row)
    lists = _lists(communities, grids)
    pages = [(book.add_worksheet(title), lines) for title, lines in sheets.items()]
    choices = book.add_worksheet(rule.CHOICES)
    for j, (title, values) in enumerate(lists.items()):
        _list(choices, j, title, values)
    for page, lines in pages:
        wide = max(len(row["typed"]) for row in lines)
        titles = [rule.title_of(words) for words in lines[0]["typed"]]
        for row in lines:
            is_head, at = row is lines[0], row["number"] - 1
            for i, words in enumerate(row["typed"]):
                page.write_string(at, i, words, head if is_head else bad if i in row["bad"] else plain)
            for i in row["bad"]:
                if i >= len(row["typed"]) or not row["typed"][i]:
                    page.write_blank(at, i, None, bad)
            if is_head or row["why"]:
                page.write_string(at, wide, rule.WHY if is_head else "\n".join(row["why"]), head if is_head else why)
        for i, title in enumerate(titles):
            page.set_column(i, i, WIDTHS.get(title, 14))
            if title in lists:
                _offer(page, i, list(lists).index(title), title, len(lists[title]))
        page.set_column(wide, wide, 60)
        first, last = lines[0]["number"] - 1, lines[-1]["number"] - 1
        page.autofilter(first, 0, last, wide)
        page.freeze_panes(first + 1, 0)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(first)
    book.close()
    out.seek(0)
    return out


def _list(choices: Any, j: int, title: str, values: Sequence[str]) -> None:
    """The values of one column on the sheet of choices."""
    choices.write_string(0, j, title)
    choices.set_column(j, j, 22)
    for i, value in enumerate(values, 1):
        choices.write_string(i, j, value)


def _offer(page: Any, column: int, j: int, title: str, count: int) -> None:
    """A list to choose from in a column of a sheet: the first `count` of column `j` on the sheet of choices."""
    if not count:
        return
    letter = xlsxwriter.utility.xl_col_to_name(j)
    page.data_validation(
        1, column, rule.MOST_ROWS + 1, column,
        {
            "validate": "list", "source": f"={rule.CHOICES}!${letter}$2:${letter}${count + 1}",
            "error_title": "请从列表里选", "error_message": f"请从下拉框里选{title}。",
        },
    )  # fmt: skip
