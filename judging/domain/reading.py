"""Reading a chuangtou/scoring@1 document: every key known, every number a decimal string, or refused with its path."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core.errors import FormatError
from core.reading import Node, decimal, text, unique

FORMAT = "chuangtou/scoring@1"
SHEET_STATES = ("submitted", "recused", "absent", "void", "late")
PROPOSAL_STATES = ("standing", "withdrawn", "absent")
AGGREGATES = ("mean", "median", "sum", "ticks")
STYLES = ("competition", "dense")
TICK = "tick"
PLAIN_TIES = ("untrimmed_mean", "top_sheets", "lot")
KEYED_TIES = ("criterion", "part", "vote")


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the rubric; marks run from `least` to `most` in steps of `step`, counted `weight` times."""

    key: str
    label: str
    least: Fraction
    most: Fraction
    step: Fraction
    weight: Fraction


@dataclass(frozen=True, slots=True)
class Trim:
    """Leave out `high` highest and `low` lowest where at least `start` values count."""

    high: int
    low: int
    start: int
    by_criterion: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite score, scaled by `scale` (1 where none is said) and weighted."""

    key: str
    weight: Fraction
    scale: Fraction


@dataclass(frozen=True, slots=True)
class Rule:
    """The frozen rule of a session."""

    criteria: tuple[Criterion, ...]
    trim: Trim | None
    clamp_within: Fraction | None
    clamp_decimals: int | None
    ridge: Fraction | None
    effect_decimals: int
    aggregate: str
    ticks_at_most: int
    criterion_decimals: int | None
    product_decimals: int | None
    decimals: int | None
    quorum: int
    own_part: str | None
    parts: tuple[Part, ...]
    bonus_cap: Fraction | None
    rank_printed: bool
    dense: bool
    ties: tuple[str, ...]

    @property
    def needs_sheets(self) -> bool:
        """Whether the judges' sheets enter the score at all."""
        return not (self.own_part is None and self.parts)

    @property
    def by_criterion(self) -> bool:
        return self.trim is not None and self.trim.by_criterion


@dataclass(frozen=True, slots=True)
class Proposal:
    key: str
    name: str
    factor: Fraction
    parts: Mapping[str, Fraction]
    bonus: Fraction
    penalty: Fraction
    lot: Fraction | None
    state: str


@dataclass(frozen=True, slots=True)
class Sheet:
    judge: str
    proposal: str
    state: str
    marks: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Scoring:
    """A whole document, read and checked."""

    rule: Rule
    proposals: tuple[Proposal, ...]
    judges: tuple[str, ...]
    sheets: tuple[Sheet, ...]


def read(document: Any) -> Scoring:
    """Check a document wholly and return it read. Raises FormatError with path, code and a Chinese sentence."""
    top = Node(document, "")
    if top.text("format") != FORMAT:
        raise FormatError("format", "unknown_format", f"格式应为 {FORMAT}。")
    rule = read_rule(top.node("rule"))
    proposals = top.items("proposals", read_proposal)
    judges = top.items("judges", _judge)
    sheets = top.items("sheets", _sheet_reader(rule))
    top.done()
    unique([p.key for p in proposals], "proposals")
    unique(judges, "judges")
    _cross_check(rule, proposals, judges, sheets)
    return Scoring(rule, tuple(proposals), tuple(judges), tuple(sheets))


def read_rule(node: Node) -> Rule:
    """Check a rule alone: what a session is opened with."""
    node.text("version")
    criteria = node.items("criteria", _criterion)
    unique([c.key for c in criteria], "rule.criteria")
    trim = _trim(node)
    within, clamp_decimals = _clamp(node)
    ridge, effect_decimals = _calibration(node)
    aggregate = node.one_of("aggregate", AGGREGATES)
    at_most = 0
    if aggregate == "ticks":
        ticks = node.node("ticks")
        at_most = ticks.whole("at_most", least=1)
        ticks.done()
    parts = node.items("parts", _part)
    unique([p.key for p in parts], "rule.parts")
    own_part = node.get("own_part")
    if own_part is not None and own_part not in [p.key for p in parts]:
        raise FormatError("rule.own_part", "unknown_part", "本场得分所占的部分不在 parts 中。")
    rank = node.node("rank")
    by = rank.one_of("by", ("printed", "exact"))
    style = rank.one_of("style", STYLES)
    ties = rank.items("ties", text)
    rank.done()
    for i, tie in enumerate(ties):
        _check_tie(tie, f"rule.rank.ties[{i}]", [c.key for c in criteria])
    rule = Rule(
        tuple(criteria), trim, within, clamp_decimals, ridge, effect_decimals, aggregate, at_most,
        node.places("criterion_decimals"), node.places("product_decimals"), node.places("decimals"), node.whole("quorum"),
        own_part, tuple(parts), node.maybe_number("bonus_cap"), by == "printed", style == "dense", tuple(ties),
    )  # fmt: skip
    node.done()
    if rule.needs_sheets and not criteria and aggregate != "ticks":
        raise FormatError("rule.criteria", "missing_criteria", "至少要有一个评分项。")
    if ridge is not None and rule.by_criterion:
        raise FormatError("rule.calibration", "calibration_needs_totals", "按评分项去极值时不能校准。")
    return rule


def _check_tie(tie: str, path: str, criteria: list[str]) -> None:
    kind, _, key = tie.partition(":")
    if tie in PLAIN_TIES:
        return
    if kind not in KEYED_TIES or not key:
        raise FormatError(path, "unknown_tie", f"不认识的并列处理办法“{tie}”。")
    if kind == "criterion" and key not in criteria:
        raise FormatError(path, "unknown_criterion", f"评分项“{key}”不在规则中。")


def _criterion(value: Any, path: str) -> Criterion:
    node = Node(value, path)
    found = Criterion(
        node.text("key"), node.text("label"), node.number("min", "0"), node.number("max"), node.number("step"),
        node.number("weight", "1"),
    )  # fmt: skip
    node.done()
    if found.step <= 0:
        raise FormatError(f"{path}.step", "too_small", "步长必须大于 0。")
    if found.most < found.least:
        raise FormatError(f"{path}.max", "max_below_min", "满分不能低于最低分。")
    return found


def _trim(rule: Node) -> Trim | None:
    value = rule.get("trim")
    if value is None:
        return None
    node = Node(value, "rule.trim")
    trim = Trim(
        node.whole("high"),
        node.whole("low"),
        node.whole("from"),
        node.one_of("on", ("total", "criterion")) == "criterion",
    )
    node.done()
    if trim.start <= trim.high + trim.low:
        raise FormatError("rule.trim.from", "trim_from_too_small", "起算数量必须大于去掉的最高分与最低分个数之和。")
    return trim


def _clamp(rule: Node) -> tuple[Fraction | None, int | None]:
    value = rule.get("clamp", None)
    if value is None:
        return None, None
    node = Node(value, "rule.clamp")
    within, decimals = node.number("within"), node.places("decimals", None)
    node.done()
    if within < 0:
        raise FormatError("rule.clamp.within", "too_small", "限幅不能为负数。")
    return within, decimals


def _calibration(rule: Node) -> tuple[Fraction | None, int]:
    value = rule.get("calibration", None)
    if value is None:
        return None, 0
    node = Node(value, "rule.calibration")
    node.one_of("model", ("additive",))
    ridge = node.number("ridge")
    decimals = node.whole("decimals")
    node.done()
    if ridge < 0:
        raise FormatError("rule.calibration.ridge", "too_small", "岭参数不能为负数。")
    return ridge, decimals


def _part(value: Any, path: str) -> Part:
    node = Node(value, path)
    key, weight = node.text("key"), node.number("weight")
    scale = Fraction(1)
    if node.get("scale", None) is not None:
        inner = node.node("scale")
        most, to = inner.number("max"), inner.number("to")
        inner.done()
        if most == 0:
            raise FormatError(f"{path}.scale.max", "too_small", "换算的满分不能为 0。")
        scale = to / most
    node.done()
    return Part(key, weight, scale)


def read_proposal(value: Any, path: str) -> Proposal:
    node = Node(value, path)
    key, name = node.text("key"), node.text("name")
    given = node.get("parts", {})
    if not isinstance(given, dict):
        raise FormatError(f"{path}.parts", "wrong_type", "这里应是一个对象。")
    parts = {k: decimal(v, f"{path}.parts.{k}") for k, v in given.items()}
    found = Proposal(
        key, name, node.number("factor", "1"), parts, node.number("bonus", "0"), node.number("penalty", "0"),
        node.maybe_number("lot", None), node.one_of("state", PROPOSAL_STATES, "standing"),
    )  # fmt: skip
    node.done()
    return found


def _judge(value: Any, path: str) -> str:
    node = Node(value, path)
    key = node.text("key")
    node.text("name")
    node.done()
    return key


def _sheet_reader(rule: Rule) -> Callable[[Any, str], Sheet]:
    criteria = {c.key: c for c in rule.criteria}

    def read_sheet(value: Any, path: str) -> Sheet:
        node = Node(value, path)
        judge, proposal = node.text("judge"), node.text("proposal")
        state = node.one_of("state", SHEET_STATES, "submitted")
        given = node.get("marks")
        node.done()
        if not isinstance(given, dict):
            raise FormatError(f"{path}.marks", "wrong_type", "这里应是一个对象。")
        if rule.aggregate == "ticks":
            return Sheet(judge, proposal, state, _ticks(given, f"{path}.marks"))
        marks = {k: read_mark(criteria, k, v, f"{path}.marks.{k}") for k, v in given.items()}
        if state == "submitted" and not rule.by_criterion:
            for key, criterion in criteria.items():
                if key not in marks:
                    raise FormatError(f"{path}.marks.{key}", "missing_mark", f"“{criterion.label}”没有打分。")
        return Sheet(judge, proposal, state, marks)

    return read_sheet


def _ticks(given: dict[str, Any], path: str) -> dict[str, Fraction]:
    for key, value in given.items():
        if key != TICK:
            raise FormatError(f"{path}.{key}", "unknown_criterion", f"票选表中没有“{key}”。")
        if value != "1":
            raise FormatError(f"{path}.{key}", "not_a_tick", '勾选必须写成 "1"。')
    return {TICK: Fraction(1)} if given else {}


def read_mark(criteria: Mapping[str, Criterion], key: str, value: Any, path: str) -> Fraction:
    """One mark, within its range and on its step."""
    criterion = criteria.get(key)
    if criterion is None:
        raise FormatError(path, "unknown_criterion", f"评分项“{key}”不在规则中。")
    mark = decimal(value, path)
    if mark > criterion.most:
        raise FormatError(path, "mark_above_max", f"“{criterion.label}”{value} 分超过满分 {show(criterion.most)} 分。")
    if mark < criterion.least:
        raise FormatError(
            path, "mark_below_min", f"“{criterion.label}”{value} 分低于最低分 {show(criterion.least)} 分。"
        )
    if (mark - criterion.least) % criterion.step:
        raise FormatError(path, "off_step", f"“{criterion.label}”应按 {show(criterion.step)} 分一档打分。")
    return mark


def show(value: Fraction) -> str:
    """A fraction that came from a decimal, as that decimal without trailing zeros."""
    places = 0
    while (value * 10**places).denominator != 1 and places < 40:
        places += 1
    scaled = value * 10**places
    digits = str(abs(scaled.numerator)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _cross_check(rule: Rule, proposals: list[Proposal], judges: list[str], sheets: list[Sheet]) -> None:
    keys, known = {p.key for p in proposals}, set(judges)
    seen: set[tuple[str, str]] = set()
    for i, sheet in enumerate(sheets):
        if sheet.judge not in known:
            raise FormatError(f"sheets[{i}].judge", "unknown_judge", f"评委“{sheet.judge}”不在名单中。")
        if sheet.proposal not in keys:
            raise FormatError(f"sheets[{i}].proposal", "unknown_proposal", f"项目“{sheet.proposal}”不在名单中。")
        if (sheet.judge, sheet.proposal) in seen:
            raise FormatError(f"sheets[{i}]", "duplicate_sheet", "同一评委对同一项目只能有一张评分表。")
        seen.add((sheet.judge, sheet.proposal))
    wanted = [p.key for p in rule.parts if p.key != rule.own_part]
    for i, proposal in enumerate(proposals):
        for key in wanted:
            if proposal.state == "standing" and key not in proposal.parts:
                raise FormatError(
                    f"proposals[{i}].parts.{key}", "missing_part", f"“{proposal.name}”缺少“{key}”部分的得分。"
                )
