"""The best set under a budget and limits, in integers, proven by bounds.

Every candidate has one integer value that already holds all tie-breaks, so the best set is unique and no order of the
work can change it. Limits that split the candidates into separate groups are solved exactly: within each group a list
of undominated partial sets (weight, value), then the groups' lists are joined. Both keep only what can still come
within `gap` of an upper bound; the gap is widened until a whole set lies inside it, which is then the best. The bound
puts a price on the budget and one on each award (Lagrange multipliers), and fills each group fractionally. The idea of
the lists is Nemhauser and Ullmann's (1969), that of the bounds Dantzig's (1957).
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

MOST_STATES = 600_000
BEAM = 600  # partial sets kept at each step where the proof is given up


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `cap` money in all (None: no cap), and between `least` and `most` awards, among `members`."""

    members: frozenset[int]
    cap: int | None
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """The set (None where nothing is allowed) and whether it is proven to be the best."""

    chosen: frozenset[int] | None
    proven: bool


class TooMany(Exception):
    """More partial sets than one may try."""


class State(NamedTuple):
    weight: int
    value: int
    chosen: "tuple[object, object] | None"


Lists = dict[int, list[State]]


class Part:
    """One group with its own limits, its bound and its list."""

    def __init__(self, members: Iterable[int], limit: Limit, values: list[int], costs: list[int], budget: int) -> None:
        cap = budget if limit.cap is None else min(limit.cap, budget)
        self.members = [i for i in members if costs[i] <= cap]
        self.cap = cap
        self.least = limit.least
        self.most = len(self.members) if limit.most is None else min(limit.most, len(self.members))
        self.values = values
        self.costs = costs

    def price(self, money: int, award: int) -> None:
        """Set the prices of a fen and of an award; order the members and prepare the bound."""
        self.money, self.award = money, award

        def worth(i: int) -> tuple[int, int]:
            net = self.values[i] - award
            if self.costs[i]:
                return (0 if net > 0 else 1, -((net << 64) // self.costs[i]))
            return (-1 if net > 0 else 2, -net)

        self.order = sorted(self.members, key=worth)
        self.gains = [self.values[i] - award - money * self.costs[i] for i in self.order]
        self.positive = 0
        self.sum_cost, self.sum_gain = [0], [0]
        for i, gain in zip(self.order, self.gains, strict=True):
            if gain <= 0:
                break
            self.positive += 1
            self.sum_cost.append(self.sum_cost[-1] + self.costs[i])
            self.sum_gain.append(self.sum_gain[-1] + gain)
        self.counted = self.least > 0 or self.most < len(self.members)
        self.tops: dict[int, list[int]] = {}
        self.best = self.bound(0, self.cap, 0)

    def top(self, at: int) -> list[int]:
        """Sums of the greatest gains among the members from `at` on, by how many are taken."""
        if at not in self.tops:
            sums = [0]
            for gain in sorted(self.gains[at:], reverse=True):
                sums.append(sums[-1] + gain)
            self.tops[at] = sums
        return self.tops[at]

    def bound(self, at: int, room: int, count: int) -> int | None:
        """No choice among the members from `at` on gains more than this; None where there is no choice at all."""
        if at >= self.positive:
            found = 0
        else:
            limit = room + self.sum_cost[at]
            j = bisect_right(self.sum_cost, limit, at) - 1
            found = self.sum_gain[j] - self.sum_gain[at]
            if j < self.positive:
                found += (limit - self.sum_cost[j]) * self.gains[j] // self.costs[self.order[j]]
        if self.counted:
            need, allow = max(0, self.least - count), self.most - count
            rest = len(self.order) - at
            if need > min(rest, allow):
                return None
            sums = self.top(at)
            wanted = max(self.positive - at, 0)
            found = min(found, sums[min(max(wanted, need), allow, rest)])
        return found

    def lists(self, gap: int, *, by_count: bool, effort: "Effort") -> Lists:
        """Undominated choices whose gain comes within `gap` of the bound, by number of awards (0 where it is free)."""
        if self.best is None:
            return {}
        floor = self.best - gap
        keyed = by_count or self.counted
        states: Lists = {0: [State(0, 0, None)]}
        for at, i in enumerate(self.order):
            cost, value = self.costs[i], self.values[i]
            fresh: dict[int, list[State]] = {}
            for count, rows in states.items():
                fresh.setdefault(count, []).extend(rows)
                up = count + 1 if keyed else 0
                if up > self.most:
                    continue
                room = self.cap - cost
                fresh.setdefault(up, []).extend(
                    State(w + cost, v + value, (i, path)) for w, v, path in rows if w <= room
                )
            states = {}
            for count, rows in fresh.items():
                kept = self._keep(rows, at + 1, count, floor, effort.beam_of(len(fresh)))
                if kept:
                    effort.spend(len(rows))
                    states[count] = kept
        if self.least:
            states = {count: rows for count, rows in states.items() if count >= self.least}
        if keyed and not by_count:
            merged = [state for rows in states.values() for state in rows]
            return {0: undominated(merged)} if merged else {}
        return states

    def _keep(self, rows: list[State], at: int, count: int, floor: int, beam: int | None) -> list[State]:
        kept: list[tuple[int, State]] = []
        money, fixed = self.money, self.award * count
        for state in undominated(rows):
            bound = self.bound(at, self.cap - state.weight, count)
            if bound is None:
                return []
            reach = state.value - money * state.weight - fixed + bound
            if reach >= floor:
                kept.append((reach, state))
        if beam is not None and len(kept) > beam:
            spread = kept[:: -(-len(kept) // (beam // 2))]
            kept.sort(key=lambda pair: -pair[0])
            kept = [*kept[: beam // 2], *spread]
        return [state for _, state in kept]


class Effort:
    """Counts partial sets, so that a hopeless search ends the same way on every machine.

    With a `beam`, only so many of the most promising are kept at each step: quick, and no proof.
    """

    def __init__(self, most: int | None = None, beam: int | None = None) -> None:
        self.left = most
        self.beam = beam

    def beam_of(self, counts: int) -> int | None:
        """The part of the beam for one of so many numbers of awards."""
        return None if self.beam is None else max(8, self.beam // counts)

    def spend(self, number: int) -> None:
        if self.left is None:
            return
        self.left -= number
        if self.left < 0:
            raise TooMany


def undominated(rows: list[State]) -> list[State]:
    """Only the sets for which no lighter or equal one is worth as much, lightest first."""
    rows.sort(key=lambda s: (s.weight, -s.value))
    kept: list[State] = []
    top: int | None = None
    for state in rows:
        if top is None or state.value > top:
            kept.append(state)
            top = state.value
    return kept


def unroll(path: object) -> frozenset[int]:
    """The members on a path, whose links are (member, path before) or (path, path)."""
    found, open_ = [], [path]
    while open_:
        link = open_.pop()
        while isinstance(link, tuple):
            head, link = link
            if isinstance(head, int):
                found.append(head)
            elif head is not None:
                open_.append(head)
    return frozenset(found)


def solve(
    values: list[int],
    costs: list[int],
    budget: int,
    most: int | None,
    limits: list[Limit],
    known: int | None,
) -> Found:
    """Return the best set under separate (disjoint) limits. `known` is the value of some allowed set, if one is known.

    Not proven where the search would try more partial sets than MOST_STATES; then `chosen` is a good set that was
    found on the way, or None.
    """
    grouped = frozenset().union(*(limit.members for limit in limits))
    free = frozenset(range(len(values))) - grouped
    parts = [Part(sorted(limit.members), limit, values, costs, budget) for limit in limits]
    if free or not parts:
        parts.append(Part(sorted(free), Limit(free, None, 0, None), values, costs, budget))
    if most is not None and most >= len(values):
        most = None
    money, award = _prices(parts, budget, most)
    for part in parts:
        part.price(money, award)
    if any(part.best is None for part in parts):
        return Found(None, proven=True)
    bound = money * budget + award * (most or 0) + sum(part.best or 0 for part in parts)
    widest = bound - known if known is not None else bound - sum(min(v, 0) for v in values)
    effort = Effort(MOST_STATES)
    gap = min(widest, max(1, bound >> 13))
    while True:
        try:
            found = _join(parts, budget, most, gap, effort)
        except TooMany:
            return Found(_hasty(parts, budget, most, gap, widest), proven=False)
        if found is not None and found.value >= bound - gap:
            return Found(unroll(found.chosen), proven=True)
        if gap >= widest:
            return Found(None if found is None else unroll(found.chosen), proven=True)
        gap = min(widest, gap * 3)


def _hasty(parts: list[Part], budget: int, most: int | None, gap: int, widest: int) -> frozenset[int] | None:
    """A good set without proof, or None."""
    while True:
        found = _join(parts, budget, most, gap, Effort(beam=BEAM))
        if found is not None:
            return unroll(found.chosen)
        if gap >= widest:
            return None
        gap = min(widest, gap * 16)


def _total(parts: list[Part], budget: int, most: int | None, money: int, award: int) -> int:
    total = money * budget + award * (most or 0)
    for part in parts:
        part.price(money, award)
        total += part.best or 0
    return total


def _prices(parts: list[Part], budget: int, most: int | None) -> tuple[int, int]:
    """Prices of a fen and of an award that make the bound small; any prices give a true bound."""
    single = len(parts) == 1  # its cap is the budget itself
    values, costs = parts[0].values, parts[0].costs
    dearest = max((abs(v) // max(1, c) for v, c in zip(values, costs, strict=True)), default=0)
    largest = max((abs(v) for v in values), default=0)
    money = award = 0
    for _ in range(4):
        before = (money, award)
        if not single:
            money = _least(lambda price, fixed=award: _total(parts, budget, most, price, fixed), dearest)  # type: ignore[misc]
        if most is None:
            break
        award = _least(lambda price, fixed=money: _total(parts, budget, most, fixed, price), largest)  # type: ignore[misc]
        if single or (money, award) == before:
            break
    return money, award


def _least(of: Callable[[int], int], high: int) -> int:
    """Where a convex function of whole numbers from 0 to `high` is (nearly) least."""
    low = 0
    for _ in range(60):
        if high - low < 3:
            break
        a, b = low + (high - low) // 3, high - (high - low) // 3
        if of(a) <= of(b):
            high = b
        else:
            low = a
    return min(range(low, min(high, low + 3) + 1), key=of)


def _join(parts: list[Part], budget: int, most: int | None, gap: int, effort: Effort) -> State | None:
    """Join the groups' lists; return the best whole set within the gap, or None."""
    by_count = most is not None
    money, award = parts[0].money, parts[0].award
    lists = [part.lists(gap, by_count=by_count, effort=effort) for part in parts]
    if not all(lists):
        return None
    joined: Lists = {0: [State(0, 0, None)]}
    reached = 0
    order = sorted(range(len(parts)), key=lambda n: sum(len(rows) for rows in lists[n].values()))
    for n in order:
        reached += parts[n].best or 0
        fresh: dict[int, list[State]] = {}
        for count, rows in joined.items():
            for more, others in lists[n].items():
                up = count + more
                if most is not None and up > most:
                    continue
                floor = reached - gap + award * up
                room = fresh.setdefault(up, [])
                _cross(rows, others, budget, money, floor, room, effort)
        joined = {}
        for count, rows in fresh.items():
            kept = undominated(rows)
            beam = effort.beam_of(len(fresh))
            if beam is not None and len(kept) > beam:
                spread = kept[:: -(-len(kept) // (beam // 2))]
                kept.sort(key=lambda s: money * s.weight - s.value)
                kept = undominated([*kept[: beam // 2], *spread])
            if kept:
                joined[count] = kept
    best = [rows[-1] for rows in joined.values()]
    return max(best, key=lambda s: s.value) if best else None


def _cross(
    rows: list[State], others: list[State], budget: int, money: int, floor: int, into: list[State], effort: Effort
) -> None:
    """All pairs of two lists that fit the budget and whose gain reaches the floor."""
    ranked = sorted(((s.value - money * s.weight, s) for s in others), key=lambda pair: -pair[0])
    for state in rows:
        need = floor - (state.value - money * state.weight)
        room = budget - state.weight
        tried = 0
        for gain, other in ranked:
            if gain < need:
                break
            tried += 1
            if other.weight <= room:
                into.append(State(state.weight + other.weight, state.value + other.value, (state.chosen, other.chosen)))
        effort.spend(tried)
