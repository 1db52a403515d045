"""Rows of the registry's sheet E17: what each column says, and every fault by row and column. Pure.

A blank cell says nothing and leaves what is known; a column that the registry works out itself (星级) is not read.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core import workbooks
from core.workbooks import BadWorkbook, Cell, Sheet, Typed, as_typed

NARROW = str.maketrans("０１２３４５６７８９－／．　", "0123456789-/. ")
DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
BLANK = {"", "—", "-", "无", "/"}
HEAD_WITHIN = 6  # rows in which the head must stand

# title → key; the further titles are what other sheets of the trade call it
TITLES: dict[str, str] = {
    "名称": "name", "组织名称": "name", "单位名称": "name", "统一社会信用代码": "uscc", "信用代码": "uscc", "类型": "kind", "性质": "kind",
    "所在社区": "community", "成立日期": "founded_on", "法定代表人": "legal_name", "法人": "legal_name", "负责人": "legal_name",
    "党组织书记": "secretary", "支持单位": "supporter", "业务范围": "business", "登记证书有效期至": "licence_until", "年检": "inspection", "评估等级": "grade",
    "评估等级(A)": "grade", "党员数": "members", "党组织形式": "form", "支部名称或指导员": "party_name", "入驻日期": "moved_in_on",
}  # fmt: skip
LENGTHS = {"name": 80, "legal_name": 40, "secretary": 40, "supporter": 80, "business": 500, "party_name": 80}
DATES = ("founded_on", "licence_until", "moved_in_on")
MOST_MEMBERS = 9999
MOST_ROWS, LAST_ROW = 2000, 10_000
SHEET = "明细"
EXAMPLE_MARK = "例："  # a name that begins so is the template's own
# the template's columns, in order
COLUMNS = (
    "名称", "统一社会信用代码", "类型", "所在社区", "成立日期", "法定代表人", "党组织书记", "业务范围", "登记证书有效期至", "年检", "评估等级",
    "党员数", "党组织形式", "支部名称或指导员", "入驻日期", "支持单位",
)  # fmt: skip
NEEDED = ("名称",)
DATE_TITLES = ("成立日期", "登记证书有效期至", "入驻日期")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one cell: `row` as the spreadsheet counts it, `column` the title in its head."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Computed:
    """A cell that holds a formula: its value is not known to be what its author saw."""


def chosen(sheets: Sequence[Sheet]) -> Sheet:
    """The sheet 明细, or the first one."""
    return next((s for s in sheets if s.title == SHEET), sheets[0])


def typed_rows(sheets: Sequence[Sheet], faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Every row of the sheet that was read as core.workbooks.typed_rows gives them; none where no head was found."""
    sheet, head = chosen(sheets), find_head(as_table(sheets))
    if head is None:
        return []
    place = {key: i for i, (key, _title) in head[1].items()}
    wrong: dict[tuple[str, int], list[tuple[int | None, str]]] = {}
    for fault in faults:
        said = f"{fault.column}：{fault.message}" if fault.column else fault.message
        wrong.setdefault((sheet.title, fault.row), []).append((place.get(TITLES.get(fault.column, "")), said))
    lines = [(line.number, [as_typed(cell) for cell in line.cells]) for line in sheet.lines]
    return workbooks.typed_rows([Typed(sheet.title, head[0] + 1, lines)], wrong)


def as_table(sheets: Sequence[Sheet]) -> list[list[Any]]:
    """The cells of the sheet 明细, or of the first one, row by row as the spreadsheet counts them. Raises BadWorkbook."""
    sheet = chosen(sheets)
    table: list[list[Any]] = []
    for line in sheet.lines:
        if line.number > LAST_ROW:
            raise BadWorkbook(why=f"第 {LAST_ROW:,} 行以下还有内容，请删去中间的空行。")
        table += [[] for _ in range(line.number - 1 - len(table))]
        table.append([_value(cell) for cell in line.cells])
    return table


def _value(cell: Cell | None) -> Any:
    if cell is None:
        return None
    value = cell.value
    if cell.is_formula:
        return Computed()
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        exact = Decimal(str(value))
        return int(exact) if exact == exact.to_integral_value() else exact
    return value if isinstance(value, int | date) else str(value).strip()


@dataclass(frozen=True, slots=True)
class Words:
    """The words that a street knows: label → key of each choice, communities by name."""

    kinds: Mapping[str, str]
    inspections: Mapping[str, str]
    grades: Mapping[str, str]
    forms: Mapping[str, str]
    communities: Mapping[str, int]
    code: Callable[[str], str]  # a valid credit code; raises ValueError with a sentence


def find_head(table: Sequence[Sequence[Any]]) -> tuple[int, dict[int, tuple[str, str]]] | None:
    """Where the head stands and what its columns are: index → (key, title). None without a column 名称."""
    for n, row in enumerate(table[:HEAD_WITHIN]):
        found: dict[int, tuple[str, str]] = {}
        for i, cell in enumerate(row):
            title = (
                re.sub(r"\s+|（必填）", "", cell).replace("（", "(").replace("）", ")") if isinstance(cell, str) else ""
            )
            key = TITLES.get(title)
            if key is not None and key not in {k for k, _ in found.values()}:
                found[i] = (key, title)
        if "name" in {key for key, _ in found.values()} and len(found) > 1:
            return n, found
    return None


def read_rows(table: Sequence[Sequence[Any]], words: Words) -> tuple[list[dict[str, Any]], list[Fault]]:
    """Every row below the head as plain values under the keys of TITLES, and `row`; and all faults."""
    head = find_head(table)
    if head is None:
        return [], [Fault(1, "", "没有找到表头：前几行里要有“名称”“统一社会信用代码”等列名，可先下载模板。")]
    start, columns = head
    name_at = next(i for i, (key, _title) in columns.items() if key == "name")
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for number, cells in enumerate(table[start + 1 :], start + 2):
        given = {i: v for i, v in enumerate(cells) if not _blank(v)}
        if not given or str(next(iter(given.values()))).replace(" ", "") in {"合计", "小计"}:
            continue
        if str(given.get(0, "")).startswith("制表人") or str(given.get(name_at, "")).startswith(EXAMPLE_MARK):
            continue
        row: dict[str, Any] = {"row": number}
        for i, (key, title) in columns.items():
            if i not in given:
                continue
            try:
                row[key] = _read(key, given[i], words)
            except ValueError as error:
                faults.append(Fault(number, title, str(error)))
        faulty = {f.column for f in faults if f.row == number}
        if "name" not in row and not faulty & {t for k, t in columns.values() if k == "name"}:
            faults.append(Fault(number, "名称", "请填写名称。"))
        rows.append(row)
    if not rows:
        faults.append(Fault(start + 2, "", "表头下面没有内容。"))
    return rows, faults + list(_doubled(rows))


def _doubled(rows: Iterable[Mapping[str, Any]]) -> Iterable[Fault]:
    for key, title in (("name", "名称"), ("uscc", "统一社会信用代码")):
        seen: dict[str, int] = {}
        for row in rows:
            value = row.get(key)
            if value is None:
                continue
            if value in seen:
                yield Fault(row["row"], title, f"与第 {seen[value]} 行重复。")
            seen.setdefault(value, row["row"])


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in BLANK)


def _read(key: str, value: Any, words: Words) -> Any:
    if not isinstance(value, str | int | date):
        raise ValueError(_odd(value, key))  # noqa: TRY004 - a fault of the cell, not of the program
    if key in DATES:
        return _day(value)
    if isinstance(value, date):
        raise ValueError("这一列不是日期。")  # noqa: TRY004 - a fault of the cell, not of the program
    text = re.sub(r"\s+", " ", str(value)).strip()
    if key == "uscc":
        return words.code(text)
    if key == "members":
        plain = text.translate(NARROW)
        if not (plain.isascii() and plain.isdecimal() and len(plain) < 5):
            raise ValueError(f"请填写 0 至 {MOST_MEMBERS} 的整数。")
        return int(plain)
    choices = {"kind": words.kinds, "inspection": words.inspections, "grade": words.grades, "form": words.forms}
    if key in choices:
        if text.upper() not in choices[key] and text not in choices[key]:
            raise ValueError(f"没有“{text[:20]}”这个选项，可填：{'、'.join(choices[key])}。")
        return choices[key].get(text, choices[key].get(text.upper()))
    if key == "community":
        if text not in words.communities:
            raise ValueError(f"本街道没有“{text[:20]}”。")
        return words.communities[text]
    if len(text) > LENGTHS[key]:
        raise ValueError(f"最多 {LENGTHS[key]} 个字。")
    return text


def _odd(value: Any, key: str) -> str:
    if isinstance(value, Computed):
        return "含有公式，请粘贴为数值。"
    return "请填写整数。" if key == "members" else "请填写文字。"


def _day(value: str | int | date) -> str:
    if isinstance(value, date):
        found = value
    else:
        match = DAY.fullmatch(str(value).translate(NARROW).replace(" ", ""))
        try:
            found = date(*map(int, match.groups())) if match else date.min
        except ValueError:
            found = date.min
    if not date(1900, 1, 1) <= found <= date(2199, 12, 31):
        raise ValueError("请填写日期，例如 2026-11-23 或 2026年11月23日。")
    return found.isoformat()
