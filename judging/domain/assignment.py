"""Who reviews which proposal: written reviews spread over judges, at least cost. Whole numbers only.

Every proposal needs so many judges, no judge gets more than so many proposals, forbidden pairs (回避) never meet. The
cost of an assignment is the sum of its pairs' costs (0 fits best) plus `balance` times the sum of the squared loads.
Squares are convex, so a flow of least cost is an assignment of least cost (Ahuja, Magnanti, Orlin 1993, 14.5): judge k's
n-th proposal costs n² − (n − 1)² = 2n − 1. Networkx solves it by its network simplex, which is exact for whole numbers.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.errors import DomainError

Pair = tuple[str, str]
NO_PAIRS: Mapping[Pair, int] = {}


class CannotBeReviewed(DomainError):
    """`entry` is the first that cannot be served with all before it, in the order given."""

    message = "“{entry}”分不到 {needed} 位评委：{why}"

    def __init__(self, entry: str, needed: int, why: str) -> None:
        super().__init__(entry=entry, needed=needed, why=why)
        self.entry = entry


class BadAssignmentInput(DomainError):
    message = "分配评委的条件不对：{why}"


def assign(
    entries: Sequence[str],
    judges: Sequence[str],
    *,
    needed: int,
    most: int,
    forbidden: Collection[Pair] = (),
    costs: Mapping[Pair, int] = NO_PAIRS,
    balance: int | None = None,
) -> list[Pair]:
    """Pairs (entry, judge), `needed` judges an entry and at most `most` entries a judge, in the orders given.

    `costs`: pair → cost, not negative; a pair without one costs 0. `balance`: what a unit of squared load costs;
    None makes the loads as equal as possible first of all. Raises CannotBeReviewed, BadAssignmentInput.
    """
    _check(entries, judges, needed, most, costs, balance)
    if not entries or not needed:
        return []
    apart = set(forbidden)
    allowed = {e: [j for j in judges if (e, j) not in apart] for e in entries}
    _refuse_unserved(entries, judges, allowed, needed, most)
    weight = balance if balance is not None else 1 + sum(costs.get((e, j), 0) for e in entries for j in allowed[e])
    graph = _graph(entries, judges, allowed, needed, most)
    for e in entries:
        for j in allowed[e]:
            graph.edges[("entry", e), ("judge", j)]["weight"] = costs.get((e, j), 0)
    for j in judges:
        for n in range(1, most + 1):
            graph.edges[("judge", j), ("slot", j, n)]["weight"] = weight * (2 * n - 1)
    flow = _networkx().max_flow_min_cost(graph, "source", "sink")
    return [(e, j) for e in entries for j in allowed[e] if flow["entry", e]["judge", j]]


def total_cost(pairs: Collection[Pair], costs: Mapping[Pair, int], balance: int) -> int:
    """What an assignment costs: its pairs, and `balance` for each unit of squared load."""
    loads: dict[str, int] = {}
    for _, judge in pairs:
        loads[judge] = loads.get(judge, 0) + 1
    return sum(costs.get(pair, 0) for pair in pairs) + balance * sum(n * n for n in loads.values())


def _networkx() -> Any:
    """Loaded when it is needed: it takes a while and few requests ask for it."""
    import networkx as nx

    return nx


def _check(
    entries: Sequence[str],
    judges: Sequence[str],
    needed: int,
    most: int,
    costs: Mapping[Pair, int],
    balance: int | None,
) -> None:
    if len(set(entries)) != len(entries) or len(set(judges)) != len(judges):
        raise BadAssignmentInput(why="项目和评委都不能重复。")
    numbers = [needed, most, *costs.values(), *([] if balance is None else [balance])]
    if any(type(n) is not int or n < 0 for n in numbers):
        raise BadAssignmentInput(why="人数、上限和各种代价都应是不小于 0 的整数。")


def _graph(
    entries: Sequence[str], judges: Sequence[str], allowed: Mapping[str, Sequence[str]], needed: int, most: int
) -> Any:
    graph = _networkx().DiGraph()
    for e in entries:
        graph.add_edge("source", ("entry", e), capacity=needed, weight=0)
        for j in allowed[e]:
            graph.add_edge(("entry", e), ("judge", j), capacity=1, weight=0)
    for j in judges:
        for n in range(1, most + 1):
            graph.add_edge(("judge", j), ("slot", j, n), capacity=1, weight=0)
            graph.add_edge(("slot", j, n), "sink", capacity=1, weight=0)
    graph.add_node("sink")
    return graph


def _refuse_unserved(
    entries: Sequence[str], judges: Sequence[str], allowed: Mapping[str, Sequence[str]], needed: int, most: int
) -> None:
    def served(count: int) -> bool:
        graph = _graph(entries[:count], judges, allowed, needed, most)
        return bool(_networkx().maximum_flow_value(graph, "source", "sink") == count * needed)

    if served(len(entries)):
        return
    low, high = 0, len(entries)  # the first `low` can be served, the first `high` cannot
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if served(middle) else (low, middle)
    entry = entries[low]
    if len(allowed[entry]) < needed:
        why = f"除去回避只剩 {len(allowed[entry])} 位评委。请增加评委或减少每个项目的评审人数。"
    else:
        why = f"可评它的评委已经排满（每位最多 {most} 个）。请增加评委，或提高每位评委的上限。"
    raise CannotBeReviewed(entry, needed, why)
