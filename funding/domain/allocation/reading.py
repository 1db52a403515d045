"""Reads a `chuangtou/allocation@1` document into a Case. Everything that is not said in the format is refused."""

import json
from collections.abc import Callable, Collection, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from core.errors import FormatError
from core.exact import is_decimal_text, plain_text
from funding.domain.allocation.model import Ballot, Case, Group, Project, natural, yuan

FORMAT = "chuangtou/allocation@1"
TIES = ("lower_requested", "higher_requested", "higher_score", "input", "key")
LONGEST = 40  # characters of a number; nobody's budget is longer
MOST = 20_000  # projects or ballots

_Read = Callable[[dict[str, Any], str], dict[str, Any]]


def read(document: Any) -> Case:
    """Return the checked case. Raises FormatError with the path of the first thing that is wrong."""
    _encodable(document)
    _keys(document, "", ("format", "budget", "unit", "method", "ties", "limits", "proposals"), ("ballots",))
    if document["format"] != FORMAT:
        raise FormatError("format", "unknown_format", f"文件格式应为“{FORMAT}”。")
    budget = _money(document["budget"], "budget")
    unit = _money(document["unit"], "unit")
    if unit == 0:
        raise FormatError("unit", "too_small", "取整单位必须大于 0。")
    ties = _ties(document["ties"])
    method = _method(document["method"])
    given = _list(document["proposals"], "proposals", MOST)
    keys: dict[str, int] = {}
    for n, item in enumerate(given):
        path = f"proposals[{n}]"
        _keys(
            item,
            path,
            ("key", "name", "requested", "minimum", "attrs"),
            ("score", "approved", "self_raised", "share_cap", "total", "price"),
        )
        key = _text(item["key"], f"{path}.key")
        if key in keys:
            raise FormatError(f"{path}.key", "duplicate_key", f"项目编号“{key}”出现了两次。")
        keys[key] = n
    ballots = _ballots(document.get("ballots", []), keys)
    projects = tuple(_project(item, n, ballots) for n, item in enumerate(given))
    if method["name"] == "claimed":
        for project in projects:
            if project.price is None:
                raise FormatError(
                    f"proposals[{project.index}].price",
                    "missing_key",
                    f"认领方式下，项目“{project.key}”须写明项目单价格。",
                )
    if method["name"] == "classes":
        _classed(projects, method)
    limits = document["limits"]
    _keys(limits, "limits", ("min_score", "max_awards", "groups"))
    text = limits["min_score"]
    return Case(
        budget=budget,
        unit=unit,
        method=method,
        ties=ties,
        min_score=None if text is None else _number(text, "limits.min_score"),
        min_score_text=text or "",
        max_awards=_count_or_none(limits["max_awards"], "limits.max_awards"),
        groups=_groups(limits["groups"], projects),
        projects=projects,
        ballots=ballots,
        score_places=max((_places(p.score_text) for p in projects), default=0),
    )


def _encodable(document: Any) -> None:
    try:
        json.dumps(document, ensure_ascii=False, default=repr).encode()
    except (UnicodeEncodeError, RecursionError) as error:
        raise FormatError("", "not_unicode", "文件中有无法写成 UTF-8 的内容，或层次太深。") from error


def _keys(value: Any, path: str, required: Iterable[str], optional: Iterable[str] = ()) -> None:
    if not isinstance(value, dict):
        raise FormatError(path, "wrong_type", "此处应为一个对象（花括号）。")
    lead = f"{path}." if path else ""
    allowed = (*required, *optional)
    for key in value:
        if key not in allowed:
            raise FormatError(f"{lead}{key}", "unknown_key", f"不认识的键“{key}”。")
    for key in required:
        if key not in value:
            raise FormatError(f"{lead}{key}", "missing_key", f"缺少键“{key}”。")


def _list(value: Any, path: str, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(path, "wrong_type", "此处应为一个列表（方括号）。")
    if len(value) > most:
        raise FormatError(path, "too_many", f"最多 {most} 条，这里有 {len(value)} 条。")
    return value


def _text(value: Any, path: str, *, empty: bool = False) -> str:
    if type(value) is not str or (not empty and not value.strip()):
        raise FormatError(path, "wrong_type", "此处应为非空文字。")
    return value


def _choice(value: Any, path: str, allowed: Collection[str]) -> str:
    if type(value) is not str or value not in allowed:
        raise FormatError(path, "unknown_value", f"此处应为以下之一：{'、'.join(allowed)}。")
    return value


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise FormatError(path, "wrong_type", "此处应为 true 或 false。")
    return value


def _count(value: Any, path: str, least: int = 0) -> int:
    if type(value) is not int:
        raise FormatError(path, "wrong_type", "此处应为整数。")
    if not least <= value <= 10**9:
        raise FormatError(path, "out_of_range", f"此处应为不小于 {least} 的整数，且不能太大。")
    return value


def _count_or_none(value: Any, path: str) -> int | None:
    return None if value is None else _count(value, path)


def _number(value: Any, path: str) -> Fraction:
    if type(value) is not str or len(value) > LONGEST or not is_decimal_text(value):
        raise FormatError(path, "not_decimal", "数字应写成加引号的十进制文字，例如“95.20”。")
    return Fraction(value)


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def _money(value: Any, path: str) -> int:
    """Yuan as text to fen. Refuses what is negative or finer than a fen."""
    fen = _number(value, path) * 100
    if fen < 0:
        raise FormatError(path, "negative", "金额不能为负数。")
    if fen.denominator != 1:
        raise FormatError(path, "finer_than_fen", "金额最多精确到分（两位小数）。")
    return int(fen)


def _share(value: Any, path: str) -> Fraction:
    share = _number(value, path)
    if not 0 < share <= 1:
        raise FormatError(path, "not_a_share", "比例应大于 0 且不大于 1，例如“0.80”。")
    return share


def _ties(value: Any) -> tuple[str, ...]:
    found: list[str] = []
    for n, item in enumerate(_list(value, "ties", len(TIES))):
        tie = _choice(item, f"ties[{n}]", TIES)
        if tie in found:
            raise FormatError(f"ties[{n}]", "duplicate_key", f"同分规则“{tie}”写了两次。")
        found.append(tie)
    return tuple(found)


# --- methods -------------------------------------------------------------------------------------------------------


def _rank(given: dict[str, Any], path: str) -> dict[str, Any]:
    _keys(given, path, ("name", "on_misfit", "partial"))
    misfit = given["on_misfit"]
    share: Fraction | None = None
    if isinstance(misfit, dict):
        _keys(misfit, f"{path}.on_misfit", ("fund_from_share",))
        share = _share(misfit["fund_from_share"], f"{path}.on_misfit.fund_from_share")
        misfit = "share"
    else:
        _choice(misfit, f"{path}.on_misfit", ("skip", "stop"))
    return {"misfit": misfit, "share": share, "partial": _flag(given["partial"], f"{path}.partial")}


def _tiers(given: dict[str, Any], path: str) -> dict[str, Any]:
    _keys(given, path, ("name", "tiers", "tie"))
    tiers = []
    for n, item in enumerate(_list(given["tiers"], f"{path}.tiers", 1000)):
        where = f"{path}.tiers[{n}]"
        _keys(item, where, ("label", "count", "amount"))
        count = _count(item["count"], f"{where}.count")
        if count > MOST:
            raise FormatError(f"{where}.count", "too_many", f"一个等次最多 {MOST} 项。")
        tiers.append((_text(item["label"], f"{where}.label"), count, _money(item["amount"], f"{where}.amount")))
    for n, (better, worse) in enumerate(pairwise(tiers)):
        if worse[2] > better[2]:
            raise FormatError(f"{path}.tiers[{n + 1}].amount", "tier_above_better", "后一等次的金额不能高于前一等次。")
    return {"tiers": tiers, "tie": _choice(given["tie"], f"{path}.tie", ("order", "share", "promote"))}


def _classes(given: dict[str, Any], path: str) -> dict[str, Any]:
    _keys(given, path, ("name", "attr", "amounts"))
    amounts = given["amounts"]
    if not isinstance(amounts, dict):
        raise FormatError(f"{path}.amounts", "wrong_type", "此处应为一个对象（花括号）。")
    return {
        "attr": _text(given["attr"], f"{path}.attr"),
        "amounts": {k: _money(v, f"{path}.amounts.{k}") for k, v in amounts.items()},
    }


def _plain(given: dict[str, Any], path: str) -> dict[str, Any]:
    _keys(given, path, ("name",))
    return {}


def _optimal(given: dict[str, Any], path: str) -> dict[str, Any]:
    _keys(given, path, ("name",), ("partial",))
    return {"partial": _flag(given.get("partial", False), f"{path}.partial")}


def _equal_shares(given: dict[str, Any], path: str) -> dict[str, Any]:
    _keys(given, path, ("name", "utility", "completion"))
    completions = ("none", "rank", "add1_stop_exhaustive", "add1_stop_overspend")
    return {
        "utility": _choice(given["utility"], f"{path}.utility", ("cost", "count", "points")),
        "completion": _choice(given["completion"], f"{path}.completion", completions),
    }


_METHODS: dict[str, _Read] = {
    "rank": _rank,
    "tiers": _tiers,
    "classes": _classes,
    "proportional": _plain,
    "optimal": _optimal,
    "equal_shares": _equal_shares,
    "phragmen": _plain,
    "claimed": _plain,
}


def _method(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise FormatError("method", "wrong_type", "此处应为一个对象（花括号）。")
    if "name" not in value:
        raise FormatError("method.name", "missing_key", "缺少键“name”。")
    name = _choice(value["name"], "method.name", tuple(_METHODS))
    return {"name": name, **_METHODS[name](value, "method")}


def _classed(projects: tuple[Project, ...], method: dict[str, Any]) -> None:
    for project in projects:
        path = f"proposals[{project.index}].attrs.{method['attr']}"
        found = project.attrs.get(method["attr"])
        if found is None:
            raise FormatError(path, "missing_key", f"项目“{project.key}”没有写明档次“{method['attr']}”。")
        if found not in method["amounts"]:
            raise FormatError(path, "unknown_class", f"档次“{found}”没有对应的金额。")


# --- proposals, ballots, groups --------------------------------------------------------------------------------------


def _project(item: dict[str, Any], n: int, ballots: tuple[Ballot, ...]) -> Project:
    path = f"proposals[{n}]"
    score: Fraction | None = None
    text = item.get("score")
    if text is not None:
        score = _number(text, f"{path}.score")
    elif ballots:
        score = sum((b.count * b.points[n] for b in ballots if n in b.points), Fraction(0))
        text = plain_text(score, LONGEST)
    requested = _money(item["requested"], f"{path}.requested")
    minimum = _money(item["minimum"], f"{path}.minimum")
    if minimum > requested:
        raise FormatError(
            f"{path}.minimum",
            "minimum_above_requested",
            f"最低可行金额 {yuan(minimum)}高于申报金额 {yuan(requested)}。",
        )
    request, cut = _cut(item, path, requested)
    if not isinstance(item["attrs"], dict):
        raise FormatError(f"{path}.attrs", "wrong_type", "此处应为一个对象（花括号）。")
    return Project(
        index=n,
        key=item["key"],
        name=_text(item["name"], f"{path}.name", empty=True),
        score=score,
        score_text=text or "",
        requested=requested,
        taken_off=_taken_off(item),
        minimum=minimum,
        request=request,
        cut=cut,
        price=None if item.get("price") is None else _money(item["price"], f"{path}.price"),
        attrs={k: _text(v, f"{path}.attrs.{k}", empty=True) for k, v in item["attrs"].items()},
    )


def _taken_off(item: dict[str, Any]) -> int:
    """What own money subtracts from the request itself; 0 where it is taken off a budget or a total."""
    if item.get("self_raised") is None or item.get("approved") is not None or item.get("total") is not None:
        return 0
    return _money(item["self_raised"], "self_raised")


def _cut(item: dict[str, Any], path: str, requested: int) -> tuple[int, str]:
    """Return what may be given at most, in fen, and the words for it. A share of a total is cut down to whole fen.

    What the applicant raises itself is taken off the approved budget; where none is approved, off the project's total,
    and where no total is given, off the request.
    """
    found = [(requested, "申报金额")]
    approved = None if item.get("approved") is None else _money(item["approved"], f"{path}.approved")
    raised = None if item.get("self_raised") is None else _money(item["self_raised"], f"{path}.self_raised")
    total = None if item.get("total") is None else _money(item["total"], f"{path}.total")
    if approved is not None or raised is not None:
        base, words = requested, "申报金额"
        if approved is not None:
            base, words = approved, "核定预算"
        elif total is not None:
            base, words = total, "总预算"
        if raised:
            words += f"减自筹资金 {yuan(raised)}"
        found.append((max(0, base - (raised or 0)), words))
    if item.get("share_cap") is not None:
        share = _share(item["share_cap"], f"{path}.share_cap")
        if total is None:
            raise FormatError(f"{path}.total", "missing_key", "写了资助比例上限，就要写明项目总预算。")
        found.append((int(total * share), f"总预算 {yuan(total)}的 {plain_text(share * 100, LONGEST)}%"))
    request, words = min(found, key=lambda pair: pair[0])
    return request, "" if request == requested else f"申报金额 {yuan(requested)}按{words}核减为 {yuan(request)}"


def _ballots(value: Any, keys: dict[str, int]) -> tuple[Ballot, ...]:
    found = []
    for n, item in enumerate(_list(value, "ballots", 10**6)):
        path = f"ballots[{n}]"
        _keys(item, path, ("count", "points"))
        count = _count(item["count"], f"{path}.count", 1)
        if not isinstance(item["points"], dict):
            raise FormatError(f"{path}.points", "wrong_type", "此处应为一个对象（花括号）。")
        points = {}
        for key, text in item["points"].items():
            if key not in keys:
                raise FormatError(f"{path}.points.{key}", "unknown_proposal", f"选票上的项目“{key}”不在名单中。")
            value = _number(text, f"{path}.points.{key}")
            if value < 0:
                raise FormatError(f"{path}.points.{key}", "negative", "选票上的分值不能为负数。")
            if value:
                points[keys[key]] = value
        if points:
            found.append(Ballot(count=count, points=points))
    return tuple(found)


def _groups(value: Any, projects: tuple[Project, ...]) -> tuple[Group, ...]:
    found: list[Group] = []
    for n, item in enumerate(_list(value, "limits.groups", 10_000)):
        path = f"limits.groups[{n}]"
        _keys(item, path, ("attr",), ("value", "each", "max_amount", "min_awards", "max_awards"))
        attr = _text(item["attr"], f"{path}.attr")
        each = _flag(item.get("each", False), f"{path}.each")
        if each == ("value" in item):
            raise FormatError(f"{path}.value", "value_or_each", "每条分组限制要么写明 value，要么写 each: true。")
        amount = None if item.get("max_amount") is None else _money(item["max_amount"], f"{path}.max_amount")
        least = _count_or_none(item.get("min_awards"), f"{path}.min_awards") or 0
        most = _count_or_none(item.get("max_awards"), f"{path}.max_awards")
        if most is not None and least > most:
            raise FormatError(f"{path}.min_awards", "min_above_max", f"最少 {least} 项多于最多 {most} 项。")
        if each:
            values = sorted({p.attrs[attr] for p in projects if attr in p.attrs}, key=natural)
        else:
            values = [_text(item["value"], f"{path}.value", empty=True)]
        found += [Group(attr, one, path, amount, least, most) for one in values]
    return tuple(found)
