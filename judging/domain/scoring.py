"""From score sheets to ranked results: chuangtou/scoring@1 in, chuangtou/result@1 out.

`compute` is what the screens and `manage.py score_file` both call. Fractions inside; half-up where the rule names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.exact import digest, fraction_text, half_up
from judging.domain.calibration import judge_effects
from judging.domain.reading import TICK, Proposal, Rule, Scoring, Sheet, Trim, read, show

RESULT = "chuangtou/result@1"
LONGEST = 10  # places of a score that the rule does not round


@dataclass(slots=True)
class Value:
    """One judge's value on its way: as written, and as it counts after calibration and clamp."""

    judge: str
    place: int
    written: Fraction
    counts: Fraction


@dataclass(slots=True)
class Tally:
    """What became of one proposal."""

    proposal: Proposal
    outcome: str = "ranked"
    exact: Fraction | None = None
    printed: Decimal | None = None
    rank: int | None = None
    tie: str | None = None
    counted: list[str] = field(default_factory=list)
    high: list[str] = field(default_factory=list)
    low: list[str] = field(default_factory=list)
    criteria: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, Fraction | None] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    totals: list[Fraction] = field(default_factory=list)


def compute(document: Any) -> dict[str, Any]:
    """The result document of a scoring document. Raises FormatError (path, code, Chinese sentence)."""
    scoring = read(document)
    rule = scoring.rule
    submitted: dict[str, list[Sheet]] = {p.key: [] for p in scoring.proposals}
    place = {j: i for i, j in enumerate(scoring.judges)}
    for sheet in scoring.sheets:
        if sheet.state == "submitted":
            submitted[sheet.proposal].append(sheet)
    for sheets in submitted.values():
        sheets.sort(key=lambda s: place[s.judge])
    ballots, invalid = _ballots(scoring)
    effects = _effects(scoring, submitted)
    tallies = [
        _tally(
            rule,
            p,
            [s for s in submitted[p.key] if s.judge not in invalid],
            place,
            effects,
            len(ballots) - len(invalid),
        )
        for p in scoring.proposals
    ]
    _top_sheets(tallies, submitted, rule)
    order = _rank(tallies, rule)
    answer: dict[str, Any] = {
        "format": RESULT,
        "rule_digest": digest(document["rule"]),
        "input_digest": digest(document),
        "results": [_result(t, rule) for t in order],
    }
    if effects is not None:
        answer["judges"] = _judges(scoring, submitted, effects, rule)
    if rule.aggregate == "ticks":
        answer["ballots"] = {"given": len(ballots), "valid": len(ballots) - len(invalid), "invalid": len(invalid)}
        answer["invalid"] = invalid
    return answer


def _total(rule: Rule, sheet: Sheet) -> Fraction:
    return sum((c.weight * sheet.marks[c.key] for c in rule.criteria if c.key in sheet.marks), Fraction(0))


def _ballots(scoring: Scoring) -> tuple[list[str], list[str]]:
    """Judges who gave a ballot, and those whose ballot has too many ticks, in the order of the list."""
    if scoring.rule.aggregate != "ticks":
        return [], []
    ticks: dict[str, int] = {}
    for sheet in scoring.sheets:
        if sheet.state == "submitted":
            ticks[sheet.judge] = ticks.get(sheet.judge, 0) + (TICK in sheet.marks)
    given = [j for j in scoring.judges if j in ticks]
    return given, [j for j in given if ticks[j] > scoring.rule.ticks_at_most]


def _effects(scoring: Scoring, submitted: Mapping[str, Sequence[Sheet]]) -> dict[str, Fraction] | None:
    """Rounded effect of each judge, or None where the rule does not calibrate."""
    rule = scoring.rule
    if rule.ridge is None or not rule.needs_sheets:
        return None
    cells = [(s.judge, key, _total(rule, s)) for key, sheets in submitted.items() for s in sheets]
    exact = judge_effects(cells, scoring.judges, rule.ridge)
    return {j: Fraction(half_up(e, rule.effect_decimals)) for j, e in exact.items()}


def _judges(
    scoring: Scoring, submitted: Mapping[str, Sequence[Sheet]], effects: Mapping[str, Fraction], rule: Rule
) -> list[dict[str, Any]]:
    count = dict.fromkeys(scoring.judges, 0)
    for sheets in submitted.values():
        for sheet in sheets:
            count[sheet.judge] += 1
    return [
        {"judge": j, "effect": str(half_up(effects[j], rule.effect_decimals)), "totals": count[j]}
        for j in scoring.judges
        if j in effects
    ]


def _tally(
    rule: Rule,
    proposal: Proposal,
    sheets: Sequence[Sheet],
    place: Mapping[str, int],
    effects: Mapping[str, Fraction] | None,
    valid_ballots: int,
) -> Tally:
    tally = Tally(proposal)
    if proposal.state != "standing":
        tally.outcome = proposal.state
        tally.steps.append("已撤回，不计分。" if proposal.state == "withdrawn" else "未到场，不计分。")
        return tally
    own: Fraction | None = None
    if rule.needs_sheets:
        enough = valid_ballots if rule.aggregate == "ticks" else len(sheets)
        if enough < rule.quorum or (not sheets and rule.aggregate != "ticks"):
            tally.outcome = "below_quorum"
            tally.steps.append(f"有效评分表 {enough} 张，少于规定的 {rule.quorum} 张，不计分。")
            return tally
        tally.totals = [_total(rule, s) for s in sheets]
        own = _own(rule, tally, sheets, place, effects)
        if proposal.factor != 1:
            tally.steps.append(
                f"乘以系数 {show(proposal.factor)}：{_say(own)}×{show(proposal.factor)}={_say(own * proposal.factor)}。"
            )
        own *= proposal.factor
    exact = _composite(rule, proposal, own, tally)
    exact = _extras(rule, proposal, exact, tally)
    tally.exact = exact
    if rule.decimals is not None:
        tally.printed = half_up(exact, rule.decimals)
        tally.steps.append(f"保留 {rule.decimals} 位小数（四舍五入）：{tally.printed}。")
    _tie_values(rule, tally, sheets)
    return tally


def _own(
    rule: Rule,
    tally: Tally,
    sheets: Sequence[Sheet],
    place: Mapping[str, int],
    effects: Mapping[str, Fraction] | None,
) -> Fraction:
    """The session's own score before factor, unrounded; fills counted, left out, criteria and steps."""
    if rule.aggregate == "ticks":
        ticked = [s.judge for s in sheets if TICK in s.marks]
        tally.counted = ticked
        tally.steps.append(f"有效票 {len(ticked)} 票。")
        return Fraction(len(ticked))
    if rule.by_criterion:
        return _by_criterion(rule, tally, sheets, place)
    values = [Value(s.judge, place[s.judge], t, t) for s, t in zip(sheets, tally.totals, strict=True)]
    tally.steps.append(f"{len(values)} 张有效评分表，总分：{'、'.join(show(v.written) for v in values)}。")
    if effects is not None:
        for v in values:
            v.counts -= effects[v.judge]
        tally.steps.append(f"减去各评委的宽严差：{'、'.join(_say(v.counts) for v in values)}。")
    _clamp(rule, values, tally.steps)
    high, low = trim(values, rule.trim)
    left = {v.judge for v in (*high, *low)}
    kept = [v for v in values if v.judge not in left]
    _say_trim(high, low, rule.trim, len(values), tally.steps)
    tally.high, tally.low = [v.judge for v in high], [v.judge for v in low]
    tally.counted = [v.judge for v in kept]
    for c in rule.criteria:
        by = {s.judge: s for s in sheets}
        marks = [by[v.judge].marks[c.key] for v in kept]
        tally.criteria[c.key] = {"value": _text(sum(marks, Fraction(0)) / len(marks), None)}
    found = aggregate(rule.aggregate, [v.counts for v in kept])
    tally.steps.append(_arithmetic(rule.aggregate, [v.counts for v in kept], found))
    return found


def _by_criterion(rule: Rule, tally: Tally, sheets: Sequence[Sheet], place: Mapping[str, int]) -> Fraction:
    tally.counted = [s.judge for s in sheets]
    added = Fraction(0)
    for c in rule.criteria:
        values = [Value(s.judge, place[s.judge], s.marks[c.key], s.marks[c.key]) for s in sheets if c.key in s.marks]
        line: list[str] = []
        _clamp(rule, values, line)
        high, low = trim(values, rule.trim)
        left = {v.judge for v in (*high, *low)}
        kept = [v.counts for v in values if v.judge not in left]
        _say_trim(high, low, rule.trim, len(values), line)
        value = aggregate(rule.aggregate, kept) if kept else Fraction(0)
        if kept:
            line.append(_arithmetic(rule.aggregate, kept, value))
        else:
            line.append("没有评分，计 0 分。")
        if rule.criterion_decimals is not None:
            value = Fraction(half_up(value, rule.criterion_decimals))
            line.append(f"保留 {rule.criterion_decimals} 位小数：{half_up(value, rule.criterion_decimals)}。")
        product = value * c.weight
        if c.weight != 1:
            line.append(f"乘以权重 {show(c.weight)}：{_say(product)}。")
        if rule.product_decimals is not None:
            product = Fraction(half_up(product, rule.product_decimals))
            line.append(f"乘积保留 {rule.product_decimals} 位小数：{half_up(product, rule.product_decimals)}。")
        added += product
        tally.criteria[c.key] = {
            "value": _text(value, rule.criterion_decimals),
            "left_out": {"high": [v.judge for v in high], "low": [v.judge for v in low]},
        }
        tally.steps.append(f"{c.label}：{''.join(line)}")
    tally.steps.append(f"各项相加：{_say(added)}。")
    return added


def _clamp(rule: Rule, values: Sequence[Value], steps: list[str]) -> None:
    if rule.clamp_within is None or not values:
        return
    mean = sum((v.counts for v in values), Fraction(0)) / len(values)
    for v in values:
        moved = min(max(v.counts, mean - rule.clamp_within), mean + rule.clamp_within)
        v.counts = moved if rule.clamp_decimals is None else Fraction(half_up(moved, rule.clamp_decimals))
    steps.append(
        f"限幅在平均 {_say(mean)} 上下 {show(rule.clamp_within)} 以内：{'、'.join(_say(v.counts) for v in values)}。"
    )


def trim(values: Sequence[Value], rule: Trim | None) -> tuple[list[Value], list[Value]]:
    """The highest and the lowest that are left out; of equal values the judge later in the list goes first."""
    if rule is None or len(values) < rule.start:
        return [], []
    high = sorted(values, key=lambda v: (-v.counts, -v.place))[: rule.high]
    gone = {v.judge for v in high}
    low = sorted((v for v in values if v.judge not in gone), key=lambda v: (v.counts, -v.place))[: rule.low]
    return high, low


def _say_trim(high: Sequence[Value], low: Sequence[Value], rule: Trim | None, count: int, steps: list[str]) -> None:
    if rule is None:
        return
    if count < rule.start:
        steps.append(f"只有 {count} 个分数，不足 {rule.start} 个，不去最高分和最低分。")
        return
    words = []
    if high:
        words.append(f"去掉 {len(high)} 个最高分 " + "、".join(f"{_say(v.counts)}（{v.judge}）" for v in high))
    if low:
        words.append(f"去掉 {len(low)} 个最低分 " + "、".join(f"{_say(v.counts)}（{v.judge}）" for v in low))
    if words:
        steps.append("；".join(words) + "。")


def aggregate(kind: str, values: Sequence[Fraction]) -> Fraction:
    """Mean, median or sum of at least one value."""
    if kind == "sum":
        return sum(values, Fraction(0))
    if kind == "median":
        ordered, middle = sorted(values), len(values) // 2
        return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return sum(values, Fraction(0)) / len(values)


def _arithmetic(kind: str, values: Sequence[Fraction], found: Fraction) -> str:
    terms, added = "+".join(_say(v) for v in values), sum(values, Fraction(0))
    if kind == "sum":
        return f"相加：{terms}={_say(added)}。"
    if kind == "median":
        return f"取中位数：{_say(found)}。"
    return f"平均：({terms})÷{len(values)}={_say(added)}÷{len(values)}={_say(found)}。"


def _composite(rule: Rule, proposal: Proposal, own: Fraction | None, tally: Tally) -> Fraction:
    if not rule.parts:
        return own if own is not None else Fraction(0)
    score, words = Fraction(0), []
    for part in rule.parts:
        if part.key == rule.own_part and own is not None:
            value = own if rule.decimals is None else Fraction(half_up(own, rule.decimals))
        else:
            value = proposal.parts[part.key]
        score += part.weight * part.scale * value
        scaled = f"{_say(value)}" if part.scale == 1 else f"{_say(value)}×{fraction_text(part.scale)}"
        words.append(f"{part.key} {scaled}×{show(part.weight)}")
    tally.steps.append(f"各部分相加：{' + '.join(words)} = {_say(score)}。")
    return score


def _extras(rule: Rule, proposal: Proposal, score: Fraction, tally: Tally) -> Fraction:
    bonus = proposal.bonus if rule.bonus_cap is None else min(proposal.bonus, rule.bonus_cap)
    if bonus or proposal.penalty:
        capped = (
            f"（加分以 {show(rule.bonus_cap)} 分为限）"
            if rule.bonus_cap is not None and bonus != proposal.bonus
            else ""
        )
        total = score + bonus - proposal.penalty
        tally.steps.append(f"加分 {show(bonus)}{capped}，扣分 {show(proposal.penalty)}：{_say(total)}。")
        return total
    return score


def _tie_values(rule: Rule, tally: Tally, sheets: Sequence[Sheet]) -> None:
    by = {s.judge: s for s in sheets}
    for tie in rule.ties:
        kind, _, key = tie.partition(":")
        value: Fraction | None = None
        if kind == "criterion":
            gone = set()
            if rule.by_criterion and key in tally.criteria:
                out = tally.criteria[key]["left_out"]
                gone = {*out["high"], *out["low"]}
            marks = [by[j].marks[key] for j in tally.counted if j in by and key in by[j].marks and j not in gone]
            value = sum(marks, Fraction(0)) / len(marks) if marks else None
        elif kind in ("part", "vote"):
            value = tally.proposal.parts.get(key)
        elif tie == "untrimmed_mean" and tally.totals:
            value = sum(tally.totals, Fraction(0)) / len(tally.totals)
        elif tie == "lot" and tally.proposal.lot is not None:
            value = -tally.proposal.lot
        tally.keys[tie] = value


def _top_sheets(tallies: Sequence[Tally], submitted: Mapping[str, Sequence[Sheet]], rule: Rule) -> None:
    """On how many submitted sheets a proposal is first or shares first, among the standing proposals."""
    if "top_sheets" not in rule.ties or not rule.criteria:
        return
    standing = {t.proposal.key: t for t in tallies if t.proposal.state == "standing"}
    best: dict[str, tuple[Fraction, list[str]]] = {}
    for key, sheets in submitted.items():
        if key not in standing:
            continue
        for sheet in sheets:
            total = _total(rule, sheet)
            top, who = best.get(sheet.judge, (total, []))
            best[sheet.judge] = (total, [key]) if total > top else (top, [*who, key]) if total == top else (top, who)
    for tally in standing.values():
        tally.keys["top_sheets"] = Fraction(sum(tally.proposal.key in who for _, who in best.values()))


def _rank(tallies: Sequence[Tally], rule: Rule) -> list[Tally]:
    """Ranked best first, then the unranked in input order; sets ranks and which tie rule decided."""
    ranked = [t for t in tallies if t.outcome == "ranked"]

    def score(t: Tally) -> Fraction:
        if rule.rank_printed and t.printed is not None:
            return Fraction(t.printed)
        return t.exact if t.exact is not None else Fraction(0)

    def key(t: Tally) -> tuple[Any, ...]:
        ties = (t.keys.get(name) for name in rule.ties)
        return (-score(t), *((0, -v) if v is not None else (1, Fraction(0)) for v in ties))

    order = sorted(ranked, key=key)
    groups: dict[Fraction, list[Tally]] = {}
    for tally in order:
        groups.setdefault(score(tally), []).append(tally)
    rank = 0
    for i, tally in enumerate(order):
        if i == 0 or key(tally) != key(order[i - 1]):
            rank = rank + 1 if rule.dense else i + 1
        tally.rank = rank
    for same in groups.values():
        if len(same) > 1:
            for tally in same:
                tally.tie = _decider(tally, same, rule, key)
    return order + [t for t in tallies if t.outcome != "ranked"]


def _decider(tally: Tally, same: Sequence[Tally], rule: Rule, key: Any) -> str | None:
    """The tie rule that last separated this proposal from others with the same score; None if it never was alone."""
    mine, decided = key(tally), None
    rivals = [t for t in same if t is not tally]
    for i, name in enumerate(rule.ties, 1):
        apart = [t for t in rivals if key(t)[i] != mine[i]]
        if apart:
            decided = name
            rivals = [t for t in rivals if key(t)[i] == mine[i]]
    return decided


def _text(value: Fraction, places: int | None) -> str:
    """With `places` digits; without, up to ten places half-up and no trailing zeros."""
    if places is not None:
        return str(half_up(value, places))
    text = str(half_up(value, LONGEST))
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _say(value: Fraction) -> str:
    return _text(value, None)


def _result(tally: Tally, rule: Rule) -> dict[str, Any]:
    exact = tally.exact
    return {
        "proposal": tally.proposal.key,
        "outcome": tally.outcome,
        "score": None if exact is None else _text(exact, rule.decimals),
        "exact": None if exact is None else fraction_text(exact),
        "rank": tally.rank,
        "tie_broken_by": tally.tie,
        "counted": tally.counted,
        "left_out": {"high": tally.high, "low": tally.low},
        "criteria": tally.criteria,
        "steps": tally.steps,
    }
