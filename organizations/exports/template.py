"""The workbook in which organizations are written down for the registry, and the one that says what is wrong with it."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.models import Area
from core.sheets.entry import EntrySheet, write_blank, write_faulty
from organizations.domain import registry_sheet as rule
from organizations.models import Organization, PartyRecord

WIDTHS = dict(zip(rule.COLUMNS, (28, 22, 16, 16, 14, 12, 12, 30, 16, 12, 10, 8, 14, 22, 14, 20), strict=True))
EXAMPLE = {
    "名称": f"{rule.EXAMPLE_MARK}暖邻公益服务中心", "类型": "备案队伍", "成立日期": "2020-05-01", "法定代表人": "王某", "业务范围": "助老、邻里互助",
    "年检": "合格", "评估等级": "3A", "党员数": "4", "党组织形式": "独立党支部", "支部名称或指导员": "暖邻党支部", "入驻日期": "2026-01-05",
}  # fmt: skip
WORDS = [
    f"只填“{rule.SHEET}”这一张表，一行一个组织，一次最多 {rule.MOST_ROWS:,} 行。列名不要改，列的次序可以变。",
    f"名称以“{rule.EXAMPLE_MARK}”开头的行是编的例子，导入时不读，可以删去。",
    "必填：名称。新登记的组织还要填类型；登记社会组织要填统一社会信用代码；社区（村）党组织要填所在社区；居民小组要填所在社区、法定代表人（负责人）和支持单位。",
    "已登记的组织按统一社会信用代码认，没有代码的按名称认；空格子表示不改。名称和性质不能用导入修改。",
    "日期写成 2026-11-23 或 2026年11月23日。党员数填整数。填党组织形式的，要填党员数，以及支部名称或党建指导员的姓名。",
    "不要用公式。从别的表复制时用“选择性粘贴为数值”。存成 .xlsx（不带宏、不加密码，不超过 5 MB）。",
    "上传后先检查，不登记：有错误就逐条列出在哪一行哪一列，改好再传；没有错误，看过预览再确认，要么全部登记，要么一行也不登记。",
]


def _entry(street: Area) -> EntrySheet:
    communities = Area.objects.communities().under(street).order_by("pinyin", "name")
    choices: dict[str, Any] = {
        "类型": Organization.Kind, "年检": Organization.Inspection, "评估等级": Organization.Grade, "党组织形式": PartyRecord.Form,
    }  # fmt: skip
    lists = {title: [str(c.label) for c in values] for title, values in choices.items()}
    return EntrySheet(
        title=rule.SHEET, widths=WIDTHS, needed=rule.NEEDED, lists={**lists, "所在社区": [a.name for a in communities]}, guide=WORDS,
        most_rows=rule.MOST_ROWS, example=EXAMPLE, days=rule.DATE_TITLES,
    )  # fmt: skip


def write_template(street: Area) -> io.BytesIO:
    """The workbook for the registry of a street. One statement."""
    return write_blank(_entry(street))


def write_errors(rows: Sequence[Mapping[str, Any]], street: Area) -> io.BytesIO:
    """The workbook that was read, with its faults; `rows` as ImportRun.typed keeps them. One statement."""
    return write_faulty(_entry(street), rows)
