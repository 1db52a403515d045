"""Writing people, areas and roles; invitations, sessions, the second factor, imports, hand-over."""

from accounts.services.endings import end_sessions
from accounts.services.factors import (
    AlreadyBound,
    CodeWrong,
    FactorRequired,
    NotBound,
    ResetsOneself,
    begin_binding,
    confirm_binding,
    let_off,
    must_have_factor,
    policy_of,
    remove_factor,
    renew_codes,
    reset_factor,
    set_policy,
    use_code,
)
from accounts.services.handover import HandOverRefused, hand_over
from accounts.services.imports import (
    AlreadyImported,
    ImportedByAnother,
    PeopleMoved,
    TableHasFaults,
    apply_people,
    forget_tables,
    read_people,
)
from accounts.services.invitations import (
    InvitationOver,
    NotOpen,
    PlaceDoesNotFit,
    accept,
    decide_request,
    invite,
    link_token,
    open_invitation,
    revoke_invitation,
    send_again,
)
from accounts.services.people import (
    EXCLUSIVE,
    DisablesOneself,
    GrantToOneself,
    RolesExclude,
    add_area,
    add_user,
    belong,
    change_password,
    grant_role,
    note_sign_in,
    note_step_refused,
    revoke_role,
    set_active,
    street_of,
)

__all__ = [
    "EXCLUSIVE", "AlreadyBound", "AlreadyImported", "CodeWrong", "DisablesOneself", "FactorRequired", "GrantToOneself",
    "HandOverRefused", "ImportedByAnother", "InvitationOver", "NotBound", "NotOpen", "PeopleMoved", "PlaceDoesNotFit", "ResetsOneself", "RolesExclude", "TableHasFaults", "accept",
    "add_area", "add_user", "apply_people", "begin_binding", "belong", "change_password", "confirm_binding",
    "decide_request", "end_sessions", "forget_tables", "grant_role", "hand_over", "invite", "let_off", "link_token", "must_have_factor",
    "note_sign_in", "note_step_refused", "open_invitation", "policy_of", "read_people", "remove_factor", "renew_codes",
    "reset_factor", "revoke_invitation", "revoke_role", "send_again", "set_active", "set_policy", "street_of", "use_code",
]  # fmt: skip
