"""初审: the office passes a proposal, returns it for completion or refuses it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from projects import rules
from projects.domain.states import allowed
from projects.kinds import DECISION
from projects.models import EligibilityDecision, Proposal
from projects.services import checking
from projects.services.fields import fields_of
from projects.services.limits import check_pleas, returns_budget
from projects.services.moves import ReasonMissing, WrongState, move
from projects.services.window import spoken_moment


class ReturnNotComplete(DomainError):
    message = "退回补正要{missing}。"


@transaction.atomic(durable=True)
def decide_eligibility(
    *,
    proposal_id: int,
    outcome: str,
    by: User,
    at: datetime,
    reason: str = "",
    fields_open: Sequence[str] = (),
    complete_by: datetime | None = None,
    waivers: Mapping[str, str] | None = None,
) -> EligibilityDecision:
    """初审: pass, return for completion (marked fields, deadline) or refuse; the applicant's people are told.

    A plea that was refused for completion opens the budget. What the automatic check finds is kept with the decision; to pass, each finding that blocks needs a reason in `waivers`
    (finding's key → reason). Raises NotAllowed, ReasonMissing, ReturnNotComplete, PleaOpen, PleaRefused, WaiverMissing, WrongState when somebody
    else has decided meanwhile.
    """
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("round__street", "organization")
        .get(pk=proposal_id)
    )
    if not rules.can_decide(by, proposal):
        raise NotAllowed
    if outcome != EligibilityDecision.Outcome.PASS and not reason.strip():
        raise ReasonMissing
    version = proposal.versions.order_by("-number").first()
    if version is None or not allowed(outcome, proposal.state):
        raise WrongState
    returns = outcome == EligibilityDecision.Outcome.RETURN
    opened = {*fields_open, *(("budget",) if returns and returns_budget(proposal) else ())}
    marked = [f for f in fields_of(proposal.round) if f in opened] if returns else []
    if returns and not marked:
        raise ReturnNotComplete(missing="勾选需要补正的栏目")
    if returns and (complete_by is None or complete_by <= at):
        raise ReturnNotComplete(missing="写明补正截止时间，且晚于现在")
    passes = outcome == EligibilityDecision.Outcome.PASS
    found = checking.check(proposal, at)
    if passes:
        check_pleas(proposal)
        checking.check_reasons(found, waivers or {})
    decision = EligibilityDecision.objects.create(
        proposal=proposal, version=version, outcome=outcome, reason=reason.strip(), decided_by=by, decided_at=at,
        fields_open=marked, complete_by=complete_by if returns else None, findings=checking.kept(found),
    )  # fmt: skip
    if passes:
        checking.waive(decision, found, waivers or {}, by=by, at=at)
    waived = [f.key for f in found if f.severity == "block"] if passes else []
    move(
        proposal,
        outcome,
        by=by,
        at=at,
        verb="projects.decided",
        reason=reason,
        **({"waived": waived} if waived else {}),
    )
    words = {"pass": "初审通过", "return": "需要补正", "refuse": "不予受理"}[outcome]
    rest = f"理由：{reason.strip()}" if reason.strip() else ""
    if returns and complete_by is not None:
        rest += f"请在 {spoken_moment(complete_by)}（北京时间）前补正并重新提交。"
    data = {"outcome": words, "title": proposal.title, "receipt": proposal.receipt_number, "words": rest}
    notify(
        recipients=[m.user_id for m in proposal.organization.members.all()], occasion=f"projects.decision:{decision.pk}",
        subject="", body="", kind=DECISION.key, data=data, link=f"/proposals/{proposal.pk}/", at=at,
        scope_id=proposal.round.street_id,
    )  # fmt: skip
    return decision
