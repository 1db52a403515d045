"""Drafting, adjusting and deciding an allocation plan."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Sum

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from funding import rules
from funding.domain.allocation import allocate
from funding.models import AllocationPlan, Award
from judging.models import Result, ResultLine
from rounds.models import Round


class PoolExceeded(DomainError):
    message = "拟资助金额合计 {total} 元，超过资金总额 {pool} 元，超出 {over} 元。请调低金额后再保存。"


class AboveRequest(DomainError):
    message = "拟资助金额不能高于申请金额 {requested} 元。"


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


class NothingRanked(DomainError):
    message = "评审结果中没有可以分配资金的项目。"


UNIT = Decimal(100)


def allocation_document(
    *,
    result: Result,
    pool: Decimal,
    method: Mapping[str, Any],
    limits: Mapping[str, Any],
    ties: Sequence[str],
    unit: Decimal = UNIT,
) -> dict[str, Any]:
    """The chuangtou/allocation@1 document of a result: what the engine and `allocate_file` read, byte for byte."""
    lines = (
        ResultLine.objects.filter(result=result, outcome="ranked", entry__proposal__state="passed")
        .order_by("place")
        .values_list(
            "entry__proposal__receipt_number", "entry__proposal__title", "score", "entry__proposal__requested",
            "entry__proposal__minimum", "entry__proposal__theme__name", "entry__proposal__organization__name",
            "entry__proposal__community__name",
        )
    )  # fmt: skip
    decimals = result.scoring["rule"]["decimals"]
    proposals = [
        {
            "key": key,
            "name": title,
            "score": _plain(score, 4 if decimals is None else decimals),
            "requested": f"{requested:.2f}",
            "minimum": f"{minimum:.2f}",
            "attrs": {"theme": theme, "organization": organization, "community": community},
        }
        for key, title, score, requested, minimum, theme, organization, community in lines
    ]
    if not proposals:
        raise NothingRanked
    return {
        "format": "chuangtou/allocation@1",
        "budget": f"{pool:.2f}",
        "unit": f"{unit:.2f}",
        "method": dict(method),
        "ties": list(ties),
        "limits": dict(limits),
        "proposals": proposals,
    }


def _plain(score: Decimal | None, decimals: int) -> str:
    return f"{score or Decimal(0):.{decimals}f}"


@transaction.atomic(durable=True)
def draft_plan(
    *,
    result_id: int,
    by: User,
    pool: Decimal,
    method: Mapping[str, Any],
    limits: Mapping[str, Any],
    at: datetime,
    ties: Sequence[str] = ("higher_score", "lower_requested", "key"),
    unit: Decimal = UNIT,
    correction_reason: str = "",
) -> AllocationPlan:
    """Compute a plan from a frozen result and store it as the round's next version, one award per ranked proposal.

    Where the round has an approved plan, the new one corrects it and says why; the approved one stands until the
    correction is approved.
    Raises NotAllowed, BudgetTooSmall, NothingRanked, CorrectionReasonMissing, and FormatError where the method does not fit.
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
    document = allocation_document(result=result, pool=pool, method=method, limits=limits, ties=ties, unit=unit)
    answer = allocate(document)
    last = AllocationPlan.objects.filter(round=round_).aggregate(n=Max("version"))["n"] or 0
    plan = AllocationPlan.objects.create(
        round=round_, result=result, version=last + 1, method=dict(method), pool=pool, document=document, answer=answer,
        drafted_by=by, drafted_at=at, is_demo=round_.is_demo, supersedes=standing,
        correction_reason=correction_reason.strip() if standing else "",
    )  # fmt: skip
    _store_awards(plan, answer)
    record(
        actor=by, verb="funding.plan_drafted", about=plan, at=at, scope_id=round_.street_id, reason=plan.correction_reason,
        facts={"version": plan.version, "pool": str(pool), "spent": answer["spent"]},
    )  # fmt: skip
    return plan


def _store_awards(plan: AllocationPlan, answer: Mapping[str, Any]) -> None:
    known = {
        line.entry.proposal.receipt_number: line
        for line in ResultLine.objects.filter(result=plan.result).select_related("entry__proposal")
    }
    awards = []
    for place, row in enumerate(answer["awards"], 1):
        line = known[row["proposal"]]
        amount = Decimal(row["amount"])
        requested = line.entry.proposal.requested or Decimal(0)
        awards.append(
            Award(
                plan=plan, proposal=line.entry.proposal, place=place, rank=line.rank, score=line.score, requested=requested,
                proposed=amount, amount=amount, code=row["code"], reason=row["reason"], label=row.get("label") or "",
            )
        )  # fmt: skip
    Award.objects.bulk_create(awards)


@transaction.atomic(durable=True)
def adjust_award(*, award_id: int, amount: Decimal, reason: str, by: User, at: datetime) -> Award:
    """Set another amount than the formula's, with a compulsory reason. The pool is never overdrawn.

    Raises NotAllowed, PlanNotDraft, ReasonMissing, AboveRequest, PoolExceeded.
    """
    plan_id = Award.objects.values_list("plan_id", flat=True).get(pk=award_id)
    plan = locked(plan_id)
    if not rules.can_draft(by, plan.round):
        raise NotAllowed
    if plan.state != AllocationPlan.State.DRAFT:
        raise PlanNotDraft
    award = Award.objects.get(pk=award_id)
    if amount != award.proposed and not reason.strip():
        raise ReasonMissing
    if amount > award.requested:
        raise AboveRequest(requested=show_yuan(award.requested))
    others = plan.awards.exclude(pk=award_id).aggregate(s=Sum("amount"))["s"] or Decimal(0)
    if others + amount > plan.pool:
        raise PoolExceeded(
            total=show_yuan(others + amount), pool=show_yuan(plan.pool), over=show_yuan(others + amount - plan.pool)
        )
    before = award.amount
    back = amount == award.proposed
    award.amount, award.adjust_reason = amount, "" if back else reason.strip()
    award.adjusted_by, award.adjusted_at = (None, None) if back else (by, at)
    award.save(update_fields=["amount", "adjust_reason", "adjusted_by", "adjusted_at"])
    record(
        actor=by, verb="funding.award_adjusted", about=award, at=at, scope_id=plan.round.street_id, reason=reason.strip(),
        facts={"plan": plan.pk, "before": str(before), "after": str(amount)},
    )  # fmt: skip
    return award


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
    MorePresentThanEntitled, CorrectedMeanwhile. Approving a correction retires the plan it corrects in the same breath.
    """
    check_attendance(entitled, present)
    plan = _decidable(plan_id, by)
    _still_current(plan)
    standing = AllocationPlan.objects.filter(round=plan.round_id, state=AllocationPlan.State.APPROVED).first()
    if standing is not None and plan.supersedes_id is None:
        raise AlreadyApproved
    if plan.supersedes is not None and plan.supersedes != standing:
        raise CorrectedMeanwhile(version=plan.supersedes.version)
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


def _decidable(plan_id: int, by: User) -> AllocationPlan:
    plan = locked(plan_id)
    if plan.drafted_by_id == by.pk:
        raise DrafterDecides
    if not rules.can_decide(by, plan):
        raise NotAllowed
    return plan
