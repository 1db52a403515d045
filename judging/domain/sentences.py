"""The scoring rule in plain Chinese: a sentence a point, read from the rule that the engine reads."""

from fractions import Fraction

from judging.domain.steps import COUNTS, places, say, tie_label
from judging.domain.values import Rule


def sentences(rule: Rule) -> list[tuple[str, list[str]]]:
    """The whole rule: headings with their sentences, in the order of the arithmetic."""
    found = [
        ("评分表", _sheets(rule)),
        ("合成得分", _score(rule)),
        ("总成绩", _composite(rule)),
        ("名次", _rank(rule)),
    ]
    return [(heading, told) for heading, told in found if told]


def _count(number: int) -> str:
    return COUNTS[number] if number < len(COUNTS) else f" {number} "


def _sheets(rule: Rule) -> list[str]:
    if not rule.uses_sheets:
        return ["本场不用评委评分表，总成绩由各部分得分合成。"]
    if rule.by_tick:
        return [
            f"每位评委最多投 {rule.ticks_at_most} 票；超过的，整张选票作废。",
            f"有效选票不足 {rule.quorum} 张的，不计分。",
        ]
    criteria = list(rule.criteria.values())
    full = sum((c.most * c.weight for c in criteria), Fraction(0))
    added = "各项得分相加" if all(c.weight == 1 for c in criteria) else "各项得分乘以权重后相加"
    return [
        f"每位评委对每个项目填一张评分表，共 {len(criteria)} 项，{added}，满分 {say(full)} 分。",
        "回避的评委不评该项目；缺评、作废、逾期的评分表不计入，也不当作 0 分。已提交的 0 分是有效分数。",
        f"一个项目的有效评分表不足 {max(rule.quorum, 1)} 张的，不计分，不排名次。",
    ]


def _score(rule: Rule) -> list[str]:
    if not rule.uses_sheets:
        return []
    if rule.by_tick:
        return ["有效选票中得票数就是得分。"]
    what = "每个评分项的分数" if rule.by_criterion else "各张评分表的总分"
    found = []
    if rule.calibration is not None:
        found.append(
            f"先校准尺度：把总分看作“项目水平＋评委尺度”，用最小二乘法求出各评委的尺度偏差，"
            f"{places(rule.calibration.decimals)}，从其各张评分表的总分中减去。"
        )
    if rule.clamp is not None:
        rounding = f"，{places(rule.clamp.decimals)}" if rule.clamp.decimals is not None else ""
        found.append(
            f"{what}与平均数相差超过 {say(rule.clamp.within)} 分的，按相差 {say(rule.clamp.within)} 分计{rounding}。"
        )
    found += _trim(rule, what)
    kind = {"mean": "平均数", "median": "中位数", "sum": "总和"}[rule.aggregate]
    left = "留下的分数" if rule.trim is not None else what
    if rule.by_criterion:
        found.append(f"每个评分项取{left}的{kind}，各项相加得出本场得分。")
        if rule.criterion_decimals is not None:
            found.append(f"各评分项的{kind}先{places(rule.criterion_decimals)}。")
        if rule.product_decimals is not None:
            found.append(f"各评分项乘以权重后{places(rule.product_decimals)}。")
    else:
        found.append(f"取{left}的{kind}，得出本场得分。")
    return found


def _trim(rule: Rule, what: str) -> list[str]:
    trim = rule.trim
    if trim is None or not trim.high + trim.low:
        return ["不去掉最高分和最低分。"]
    gone = [f"{_count(n)}个{name}" for n, name in ((trim.high, "最高分"), (trim.low, "最低分")) if n]
    each = "逐项去掉" if rule.by_criterion else "去掉"
    return [
        f"{what}达到 {trim.start} 个时，{each}{'和'.join(gone)}；不足 {trim.start} 个时，一个也不去。",
        "最高分或最低分有几个相同的，只按规定的个数去掉，席位靠后的先去。",
    ]


def _composite(rule: Rule) -> list[str]:
    found = []
    if rule.parts:
        terms = [f"{p.key}{_scale(p.scale)}×{say(p.weight * 100)}%" for p in rule.parts]
        found.append(f"总成绩 = {' + '.join(terms)}。")
        if rule.own_part is not None:
            rounding = f"先{places(rule.decimals)}再" if rule.decimals is not None else "不先取舍，直接"
            found.append(f"其中“{rule.own_part}”是本场得分，{rounding}参加合成；其他部分的得分由创投办在锁定前填入。")
    cap = "" if rule.bonus_cap is None else f"，最多加 {say(rule.bonus_cap)} 分"
    found.append(f"项目有系数的，本场得分乘以系数；有加分的加上{cap}，有扣分的减去。总成绩可以超过满分。")
    if rule.decimals is None:
        found.append("最后得分不取舍。")
    else:
        once = "。" if _rounds_before(rule) else "，中间各步都不取舍。"
        found.append(f"最后得分{places(rule.decimals)}{once}")
    return found


def _rounds_before(rule: Rule) -> bool:
    early = (rule.criterion_decimals, rule.product_decimals, rule.clamp and rule.clamp.decimals)
    return bool(rule.parts) or rule.calibration is not None or any(places is not None for places in early)


def _scale(scale: Fraction) -> str:
    if scale == 1:
        return ""
    return f"×{scale.numerator}" + (f"÷{scale.denominator}" if scale.denominator != 1 else "")


def _rank(rule: Rule) -> list[str]:
    printed = rule.decimals is not None and not rule.by_exact
    by = "按公布的得分（取舍以后的）" if printed else "按未取舍的得分"
    shared = "名次并列，下一名不空出，例如 1、2、2、3" if rule.dense else "名次并列，下一名空出，例如 1、2、2、4"
    found = [f"{by}从高到低排名次。"]
    criteria = list(rule.criteria.values())
    if rule.ties:
        order = [
            f"（{i}）{tie_label(t, criteria)}{'，先抽到的在前' if t == 'lot' else ''}"
            for i, t in enumerate(rule.ties, 1)
        ]
        higher = "除抽签外，都是高者在前" if "lot" in rule.ties else "都是高者在前"
        found.append(f"同分的依次比较：{'；'.join(order)}。{higher}；缺这一项的排在有的后面。")
        found.append(f"比到最后仍相同的，{shared}。")
    else:
        found.append(f"同分的{shared}。")
    found.append("不计分、已撤回和未到场的项目列在最后，没有名次。")
    return found
