"""Judges' severity by the additive model: total = proposal + judge, least squares, exact."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

from core.errors import FormatError

Cell = tuple[str, str, Fraction]  # judge, proposal, total


def judge_effects(cells: Sequence[Cell], judges: Sequence[str], ridge: Fraction) -> dict[str, Fraction]:
    """The effect of each judge who has a sheet, summing to zero; positive is lenient.

    Minimizes Σ (total − proposal − judge)² + ridge × Σ judge². Refuses panels that share no judge and no proposal.
    """
    present = [j for j in judges if any(c[0] == j for c in cells)]
    if not present:
        return {}
    _refuse_unlinked(cells)
    place = {j: i for i, j in enumerate(present)}
    by_proposal: dict[str, list[tuple[int, Fraction]]] = {}
    for judge, proposal, total in cells:
        by_proposal.setdefault(proposal, []).append((place[judge], total))
    n = len(present)
    matrix = [[Fraction(0)] * (n + 1) for _ in range(n)]
    for marks in by_proposal.values():
        size, mean = len(marks), sum((t for _, t in marks), Fraction(0)) / len(marks)
        for i, total in marks:
            matrix[i][i] += 1
            matrix[i][n] += total - mean
            for k, _ in marks:
                matrix[i][k] -= Fraction(1, size)
    for i in range(n):
        matrix[i][i] += ridge
    # The effects sum to zero: adding one equation to all of them keeps the solution and makes the system regular.
    for row in matrix:
        for k in range(n):
            row[k] += 1
    return dict(zip(present, solve(matrix), strict=True))


def _refuse_unlinked(cells: Sequence[Cell]) -> None:
    parent: dict[str, str] = {}

    def root(x: str) -> str:
        while parent.setdefault(x, x) != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for judge, proposal, _ in cells:
        parent[root(f"j{judge}")] = root(f"p{proposal}")
    if len({root(x) for x in list(parent)}) > 1:
        raise FormatError("rule.calibration", "unlinked_panels", "有的评委组之间没有共同的评委或项目，不能校准。")


def solve(matrix: list[list[Fraction]]) -> list[Fraction]:
    """Solve a regular system [A|b] exactly, by fraction-free elimination over integers."""
    rows = []
    for row in matrix:
        scale = lcm(*(x.denominator for x in row))
        rows.append([int(x * scale) for x in row])
    n, before = len(rows), 1
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        top, head = rows[k], rows[k][k]
        for i in range(k + 1, n):
            factor = rows[i][k]
            row = rows[i]
            rows[i] = [0] * (k + 1) + [(row[c] * head - factor * top[c]) // before for c in range(k + 1, n + 1)]
        before = head
    found = [Fraction(0)] * n
    for i in range(n - 1, -1, -1):
        rest = rows[i][n] - sum((rows[i][k] * found[k] for k in range(i + 1, n)), Fraction(0))
        found[i] = Fraction(rest) / rows[i][i]
    return found


def by_judge(cells: Sequence[Cell]) -> Mapping[str, list[Fraction]]:
    """Totals per judge, in the order of the cells."""
    found: dict[str, list[Fraction]] = {}
    for judge, _, total in cells:
        found.setdefault(judge, []).append(total)
    return found
