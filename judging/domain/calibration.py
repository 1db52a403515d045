"""How lenient each judge is: total = proposal + judge, by least squares, exact.

The proposals are eliminated by hand: with the judge effects given, a proposal's value is the mean of its totals less
those effects. What is left are normal equations of the judges alone, solved over whole numbers without fractions
(Bareiss 1968), so 600 dives by 50 judges take a fraction of a second.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from core.errors import FormatError

Cells = Mapping[str, Sequence[tuple[int, int]]]  # proposal → (seat of the judge, total)


def judge_effects(cells: Cells, ridge: Fraction) -> dict[int, Fraction]:
    """Seat → effect, in the unit of the totals; positive is lenient; the effects sum to zero.

    Minimizes Σ (total − proposal − judge)² + ridge × Σ judge². Only judges with a total have an effect. Raises
    FormatError `unlinked_panels` where panels share no judge and no proposal: nothing compares them.
    """
    _refuse_unlinked(cells)
    seats = sorted({seat for totals in cells.values() for seat, _ in totals})
    place = {seat: i for i, seat in enumerate(seats)}
    n = len(seats)
    # Everything is multiplied by `common`, so that the mean over a panel and the ridge are whole numbers.
    common = lcm(ridge.denominator, *(len(totals) for totals in cells.values() if totals))
    penalty = int(ridge * common)
    rows = [[0] * (n + 1) for _ in range(n)]
    for totals in cells.values():
        if not totals:
            continue
        share = common // len(totals)
        added = share * sum(total for _, total in totals)
        places = [place[seat] for seat, _ in totals]
        for (_, total), i in zip(totals, places, strict=True):
            row = rows[i]
            row[i] += common
            row[n] += common * total - added
            for k in places:
                row[k] -= share
    for i, row in enumerate(rows):
        row[i] += penalty
        # The equations determine the effects but for a constant. Adding "the effects sum to zero" to each of them keeps
        # the solution, since the columns of the rest sum to nothing but the penalty, and makes it the only one.
        for k in range(n):
            row[k] += common
    return dict(zip(seats, solve(rows), strict=True))


def _refuse_unlinked(cells: Cells) -> None:
    group: dict[int, int] = {}

    def root(seat: int) -> int:
        while group.setdefault(seat, seat) != seat:
            group[seat] = group[group[seat]]
            seat = group[seat]
        return seat

    for totals in cells.values():
        for seat, _ in totals:
            group[root(seat)] = root(totals[0][0])
    if len({root(seat) for seat in list(group)}) > 1:
        raise FormatError(
            "rule.calibration", "unlinked_panels", "有的评委组与其他组没有共同的评委，也没有共同的项目，无法互相校准。"
        )


def solve(rows: list[list[int]]) -> list[Fraction]:
    """Solve the regular system [A|b] of whole numbers exactly, by fraction-free elimination. `rows` is used up."""
    n = len(rows)
    for row in rows:
        divisor = gcd(*row) or 1
        row[:] = [x // divisor for x in row]
    before = 1
    for k in range(n):
        pivot = next(i for i in range(k, n) if rows[i][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        top, head = rows[k], rows[k][k]
        for i in range(k + 1, n):
            row, factor = rows[i], rows[i][k]
            # Bareiss: the division leaves no remainder.
            rows[i] = [0] * (k + 1) + [(row[c] * head - factor * top[c]) // before for c in range(k + 1, n + 1)]
        before = head
    # The last pivot is the determinant, a common denominator of all unknowns: stay with whole numerators.
    numerators = [0] * n
    for i in range(n - 1, -1, -1):
        rest = rows[i][n] * before - sum(rows[i][k] * numerators[k] for k in range(i + 1, n))
        numerators[i] = rest // rows[i][i]
    return [Fraction(x, before) for x in numerators]
