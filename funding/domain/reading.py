"""Reading a chuangtou/allocation@1 document."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

from core.errors import FormatError
from core.reading import Node, text, unique

FORMAT = "chuangtou/allocation@1"
METHODS = ("rank", "tiers", "classes", "proportional", "optimal", "claimed", "equal_shares", "phragmen")
TIES = ("lower_requested", "higher_requested", "higher_score", "input", "key")


@dataclass(frozen=True, slots=True)
class Group:
    """A limit on the proposals that share a value of an attribute; amounts in yuan."""

    attr: str
    value: str
    max_amount: Fraction | None
    min_awards: int
    max_awards: int | None


@dataclass(frozen=True, slots=True)
class Limits:
    min_score: Fraction | None
    max_awards: int | None
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposal: `request` is what is left of the requested amount after the cuts; amounts in yuan."""

    place: int
    key: str
    name: str
    score: Fraction | None
    requested: Fraction
    request: Fraction
    minimum: Fraction
    attrs: Mapping[str, str]
    price: Fraction | None


@dataclass(frozen=True, slots=True)
class Allocation:
    """A whole document, read and checked; candidates in ranking order (unscored last)."""

    budget: Fraction
    unit: Fraction
    method: Node
    name: str
    ties: tuple[str, ...]
    limits: Limits
    candidates: tuple[Candidate, ...]


def read(document: Any) -> Allocation:
    """Check a document wholly and return it read. Raises FormatError with path, code and a Chinese sentence."""
    top = Node(document, "")
    if top.text("format") != FORMAT:
        raise FormatError("format", "unknown_format", f"格式应为 {FORMAT}。")
    budget, unit = top.amount("budget"), top.amount("unit")
    if not unit:
        raise FormatError("unit", "too_small", "取整单位必须大于 0。")
    method = top.node("method")
    name = method.one_of("name", METHODS)
    ties = top.items("ties", text)
    for i, tie in enumerate(ties):
        if tie not in TIES:
            raise FormatError(f"ties[{i}]", "unknown_tie", f"不认识的并列处理办法“{tie}”。")
    points = _points(top)
    given = top.items("proposals", lambda v, p: _candidate(v, p, points))
    unique([c.key for c in given], "proposals")
    for key in points or {}:
        if key not in {c.key for c in given}:
            raise FormatError("ballots", "unknown_proposal", f"选票中的“{key}”不在项目名单中。")
    limits = _limits(top, given)
    top.done()
    return Allocation(budget, unit, method, name, tuple(ties), limits, tuple(ranked(given, tuple(ties))))


def ranked(candidates: list[Candidate], ties: tuple[str, ...]) -> list[Candidate]:
    """Best score first; equal scores by the tie order, and by natural key at last, so that input order never matters."""
    return sorted(candidates, key=lambda c: (c.score is None, -(c.score or 0), *tie_key(c, ties)))


def tie_key(candidate: Candidate, ties: tuple[str, ...]) -> tuple[Any, ...]:
    """What separates equal candidates, in the order of the rule."""
    parts: list[Any] = []
    for tie in (*ties, "key"):
        if tie == "lower_requested":
            parts.append(candidate.request)
        elif tie == "higher_requested":
            parts.append(-candidate.request)
        elif tie == "higher_score":
            parts.append(-(candidate.score or 0))
        elif tie == "input":
            parts.append(candidate.place)
        else:
            parts.append(natural(candidate.key))
    return tuple(parts)


def natural(key: str) -> tuple[tuple[int, int, str], ...]:
    """Natural order: 2 before 10."""
    return tuple((0, int(t), t) if t.isdigit() else (1, 0, t) for t in re.findall(r"[0-9]+|[^0-9]+", key))


def _points(top: Node) -> dict[str, Fraction] | None:
    if top.get("ballots", None) is None:
        return None
    sums: dict[str, Fraction] = {}

    def ballot(value: Any, path: str) -> None:
        node = Node(value, path)
        count = node.whole("count", least=1)
        given = node.node("points")
        for key in given.value:
            sums[key] = sums.get(key, Fraction(0)) + count * given.amount(key)
        node.done()

    top.items("ballots", ballot)
    return sums


def _candidate(value: Any, path: str, points: Mapping[str, Fraction] | None) -> Candidate:
    node = Node(value, path)
    key, name = node.text("key"), node.text("name")
    score = node.maybe_number("score", None)
    if score is None and points is not None:
        score = points.get(key, Fraction(0))
    requested, minimum = node.amount("requested"), node.amount("minimum")
    attrs = node.node("attrs")
    found = {k: attrs.text(k) for k in attrs.value}
    request = _request(node, requested)
    price = node.maybe_amount("price")
    node.done()
    place = int(path[path.index("[") + 1 : -1])
    return Candidate(place, key, name, score, requested, request, minimum, found, price)


def _request(node: Node, requested: Fraction) -> Fraction:
    """The smallest of requested, approved budget less self-raised, and the ceiling's share of the total; whole fen."""
    approved, own = node.maybe_amount("approved"), node.maybe_amount("self_raised")
    cap, total = node.maybe_amount("share_cap"), node.maybe_amount("total")
    choices = [requested]
    if approved is not None or own is not None:
        base = approved if approved is not None else total if total is not None else requested
        choices.append(max(base - (own or 0), Fraction(0)))
    if cap is not None:
        if total is None:
            raise FormatError(node.at("total"), "missing_key", "有比例上限时必须写明项目总预算“total”。")
        choices.append(cap * total)
    return Fraction(floor(min(choices) * 100), 100)


def _limits(top: Node, candidates: list[Candidate]) -> Limits:
    node = top.node("limits")
    groups: list[Group] = []

    def group(value: Any, path: str) -> None:
        one = Node(value, path)
        attr = one.text("attr")
        each = one.flag("each", default=False)
        values = sorted({c.attrs[attr] for c in candidates if attr in c.attrs}) if each else [one.text("value")]
        amount, least, most = (
            one.maybe_amount("max_amount"),
            one.maybe_whole("min_awards"),
            one.maybe_whole("max_awards"),
        )
        one.done()
        if least is not None and most is not None and least > most:
            raise FormatError(f"{path}.min_awards", "infeasible_minima", "最少项目数不能大于最多项目数。")
        groups.extend(Group(attr, v, amount, least or 0, most) for v in values)

    min_score = node.maybe_number("min_score", None)
    max_awards = node.maybe_whole("max_awards")
    node.items("groups", group, [])
    node.done()
    return Limits(min_score, max_awards, tuple(groups))
