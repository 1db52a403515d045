"""One proposal's score: rules 2 to 8 of `chuangtou/scoring@1`, with every step written down."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from core.exact import half_up_text, plain_text
from judging.domain import steps
from judging.domain.arithmetic import Split, Value, aggregated, clamped, mean, rounded, trimmed
from judging.domain.values import TICK, Criterion, Proposal, Rule, Sheet, Tally


def number_text(value: Fraction, decimals: int | None) -> str:
    """Exactly `decimals` places, or up to ten without trailing zeros where nothing is rounded."""
    return plain_text(value) if decimals is None else half_up_text(value, decimals)


def tally(
    rule: Rule, proposal: Proposal, sheets: Sequence[Sheet], effects: Mapping[int, Fraction] | None, ballots: int
) -> Tally:
    """Count one proposal. `sheets`: its submitted ones by seat; `effects`: seat → points; `ballots`: valid tick-votes."""
    found = Tally(proposal)
    if not proposal.stands:
        found.outcome = proposal.state
        found.steps.append("已撤回，不计分" if proposal.state == "withdrawn" else "未到场，不计分")
        return found
    own: Fraction | None = None
    if rule.uses_sheets:
        own = _own_score(rule, found, sheets, effects, ballots)
        if own is None:
            found.outcome = "below_quorum"
            found.criteria = {}
            return found
        if proposal.factor != 1:
            product = own * proposal.factor
            found.steps.append(steps.factor(own, proposal.factor, product))
            own = product
        if rule.own_part is not None and rule.decimals is not None:
            own = rounded(own, rule.decimals)
            found.steps.append(f"本场得分{steps.places(rule.decimals)}：{half_up_text(own, rule.decimals)}")
    score = _with_extras(rule, found, _composite(rule, found, own))
    found.exact = score
    found.score = number_text(score, rule.decimals)
    if rule.decimals is not None:
        found.steps.append(f"{steps.places(rule.decimals)}：{found.score}")
    _tie_values(rule, found, sheets, own)
    return found


def _own_score(
    rule: Rule, found: Tally, sheets: Sequence[Sheet], effects: Mapping[int, Fraction] | None, ballots: int
) -> Fraction | None:
    """The session's own score, unrounded, before the factor; None where too few judges gave one."""
    found.counted = [s.judge for s in sheets]
    if rule.by_tick:
        found.counted = [s.judge for s in sheets if TICK in s.marks]
        if ballots < rule.quorum:
            found.steps.append(f"只有 {ballots} 张有效选票，少于规定的 {rule.quorum} 张，不计分")
            return None
        found.steps.append(f"{ballots} 张有效选票中得 {len(found.counted)} 票")
        return Fraction(len(found.counted))
    needed = max(rule.quorum, 1)  # of no sheet at all there is no mean
    if len(sheets) < needed:
        found.steps.append(steps.quorum(len(sheets), needed))
        return None
    return _by_criterion(rule, found, sheets) if rule.by_criterion else _by_total(rule, found, sheets, effects)


def _by_total(rule: Rule, found: Tally, sheets: Sequence[Sheet], effects: Mapping[int, Fraction] | None) -> Fraction:
    criteria = rule.criteria.values()
    if any(c.weight != 1 for c in criteria):
        found.steps.append(steps.weighting(criteria))
    values = [Value(s.judge, s.seat, Fraction(s.total, rule.total_unit)) for s in sheets]
    found.steps.append(steps.written(values))
    if effects is not None:
        level = [Value(v.judge, v.seat, v.amount - effects[v.seat]) for v in values]
        found.steps.append(steps.calibrated(values, level))
        values = level
    value, split = _clamp_trim_aggregate(rule, values, found.steps)
    found.high, found.low = [v.judge for v in split.high], [v.judge for v in split.low]
    found.counted = [v.judge for v in split.kept]
    seats = {v.seat for v in split.kept}
    kept = [s.marks for s in sheets if s.seat in seats]
    for c in criteria:
        average = Fraction(sum([marks[c.key] for marks in kept]), len(kept) * rule.mark_unit)
        found.tie_values[f"criterion:{c.key}"] = average
        found.criteria[c.key] = {
            "value": number_text(average, rule.criterion_decimals),
            "left_out": {"high": list(found.high), "low": list(found.low)},
        }
    return value


def _by_criterion(rule: Rule, found: Tally, sheets: Sequence[Sheet]) -> Fraction | None:
    products = []
    for c in rule.criteria.values():
        values = [Value(s.judge, s.seat, Fraction(s.marks[c.key], rule.mark_unit)) for s in sheets if c.key in s.marks]
        if not values:
            found.steps.append(f"{c.label}：没有一张评分表打分，不计分")
            return None
        line = [steps.criterion(c, values)]
        written = {v.seat: v.amount for v in values}
        value, split = _clamp_trim_aggregate(rule, values, line)
        found.tie_values[f"criterion:{c.key}"] = mean([written[v.seat] for v in split.kept])
        product, shown = _product(rule, c, value, line)
        products.append(product)
        found.criteria[c.key] = {
            "value": shown,
            "left_out": {"high": [v.judge for v in split.high], "low": [v.judge for v in split.low]},
        }
        found.steps.append("；".join(line))
    score = sum(products, Fraction(0))
    if len(products) > 1:
        found.steps.append(f"各项相加：{steps.plus(products)}{steps.equal(score)}")
    return score


def _product(rule: Rule, criterion: Criterion, value: Fraction, line: list[str]) -> tuple[Fraction, str]:
    """A criterion's weighted contribution, rounded where the rule names it, and its value as the answer shows it."""
    shown = number_text(value, rule.criterion_decimals)
    if rule.criterion_decimals is not None:
        value = rounded(value, rule.criterion_decimals)
        line.append(f"{steps.places(rule.criterion_decimals)}：{shown}")
    product = value * criterion.weight
    if criterion.weight != 1:
        line.append(f"乘以权重：{steps.say(value)}×{steps.signed(criterion.weight)}{steps.equal(product)}")
    if rule.product_decimals is not None:
        line.append(f"{steps.places(rule.product_decimals)}：{half_up_text(product, rule.product_decimals)}")
        product = rounded(product, rule.product_decimals)
    return product, shown


def _clamp_trim_aggregate(rule: Rule, values: Sequence[Value], line: list[str]) -> tuple[Fraction, Split]:
    if rule.clamp is not None:
        middle, values = clamped(values, rule.clamp)
        line.append(steps.clamped(middle, rule.clamp, values))
    split = trimmed(values, rule.trim)
    said = steps.left_out(split, rule.trim, len(values))
    if said:
        line.append(said)
    amounts = [v.amount for v in split.kept]
    value = aggregated(rule.aggregate, amounts)
    line.append(steps.aggregated(rule.aggregate, amounts, value))
    return value, split


def _composite(rule: Rule, found: Tally, own: Fraction | None) -> Fraction:
    """Σ weight × part, or the session's own score where there are no parts."""
    if not rule.parts:
        return own if own is not None else Fraction(0)
    given = [
        own if part.key == rule.own_part and own is not None else found.proposal.parts[part.key] for part in rule.parts
    ]
    products = [value * part.scale * part.weight for part, value in zip(rule.parts, given, strict=True)]
    score = sum(products, Fraction(0))
    found.steps.append(steps.composite(rule.parts, given, products, score))
    return score


def _with_extras(rule: Rule, found: Tally, score: Fraction) -> Fraction:
    proposal = found.proposal
    if not proposal.bonus and not proposal.penalty:
        return score
    bonus = proposal.bonus if rule.bonus_cap is None else min(proposal.bonus, rule.bonus_cap)
    after = score + bonus - proposal.penalty
    found.steps.append(steps.extras(proposal, rule, score, bonus, after))
    return after


def _tie_values(rule: Rule, found: Tally, sheets: Sequence[Sheet], own: Fraction | None) -> None:
    """What each tie rule compares; higher is better, None is worst. `top_sheets` is filled in by the ranking."""
    for name in rule.ties:
        kind, _, key = name.partition(":")
        if kind in ("part", "vote"):
            found.tie_values[name] = own if key == rule.own_part else found.proposal.parts.get(key)
        elif kind == "untrimmed_mean" and sheets and rule.uses_sheets and not rule.by_tick:
            found.tie_values[name] = Fraction(sum([s.total for s in sheets]), len(sheets) * rule.total_unit)
        elif kind == "lot" and found.proposal.lot is not None:
            found.tie_values[name] = -found.proposal.lot
