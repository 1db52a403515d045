"""Who may see and do what with money, and what the books say."""

from datetime import datetime
from typing import Any

from accounts.models import User
from funding.rules import agreement, plan
from funding.rules.agreement import (
    SHOWN,
    can_add_paper,
    can_approve,
    can_approve_agreement,
    can_check,
    can_end,
    can_pay,
    can_request,
    funds_for,
    hindrance,
    keeps_funds,
    papers_missing,
    payee_shown,
    purses,
    twice,
    visible_agreements,
    visible_funds,
    visible_payments,
    visible_versions,
    waiting_awards,
)
from funding.rules.books import (
    books,
    fund_balances,
    granted_heads,
    net_by_draw,
    net_by_instalment,
    paid_by_instalment,
    percent,
    standing_award,
)
from funding.rules.overview import money_rounds, overview_of
from funding.rules.payment import (
    asks,
    exports_form,
    frozen_until,
    payee_changed_at,
    payee_differs,
    payee_for,
    registry_doubt,
    sees_form,
    sees_payments,
)
from funding.rules.plan import (
    READERS,
    UNANSWERED,
    awards_noticed,
    can_decide,
    can_draft,
    can_sign_answer,
    held_up,
    public_notices,
    results_of,
    rounds_with_results,
    visible_objections,
    visible_plans,
)
from funding.rules.turn import turn_of


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """What waits for this person in the money: plans, notices, objections, agreements, payments."""
    return plan.open_tasks(user, at) + agreement.open_tasks(user, at)


__all__ = [
    "READERS",
    "SHOWN",
    "UNANSWERED",
    "asks",
    "awards_noticed",
    "books",
    "can_add_paper",
    "can_approve",
    "can_approve_agreement",
    "can_check",
    "can_decide",
    "can_draft",
    "can_end",
    "can_pay",
    "can_request",
    "can_sign_answer",
    "exports_form",
    "frozen_until",
    "fund_balances",
    "funds_for",
    "granted_heads",
    "held_up",
    "hindrance",
    "keeps_funds",
    "money_rounds",
    "net_by_draw",
    "net_by_instalment",
    "open_tasks",
    "overview_of",
    "paid_by_instalment",
    "papers_missing",
    "payee_changed_at",
    "payee_differs",
    "payee_for",
    "payee_shown",
    "percent",
    "public_notices",
    "purses",
    "registry_doubt",
    "results_of",
    "rounds_with_results",
    "sees_form",
    "sees_payments",
    "standing_award",
    "turn_of",
    "twice",
    "visible_agreements",
    "visible_funds",
    "visible_objections",
    "visible_payments",
    "visible_plans",
    "visible_versions",
    "waiting_awards",
]
