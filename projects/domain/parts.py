"""Rows of a proposal beside its budget: partners with shares, activity plan, indicators. Rows of a draft may be incomplete."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from core.money import show_yuan


@dataclass(frozen=True, slots=True)
class PartnerRow:
    """A partner and what it is to get of the grant; None: not yet said."""

    kind: str
    name: str
    task: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity: what, from when to when, where, how many people."""

    what: str
    starts_on: date | None
    ends_on: date | None
    where: str
    people: int | None


@dataclass(frozen=True, slots=True)
class GoalRow:
    """One figure that is promised."""

    name: str
    number: Decimal | None
    unit: str


@dataclass(frozen=True, slots=True)
class TeamRow:
    """People of one function in the project: no names."""

    function: str
    qualification: str
    count: int | None
    task: str


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One group of people who are served directly."""

    group: str
    number: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Parts:
    """What is saved of them; None leaves the stored rows as they are."""

    partners: Sequence[PartnerRow] | None = None
    activities: Sequence[ActivityRow] | None = None
    goals: Sequence[GoalRow] | None = None
    team: Sequence[TeamRow] | None = None
    targets: Sequence[TargetRow] | None = None


def partner_gaps(rows: Iterable[PartnerRow], grant: Decimal) -> list[str]:
    """What is missing, as sentences; the shares together are at most the grant."""
    found: list[str] = []
    shared = Decimal("0.00")
    for n, row in enumerate(rows, 1):
        lacks = [w for w, v in (("单位名称", row.name), ("分工", row.task)) if not v]
        if row.amount is None:
            lacks.append("使用申请资金（没有填 0）")
        shared += row.amount or Decimal("0.00")
        if lacks:
            found.append(f"合作单位第 {n} 行请填写{'、'.join(lacks)}")
    if shared > grant:
        found.append(f"合作单位使用资金合计 {show_yuan(shared)} 元，超过申请资金 {show_yuan(grant)} 元，请调减")
    return found


def activity_gaps(rows: Iterable[ActivityRow], begin: date | None, end: date | None) -> list[str]:
    """What is missing, as sentences; each activity lies within the project's period."""
    found: list[str] = []
    for n, row in enumerate(rows, 1):
        facts = (("活动", row.what), ("开始日期", row.starts_on), ("结束日期", row.ends_on), ("地点", row.where), ("人次", row.people))  # fmt: skip
        if lacks := [words for words, value in facts if value in ("", None)]:
            found.append(f"活动安排第 {n} 行请填写{'、'.join(lacks)}")
        early = begin and row.starts_on and row.starts_on < begin
        late = end and (row.ends_on or row.starts_on) and (row.ends_on or row.starts_on or end) > end
        if early or late:
            found.append(f"活动安排第 {n} 行的日期应在项目周期 {begin or '…'} 至 {end or '…'} 之内")
    return found


def goal_gaps(rows: Iterable[GoalRow]) -> list[str]:
    """What is missing, as sentences."""
    found: list[str] = []
    for n, row in enumerate(rows, 1):
        facts = (("指标", row.name), ("目标值", row.number), ("单位", row.unit))
        if lacks := [words for words, value in facts if value in ("", None)]:
            found.append(f"指标表第 {n} 行请填写{'、'.join(lacks)}")
    return found


def team_gaps(rows: Iterable[TeamRow]) -> list[str]:
    """What is missing, as sentences."""
    found: list[str] = []
    for n, row in enumerate(rows, 1):
        facts = (("分工", row.function), ("资格或经验", row.qualification), ("人数", row.count))
        if lacks := [words for words, value in facts if value in ("", None)]:
            found.append(f"项目团队第 {n} 行请填写{'、'.join(lacks)}")
    return found


def target_gaps(rows: Iterable[TargetRow], beneficiaries: int | None) -> list[str]:
    """What is missing, as sentences; together they are the people served directly."""
    found: list[str] = []
    told = list(rows)
    for n, row in enumerate(told, 1):
        if lacks := [words for words, value in (("服务对象", row.group), ("人数", row.number)) if value in ("", None)]:
            found.append(f"服务对象第 {n} 行请填写{'、'.join(lacks)}")
    total = sum(row.number or 0 for row in told)
    if told and not found and beneficiaries is not None and total != beneficiaries:
        found.append(f"服务对象合计 {total} 人，与直接受益人数 {beneficiaries} 人不一致，请核对")
    return found


_UNITS = "场|次|人次|人|户|篇|份|个|条|名|支|期|件|处|本|幅|天|小时|节|棵|组|对|项|套|公里|米|台|部|%"
_GOAL = re.compile(rf"^(.*?)(\d[\d,]*(?:\.\d+)?)(?:\s*[–—~～-]\s*(\d[\d,]*(?:\.\d+)?))?\s*(人次|{_UNITS})?(.*)$")
_LEAST = re.compile(r"[\s：:]*(不低于|不少于|至少|≥)?\s*$")


def goals_of(words: str) -> list[GoalRow]:
    """Rows from a theme's indicators, `4–6场; 600人次; 走访120次`: of a range the lower end, which can be raised.

    A figure without words of its own is named by its unit. What has no figure keeps its words and asks for one.
    """
    names = {"场": "活动场次", "次": "活动次数", "人次": "服务人次", "人": "服务人数", "户": "服务户数", "%": "满意率"}
    rows: list[GoalRow] = []
    for piece in re.split(r"[;；\n]", words):
        plain = piece.strip(" 。")
        if not plain:
            continue
        found = _GOAL.match(plain)
        if found is None:
            rows.append(GoalRow(plain[:60], None, ""))
            continue
        before, low, _high, unit, after = found.groups()
        try:
            number = Decimal(low.replace(",", ""))
        except InvalidOperation:  # pragma: no cover - the pattern lets only figures through
            number = None
        name = (_LEAST.sub("", before).strip() + after.strip()) or names.get(unit or "", "")
        rows.append(GoalRow(name[:60] or plain[:60], number, unit or ""))
    return rows[:30]


def plain_number(number: Decimal | None) -> str:
    """`12` or `12.5`, without zeros that say nothing; empty for none."""
    if number is None:
        return ""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_parts(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a version with empty lists where it is older than the parts, and no other money where it knows none."""
    found = {
        "partners": [], "activities": [], "goals": [], "attachments": [], "sections": [], "team": [], "targets": [], "promise": None, "pleas": [],
    } | dict(content)  # fmt: skip
    return found | {"lines": [{"other": "0.00"} | dict(line) for line in content.get("lines", [])]}


def team_content(rows: Iterable[TeamRow]) -> list[dict[str, Any]]:
    """The team as plain JSON for a version."""
    return [{"function": r.function, "qualification": r.qualification, "count": r.count, "task": r.task} for r in rows]


def target_content(rows: Iterable[TargetRow]) -> list[dict[str, Any]]:
    """The groups served as plain JSON for a version."""
    return [{"group": r.group, "number": r.number, "note": r.note} for r in rows]


def as_content(parts: Parts, kinds: Mapping[str, str]) -> dict[str, Any]:
    """The rows as plain JSON for a version."""
    return {
        "partners": [
            {"kind": kinds.get(r.kind, ""), "name": r.name, "task": r.task, "amount": "" if r.amount is None else f"{r.amount:.2f}"}
            for r in parts.partners or ()
        ],
        "activities": [
            {"what": r.what, "starts_on": r.starts_on.isoformat() if r.starts_on else "", "ends_on": r.ends_on.isoformat() if r.ends_on else "",
             "where": r.where, "people": r.people}
            for r in parts.activities or ()
        ],
        "goals": [{"name": r.name, "number": plain_number(r.number), "unit": r.unit} for r in parts.goals or ()],
    }  # fmt: skip
