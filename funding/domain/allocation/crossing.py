"""Limits that cut across each other (a theme and an organization): branch and bound over the separate ones.

Limits that keep apart are left to the knapsack; the others are dropped at first. Where the best set breaks a dropped
limit, one of its members is once taken for certain and once left out. Every node's set is an upper bound for all below.
"""

import heapq
from dataclasses import dataclass
from fractions import Fraction

from funding.domain.allocation.knapsack import MOST_STATES, Effort, Found, Limit, solve

MOST_NODES = 600
PRICE_STEPS = 40


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
        return Found(_better(task, found.chosen, known), found.proven)
    loose = solve(task.values, task.costs, task.budget, task.most, [], None)
    first = frozenset(
        n for n, limit in enumerate(limits) if loose.chosen is not None and _breach(task, limit, loose.chosen)
    )
    return _Search(task, limits, _apart(limits, first), known).run()


def _better(task: Task, one: frozenset[int] | None, other: frozenset[int]) -> frozenset[int]:
    return one if one is not None and _value(task, one) > _value(task, other) else other


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


class _Search:
    """Branch and bound. The dropped limits have prices, so that breaking them does not pay too well."""

    def __init__(self, task: Task, limits: list[Limit], apart: list[Limit], known: frozenset[int]) -> None:
        self.task = task
        self.limits = limits
        self.apart = apart
        self.dropped = [limit for limit in limits if limit not in apart]
        self.of = [[n for n, limit in enumerate(self.dropped) if i in limit.members] for i in range(len(task.values))]
        self.by_money = [0] * len(self.dropped)  # price of a fen
        self.by_award = [0] * len(self.dropped)  # price of an award; negative where there are too few
        self.best, self.best_value = known, _value(task, known)
        self.proven = True
        self.effort = Effort(2 * MOST_STATES)

    def run(self) -> Found:
        self._set_prices()
        heap: list[tuple[int, int, _Node, frozenset[int]]] = []
        made = 0
        made += self._push(heap, _Node(frozenset(), frozenset()), made)
        while heap and self.proven:
            minus, _, node, chosen = heapq.heappop(heap)
            if -minus <= self.best_value:
                break
            if made >= MOST_NODES:
                self.proven = False
                break
            pick = self._pick(node, chosen)
            if pick is None:
                continue
            for child in (_Node(node.taken | {pick}, node.out), _Node(node.taken, node.out | {pick})):
                made += self._push(heap, child, made)
        return Found(self.best, self.proven)

    def _push(self, heap: list[tuple[int, int, _Node, frozenset[int]]], node: _Node, made: int) -> int:
        settled = _settle(self.task, self.limits, node)
        if settled is None:
            return 0
        bound, chosen = self._relaxed(settled)
        if chosen is not None and bound > self.best_value:
            heapq.heappush(heap, (-bound, made, settled, chosen))
        return 1

    def _pick(self, node: _Node, chosen: frozenset[int]) -> int | None:
        """A member to branch on: of a broken limit, else of a priced one that is not used up."""
        free = [i for i in range(len(self.task.values)) if i not in node.taken and i not in node.out]
        for limit in self.limits:
            broken = _breach(self.task, limit, chosen).intersection(free)
            if broken:
                return max(broken, key=lambda i: self.task.values[i])
        priced = [i for i in free if any(self.by_money[n] or self.by_award[n] for n in self.of[i])]
        return max(priced, key=lambda i: self.task.values[i], default=None)

    def _set_prices(self) -> None:
        """Subgradient steps: a limit that is broken grows dearer, one that is kept grows cheaper."""
        root = _Node(frozenset(), frozenset())
        least: tuple[int, list[int], list[int]] | None = None
        pace = Fraction(1)
        for _ in range(PRICE_STEPS):
            bound, chosen = self._relaxed(root, prune=False)
            if chosen is None or not self.proven:
                break
            if least is None or bound < least[0]:
                least = (bound, list(self.by_money), list(self.by_award))
            else:
                pace *= Fraction(4, 5)
            moves = [self._excess(limit, chosen) for limit in self.dropped]
            norm = sum((m * m + a * a for m, a in moves), Fraction(0))
            if not norm or bound <= self.best_value:
                break
            step = pace * (bound - self.best_value) / norm
            for n, (limit, (money, award)) in enumerate(zip(self.dropped, moves, strict=True)):
                if limit.cap:
                    self.by_money[n] = max(0, self.by_money[n] + int(step * money / limit.cap))
                changed = self.by_award[n] + int(step * award / max(1, limit.most or limit.least))
                low = changed if limit.least else max(0, changed)
                self.by_award[n] = low if limit.most is not None else min(0, low)
        if least is not None:
            _, self.by_money, self.by_award = least

    def _excess(self, limit: Limit, chosen: frozenset[int]) -> tuple[Fraction, Fraction]:
        """How far a set is above a limit, as parts of the limit: money, and awards (below zero: too few)."""
        inside = limit.members & chosen
        money = Fraction(0)
        if limit.cap:
            money = Fraction(sum(self.task.costs[i] for i in inside) - limit.cap, limit.cap)
        scale = max(1, limit.most or limit.least)
        if limit.most is not None and (len(inside) > limit.most or not limit.least):
            return money, Fraction(len(inside) - limit.most, scale)
        if len(inside) < limit.least or limit.most is None:
            return money, Fraction(len(inside) - limit.least, scale)
        return money, Fraction(0)

    def _relaxed(self, node: _Node, *, prune: bool = True) -> tuple[int, frozenset[int] | None]:
        """An upper bound for every allowed set of the node, and the set that reaches it; None where none beats the best.

        A set that keeps all limits becomes the best one if it is worth more.
        """
        task = self.task
        values = [
            v - sum(self.by_award[n] + self.by_money[n] * task.costs[i] for n in self.of[i])
            for i, v in enumerate(task.values)
        ]
        refund = 0
        for n, limit in enumerate(self.dropped):
            price = self.by_award[n]
            refund += price * ((limit.most or 0) if price > 0 else limit.least) + self.by_money[n] * (limit.cap or 0)
        priced = Task(values, task.costs, task.budget, task.most, task.limits)
        found = _fixed(priced, self.apart, node, self.best_value - refund if prune else None, self.effort)
        self.proven = self.proven and found.proven
        if found.chosen is None:
            return self.best_value, None
        bound = sum(values[i] for i in found.chosen) + refund
        self._repair(found.chosen)
        return bound, found.chosen

    def _repair(self, chosen: frozenset[int]) -> None:
        """Make an allowed set of a relaxed one: take out what breaks a limit, fill up again; keep it if it is better."""
        task = self.task
        kept = set(chosen)
        for limit in self.limits:
            while len(inside := limit.members & kept) > 0 and (
                (limit.most is not None and len(inside) > limit.most)
                or (limit.cap is not None and sum(task.costs[i] for i in inside) > limit.cap)
            ):
                kept.remove(min(inside, key=lambda i: (task.values[i], i)))
        left = task.budget - sum(task.costs[i] for i in kept)
        rest = [i for i in range(len(task.values)) if i not in kept and task.values[i] > 0]
        for i in sorted(rest, key=lambda i: (Fraction(-task.values[i], max(1, task.costs[i])), i)):
            fits = task.costs[i] <= left and (task.most is None or len(kept) < task.most)
            if fits and not any(_breach_above(task, limit, kept | {i}) for limit in self.limits if i in limit.members):
                kept.add(i)
                left -= task.costs[i]
        if any(len(limit.members & kept) < limit.least for limit in self.limits):
            return
        value = _value(task, frozenset(kept))
        if value > self.best_value:
            self.best, self.best_value = frozenset(kept), value


def _breach_above(task: Task, limit: Limit, chosen: set[int]) -> bool:
    inside = limit.members & chosen
    return (limit.most is not None and len(inside) > limit.most) or (
        limit.cap is not None and sum(task.costs[i] for i in inside) > limit.cap
    )


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


def _fixed(task: Task, apart: list[Limit], node: _Node, known: int | None, effort: Effort) -> Found:
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
    found = solve(values, costs, budget, most, limits, None if known is None else known - base, effort)
    if found.chosen is None:
        return found
    return Found(node.taken | {free[n] for n in found.chosen}, found.proven)
