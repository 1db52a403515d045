"""All writes of judging: `setup` in preparation, `figures` that entries bring along, `sheets` while scoring, `lock` at the end."""

from judging.services.draw import NoCommitment, NoWitness, commit_draw, draw_order
from judging.services.figures import Figures, FiguresFrozen, set_figures
from judging.services.lock import CarriedWaiting, Gaps, NotLocked, NotScoring, lock_session, publish_result
from judging.services.opening import NotReady, gaps_before_opening, open_scoring, scoring_document
from judging.services.recusal import NothingToConfirm, confirm_recusal, declare_recusal
from judging.services.setup import (
    AlreadyDrawn,
    BadRule,
    MaximaDoNotAddUp,
    NoReason,
    NotInSetup,
    SameSession,
    UsernameTaken,
    add_judge,
    create_session,
    make_rule,
    recuse,
    seat_judges,
    set_details,
    set_entries,
    set_rule,
    withdraw_recusal,
)
from judging.services.sheets import (
    AlreadyHandedIn,
    BadMark,
    EntryClosed,
    EntryNotOpen,
    ProposalGone,
    Recused,
    Request,
    ScoringClosed,
    ScoringNotOpen,
    SheetChangedMeanwhile,
    TooBusy,
    TooManyVotes,
    plain_mark,
    read_marks,
    save_sheet,
)
from judging.services.stage import direct, set_pace

__all__ = [
    "AlreadyDrawn", "AlreadyHandedIn", "BadMark", "BadRule", "CarriedWaiting", "EntryClosed", "EntryNotOpen", "Figures", "FiguresFrozen", "Gaps", "MaximaDoNotAddUp",
    "NoCommitment", "NoReason", "NoWitness", "NotInSetup", "NotLocked", "NotReady", "NotScoring", "NothingToConfirm", "ProposalGone", "Recused",
    "Request", "SameSession", "ScoringClosed", "ScoringNotOpen", "SheetChangedMeanwhile", "TooBusy", "TooManyVotes", "UsernameTaken", "add_judge",
    "commit_draw", "confirm_recusal", "create_session", "declare_recusal", "direct", "draw_order", "gaps_before_opening", "lock_session", "make_rule", "open_scoring",
    "plain_mark", "publish_result", "read_marks", "recuse", "save_sheet", "scoring_document", "seat_judges", "set_details",
    "set_entries", "set_figures", "set_pace", "set_rule", "withdraw_recusal",
]  # fmt: skip
