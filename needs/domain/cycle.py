"""民情闭环: what may become of a need, in one table. Collected, analysed, handled, answered, rated, closed.

A state says what a need waits for. `held` and `merged` are set aside: they remember the state they came from, and `BACK`
leads there again.
"""

from dataclasses import dataclass
from datetime import date

from workdays.domain import ONE, Overrides, add_workdays

COLLECTED, ANALYSED, HANDLING = "collected", "analysed", "handling"
FEEDBACK, RATING, CLOSED = "feedback", "rating", "closed"
HELD, REFUSED, MERGED = "held", "refused", "merged"
STATES = (COLLECTED, ANALYSED, HANDLING, FEEDBACK, RATING, CLOSED, HELD, REFUSED, MERGED)

PENDING = (COLLECTED, ANALYSED, HANDLING, FEEDBACK)  # somebody owes the next step: these can be overdue
OPEN = (*PENDING, RATING, HELD)
ASIDE = (HELD, MERGED)
BACK = "back"
STAYS = {state: state for state in PENDING}

# act → state it is done in → state it leads to
TABLE: dict[str, dict[str, str]] = {
    "analyse": {COLLECTED: ANALYSED, ANALYSED: ANALYSED},
    "begin": {ANALYSED: HANDLING},
    "order": {COLLECTED: HANDLING, ANALYSED: HANDLING, HANDLING: HANDLING},
    "finish": {HANDLING: FEEDBACK},
    "answer": {HANDLING: RATING, FEEDBACK: RATING},
    "close": {RATING: CLOSED},
    "give_back": {ANALYSED: COLLECTED, HANDLING: ANALYSED, FEEDBACK: HANDLING, RATING: HANDLING},
    "hold": {COLLECTED: HELD, ANALYSED: HELD, HANDLING: HELD},
    "resume": {HELD: BACK},
    "refuse": {COLLECTED: REFUSED, ANALYSED: REFUSED, HANDLING: REFUSED},
    "reopen": {REFUSED: COLLECTED, CLOSED: HANDLING},
    "transfer": {COLLECTED: COLLECTED, ANALYSED: COLLECTED, HANDLING: COLLECTED},
    "refer": {COLLECTED: HANDLING, ANALYSED: HANDLING, HANDLING: HANDLING},
    "escalate": STAYS,
    "assign": STAYS | {RATING: RATING, HELD: HELD},
    "merge": {COLLECTED: MERGED, ANALYSED: MERGED, HANDLING: MERGED, HELD: MERGED},
    "split": {MERGED: BACK},
}

# Acts that change the course of things only with a reason
WITH_REASON = frozenset({"give_back", "hold", "refuse", "reopen", "transfer", "refer", "escalate", "split", "finish"})
# Acts whose words the person who asked may read; the others are between colleagues
TOLD = frozenset({"refuse", "hold", "transfer", "refer", "reopen"})


class NotNow(ValueError):
    """The act is not possible in this state."""


def target(act: str, state: str, kept: str = "") -> str:
    """The state after `act`; `kept` is the state a need set aside came from. Raises NotNow, KeyError for no such act."""
    after = TABLE[act].get(state)
    if after is None:
        raise NotNow(f"{act} in {state}")
    if after != BACK:
        return after
    if kept not in STATES or kept == MERGED:
        raise NotNow(f"{act} in {state} without a state to go back to")
    return kept


def acts_in(state: str) -> list[str]:
    """What the table allows in a state."""
    return [act for act, moves in TABLE.items() if state in moves]


TIERS = ("grid", "community", "street")


def tier_above(tier: str) -> str:
    """网格 → 社区 → 街道; the street has nobody above."""
    at = TIERS.index(tier)
    return TIERS[min(at + 1, len(TIERS) - 1)]


@dataclass(frozen=True, slots=True)
class Terms:
    """Deadlines in working days, as known practice has them; each street sets its own."""

    analyse: int = 2
    now: int = 3
    line: int = 7
    joint: int = 15
    order: int = 30
    rate: int = 10
    answer: int = 5
    escalate: int = 3


def term_of(state: str, route: str, terms: Terms) -> int | None:
    """Working days for what a need waits for after a move into `state`; None: no deadline of its own runs."""
    if state == COLLECTED:
        return terms.analyse
    if state in (ANALYSED, HANDLING):
        return {"now": terms.now, "line": terms.line, "joint": terms.joint, "order": terms.order}.get(route)
    if state == RATING:
        return terms.rate
    return None


def due(start: date, days: int | None, overrides: Overrides) -> date | None:
    """The last day, `days` working days after `start`."""
    return None if days is None else add_workdays(start, days, overrides)


def late_since(today: date, days: int, overrides: Overrides) -> date:
    """The newest day of which the last of `days` working days after it is over: what came in then or before is late."""
    day = today - ONE
    while add_workdays(day, days, overrides) >= today:
        day -= ONE
    return day
