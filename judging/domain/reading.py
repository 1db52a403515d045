"""Reading `chuangtou/scoring@1`: the whole document is checked before anything is counted.

Refusals are FormatErrors with the path of the culprit, a stable code and a Chinese sentence.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from core.errors import FormatError
from core.exact import plain_text
from core.reading import Node, decimal, text, unique
from judging.domain.values import (
    AGGREGATES,
    PROPOSAL_STATES,
    SHEET_STATES,
    TICK,
    Calibration,
    Clamp,
    Criterion,
    Part,
    Proposal,
    Rule,
    Scoring,
    Sheet,
    Trim,
)

FORMAT = "chuangtou/scoring@1"
PLAIN_TIES = ("untrimmed_mean", "top_sheets", "lot")
KEYED_TIES = ("criterion", "part", "vote")


def read(document: Any) -> Scoring:
    """Check the whole document. Raises FormatError."""
    top = Node(document, "")
    if top.text("format") != FORMAT:
        raise FormatError("format", "unknown_format", f"格式应为“{FORMAT}”。")
    rule = read_rule(top.node("rule"))
    proposals = tuple(_proposal(node, rule) for node in top.nodes("proposals"))
    unique([p.key for p in proposals], "proposals")
    judges = tuple(_judge(node) for node in top.nodes("judges"))
    unique(judges, "judges")
    reader = SheetReader(rule, judges, {p.key for p in proposals})
    sheets = tuple(top.items("sheets", reader.read))
    top.done()
    return Scoring(rule, proposals, judges, sheets)


def _judge(node: Node) -> str:
    key = node.text("key")
    node.text("name")
    node.done()
    return key


# --- the rule ---


def read_rule(node: Node) -> Rule:
    """Check a rule alone, as when a session is prepared. Raises FormatError."""
    node.text("version")
    criteria = [_criterion(inner) for inner in node.nodes("criteria")]
    unique([c.key for c in criteria], node.at("criteria"))
    mark_unit = lcm(*(x.denominator for c in criteria for x in (c.least, c.step)))
    weight_unit = lcm(*(c.weight.denominator for c in criteria))
    trim, clamp, calibration = _trim(node), _clamp(node), _calibration(node)
    aggregate = node.one_of("aggregate", AGGREGATES)
    parts = tuple(_part(inner) for inner in node.nodes("parts"))
    unique([p.key for p in parts], node.at("parts"))
    own_part = node.get("own_part")
    if own_part is not None and text(own_part, node.at("own_part")) not in {p.key for p in parts}:
        raise FormatError(node.at("own_part"), "unknown_part", f"本场得分所占的部分“{own_part}”不在 parts 中。")
    rank = node.node("rank")
    rule = Rule(
        criteria={c.key: c for c in criteria},
        trim=trim,
        clamp=clamp,
        calibration=calibration,
        aggregate=aggregate,
        ticks_at_most=_ticks(node) if aggregate == "ticks" else 0,
        criterion_decimals=node.places("criterion_decimals"),
        product_decimals=node.places("product_decimals"),
        decimals=node.places("decimals"),
        quorum=node.whole("quorum"),
        own_part=own_part,
        parts=parts,
        bonus_cap=node.maybe_number("bonus_cap"),
        by_exact=rank.one_of("by", ("printed", "exact")) == "exact",
        dense=rank.one_of("style", ("competition", "dense")) == "dense",
        ties=tuple(rank.items("ties", _tie_reader({c.key for c in criteria}))),
        mark_unit=mark_unit,
        weights={c.key: int(c.weight * weight_unit) for c in criteria},
        total_unit=mark_unit * weight_unit,
    )
    rank.done()
    node.done()
    if rule.uses_sheets and not criteria and not rule.by_tick:
        raise FormatError(node.at("criteria"), "no_criteria", "至少要有一个评分项。")
    if rule.calibration is not None and rule.by_criterion:
        raise FormatError(
            node.at("calibration"),
            "calibration_needs_totals",
            "尺度校准只对总分进行，不能与按评分项去极值（on: criterion）同用。",
        )
    return rule


def _criterion(node: Node) -> Criterion:
    found = Criterion(
        key=node.text("key"),
        label=node.text("label"),
        least=node.number("min", "0"),
        most=node.number("max"),
        step=node.number("step"),
        weight=node.number("weight", "1"),
    )
    node.done()
    if found.step <= 0:
        raise FormatError(node.at("step"), "too_small", "步长必须大于 0。")
    if found.most < found.least:
        raise FormatError(node.at("max"), "max_below_min", "满分不能低于最低分。")
    return found


def _trim(rule: Node) -> Trim | None:
    node = rule.maybe_node("trim")
    if node is None:
        return None
    found = Trim(
        high=node.whole("high"),
        low=node.whole("low"),
        start=node.whole("from"),
        by_criterion=node.one_of("on", ("total", "criterion")) == "criterion",
    )
    node.done()
    if found.start <= found.high + found.low:
        raise FormatError(
            node.at("from"),
            "trim_from_too_small",
            f"起算个数 {found.start} 必须大于去掉的个数 {found.high}+{found.low}={found.high + found.low}。",
        )
    return found


def _clamp(rule: Node) -> Clamp | None:
    node = rule.maybe_node("clamp", None)
    if node is None:
        return None
    found = Clamp(node.number("within"), node.places("decimals", None))
    node.done()
    if found.within < 0:
        raise FormatError(node.at("within"), "too_small", "允许偏离平均数的幅度不能为负数。")
    return found


def _calibration(rule: Node) -> Calibration | None:
    node = rule.maybe_node("calibration", None)
    if node is None:
        return None
    node.one_of("model", ("additive",))
    ridge, decimals = node.number("ridge"), node.places("decimals")
    node.done()
    if decimals is None:
        raise FormatError(node.at("decimals"), "wrong_type", "这里应是整数。")
    found = Calibration(ridge, decimals)
    if found.ridge < 0:
        raise FormatError(node.at("ridge"), "too_small", "岭参数不能为负数。")
    return found


def _ticks(rule: Node) -> int:
    node = rule.node("ticks")
    at_most = node.whole("at_most")
    node.done()
    return at_most


def _part(node: Node) -> Part:
    key, weight, scale = node.text("key"), node.number("weight"), Fraction(1)
    inner = node.maybe_node("scale", None)
    if inner is not None:
        most, to = inner.number("max"), inner.number("to")
        inner.done()
        if most <= 0:
            raise FormatError(inner.at("max"), "too_small", "换算所用的满分必须大于 0。")
        scale = to / most
    node.done()
    return Part(key, weight, scale)


def _tie_reader(criteria: set[str]) -> Callable[[Any, str], str]:
    def read_tie(value: Any, path: str) -> str:
        tie = text(value, path)
        kind, colon, key = tie.partition(":")
        known = kind in KEYED_TIES and bool(key) if colon else tie in PLAIN_TIES
        if not known:
            raise FormatError(path, "unknown_tie", f"不认识的同分处理办法“{tie}”。")
        if kind == "criterion" and key not in criteria:
            raise FormatError(path, "unknown_criterion", f"评分项“{key}”不在规则中。")
        return tie

    return read_tie


# --- proposals ---


def _proposal(node: Node, rule: Rule) -> Proposal:
    found = Proposal(
        key=node.text("key"),
        name=node.text("name"),
        factor=node.number("factor", "1"),
        parts=_parts(node, rule),
        bonus=node.number("bonus", "0"),
        penalty=node.number("penalty", "0"),
        lot=node.maybe_number("lot", None),
        state=node.one_of("state", PROPOSAL_STATES, "standing"),
    )
    node.done()
    if found.stands:
        for part in rule.parts:
            if part.key != rule.own_part and part.key not in found.parts:
                raise FormatError(
                    f"{node.path}.parts.{part.key}", "missing_key", f"“{found.name}”缺少“{part.key}”部分的得分。"
                )
    return found


def _parts(node: Node, rule: Rule) -> dict[str, Fraction]:
    given = node.node("parts", {})
    known = {p.key for p in rule.parts}
    known |= {tie.partition(":")[2] for tie in rule.ties if tie.startswith(("part:", "vote:"))}
    found: dict[str, Fraction] = {}
    for key, value in given.value.items():
        if key not in known:
            raise FormatError(given.at(key), "unknown_key", f"规则中没有“{key}”这个部分。")
        if key == rule.own_part:
            raise FormatError(given.at(key), "own_part_given", f"“{key}”是本场评分得出的部分，不能另行给出。")
        found[key] = decimal(value, given.at(key))
    return found


# --- sheets ---


class MarkReader:
    """Reads the marks of sheets under one rule. Remembers the spellings it has checked: there are few of them."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._known: dict[str, dict[str, int]] = {key: {} for key in rule.criteria}

    def read(self, marks: Mapping[str, Any], path: str, *, complete: bool) -> dict[str, int]:
        """Marks in units of `rule.mark_unit`. Raises FormatError, also for what is missing if `complete` is asked."""
        if self.rule.by_tick:
            return _tick(marks, path)
        found: dict[str, int] = {}
        for key, given in marks.items():
            known = self._known.get(key)
            if known is None:
                raise FormatError(f"{path}.{key}", "unknown_key", f"评分项“{key}”不在规则中。")
            mark = known.get(given) if type(given) is str else None
            if mark is None:
                mark = self._mark(self.rule.criteria[key], given, f"{path}.{key}")
                known[given] = mark
            found[key] = mark
        if complete and len(found) < len(self._known):
            missing = next(c for c in self.rule.criteria.values() if c.key not in found)
            raise FormatError(f"{path}.{missing.key}", "missing_mark", f"“{missing.label}”没有打分。")
        return found

    def total(self, marks: Mapping[str, int]) -> int:
        """Σ weight × mark, in units of `rule.total_unit`."""
        weights = self.rule.weights
        return 0 if self.rule.by_tick else sum([weights[key] * mark for key, mark in marks.items()])

    def _mark(self, criterion: Criterion, given: Any, path: str) -> int:
        mark = decimal(given, path)
        if mark > criterion.most:
            message = f"“{criterion.label}”打了 {given} 分，超过满分 {plain_text(criterion.most)} 分。"
            raise FormatError(path, "mark_above_max", message)
        if mark < criterion.least:
            message = f"“{criterion.label}”打了 {given} 分，低于最低分 {plain_text(criterion.least)} 分。"
            raise FormatError(path, "mark_below_min", message)
        if (mark - criterion.least) % criterion.step:
            message = (
                f"“{criterion.label}”打了 {given} 分，应从 {plain_text(criterion.least)} 分起"
                f"每 {plain_text(criterion.step)} 分一档。"
            )
            raise FormatError(path, "off_step", message)
        return int(mark * self.rule.mark_unit)


def _tick(marks: Mapping[str, Any], path: str) -> dict[str, int]:
    for key, given in marks.items():
        if key != TICK:
            raise FormatError(f"{path}.{key}", "unknown_key", f"票选的评分表只有“{TICK}”，没有“{key}”。")
        if decimal(given, f"{path}.{key}") != 1:
            raise FormatError(f"{path}.{key}", "not_a_tick", '投票写成 "1"，不投就不写。')
    return {TICK: 1} if marks else {}


class SheetReader:
    """Reads the sheets of a document one by one and refuses the second of the same judge and proposal."""

    def __init__(self, rule: Rule, judges: tuple[str, ...], proposals: set[str]) -> None:
        self._rule = rule
        self._seats = {judge: i for i, judge in enumerate(judges)}
        self._proposals = proposals
        self._marks = MarkReader(rule)
        self._seen: set[tuple[str, str]] = set()

    def read(self, value: Any, path: str) -> Sheet:
        node = Node(value, path)
        judge, proposal = node.text("judge"), node.text("proposal")
        state = node.one_of("state", SHEET_STATES, "submitted")
        marks = node.node("marks", {}) if self._rule.by_tick else node.node("marks")
        node.done()
        seat = self._seats.get(judge)
        if seat is None:
            raise FormatError(node.at("judge"), "unknown_judge", f"评委“{judge}”不在名单中。")
        if proposal not in self._proposals:
            raise FormatError(node.at("proposal"), "unknown_proposal", f"项目“{proposal}”不在名单中。")
        if (judge, proposal) in self._seen:
            raise FormatError(path, "duplicate_sheet", f"评委“{judge}”对项目“{proposal}”有两张评分表，只能有一张。")
        self._seen.add((judge, proposal))
        complete = state == "submitted" and not self._rule.by_criterion
        found = self._marks.read(marks.value, marks.path, complete=complete)
        return Sheet(judge, seat, proposal, state, found, self._marks.total(found))
