"""Worked examples of a rule: made-up judges' marks, counted by the real engine, step by step.

The marks lie on the rule's own steps, so an office can put them on paper and get the same with a calculator.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core.exact import plain_text
from judging.domain.arithmetic import mean
from judging.domain.scoring import check_rule, compute
from judging.domain.values import Criterion, Rule

# What made-up judges give, in per cent of what can be given: a plain panel, and one with equals at both ends.
PANEL = (88, 92, 84, 90, 91, 76, 96)
EQUAL_ENDS = (95, 95, 86, 84, 80, 80, 88)
PART_SHARE = Fraction(4, 5)  # other parts are made up as 80 per cent of what they can be

Marks = dict[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One made-up project: each sheet's total, the engine's steps, score and rank (None where there is none).

    `compared`: what the tie rule that was needed compares, in words; empty where none was needed.
    """

    name: str
    totals: list[str]
    steps: list[str]
    score: str | None
    rank: int | None
    compared: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A title, a sentence on what it shows, and its projects, best first."""

    title: str
    shows: str
    rows: list[Row]


def examples(document: Mapping[str, Any]) -> list[Example]:
    """Examples of a rule (its document): leaving out, too few to leave out, a tie, too few sheets.

    None for tick-votes and where no sheets are used. Raises FormatError where the rule is not one.
    """
    rule = check_rule(document)
    if rule.by_tick or not rule.uses_sheets:
        return []
    judges = max(rule.trim.start if rule.trim else 0, rule.quorum, 5)
    trims = rule.trim is not None and bool(rule.trim.high + rule.trim.low)
    first = (
        ("去掉最高分和最低分", "几个最高分相同的，也只去规定的个数。")
        if trims
        else ("合成得分", "全部评分表都参加计算。")
    )
    found = [
        Example(
            *first,
            _count(
                rule, document, [("项目甲", _panel(rule, PANEL, judges)), ("项目乙", _panel(rule, EQUAL_ENDS, judges))]
            ),
        )
    ]
    if rule.trim is not None and trims and rule.trim.start > max(rule.quorum, 1):
        few = _panel(rule, PANEL, rule.trim.start - 1)
        shows = f"有效评分表不足 {rule.trim.start} 张，全部计入。"
        found.append(Example("评分表较少，不去最高分和最低分", shows, _count(rule, document, [("项目丙", few)])))
    found.append(_tie(rule, document, judges))
    needed = max(rule.quorum, 1)
    shows = f"有效评分表不足 {needed} 张，不计分，列在最后。"
    short = [("项目己", _panel(rule, PANEL, needed - 1)), ("项目庚", _panel(rule, PANEL, judges))]
    found.append(Example("评分表太少", shows, _count(rule, document, short)))
    return found


def _panel(rule: Rule, shares: Sequence[int], judges: int) -> list[Marks]:
    """So many sheets, the shares (per cent) in turn, each mark on its step."""
    return [_sheet(rule, Fraction(shares[i % len(shares)], 100)) for i in range(judges)]


def _sheet(rule: Rule, share: Fraction) -> Marks:
    return {c.key: plain_text(_on_step(c, share)) for c in rule.criteria.values()}


def _on_step(criterion: Criterion, share: Fraction) -> Fraction:
    span = criterion.most - criterion.least
    return criterion.least + span * share // criterion.step * criterion.step


def _tie(rule: Rule, document: Mapping[str, Any], judges: int) -> Example:
    """Two projects of the same score; if possible told apart by the first tie rule, else by a later one or by none."""
    best: Example | None = None
    for one, other in _equal_pairs(rule, judges):
        rows, exact, broken = _ranked(rule, document, [("项目丁", one), ("项目戊", other)])
        if len(exact) > 1:
            continue
        shows = "得分相同，看同分规则怎样定先后。" if broken else "得分相同，同分规则也分不出先后，名次并列。"
        best = Example("两个项目同分", shows, rows) if best is None or broken else best
        if broken == next(iter(rule.ties), None):
            break
    if best is None:  # marks of the same sheets always give the same score
        raise AssertionError
    return best


def _equal_pairs(rule: Rule, judges: int) -> Iterator[tuple[list[Marks], list[Marks]]]:
    base = _panel(rule, PANEL, judges)
    kind, _, key = next(iter(rule.ties), "").partition(":")
    lines = list(rule.criteria.values())
    better = [c for c in lines if kind == "criterion" and c.key == key] or lines
    for up in better:
        for down in lines:
            moved = _moved(rule, base, up, down) if up is not down else None
            if moved is not None:
                yield moved, base
    top = max(range(len(base)), key=lambda i: _total(rule, base[i]))
    higher = [dict(sheet) for sheet in base]
    higher[top] = _sheet(rule, Fraction(1))
    yield higher, base
    yield base, [dict(sheet) for sheet in base]


def _moved(rule: Rule, sheets: Sequence[Marks], up: Criterion, down: Criterion) -> list[Marks] | None:
    """The sheets with one common step of points moved between two lines of the same weight; None where it is no mark."""
    if up.weight != down.weight:
        return None
    step = max(up.step, down.step)
    if step % up.step or step % down.step:
        return None
    found = []
    for sheet in sheets:
        more, less = Fraction(sheet[up.key]) + step, Fraction(sheet[down.key]) - step
        if more > up.most or less < down.least:
            return None
        found.append(sheet | {up.key: plain_text(more), down.key: plain_text(less)})
    return found


def _total(rule: Rule, sheet: Marks) -> Fraction:
    return sum((c.weight * Fraction(sheet[c.key]) for c in rule.criteria.values()), Fraction(0))


def _count(rule: Rule, document: Mapping[str, Any], projects: Sequence[tuple[str, list[Marks]]]) -> list[Row]:
    return _ranked(rule, document, projects)[0]


def _ranked(
    rule: Rule, document: Mapping[str, Any], projects: Sequence[tuple[str, list[Marks]]]
) -> tuple[list[Row], set[str | None], str | None]:
    """The rows, best first, the different exact scores among them, and the tie rule that was needed, if any."""
    parts = _other_parts(rule, document)
    seats = max(len(sheets) for _, sheets in projects)
    answer = compute(
        {
            "format": "chuangtou/scoring@1",
            "rule": document,
            "proposals": [
                {"key": name, "name": name, "lot": str(lot), "parts": parts}
                for lot, (name, _) in enumerate(projects, 1)
            ],
            "judges": [{"key": f"评委{i}", "name": f"评委{i}"} for i in range(1, seats + 1)],
            "sheets": [
                {"judge": f"评委{i}", "proposal": name, "marks": marks}
                for name, sheets in projects
                for i, marks in enumerate(sheets, 1)
            ],
        }
    )
    given = dict(projects)
    lots = {name: lot for lot, (name, _) in enumerate(projects, 1)}
    rows = []
    for r in answer["results"]:
        name, totals = r["proposal"], [_total(rule, sheet) for sheet in given[r["proposal"]]]
        compared = _compared(rule, r, totals, lots[name]) if r["tie_broken_by"] else ""
        rows.append(Row(name, [plain_text(t) for t in totals], r["steps"], r["score"], r["rank"], compared))
    exact = {r["exact"] for r in answer["results"]}
    return rows, exact, next((r["tie_broken_by"] for r in answer["results"] if r["tie_broken_by"]), None)


def _compared(rule: Rule, result: Mapping[str, Any], totals: Sequence[Fraction], lot: int) -> str:
    kind, _, key = result["tie_broken_by"].partition(":")
    if kind == "criterion":
        value = plain_text(Fraction(result["criteria"][key]["value"]), 4)
        return f"评分项“{rule.criteria[key].label}”的平均分 {value}"
    if kind == "untrimmed_mean":
        return f"去掉最高分、最低分之前的平均分 {plain_text(mean(totals), 4)}"
    return f"抽签第 {lot} 号" if kind == "lot" else ""


def _other_parts(rule: Rule, document: Mapping[str, Any]) -> dict[str, str]:
    """The other parts, made up: four fifths of the full marks, which are 100 where the part has no scale."""
    most = {p["key"]: Fraction((p.get("scale") or {}).get("max", "100")) for p in document["parts"]}
    return {key: plain_text(value * PART_SHARE) for key, value in most.items() if key != rule.own_part}
