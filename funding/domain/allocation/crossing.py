"""Limits that cut across each other (a theme and an organization): branch and bound over the separate ones.

Limits that keep apart are left to the knapsack; the others are dropped at first. Where the best set breaks a dropped
limit, one of its members is once taken for certain and once left out. Every node's set is an upper bound for all below.
"""

import heapq
from dataclasses import dataclass

from funding.domain.allocation.knapsack import Found, Limit, solve

MOST_NODES = 400


@dataclass(frozen=True, slots=True)
class Task:
    """Values, costs, budget and limits, by position of the candidate."""

    values: list[int]
    costs: list[int]
    budget: int
    most: int | None
    limits: list[Limit]


def best_set(task: Task, known: frozenset[int]) -> Found:
    """Return the best allowed set. `known` is an allowed set; it is the answer where none better can be proven."""
    limits = _binding(task)
    apart = _apart(limits, frozenset())
    if len(apart) == len(limits):
        found = solve(task.values, task.costs, task.budget, task.most, apart, _value(task, known))
        return Found(found.chosen or known, found.proven)
    loose = solve(task.values, task.costs, task.budget, task.most, [], None)
    first = frozenset(
        n for n, limit in enumerate(limits) if loose.chosen is not None and _breach(task, limit, loose.chosen)
    )
    return _branch(task, limits, _apart(limits, first), known)


def _value(task: Task, chosen: frozenset[int]) -> int:
    return sum(task.values[i] for i in chosen)


def _binding(task: Task) -> list[Limit]:
    """One limit for each set of members; those that can never be broken left out."""
    merged: dict[frozenset[int], Limit] = {}
    for limit in task.limits:
        old = merged.get(limit.members)
        if old is not None:
            caps = [c for c in (old.cap, limit.cap) if c is not None]
            mosts = [m for m in (old.most, limit.most) if m is not None]
            limit = Limit(limit.members, min(caps, default=None), max(old.least, limit.least), min(mosts, default=None))  # noqa: PLW2901
        merged[limit.members] = limit
    return [
        limit
        for limit in merged.values()
        if limit.least
        or (limit.cap is not None and sum(task.costs[i] for i in limit.members) > limit.cap)
        or (limit.most is not None and len(limit.members) > limit.most)
    ]


def _apart(limits: list[Limit], first: frozenset[int]) -> list[Limit]:
    """Limits that share no member, those in `first` and the large ones before the others."""
    found: list[Limit] = []
    taken: set[int] = set()
    for n in sorted(
        range(len(limits)), key=lambda n: (n not in first, -len(limits[n].members), sorted(limits[n].members))
    ):
        if not limits[n].members & taken:
            taken |= limits[n].members
            found.append(limits[n])
    return found


def _breach(task: Task, limit: Limit, chosen: frozenset[int]) -> frozenset[int]:
    """Members on which to branch where the set breaks the limit; empty where it keeps it."""
    inside = limit.members & chosen
    spent = sum(task.costs[i] for i in inside)
    if (limit.most is not None and len(inside) > limit.most) or (limit.cap is not None and spent > limit.cap):
        return inside
    return limit.members - chosen if len(inside) < limit.least else frozenset()


@dataclass(frozen=True, slots=True)
class _Node:
    taken: frozenset[int]
    out: frozenset[int]


def _branch(task: Task, limits: list[Limit], apart: list[Limit], known: frozenset[int]) -> Found:
    best, best_value, proven = known, _value(task, known), True
    heap: list[tuple[int, int, _Node, frozenset[int]]] = []
    made = 0

    def push(node: _Node) -> None:
        nonlocal made, proven
        settled = _settle(task, limits, node)
        if settled is None:
            return
        made += 1
        found = _relaxed(task, apart, settled, best_value)
        proven = proven and found.proven
        if found.chosen is not None and _value(task, found.chosen) > best_value:
            heapq.heappush(heap, (-_value(task, found.chosen), made, settled, found.chosen))

    push(_Node(frozenset(), frozenset()))
    while heap:
        minus, _, node, chosen = heapq.heappop(heap)
        if -minus <= best_value:
            break
        broken = next((b for b in (_breach(task, limit, chosen) for limit in limits) if b - node.taken), None)
        if broken is None:
            best, best_value = chosen, -minus
            break
        if made >= MOST_NODES:
            return Found(best, proven=False)
        pick = max(broken - node.taken - node.out, key=lambda i: task.values[i], default=None)
        if pick is None:
            continue
        push(_Node(node.taken | {pick}, node.out))
        push(_Node(node.taken, node.out | {pick}))
    return Found(best, proven)


def _settle(task: Task, limits: list[Limit], node: _Node) -> _Node | None:
    """Leave out what no longer fits beside those taken; None where the node allows nothing."""
    out = set(node.out)
    for limit in limits:
        inside = limit.members & node.taken
        spent = sum(task.costs[i] for i in inside)
        if (limit.most is not None and len(inside) > limit.most) or (limit.cap is not None and spent > limit.cap):
            return None
        rest = limit.members - node.taken
        if limit.most is not None and len(inside) == limit.most:
            out |= rest
        if limit.cap is not None:
            out |= {i for i in rest if spent + task.costs[i] > limit.cap}
    if any(len(limit.members - out) < limit.least for limit in limits):
        return None
    return _Node(node.taken, frozenset(out))


def _relaxed(task: Task, apart: list[Limit], node: _Node, known: int) -> Found:
    """The best set that holds `taken`, avoids `out` and keeps the separate limits; None where none beats `known`."""
    free = [i for i in range(len(task.values)) if i not in node.taken and i not in node.out]
    place = {i: n for n, i in enumerate(free)}
    budget = task.budget - sum(task.costs[i] for i in node.taken)
    most = None if task.most is None else task.most - len(node.taken)
    if budget < 0 or (most is not None and most < 0):
        return Found(None, proven=True)
    limits = []
    for limit in apart:
        inside = limit.members & node.taken
        limits.append(
            Limit(
                frozenset(place[i] for i in limit.members if i in place),
                None if limit.cap is None else limit.cap - sum(task.costs[i] for i in inside),
                max(0, limit.least - len(inside)),
                None if limit.most is None else limit.most - len(inside),
            )
        )
    base = _value(task, node.taken)
    values, costs = [task.values[i] for i in free], [task.costs[i] for i in free]
    found = solve(values, costs, budget, most, limits, known - base)
    if found.chosen is None:
        return found
    return Found(node.taken | {free[n] for n in found.chosen}, found.proven)
