"""Writing proposals: start, save, submit, withdraw, decide. One room per verb; these are the names others use."""

from projects.services.budget import BadBudget, BudgetTooLarge, TooManyLines, lines_of, money_of
from projects.services.content import content_of
from projects.services.deciding import ReturnNotComplete, decide_eligibility
from projects.services.drafting import (
    AllApplied,
    AlreadyApplied,
    ChangedMeanwhile,
    KindNotInvited,
    MinimumTooHigh,
    NotEditable,
    save_draft,
    sketch_of,
    start_proposal,
)
from projects.services.fields import FIELDS, PERIOD, PLAIN, fields_of
from projects.services.moves import ReasonMissing, WrongState
from projects.services.papers import papers_mark
from projects.services.returning import FieldNotOpen
from projects.services.submitting import (
    CompletionLate,
    NotComplete,
    PromiseMissing,
    ReadAgain,
    missing,
    submit_proposal,
    withdraw_proposal,
)
from projects.services.window import RoundClosed, RoundNotYetOpen

__all__ = [
    "FIELDS",
    "PERIOD",
    "PLAIN",
    "AllApplied",
    "AlreadyApplied",
    "BadBudget",
    "BudgetTooLarge",
    "ChangedMeanwhile",
    "CompletionLate",
    "FieldNotOpen",
    "KindNotInvited",
    "MinimumTooHigh",
    "NotComplete",
    "NotEditable",
    "PromiseMissing",
    "ReadAgain",
    "ReasonMissing",
    "ReturnNotComplete",
    "RoundClosed",
    "RoundNotYetOpen",
    "TooManyLines",
    "WrongState",
    "content_of",
    "decide_eligibility",
    "fields_of",
    "lines_of",
    "missing",
    "money_of",
    "papers_mark",
    "save_draft",
    "sketch_of",
    "start_proposal",
    "submit_proposal",
    "withdraw_proposal",
]  # fmt: skip
