"""A proposal locked for its own people, and the one way to move its state."""

from datetime import datetime
from typing import Any

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from organizations.rules import acts_for
from projects.domain.states import MOVES
from projects.models import Proposal


class WrongState(DomainError):
    message = "申报书的状态已经改变，请刷新页面查看最新情况。"


class ReasonMissing(DomainError):
    message = "请写明理由，申报单位会看到。"


def own_locked(proposal_id: int, by: User) -> Proposal:
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("round__street", "organization")
        .get(pk=proposal_id)
    )
    if not acts_for(by, proposal.organization_id):
        raise NotAllowed
    return proposal


def move(
    proposal: Proposal, act: str, *, by: User, at: datetime, verb: str, reason: str = "", **facts: Any
) -> Proposal:
    starts, leads = MOVES[act]
    if not Proposal.objects.filter(pk=proposal.pk, state__in=starts).update(state=leads):
        raise WrongState
    record(
        actor=by, verb=verb, about=proposal, at=at, scope_id=proposal.round.street_id, reason=reason.strip(),
        facts={"act": act, **facts},
    )  # fmt: skip
    proposal.refresh_from_db()
    return proposal
