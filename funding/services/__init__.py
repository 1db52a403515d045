"""All writes of the money side; a room per subject."""

from funding.services.notice import AlreadyNoticed, ApproverPublishes, NotApproved, NoticeStartsOnDayOff, publish_notice
from funding.services.plan import (
    AboveRequest,
    AlreadyApproved,
    BudgetTooSmall,
    DrafterDecides,
    NothingRanked,
    PlanNotDraft,
    PlanNotSubmitted,
    PoolExceeded,
    ReasonMissing,
    adjust_award,
    allocation_document,
    approve_plan,
    draft_plan,
    return_plan,
    submit_plan,
)

__all__ = [
    "AboveRequest",
    "AlreadyApproved",
    "AlreadyNoticed",
    "ApproverPublishes",
    "BudgetTooSmall",
    "DrafterDecides",
    "NotApproved",
    "NothingRanked",
    "NoticeStartsOnDayOff",
    "PlanNotDraft",
    "PlanNotSubmitted",
    "PoolExceeded",
    "ReasonMissing",
    "adjust_award",
    "allocation_document",
    "approve_plan",
    "draft_plan",
    "publish_notice",
    "return_plan",
    "submit_plan",
]
