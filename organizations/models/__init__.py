"""Applicants: social organizations, community Party organizations, filed teams, resident groups; their people, standing and records."""

from organizations.models.account import (
    BankAccount,
)
from organizations.models.application import (
    Application,
)
from organizations.models.checklist import (
    Checklist,
    ChecklistItems,
    ChecklistReview,
)
from organizations.models.hearing import (
    Hearing,
    HearingBallot,
    HearingCode,
    HearingCount,
    HearingDue,
    HearingResult,
    HearingVoter,
    RatingConfirmation,
)
from organizations.models.invitation import (
    Invitation,
)
from organizations.models.monthly import (
    ExitDecision,
    MonthlyAnswer,
    MonthlyAppeal,
    MonthlyItems,
    MonthlySheet,
)
from organizations.models.party import (
    PartyRecord,
)
from organizations.models.rating import (
    RatingRule,
    RatingSheet,
)
from organizations.models.registry import (
    FormerMember,
    Membership,
    Organization,
    OrganizationQuerySet,
)
from organizations.models.sheet import (
    ImportRun,
)
from organizations.models.standing import (
    Standing,
    StandingComment,
)
from organizations.models.training import (
    SignUp,
    Training,
)

__all__ = [
    "Application",
    "BankAccount",
    "Checklist",
    "ChecklistItems",
    "ChecklistReview",
    "ExitDecision",
    "FormerMember",
    "Hearing",
    "HearingBallot",
    "HearingCode",
    "HearingCount",
    "HearingDue",
    "HearingResult",
    "HearingVoter",
    "ImportRun",
    "Invitation",
    "Membership",
    "MonthlyAnswer",
    "MonthlyAppeal",
    "MonthlyItems",
    "MonthlySheet",
    "Organization",
    "OrganizationQuerySet",
    "PartyRecord",
    "RatingConfirmation",
    "RatingRule",
    "RatingSheet",
    "SignUp",
    "Standing",
    "StandingComment",
    "Training",
]
