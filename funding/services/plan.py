"""Drafting, adjusting and deciding an allocation plan."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from funding import rules
from funding.domain.allocation import allocate
from funding.domain.ceilings import Ceiling, Terms
from funding.models import Agreement, AllocationPlan, Award
from funding.services.inputs import UNIT, Inputs, allocation_inputs
from judging.models import Result, ResultLine
from rounds.models import Round


class PlanNotDraft(DomainError):
    message = "方案已提请审批或已决定，不能再修改。如需修改，请先由领导退回，或另拟新版本。"


class PlanNotSubmitted(DomainError):
    message = "该方案不在待审批状态，可能已由他人处理，请刷新页面查看。"


class DrafterDecides(DomainError):
    message = "经办人不能审批自己拟订的方案，请由其他领导审批。"


class ReasonMissing(DomainError):
    message = "请写明理由。"


class BudgetTooSmall(DomainError):
    message = "方案资金总额 {pool} 元超过本期资金总额 {budget} 元，请调低。"


class TooFewPresent(DomainError):
    message = "应到 {entitled} 人，实到 {present} 人，不足三分之二（至少 {least} 人），会议决定无效，不能批准。"
    status = 400


class MorePresentThanEntitled(DomainError):
    message = "实到人数不能多于应到人数。"
    status = 400


class AlreadyApproved(DomainError):
    message = "本期已有批准的资金分配方案，不能再批准另一个。"


class CorrectionReasonMissing(DomainError):
    message = "本期已有批准的第 {version} 版方案。再拟方案是更正它，请写明更正理由。"
    status = 400


class CorrectedMeanwhile(DomainError):
    message = "这份方案更正的是第 {version} 版，但现行的批准方案已不是它。请退回后依据现行方案另拟更正。"


class ResultSuperseded(DomainError):
    message = "这份方案依据的评审结果已被解锁重评，不再有效。请依据新的结果另拟方案。"


class BelowAgreed(DomainError):
    message = "“{title}”已签协议 {agreed} 元，方案只给 {given} 元。请先变更或终止协议，再批准方案。"


@transaction.atomic(durable=True)
def draft_plan(
    *,
    result_id: int,
    by: User,
    pool: Decimal,
    method: Mapping[str, Any],
    limits: Mapping[str, Any],
    at: datetime,
    ties: Sequence[str] = ("higher_score", "input", "key"),
    unit: Decimal = UNIT,
    correction_reason: str = "",
    terms: Terms | None = None,
) -> AllocationPlan:
    """Compute a plan from a frozen result and store it as the round's next version, one award per ranked proposal.

    Where the round has an approved plan, the new one corrects it and says why; the approved one stands until the
    correction is approved.
    Raises NotAllowed, BudgetTooSmall, NothingRanked, PriceMissing, NoTicks, CorrectionReasonMissing, and FormatError where the method does not fit.
    """
    result = Result.objects.select_related("session__round__street").get(pk=result_id)
    round_ = Round.objects.select_for_update(of=("self",)).select_related("street").get(pk=result.session.round_id)
    if not rules.can_draft(by, round_):
        raise NotAllowed
    if pool > round_.budget:
        raise BudgetTooSmall(pool=show_yuan(pool), budget=show_yuan(round_.budget))
    standing = AllocationPlan.objects.filter(round=round_, state=AllocationPlan.State.APPROVED).first()
    if standing is not None and not correction_reason.strip():
        raise CorrectionReasonMissing(version=standing.version)
    inputs = allocation_inputs(
        result=result, pool=pool, method=method, limits=limits, ties=ties, unit=unit, terms=terms
    )
    answer = allocate(inputs.document)
    last = AllocationPlan.objects.filter(round=round_).aggregate(n=Max("version"))["n"] or 0
    plan = AllocationPlan.objects.create(
        round=round_, result=result, version=last + 1, method=dict(method), pool=pool, document=inputs.document, answer=answer, terms=(terms or Terms()).as_json(),
        drafted_by=by, drafted_at=at, is_demo=round_.is_demo, supersedes=standing,
        correction_reason=correction_reason.strip() if standing else "",
    )  # fmt: skip
    _store_awards(plan, answer, inputs)
    record(
        actor=by, verb="funding.plan_drafted", about=plan, at=at, scope_id=round_.street_id, reason=plan.correction_reason,
        facts={"version": plan.version, "pool": str(pool), "spent": answer["spent"]},
    )  # fmt: skip
    return plan


def _store_awards(plan: AllocationPlan, answer: Mapping[str, Any], inputs: Inputs) -> None:
    known = {
        line.entry.proposal.receipt_number: line
        for line in ResultLine.objects.filter(result=plan.result).select_related("entry__proposal")
    }
    awards = []
    for place, row in enumerate(answer["awards"], 1):
        key = row["proposal"]
        line, top = known[key], inputs.ceilings[key]
        amount = Decimal(row["amount"])
        requested = line.entry.proposal.requested or Decimal(0)
        awards.append(
            Award(
                plan=plan, proposal=line.entry.proposal, place=place, rank=line.rank, score=line.score, requested=requested,
                proposed=amount, amount=amount, code=row["code"], reason=reason_words(row["reason"], top), label=row.get("label") or "",
                ceiling=top.amount, facts=inputs.facts[key],
            )
        )  # fmt: skip
    Award.objects.bulk_create(awards)


def reason_words(engine: str, top: Ceiling) -> str:
    """The engine's sentence, and what lowered the ceiling before it; who is barred reads that and nothing else."""
    if top.is_barred:
        head = engine.partition("；")[0].rstrip("。")
        return f"{head}；{top.why[-1]}。"
    return engine if not top.why else f"{engine}其中{'；'.join(top.why)}。"


def locked(plan_id: int) -> AllocationPlan:
    """The plan, its row locked."""
    return AllocationPlan.objects.select_for_update(of=("self",)).select_related("round__street").get(pk=plan_id)


@transaction.atomic(durable=True)
def submit_plan(*, plan_id: int, by: User, at: datetime) -> AllocationPlan:
    """Hand a draft to the leaders. Raises NotAllowed, PlanNotDraft, ResultSuperseded."""
    plan = locked(plan_id)
    if not rules.can_draft(by, plan.round):
        raise NotAllowed
    _still_current(plan)
    moved = AllocationPlan.objects.filter(pk=plan_id, state=AllocationPlan.State.DRAFT).update(
        state=AllocationPlan.State.SUBMITTED, submitted_at=at
    )
    if not moved:
        raise PlanNotDraft
    record(actor=by, verb="funding.plan_submitted", about=plan, at=at, scope_id=plan.round.street_id)
    plan.refresh_from_db()
    return plan


def check_attendance(entitled: int, present: int) -> None:
    """A meeting decides with two thirds of its members. Raises MorePresentThanEntitled, TooFewPresent."""
    if present > entitled:
        raise MorePresentThanEntitled
    if present * 3 < entitled * 2:
        raise TooFewPresent(entitled=entitled, present=present, least=-(-entitled * 2 // 3))


@transaction.atomic(durable=True)
def approve_plan(
    *, plan_id: int, by: User, minutes_number: str, minutes_on: date, entitled: int, present: int,
    recused_members: str = "", note: str = "", at: datetime,
) -> AllocationPlan:  # fmt: skip
    """A leader approves, naming the minutes of the meeting that decided, how many were entitled and present, and who
    stepped back. From here on the plan is immutable.

    Raises NotAllowed, DrafterDecides, PlanNotSubmitted, AlreadyApproved, ResultSuperseded, TooFewPresent,
    MorePresentThanEntitled, CorrectedMeanwhile, BelowAgreed. Approving a correction retires the plan it corrects in the same breath.
    """
    check_attendance(entitled, present)
    plan = _decidable(plan_id, by)
    _still_current(plan)
    standing = AllocationPlan.objects.filter(round=plan.round_id, state=AllocationPlan.State.APPROVED).first()
    if standing is not None and plan.supersedes_id is None:
        raise AlreadyApproved
    if plan.supersedes is not None and plan.supersedes != standing:
        raise CorrectedMeanwhile(version=plan.supersedes.version)
    _covers_agreements(plan)
    try:
        with transaction.atomic():
            if standing is not None:
                AllocationPlan.objects.filter(pk=standing.pk).update(state=AllocationPlan.State.SUPERSEDED)
            moved = AllocationPlan.objects.filter(pk=plan_id, state=AllocationPlan.State.SUBMITTED).update(
                state=AllocationPlan.State.APPROVED, decided_by=by, decided_at=at, decision_note=note.strip(),
                minutes_number=minutes_number.strip(), minutes_on=minutes_on, entitled=entitled, present=present,
                recused_members=recused_members.strip()[:200],
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyApproved from error
    if not moved:
        raise PlanNotSubmitted
    record(
        actor=by, verb="funding.plan_approved", about=plan, at=at, scope_id=plan.round.street_id,
        facts={"minutes": minutes_number, "on": minutes_on.isoformat(), "entitled": entitled, "present": present},
    )  # fmt: skip
    plan.refresh_from_db()
    return plan


@transaction.atomic(durable=True)
def return_plan(*, plan_id: int, by: User, note: str, at: datetime) -> AllocationPlan:
    """A leader sends the plan back with a compulsory reason; the office drafts on. Raises as approve_plan."""
    plan = _decidable(plan_id, by)
    if not note.strip():
        raise ReasonMissing
    moved = AllocationPlan.objects.filter(pk=plan_id, state=AllocationPlan.State.SUBMITTED).update(
        state=AllocationPlan.State.DRAFT, submitted_at=None, decision_note=note.strip()
    )
    if not moved:
        raise PlanNotSubmitted
    record(
        actor=by, verb="funding.plan_returned", about=plan, at=at, scope_id=plan.round.street_id, reason=note.strip()
    )
    plan.refresh_from_db()
    return plan


def _still_current(plan: AllocationPlan) -> None:
    if not Result.objects.filter(pk=plan.result_id, session__current=plan.result_id).exists():
        raise ResultSuperseded


def _covers_agreements(plan: AllocationPlan) -> None:
    signed = Agreement.objects.select_for_update(of=("self",)).filter(round=plan.round_id, state=Agreement.State.SIGNED)
    given = dict(plan.awards.values_list("proposal", "amount"))
    for agreement in signed.select_related("proposal").order_by("pk"):
        amount = given.get(agreement.proposal_id, Decimal(0))
        if amount < agreement.amount:
            raise BelowAgreed(
                title=agreement.proposal.title, agreed=show_yuan(agreement.amount), given=show_yuan(amount)
            )


def _decidable(plan_id: int, by: User) -> AllocationPlan:
    plan = locked(plan_id)
    if plan.drafted_by_id == by.pk:
        raise DrafterDecides
    if not rules.can_decide(by, plan):
        raise NotAllowed
    return plan
