"""What changed from one version of a proposal to the next, in words to read side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from projects.domain.parts import with_parts

TEXTS = {
    "title": "项目名称", "theme": "主题", "category": "类别", "community": "实施社区", "summary": "项目简介", "plan": "实施计划",
    "starts_on": "项目开始日期", "ends_on": "项目结束日期", "indicators": "预期成效与指标", "beneficiaries": "直接受益人数",
    "volunteers": "参加志愿者人数", "requested": "申请资金（元）", "minimum": "最低可行金额（元）", "unanswered": "没有对应需求的理由",
}  # fmt: skip
LISTS: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "needs": ("回应的需求", lambda r: f"{r['number']}（{r['community']}）"),
    "orders": ("承接的服务项目单", lambda r: f"{r['number']} {r['title']}"),
    "team": ("项目团队", lambda r: f"{r['function']}（{r['qualification']}）{'' if r['count'] is None else r['count']} 人{'：' + r['task'] if r['task'] else ''}"),
    "targets": ("服务对象和人数", lambda r: f"{r['group']} {'' if r['number'] is None else r['number']} 人{'，' + r['note'] if r['note'] else ''}"),
    "goals": ("指标表", lambda r: f"{r['name']} {r['number']} {r['unit']}".strip()),
    "activities": ("活动安排", lambda r: f"{r['what']}，{r['starts_on']} 至 {r['ends_on']}，{r['where']}，{'' if r['people'] is None else r['people']} 人次"),
    "lines": ("经费预算", lambda r: f"{r['head']}：{r['item']}，{r['unit_price']} × {r['quantity']} = {r['amount']}，自筹 {r['self_raised']}" + (f"，其他 {r['other']}" if r.get("other", "0.00") != "0.00" else "")),
    "pleas": ("超限例外", lambda r: f"{r['words']}。申请例外：{r['reason']}"),
    "partners": ("合作单位", lambda r: f"{r['name']}（{r['kind']}）：{r['task']}，{r['amount'] or '—'} 元"),
    "attachments": ("附件材料", lambda r: f"{r['name']}（{r['kind']}，SHA-256 {r['sha256'][:16]}…）"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One section that differs: what was there and is not, what is there and was not, line by line."""

    label: str
    gone: tuple[str, ...]
    come: tuple[str, ...]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Sections that differ, in the order of the application."""
    old, new = with_parts(before), with_parts(after)
    found = [
        _change(label, _lines(old.get(key)), _lines(new.get(key)))
        for key, label in TEXTS.items()
        if _lines(old.get(key)) != _lines(new.get(key))
    ]
    found += _sections(old["sections"], new["sections"])
    if (was_said := _promised(old)) != (now_said := _promised(new)):
        found.append(_change("承诺", was_said, now_said))
    for key, (label, words) in LISTS.items():
        was, now = [words(r) for r in old.get(key, [])], [words(r) for r in new.get(key, [])]
        if was != now:
            found.append(_change(label, was, now))
    return found


def _sections(old: list[Mapping[str, str]], new: list[Mapping[str, str]]) -> list[Change]:
    """Texts of the sections that the round asks, by their titles."""
    was, now = ({row["key"]: row for row in rows} for rows in (old, new))
    labels = {row["key"]: row["label"] for row in [*old, *new]}
    return [
        _change(label, before, after)
        for key, label in labels.items()
        if (before := _lines(was.get(key, {}).get("words"))) != (after := _lines(now.get(key, {}).get("words")))
    ]


def _promised(content: Mapping[str, Any]) -> list[str]:
    return _lines(content["promise"]["words"] if content["promise"] else "")


def _lines(value: Any) -> list[str]:
    return [] if value in (None, "") else str(value).splitlines()


def _change(label: str, was: list[str], now: list[str]) -> Change:
    gone: list[str] = []
    come: list[str] = []
    for tag, a, b, c, d in SequenceMatcher(None, was, now, autojunk=False).get_opcodes():
        if tag != "equal":
            gone += was[a:b]
            come += now[c:d]
    return Change(label, tuple(gone), tuple(come))
