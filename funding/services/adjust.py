"""Manual values in a draft: another amount than the formula's, each with its reason, one or many at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from funding import rules
from funding.models import AllocationPlan, Award
from funding.services.plan import PlanNotDraft, ReasonMissing, locked


class PoolExceeded(DomainError):
    message = "拟资助金额合计 {total} 元，超过资金总额 {pool} 元，超出 {over} 元。请调低金额后再保存。"


class AboveRequest(DomainError):
    message = "拟资助金额不能高于申请金额 {requested} 元。"


class AboveCeiling(DomainError):
    message = "拟资助金额不能高于核减后的上限 {ceiling} 元：{why}。"


class PlanChanged(DomainError):
    message = "方案刚刚被别人修改过，您填写的内容尚未保存。请核对后再保存。"


class NotInPlan(DomainError):
    message = "有的项目不在本方案中，请刷新页面。"


@dataclass(frozen=True, slots=True)
class Change:
    """What one award is to be, in yuan, and why."""

    award_id: int
    amount: Decimal
    reason: str


def adjust_award(
    *, award_id: int, amount: Decimal, reason: str, by: User, at: datetime, revision: int | None = None
) -> Award:
    """Set one award; see `adjust_awards`, whose refusals it raises."""
    plan_id = Award.objects.values_list("plan_id", flat=True).get(pk=award_id)
    adjust_awards(plan_id=plan_id, changes=[Change(award_id, amount, reason)], revision=revision, by=by, at=at)
    return Award.objects.get(pk=award_id)


@transaction.atomic(durable=True)
def adjust_awards(
    *, plan_id: int, changes: Sequence[Change], by: User, at: datetime, revision: int | None = None
) -> list[Award]:
    """Set other amounts than the formula's, each with a compulsory reason: all of them or none. The pool is never
    overdrawn. `revision` is the plan's as the person saw it; None: whatever it is. Returns what changed.

    Raises NotAllowed, PlanNotDraft, PlanChanged, NotInPlan, ReasonMissing, AboveRequest, AboveCeiling, PoolExceeded.
    """
    plan = locked(plan_id)
    if not rules.can_draft(by, plan.round):
        raise NotAllowed
    if plan.state != AllocationPlan.State.DRAFT:
        raise PlanNotDraft
    if revision is not None and revision != plan.revision:
        raise PlanChanged
    awards = {award.pk: award for award in plan.awards.all()}
    if not {change.award_id for change in changes} <= set(awards):
        raise NotInPlan
    changed = []
    for change in changes:
        award = awards[change.award_id]
        before, said = award.amount, award.adjust_reason
        back = change.amount == award.proposed
        reason = "" if back else change.reason.strip()
        if (change.amount, reason) == (before, said):
            continue
        _fits(award, change.amount, reason)
        award.amount, award.adjust_reason = change.amount, reason
        award.adjusted_by, award.adjusted_at = (None, None) if back else (by, at)
        changed.append((award, before))
    total = sum((award.amount for award in awards.values()), Decimal("0.00"))
    if total > plan.pool:
        raise PoolExceeded(total=show_yuan(total), pool=show_yuan(plan.pool), over=show_yuan(total - plan.pool))
    if not changed:
        return []
    Award.objects.bulk_update([a for a, _ in changed], ["amount", "adjust_reason", "adjusted_by", "adjusted_at"])
    AllocationPlan.objects.filter(pk=plan_id).update(revision=plan.revision + 1)
    for award, before in changed:
        record(
            actor=by, verb="funding.award_adjusted", about=award, at=at, scope_id=plan.round.street_id, reason=award.adjust_reason,
            facts={"plan": plan.pk, "before": str(before), "after": str(award.amount)},
        )  # fmt: skip
    return [award for award, _ in changed]


def _fits(award: Award, amount: Decimal, reason: str) -> None:
    if amount != award.proposed and not reason:
        raise ReasonMissing
    if amount > award.requested:
        raise AboveRequest(requested=show_yuan(award.requested))
    if award.ceiling is not None and amount > award.ceiling:
        raise AboveCeiling(ceiling=show_yuan(award.ceiling), why="；".join(award.facts.get("why", [])))
