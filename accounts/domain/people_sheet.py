"""A table of people as an office fills it in: which rows it holds, and what is wrong in which line. No Django."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core import workbooks
from core.workbooks import Typed

SHEET = "人员"
COLUMNS = ("姓名", "用户名", "手机号", "电子邮件", "角色", "范围")
NEEDED = ("姓名",)
ALIASES = {
    "名字": "姓名",
    "账号": "用户名",
    "登录名": "用户名",
    "手机": "手机号",
    "电话": "手机号",
    "邮箱": "电子邮件",
    "社区": "范围",
}
LONGEST = {"姓名": 40, "用户名": 40, "电子邮件": 254}
USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,40}", re.ASCII)
EMAIL = re.compile(r"[^@\s,;<>\"']+@[^@\s,;<>\"']+\.[^@\s,;<>\"']+")
MOST_ROWS = 500
HEAD_WITHIN = 20  # lines: a title and notes may stand above the head


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, where: the number of the line as the program shows it, the column's title or nothing."""

    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class Person:
    """One line: `role` and `area` are the values of the choices, empty where no role is asked for."""

    row: int
    name: str
    username: str
    phone: str
    email: str
    role: str
    area: int | None


@dataclass(frozen=True, slots=True)
class Words:
    """What a street's words mean: roles by label, places by name (`社区` or `社区/网格`), phones cleaned or ValueError."""

    roles: Mapping[str, str]
    places: Mapping[str, int]
    clean_phone: Callable[[str], str]
    fits: Callable[[str, int | None], str]  # role and place → a sentence, empty where they fit


@dataclass(slots=True)
class _Seen:
    usernames: dict[str, int] = field(default_factory=dict)
    phones: dict[str, int] = field(default_factory=dict)


Line = tuple[int, Sequence[str]]


class NotText(ValueError):
    """The file is neither UTF-8 nor GB18030, or no table."""


def read_csv(content: bytes) -> list[Line]:
    """The filled lines of a CSV file in UTF-8 or GB18030, with their numbers. Raises NotText."""
    if b"\0" in content:
        raise NotText("里面不是文字")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise NotText("编码既不是 UTF-8 也不是 GB18030") from error
    start = text.split("\n", 1)[0]
    separator = max(",;\t", key=start.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[Line] = []
    try:
        filled = (cells for cells in reader if any(cell.strip() for cell in cells))
        lines.extend((reader.line_num, [cell.strip() for cell in cells[:40]]) for cells in filled)
    except csv.Error as error:
        raise NotText("引号不成对或一格太长") from error
    return lines


def find_head(lines: Sequence[Line]) -> tuple[int, list[str]] | None:
    """Which of the first lines names the columns, and what it calls them; None where none does."""
    for place, (_number, cells) in enumerate(lines[:HEAD_WITHIN]):
        titles = [_title(cell) for cell in cells]
        if set(NEEDED) <= set(titles):
            return place, titles
    return None


def read_people(lines: Sequence[Line], words: Words) -> tuple[list[Person], list[Fault]]:
    """The people of a table, and every fault; with a fault the rows are not to be used."""
    head = find_head(lines)
    if head is None:
        return [], [Fault(1, "", f"没有找到表头。表头应有：{'、'.join(COLUMNS)}。请先下载模板。")]
    place, titles = head
    double = sorted({t for t in titles if t in COLUMNS and titles.count(t) > 1})
    if double:
        return [], [Fault(lines[place][0], t, f"“{t}”列出现了两次，请只留一列。") for t in double]
    return _body(lines[place + 1 :], titles, words)


def typed_rows(lines: Sequence[Line], faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Every line as core.workbooks.typed_rows gives it; none where no head was found."""
    head = find_head(lines)
    if head is None:
        return []
    place = {title: i for i, title in enumerate(head[1])}
    wrong: dict[tuple[str, int], list[tuple[int | None, str]]] = {}
    for fault in faults:
        said = f"{fault.column}：{fault.message}" if fault.column else fault.message
        wrong.setdefault((SHEET, fault.row), []).append((place.get(fault.column), said))
    return workbooks.typed_rows([Typed(SHEET, lines[head[0]][0], lines)], wrong)


def _title(cell: str) -> str:
    plain = re.sub(r"[\s*＊]|（.*?）|\(.*?\)", "", cell)
    return ALIASES.get(plain, plain)


def _body(lines: Sequence[Line], titles: Sequence[str], words: Words) -> tuple[list[Person], list[Fault]]:
    people: list[Person] = []
    faults: list[Fault] = []
    seen = _Seen()
    for number, cells in lines:
        values = {t: c.strip() for t, c in zip(titles, cells, strict=False) if t in COLUMNS}
        if not any(values.values()) or values.get("姓名", "").startswith(("例：", "填写说明")):
            continue
        person, wrong = _person(number, values, words)
        wrong += _twice(person, seen)
        faults += wrong
        people.append(person)
    if not people and not faults:
        faults.append(Fault(1, "", "表里没有要导入的人员。"))
    if len(people) > MOST_ROWS:
        faults.append(Fault(people[MOST_ROWS].row, "", f"一次最多导入 {MOST_ROWS} 人，请分成几个文件。"))
    return people, faults


def _person(number: int, values: Mapping[str, str], words: Words) -> tuple[Person, list[Fault]]:
    wrong = [
        Fault(number, column, f"最多 {most} 个字。")
        for column, most in LONGEST.items()
        if len(values.get(column, "")) > most
    ]
    name, username, email = (values.get(k, "") for k in ("姓名", "用户名", "电子邮件"))
    if not name:
        wrong.append(Fault(number, "姓名", "请填写姓名。"))
    phone = values.get("手机号", "")
    if phone:
        try:
            phone = words.clean_phone(phone)
        except ValueError as error:
            wrong.append(Fault(number, "手机号", str(error)))
    if username and not USERNAME.fullmatch(username):
        wrong.append(Fault(number, "用户名", "用户名应为 3 至 40 个字母、数字或下划线。"))
    if not username and not phone:
        wrong.append(Fault(number, "用户名", "用户名和手机号至少填一项。"))
    if email and not EMAIL.fullmatch(email):
        wrong.append(Fault(number, "电子邮件", "电子邮件地址不完整，例如 name@example.cn。"))
    role, area, more = _role(number, values, words)
    return Person(number, name, username, phone, email, role, area), wrong + more


def _role(number: int, values: Mapping[str, str], words: Words) -> tuple[str, int | None, list[Fault]]:
    label, place = values.get("角色", ""), values.get("范围", "").replace("／", "/").replace(" ", "")
    if not label:
        return "", None, [Fault(number, "角色", "填了范围就要填角色。")] if place else []
    role = words.roles.get(label)
    if role is None:
        return "", None, [Fault(number, "角色", f"没有“{label}”这个角色，可填：{'、'.join(words.roles)}。")]
    area = words.places.get(place) if place else None
    if place and area is None:
        return (
            role,
            None,
            [Fault(number, "范围", f"本街道没有“{place}”。社区填社区名，网格填“社区/网格”，全街道留空。")],
        )
    sentence = words.fits(role, area)
    return role, area, [Fault(number, "范围", sentence)] if sentence else []


def _twice(person: Person, seen: _Seen) -> list[Fault]:
    found = []
    for column, value, known in (
        ("用户名", person.username.lower(), seen.usernames),
        ("手机号", person.phone, seen.phones),
    ):
        if value and value in known:
            found.append(Fault(person.row, column, f"与第 {known[value]} 行重复。"))
        elif value:
            known[value] = person.row
    return found
