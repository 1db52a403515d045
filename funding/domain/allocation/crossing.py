"""The best set under limits of any shape: the knapsack where they keep apart, a mixed-integer solver where they cross.

The solver (HiGHS) is asked one question after the other, each answer a condition of the next: the greatest sum of
scores, then the most awards, then the least money, then the better-ranked project first. It counts in floating point,
so every answer is rounded and checked in integers, and its bound must exclude a better one; else nothing is claimed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from funding.domain.allocation.knapsack import Found, Limit, solve

MOST_NODES = 50_000  # per question: a hopeless search ends the same way on every machine
MOST_SECONDS = 60.0  # and never holds a worker for longer than this
LARGEST = 2 * 10**9  # sums up to here are told apart by the solver's tolerances
BLOCK = 24  # ranks weighed at a time as powers of two


@dataclass(frozen=True, slots=True)
class Task:
    """Scores (whole numbers), costs, budget and limits, by position; positions are ranks, the best first."""

    scores: list[int]
    costs: list[int]
    budget: int
    most: int | None
    limits: list[Limit]

    def values(self) -> list[int]:
        """One integer per candidate whose sums order the sets: score, then number, then money saved, then rank."""
        n = len(self.scores)
        money = sum(self.costs) + 1
        return [
            (((score * (n + 1) + 1) * money - cost) << n) | (1 << (n - 1 - place))
            for place, (score, cost) in enumerate(zip(self.scores, self.costs, strict=True))
        ]

    def keeps(self, chosen: frozenset[int]) -> bool:
        """Whether a set keeps the budget and every limit."""
        return (
            sum(self.costs[i] for i in chosen) <= self.budget
            and (self.most is None or len(chosen) <= self.most)
            and all(_kept(self, limit, chosen) for limit in self.limits)
        )


def best_set(task: Task, known: frozenset[int] | None) -> Found:
    """Return the best allowed set; None and proven where nothing is allowed.

    `known` is an allowed set where one is known; it is the answer where none better was found and the proof given up.
    """
    limits = _binding(task)
    values = task.values()
    found = Found(None, proven=False)
    if _keep_apart(limits):
        start = None if known is None else sum(values[i] for i in known)
        found = solve(values, task.costs, task.budget, task.most, limits, start)
        if found.proven:
            return Found(found.chosen if found.chosen is not None else known, proven=True)
    asked = Solver(task, limits).run()
    if asked.proven:
        return asked
    sets = [s for s in (found.chosen, asked.chosen, known) if s is not None]
    return Found(max(sets, key=lambda s: sum(values[i] for i in s), default=None), proven=False)


def _kept(task: Task, limit: Limit, chosen: frozenset[int]) -> bool:
    inside = limit.members & chosen
    return (
        len(inside) >= limit.least
        and (limit.most is None or len(inside) <= limit.most)
        and (limit.cap is None or sum(task.costs[i] for i in inside) <= limit.cap)
    )


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


def _keep_apart(limits: Iterable[Limit]) -> bool:
    taken: set[int] = set()
    for limit in limits:
        if limit.members & taken:
            return False
        taken |= limit.members
    return True


class Solver:
    """One model of yes-or-no variables, asked several times."""

    def __init__(self, task: Task, limits: list[Limit]) -> None:
        self.task = task
        self.limits = limits
        self.size = len(task.scores)
        self.unit = math.gcd(*task.costs) or 1
        self.costs = [cost // self.unit for cost in task.costs]
        grain = math.gcd(*task.scores) or 1
        self.scores = [score // grain for score in task.scores]

    def run(self) -> Found:
        """Ask everything; not proven where a sum is too large for it, or a question was given up."""
        if max(sum(map(abs, self.scores)), min(sum(self.costs), self.task.budget // self.unit)) > LARGEST:
            return Found(None, proven=False)
        self._build()
        chosen: frozenset[int] | None = None
        for goal in (self.scores, [1] * self.size, [-cost for cost in self.costs]):
            answer = self._ask(goal, chosen)
            if answer.chosen is None or not answer.proven:
                return answer if answer.chosen is not None or chosen is None else Found(chosen, proven=False)
            chosen = answer.chosen
            self._row(range(self.size), goal, least=sum(goal[i] for i in chosen))
        return self._by_rank(chosen or frozenset())

    def _build(self) -> None:
        from highspy import Highs, HighsVarType, ObjSense

        self.model = Highs()  # type: ignore[no-untyped-call]
        options = {"output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5}
        for name, value in {**options, "mip_max_nodes": MOST_NODES, "time_limit": MOST_SECONDS}.items():
            self.model.setOptionValue(name, value)
        places = list(range(self.size))
        self.model.addVars(self.size, [0.0] * self.size, [1.0] * self.size)
        for place in places:
            self.model.changeColIntegrality(place, HighsVarType.kInteger)
        self.model.changeObjectiveSense(ObjSense.kMaximize)
        self._row(places, self.costs, most=self.task.budget // self.unit)
        if self.task.most is not None:
            self._row(places, [1] * self.size, most=self.task.most)
        for limit in self.limits:
            members = sorted(limit.members)
            if limit.cap is not None:
                self._row(members, [self.costs[i] for i in members], most=limit.cap // self.unit)
            if limit.least or limit.most is not None:
                self._row(members, [1] * len(members), least=limit.least, most=limit.most)

    def _row(
        self, members: Sequence[int], weights: list[int], *, least: int | None = None, most: int | None = None
    ) -> None:
        low = -math.inf if least is None else float(least)
        high = math.inf if most is None else float(most)
        self.model.addRow(low, high, len(members), list(members), [float(w) for w in weights])

    def _ask(self, goal: list[int], start: frozenset[int] | None) -> Found:
        """The set with the greatest sum of `goal`; (None, proven) where there is none."""
        from highspy import HighsModelStatus

        self.model.changeColsCost(self.size, list(range(self.size)), [float(g) for g in goal])
        if start is not None:
            self.model.setSolution(self.size, list(range(self.size)), [float(i in start) for i in range(self.size)])
        self.model.run()
        status = self.model.getModelStatus()
        if status == HighsModelStatus.kInfeasible:
            return Found(None, proven=True)
        told = self.model.getSolution().col_value
        chosen = frozenset(i for i, value in enumerate(told) if value > 1 / 2)
        if len(told) != self.size or not self.task.keeps(chosen):
            return Found(None, proven=False)
        bound = self.model.getInfo().mip_dual_bound
        proven = status == HighsModelStatus.kOptimal and bound < sum(goal[i] for i in chosen) + 1
        return Found(chosen, proven)

    def _by_rank(self, chosen: frozenset[int]) -> Found:
        """Among sets alike in score, number and money: the one with the better-ranked project where two differ first."""
        for first in range(0, self.size, BLOCK):
            other = self._another(chosen)
            if other.chosen is None:
                return Found(chosen, other.proven)
            block = range(first, min(first + BLOCK, self.size))
            goal = [0] * self.size
            for place in block:
                goal[place] = 1 << (block[-1] - place)
            answer = self._ask(goal, chosen)
            if answer.chosen is None or not answer.proven:
                return Found(chosen, proven=False)
            chosen = answer.chosen
            for place in block:
                self.model.changeColBounds(place, float(place in chosen), float(place in chosen))
        return Found(chosen, proven=True)

    def _another(self, chosen: frozenset[int]) -> Found:
        """Whether any other set would do as well."""
        row = self.model.getNumRow()
        self._row(range(self.size), [-1 if i in chosen else 1 for i in range(self.size)], least=1 - len(chosen))
        answer = self._ask([0] * self.size, None)
        self.model.deleteRows(1, [row])
        return answer
