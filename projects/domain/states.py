"""The one table of state moves of a proposal."""

DRAFT, SUBMITTED, RETURNED, PASSED, REFUSED, WITHDRAWN = (
    "draft", "submitted", "returned", "passed", "refused", "withdrawn",
)  # fmt: skip

# act → (states it may start from, state it leads to)
MOVES: dict[str, tuple[tuple[str, ...], str]] = {
    "submit": ((DRAFT, RETURNED), SUBMITTED),
    "pass": ((SUBMITTED,), PASSED),
    "return": ((SUBMITTED,), RETURNED),
    "refuse": ((SUBMITTED,), REFUSED),
    "withdraw": ((SUBMITTED, RETURNED, PASSED), WITHDRAWN),
}
EDITABLE = (DRAFT, RETURNED)


def allowed(act: str, state: str) -> bool:
    """Whether an act may start from a state."""
    return state in MOVES[act][0]
