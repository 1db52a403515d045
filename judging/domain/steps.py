"""The arithmetic of a score in Chinese, one line a step, for someone with a calculator.

Numbers are written exactly where they end within ten decimals; a rounded one is announced by ≈.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from core.exact import plain_text
from judging.domain.arithmetic import Number, Split, Value, total
from judging.domain.values import Clamp, Criterion, Part, Proposal, Rule, Trim

COUNTS = "零一两三四五六七八九十"


def say(value: Number) -> str:
    """At most ten decimals, without trailing zeros."""
    return plain_text(value)


def equal(value: Number) -> str:
    """`=89.3`, or `≈88.8333333333` where ten decimals do not hold it."""
    text = say(value)
    return f"={text}" if Fraction(text) == value else f"≈{text}"


def signed(value: Number) -> str:
    """A number as it stands after an operator: negative ones in brackets."""
    text = say(value)
    return f"({text})" if text.startswith("-") else text


def plus(terms: Iterable[Number]) -> str:
    return "+".join([signed(term) for term in terms])


def places(decimals: int) -> str:
    return f"保留 {decimals} 位小数（四舍五入）" if decimals else "取整数（四舍五入）"


def written(values: Sequence[Value]) -> str:
    return f"{len(values)} 张有效评分表，总分：{'、'.join([say(v.amount) for v in values])}"


def weighting(criteria: Iterable[Criterion]) -> str:
    return "每张评分表的总分 = " + " + ".join(f"{c.label}×{signed(c.weight)}" for c in criteria)


def calibrated(before: Sequence[Value], after: Sequence[Value]) -> str:
    terms = [
        f"{old.judge} {say(old.amount)}−{signed(old.amount - new.amount)}={say(new.amount)}"
        for old, new in zip(before, after, strict=True)
    ]
    return f"减去各评委的尺度偏差：{'、'.join(terms)}"


def clamped(middle: Fraction, clamp: Clamp, values: Sequence[Value]) -> str:
    rounding = f"，{places(clamp.decimals)}" if clamp.decimals is not None else ""
    return (
        f"平均数{equal(middle).replace('=', ' ')}，各分值限制在其上下 {say(clamp.within)} 以内{rounding}："
        f"{'、'.join([say(v.amount) for v in values])}"
    )


def left_out(split: Split, trim: Trim | None, count: int) -> str | None:
    if trim is None or not trim.high + trim.low:
        return None
    if count < trim.start:
        return f"只有 {count} 个分值，不足 {trim.start} 个，不去最高分、最低分"
    both = [_gone(split.high, "最高分"), _gone(split.low, "最低分")]
    return "去掉" + "、".join([said for said in both if said])


def _gone(values: Sequence[Value], what: str) -> str:
    if not values:
        return ""
    count = COUNTS[len(values)] if len(values) < len(COUNTS) else f" {len(values)} "
    return f"{count}个{what} " + "、".join([f"{say(v.amount)}（{v.judge}）" for v in values])


def aggregated(kind: str, amounts: Sequence[Number], found: Fraction) -> str:
    """`(88+92+85.5+90+91)÷5=446.5÷5=89.3`."""
    if kind == "median":
        return f"从小到大：{'、'.join([say(a) for a in sorted(amounts)])}；中位数{equal(found)}"
    terms, added = plus(amounts), total(amounts)
    if kind == "sum":
        return f"{terms}={say(added)}" if len(amounts) > 1 else f"合计={say(added)}"
    if len(amounts) == 1:
        return f"只有一个分值，平均数={say(added)}"
    return f"({terms})÷{len(amounts)}{equal(added)}÷{len(amounts)}{equal(found)}"


def criterion(found: Criterion, values: Sequence[Value]) -> str:
    return f"{found.label}：{len(values)} 个分值 {'、'.join([say(v.amount) for v in values])}"


def factor(before: Fraction, by: Fraction, after: Fraction) -> str:
    return f"乘以系数：{say(before)}×{signed(by)}{equal(after)}"


def composite(parts: Sequence[Part], given: Sequence[Fraction], products: Sequence[Fraction], score: Fraction) -> str:
    terms = []
    for part, value in zip(parts, given, strict=True):
        scale = ""
        if part.scale != 1:
            scale = f"×{part.scale.numerator}" + (f"÷{part.scale.denominator}" if part.scale.denominator != 1 else "")
        terms.append(f"{part.key} {say(value)}{scale}×{signed(part.weight)}")
    exact = all(Fraction(say(p)) == p for p in products)
    middle = f"{'=' if exact else '≈'}{plus(products)}" if len(parts) > 1 else ""
    return f"各部分合成：{' + '.join(terms)}{middle}{equal(score)}"


def extras(proposal: Proposal, rule: Rule, before: Fraction, bonus: Fraction, after: Fraction) -> str:
    said = [f"加分 {say(proposal.bonus)}" + (f"（上限 {say(bonus)}）" if bonus != proposal.bonus else "")]
    if proposal.penalty:
        said.append(f"扣分 {say(proposal.penalty)}")
    minus = f"−{signed(proposal.penalty)}" if proposal.penalty else ""
    return f"{'，'.join(said)}：{say(before)}+{signed(bonus)}{minus}{equal(after)}"


def quorum(count: int, needed: int) -> str:
    return f"只有 {count} 张有效评分表，少于规定的 {needed} 张，不计分"


def tie(score: str, label: str) -> str:
    return f"与其他项目同分（{score}），按{label}定先后"


def tie_label(name: str, criteria: Sequence[Criterion]) -> str:
    kind, _, key = name.partition(":")
    match kind:
        case "criterion":
            return "评分项“" + next((c.label for c in criteria if c.key == key), key) + "”的平均分"
        case "untrimmed_mean":
            return "去掉最高分、最低分之前的平均分"
        case "part":
            return f"“{key}”部分的得分"
        case "top_sheets":
            return "列第一的评分表张数"
        case "vote":
            return f"评委投票“{key}”"
        case _:
            return "抽签"
