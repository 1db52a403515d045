"""When a resident may rate; who sees and checks what projects spend, and how far their budgets are."""

from delivery.rules.expense import (
    CHECKERS,
    can_check,
    can_write,
    checkable,
    checks_any,
    open_tasks,
    reads_any,
    visible_expenses,
    visible_projects,
)
from delivery.rules.rating import rateable, ratings_of
from delivery.rules.spending import (
    Books,
    alike,
    books,
    findings_of,
    next_instalment,
    payments_in_question,
    spent,
    used_elsewhere,
)

__all__ = [
    "CHECKERS",
    "Books",
    "alike",
    "books",
    "can_check",
    "can_write",
    "checkable",
    "checks_any",
    "findings_of",
    "next_instalment",
    "open_tasks",
    "payments_in_question",
    "rateable",
    "ratings_of",
    "reads_any",
    "spent",
    "used_elsewhere",
    "visible_expenses",
    "visible_projects",
]
