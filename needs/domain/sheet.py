"""The import sheet of needs: its columns, and what a filled row says or what is wrong with it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from core import workbooks
from core.workbooks import CHOICES, CONTROL, GUIDE, WHY, Sheet, Typed, as_typed, column_index, column_name, title_of

MOST_ROWS = 2000
MOST_FAULTS = 200
MOST_WORDS = 1000
MOST_PEOPLE = 1_000_000
LONG_AGO = timedelta(days=730)
SHEET = "需求"
EXAMPLE_MARK = "示例"
EXAMPLE_WORDS = "3 号楼二单元楼道灯坏了半个月，老人晚上不敢下楼。（示例，导入时不读这一行）"

MARK, COMMUNITY, GRID, CHANNEL, CATEGORY, WORDS = "序号", "社区", "网格", "渠道", "类别", "居民的原话"
PEOPLE, URGENCY, DAY, NAME, PHONE, CONSENT = "涉及人数", "紧急程度", "收集日期", "怎么称呼", "联系电话", "本人同意"
COLUMNS = (MARK, COMMUNITY, GRID, CHANNEL, CATEGORY, WORDS, PEOPLE, URGENCY, DAY, NAME, PHONE, CONSENT)
NEEDED = (CHANNEL, CATEGORY, WORDS)
YES, NO = "是", "否"
FORMULA = re.compile(r"^[=+\-@＝＋－＠\t\r]")
DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
NARROW = str.maketrans("０１２３４５６７８９－／．　", "0123456789-/. ")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where: a row and column of a sheet, as a person finds them (0 and "" for the whole sheet)."""

    sheet: str
    row: int
    column: str
    message: str


def column_of(fault: Fault) -> int | None:
    """Which column of the sheet is wrong, counted from 0; None where no single one is."""
    letters = re.match(r"([A-Z]{1,3}) 列", fault.column)
    return column_index(letters[1]) if letters else None


@dataclass(frozen=True, slots=True)
class Places:
    """Where this person may register: ids of communities by every name they go by, ids of grids by community and name."""

    communities: Mapping[str, Sequence[int]]
    grids: Mapping[tuple[int, str], int]
    only: int | None = None


@dataclass(slots=True)
class Row:
    """A good row, fit for JSON."""

    sheet: str
    number: int
    community: int
    grid: int | None
    channel: str
    category: str
    words: str
    people_count: int
    urgency: str
    on: str | None
    contact_name: str
    contact_phone: str

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Reading:
    """What came of a workbook."""

    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class _Line:
    """One row by column titles; collects what is wrong with it."""

    def __init__(self, sheet: str, number: int, cells: Mapping[str, Any], letters: Mapping[str, str]) -> None:
        self.sheet, self.number, self.cells, self.letters = sheet, number, cells, letters
        self.faults: list[Fault] = []

    def wrong(self, title: str, message: str) -> None:
        letter = self.letters.get(title)
        self.faults.append(Fault(self.sheet, self.number, f"{letter} 列“{title}”" if letter else f"“{title}”", message))

    def text(self, title: str, *, phone: bool = False) -> str:
        """The cell's words; numbers as typed. A formula, and what a spreadsheet would take for one, is refused."""
        cell = self.cells.get(title)
        if cell is None:
            return ""
        if cell.is_formula:
            self.wrong(title, "这一格是公式。请复制后“选择性粘贴为数值”，再上传。")
            return ""
        if cell.is_error:
            self.wrong(title, f"这一格是错误值 {str(cell.value)[:10]}，请改成文字或清空。")
            return ""
        value = cell.value
        if isinstance(value, bool):
            return YES if value else NO
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            value = int(value)
        if isinstance(value, datetime):
            value = value.date()
        found = CONTROL.sub("", str(value)).strip()
        if not phone and isinstance(cell.value, str) and FORMULA.match(found):
            self.wrong(title, "文字以 =、+、-、@ 开头，像是公式。请去掉开头的符号。")
            return ""
        return found

    def one_of(self, title: str, labels: Mapping[str, str], default: str | None = None) -> str:
        """The value behind a label."""
        before = len(self.faults)
        said = self.text(title)
        if len(self.faults) > before:
            return ""
        if not said and default is not None:
            return default
        if said in labels:
            return labels[said]
        if not said:
            self.wrong(title, f"没有填{title}。")
        else:
            self.wrong(title, f"“{said[:20]}”不在{title}的选项里，请从下拉框选：{'、'.join(labels)}。")
        return ""


@dataclass(frozen=True, slots=True)
class Labels:
    """Values by their Chinese labels."""

    channels: Mapping[str, str]
    categories: Mapping[str, str]
    urgencies: Mapping[str, str]
    usual_urgency: str


@dataclass(frozen=True, slots=True)
class Rules:
    """What a row is judged by. `phone_of` cleans a phone or raises ValueError with a sentence; `private` tells whether
    words hold a personal number.
    """

    places: Places
    labels: Labels
    today: date
    phone_of: Callable[[str], str]
    private: Callable[[str], bool]


def read_rows(sheets: Sequence[Sheet], rules: Rules) -> Reading:
    """Every row of every sheet with our head, and what is wrong."""
    found = Reading()
    fitting = 0
    for sheet in sheets:
        if sheet.title in (GUIDE, CHOICES) or not sheet.lines:
            continue
        head, faults = _head(sheet)
        if WORDS not in head:
            found.notes.append(f"工作表“{sheet.title}”的第一行没有“{WORDS}”这一列，没有读。")
            continue
        fitting += 1
        if strange := [t for t in head if t not in (*COLUMNS, WHY)]:
            found.notes.append(f"工作表“{sheet.title}”的这些列没有读：{'、'.join(t[:20] for t in strange[:10])}。")
        if sheet.stopped_at:
            found.notes.append(f"工作表“{sheet.title}”第 {sheet.stopped_at} 行以后没有读（前面空行太多）。")
        found.faults += faults
        if not faults:
            _read_sheet(sheet, head, rules, found)
    if not fitting:
        found.faults.append(Fault("", 0, "", f"没有找到要导入的工作表：第一行须有“{WORDS}”等列名。请下载模板填写。"))
    elif not found.rows and not found.faults:
        found.faults.append(Fault("", 0, "", "表里没有填写任何需求。"))
    return found


def typed_rows(sheets: Sequence[Sheet], faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Every row of the sheets with our head as core.workbooks.typed_rows gives them."""
    wrong: dict[tuple[str, int], list[tuple[int | None, str]]] = {}
    for fault in faults:
        said = (column_of(fault), f"{fault.column}：{fault.message}")
        wrong.setdefault((fault.sheet, fault.row), []).append(said)
    ours = [s for s in sheets if s.title not in (GUIDE, CHOICES) and s.lines and WORDS in _head(s)[0]]
    typed = [
        Typed(s.title, s.lines[0].number, [(n.number, [as_typed(c) for c in n.cells]) for n in s.lines]) for s in ours
    ]
    return workbooks.typed_rows(typed, wrong)


def _head(sheet: Sheet) -> tuple[dict[str, int], list[Fault]]:
    """Which column stands where, by the first row, and what is wrong with that row."""
    head: dict[str, int] = {}
    first, faults = sheet.lines[0], []
    for i, cell in enumerate(first.cells):
        title = _title(cell)
        if title and title in head:
            faults.append(Fault(sheet.title, first.number, f"“{title[:20]}”", "这一列出现了两次，请删去一列。"))
        elif title:
            head[title] = i
    missing = [t for t in NEEDED if t not in head]
    faults += [Fault(sheet.title, first.number, f"“{t}”", "缺少这一列，请用模板填写。") for t in missing]
    return head, faults


def _read_sheet(sheet: Sheet, head: Mapping[str, int], rules: Rules, found: Reading) -> None:
    letters = {t: column_name(i) for t, i in head.items()}
    for line in sheet.lines[1:]:
        cells = {t: line.cells[i] for t, i in head.items() if t in COLUMNS and i < len(line.cells)}
        if not any(cells.values()):
            continue
        one = _Line(sheet.title, line.number, cells, letters)
        row = _row(one, rules)
        found.faults += one.faults
        if row is None or one.faults:
            continue
        found.rows.append(row)
        if rules.private(row.words):
            found.notes.append(
                f"工作表“{sheet.title}”第 {line.number} 行的原话里像是有手机号或身份证号，请移到“{PHONE}”列。"
            )


def _title(cell: Any) -> str:
    return title_of(str(cell.value)) if cell is not None and not cell.is_formula else ""


def _row(line: _Line, rules: Rules) -> Row | None:
    places, labels = rules.places, rules.labels
    mark, words = line.text(MARK), line.text(WORDS)
    if mark == EXAMPLE_MARK:
        if words != EXAMPLE_WORDS:
            line.wrong(MARK, f"这一行还标着“{EXAMPLE_MARK}”。要导入就清空这一格，不要就删去整行。")
        return None
    if not words and not line.faults:
        line.wrong(WORDS, "没有填居民的原话。")
    elif len(words) > MOST_WORDS:
        line.wrong(WORDS, f"有 {len(words)} 个字，最多 {MOST_WORDS} 个字。")
    community = _community(line, places)
    name, phone = _contact(line, rules.phone_of)
    return Row(
        sheet=line.sheet, number=line.number, community=community or 0, grid=_grid(line, places, community),
        channel=line.one_of(CHANNEL, labels.channels), category=line.one_of(CATEGORY, labels.categories), words=words,
        people_count=_people(line), urgency=line.one_of(URGENCY, labels.urgencies, labels.usual_urgency),
        on=_day(line, rules.today), contact_name=name, contact_phone=phone,
    )  # fmt: skip


def _community(line: _Line, places: Places) -> int | None:
    before = len(line.faults)
    said = re.sub(r"\s", "", line.text(COMMUNITY))
    if len(line.faults) > before:
        return None
    if not said:
        if places.only is None:
            line.wrong(COMMUNITY, "没有填社区。")
        return places.only
    found = places.communities.get(said) or places.communities.get(f"{said}社区") or ()
    if not found:
        line.wrong(COMMUNITY, f"“{said[:20]}”不是您能登记的社区，请从下拉框选。")
        return None
    if len(found) > 1:
        line.wrong(COMMUNITY, f"有两个街道都有“{said[:20]}”，请写成“街道名 社区名”。")
        return None
    return found[0]


def _grid(line: _Line, places: Places, community: int | None) -> int | None:
    said = re.sub(r"\s", "", line.text(GRID))
    if not said or community is None:
        return None
    own = {name: pk for (place, name), pk in places.grids.items() if place == community}
    # the drop-down says the community before the grid
    for name, pk in own.items():
        if said == name or any(said == f"{c}{name}" for c, ids in places.communities.items() if community in ids):
            return pk
    line.wrong(GRID, f"这个社区没有“{said[:20]}”这个网格，不分网格就空着。")
    return None


def _people(line: _Line) -> int:
    said = line.text(PEOPLE).translate(NARROW).removesuffix("人").strip()
    if not said:
        return 1
    if not (said.isascii() and said.isdigit() and len(said) <= 7 and 1 <= int(said) <= MOST_PEOPLE):
        line.wrong(PEOPLE, f"“{said[:20]}”不是 1 至 100 万之间的整数。")
        return 1
    return int(said)


def _day(line: _Line, today: date) -> str | None:
    said = line.text(DAY).translate(NARROW).replace(" ", "")
    if not said:
        return None
    found = DATE.match(said)
    try:
        day = date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if day is None:
        line.wrong(DAY, f"“{said[:20]}”不是日期，请写成 2026-11-23 这样。")
    elif day > today:
        line.wrong(DAY, "收集日期在今天以后。")
    elif day < today - LONG_AGO:
        line.wrong(DAY, "收集日期在两年以前，请核对。")
    else:
        return day.isoformat()
    return None


def _contact(line: _Line, phone_of: Callable[[str], str]) -> tuple[str, str]:
    name, phone = line.text(NAME), line.text(PHONE, phone=True)
    if len(name) > 20:
        line.wrong(NAME, "最多 20 个字。")
    if phone:
        try:
            phone = phone_of(phone)
        except ValueError as error:
            line.wrong(PHONE, str(error))
    consent = line.one_of(CONSENT, {YES: YES, NO: NO}, NO)
    if (name or phone) and consent == NO:
        line.wrong(CONSENT, "留下称呼或电话，须在这一列填“是”；本人没有同意就清空称呼和电话。")
    return name, phone
