"""The proven best set under a budget, in exact integers: dominance between partial sets, pruned by the fractional bound."""

from bisect import bisect_right
from fractions import Fraction
from math import lcm


def best_set(items: list[tuple[Fraction, Fraction]], budget: Fraction) -> set[int]:
    """Indices of the items (score, cost), given in ranking order, whose total score is greatest within the budget.

    Among equal totals: more items, then less money, then the better-ranked item first; so the answer is unique.
    """
    scale = lcm(*(c.denominator for _, c in items), budget.denominator) if items else 1
    costs = [int(c * scale) for _, c in items]
    room = int(budget * scale)
    score_scale = lcm(*(s.denominator for s, _ in items)) if items else 1
    scores = [int(s * score_scale) for s, _ in items]
    n = len(items)
    # One integer holds the whole order of preference: score, then count, then money saved, then rank.
    money = 1 << (n + 1)
    count = money * (sum(costs) + 1)
    worth = count * (n + 1)
    values = [scores[i] * worth + count - costs[i] * money + (1 << (n - 1 - i)) for i in range(n)]
    usable = [i for i in range(n) if costs[i] <= room and values[i] > 0]
    free = {i for i in usable if costs[i] == 0}
    order = sorted((i for i in usable if costs[i]), key=lambda i: Fraction(values[i], costs[i]), reverse=True)
    return free | _search(order, costs, values, room)


def _search(order: list[int], costs: list[int], values: list[int], room: int) -> set[int]:
    """Walk the items by worth per cost; keep undominated partial sets that may still beat the best known."""
    sums_cost, sums_value = [0], [0]
    for i in order:
        sums_cost.append(sums_cost[-1] + costs[i])
        sums_value.append(sums_value[-1] + values[i])
    best_value, best_path = _greedy(order, costs, values, room)
    states: list[tuple[int, int, tuple[int, object] | None]] = [(0, 0, None)]
    for k, i in enumerate(order):
        cost, value = costs[i], values[i]
        taken = [(c + cost, v + value, (i, path)) for c, v, path in states if c + cost <= room]
        merged: list[tuple[int, int, tuple[int, object] | None]] = []
        top = -1
        for state in _merge(states, taken):
            if state[1] > top:
                top = state[1]
                merged.append(state)
        if merged and merged[-1][1] > best_value:
            best_value, best_path = merged[-1][1], _path(merged[-1][2])
        states = [s for s in merged if _bound(k + 1, s, order, costs, values, sums_cost, sums_value, room) > best_value]
        if not states:
            break
    return best_path


def _merge(
    a: list[tuple[int, int, tuple[int, object] | None]], b: list[tuple[int, int, tuple[int, object] | None]]
) -> list[tuple[int, int, tuple[int, object] | None]]:
    """Both lists by cost; of equal cost the more valuable first."""
    return sorted((*a, *b), key=lambda s: (s[0], -s[1]))


def _bound(
    k: int,
    state: tuple[int, int, tuple[int, object] | None],
    order: list[int],
    costs: list[int],
    values: list[int],
    sums_cost: list[int],
    sums_value: list[int],
    room: int,
) -> int:
    """No completion of this partial set by items from k on is worth more than this."""
    limit = room - state[0] + sums_cost[k]
    j = bisect_right(sums_cost, limit) - 1
    bound = state[1] + sums_value[j] - sums_value[k]
    if j < len(order):
        bound += (limit - sums_cost[j]) * values[order[j]] // costs[order[j]]
    return bound


def _greedy(order: list[int], costs: list[int], values: list[int], room: int) -> tuple[int, set[int]]:
    value, chosen = 0, set()
    for i in order:
        if costs[i] <= room:
            room -= costs[i]
            value += values[i]
            chosen.add(i)
    return value, chosen


def _path(path: object) -> set[int]:
    found = set()
    while isinstance(path, tuple):
        found.add(path[0])
        path = path[1]
    return found
