"""The projects that must be taken first so that each group gets its least number of awards."""

from collections.abc import Callable, Sequence

from core.errors import FormatError
from funding.domain.allocation.ledger import Ledger
from funding.domain.allocation.model import Case, Group, Project

MOST_TRIES = 20_000


def infeasible(group: Group, had: int) -> FormatError:
    """The refusal of a least number that cannot be met."""
    return FormatError(
        f"{group.path}.min_awards",
        "infeasible_minima",
        f"{group.label}至少应资助 {group.min_awards} 项，按预算、分数和各项限制最多只能做到 {had} 项。",
    )


def taken_first(case: Case, candidates: Sequence[Project], amount_of: Callable[[Project], int]) -> list[Project]:
    """Return the best-ranked projects that meet every group's `min_awards`, in ranking order.

    `candidates` are eligible, in ranking order. The answer is the first in ranking order among all that the money and
    the limits allow: a better project gives way only where no choice with it can meet the minima.
    Raises FormatError `infeasible_minima` where there is none.
    """
    wanted = [n for n, group in enumerate(case.groups) if group.min_awards]
    if not wanted:
        return []
    ledger = Ledger(case)
    members = [p for p in candidates if any(n in wanted for n in ledger.groups(p))]
    chosen: list[int] = []
    most = dict.fromkeys(wanted, 0)
    at = 0
    for _ in range(MOST_TRIES):
        short = [n for n in wanted if ledger.counts[n] < case.groups[n].min_awards]
        for n in wanted:
            most[n] = max(most[n], ledger.counts[n])
        if not short:
            return [members[n] for n in chosen]
        following = _next(case, ledger, members, at, short, amount_of)
        if following is not None:
            ledger.take(members[following], amount_of(members[following]))
            chosen.append(following)
            at = following + 1
        elif chosen:
            last = chosen.pop()
            ledger.give_back(members[last], amount_of(members[last]))
            at = last + 1
        else:
            n = next((n for n in short if most[n] < case.groups[n].min_awards), short[0])
            raise infeasible(case.groups[n], most[n])
    raise FormatError(
        "limits.groups", "minima_unsettled", "各组最少项数互相牵制，无法在限定步数内确定名单，请减少限制。"
    )


def _next(
    case: Case,
    ledger: Ledger,
    members: list[Project],
    at: int,
    short: list[int],
    amount_of: Callable[[Project], int],
) -> int | None:
    """Position of the next member to try, or None where the rest cannot meet the minima any more."""
    open_ = [
        n
        for n in range(at, len(members))
        if amount_of(members[n]) <= ledger.left and not ledger.forbids(members[n], amount_of(members[n]))
    ]
    for group in short:
        need = case.groups[group].min_awards - ledger.counts[group]
        costs = sorted(amount_of(members[n]) for n in open_ if group in ledger.groups(members[n]))
        if len(costs) < need or sum(costs[:need]) > ledger.left:
            return None
    return next((n for n in open_ if any(g in short for g in ledger.groups(members[n]))), None)
