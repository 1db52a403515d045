"""The workbook in which needs are written down for importing: one sheet to fill, with lists to choose from."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Area
from core.sheets.entry import EntrySheet, write_blank, write_faulty
from needs.domain import sheet as rule
from needs.models import Need

WIDTHS = dict(zip(rule.COLUMNS, (6, 16, 20, 12, 14, 60, 10, 10, 14, 12, 16, 10), strict=True))
WORDS = [
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


def _entry(communities: Sequence[Area], grids: Sequence[Area]) -> EntrySheet:
    example = {
        rule.MARK: rule.EXAMPLE_MARK, rule.COMMUNITY: communities[0].name if communities else "", rule.CHANNEL: "入户走访",
        rule.CATEGORY: "便民利民", rule.WORDS: rule.EXAMPLE_WORDS, rule.PEOPLE: "24", rule.URGENCY: "较急", rule.CONSENT: rule.NO,
    }  # fmt: skip
    return EntrySheet(
        title=rule.SHEET, widths=WIDTHS, needed=rule.NEEDED, lists=_lists(communities, grids), guide=WORDS, example=example,
        most_rows=rule.MOST_ROWS, days=(rule.DAY,),
    )  # fmt: skip


def write_template(communities: Sequence[Area], grids: Sequence[Area]) -> io.BytesIO:
    """The workbook for a person who registers for these communities; `grids` with their parents."""
    return write_blank(_entry(communities, grids))


def write_errors(rows: Sequence[Mapping[str, Any]], communities: Sequence[Area], grids: Sequence[Area]) -> io.BytesIO:
    """The workbook that was read, with its faults; `rows` as needs.domain.sheet.typed_rows gives them."""
    return write_faulty(_entry(communities, grids), rows)
