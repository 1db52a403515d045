"""预算核减: the office or finance cuts a passed proposal's budget line by line; the applicant answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from messaging.services import notify
from organizations.rules import acts_for
from projects import rules
from projects.kinds import CUT
from projects.models import BudgetCut, BudgetLine, CutAnswer, CutLine, Proposal
from projects.services.limits import check_cut


class NotPassed(DomainError):
    message = "只有初审通过的申报书可以核减预算。"


class CutMeanwhile(DomainError):
    message = "这份预算刚刚由{who}核减过（第 {number} 版，核定 {approved} 元）。下面是您填写的内容，尚未保存；请核对后再保存一次。"


class WrongLines(DomainError):
    message = "预算行与申报书不一致，请刷新页面后再填。"


class AboveAsked(DomainError):
    message = "第 {row} 行：核定金额不能高于申请的 {asked} 元。"


class CutReasonMissing(DomainError):
    message = "第 {row} 行：核减了 {less} 元，请写明理由。"


class AlreadyAnswered(DomainError):
    message = "这一版核减已经答复过。"


class AnswerToOld(DomainError):
    message = "预算已另行核减，请刷新页面，对最新的一版答复。"


class AnswerWordsMissing(DomainError):
    message = "不同意请写明意见。"


@dataclass(frozen=True, slots=True)
class Approval:
    """What is approved of the line at `position`, and why less than asked. Yuan."""

    position: int
    approved: Decimal
    reason: str


@transaction.atomic(durable=True)
def cut_budget(
    *, proposal_id: int, approvals: Sequence[Approval], seen: int, by: User, at: datetime, note: str = ""
) -> BudgetCut:
    """Store the next version; `seen` is the number of the version on the screen, 0 where there was none.

    Raises NotAllowed, NotPassed, CutMeanwhile, WrongLines, AboveAsked, CutReasonMissing, StillAbove.
    """
    proposal = Proposal.objects.select_for_update(of=("self",)).select_related("round__street").get(pk=proposal_id)
    if not rules.can_cut(by, proposal):
        raise NotAllowed
    if proposal.state != Proposal.State.PASSED:
        raise NotPassed
    last = rules.standing_cut(proposal)
    number = last.number if last else 0
    if last is not None and number != seen:
        raise CutMeanwhile(who=last.made_by.display_name, number=number, approved=show_yuan(last.approved))
    lines = list(BudgetLine.objects.filter(proposal=proposal).order_by("position"))
    given = {a.position: a for a in approvals}
    if len(given) != len(approvals) or sorted(given) != [line.position for line in lines] or not lines:
        raise WrongLines
    rows = []
    for row, line in enumerate(lines, 1):
        one = given[line.position]
        if one.approved > line.grant:
            raise AboveAsked(row=row, asked=show_yuan(line.grant))
        if one.approved < line.grant and not one.reason.strip():
            raise CutReasonMissing(row=row, less=show_yuan(line.grant - one.approved))
        rows.append(
            CutLine(
                position=line.position, head=line.head, item=line.item, asked=line.grant, approved=one.approved,
                reason=one.reason.strip() if one.approved < line.grant else "",
            )
        )  # fmt: skip
    check_cut(proposal, lines, {a.position: a.approved for a in approvals})
    cut = BudgetCut.objects.create(
        proposal=proposal, number=number + 1, asked=sum((r.asked for r in rows), Decimal("0.00")),
        approved=sum((r.approved for r in rows), Decimal("0.00")), note=note.strip(), made_by=by, made_at=at,
    )  # fmt: skip
    for one_row in rows:
        one_row.cut = cut
    CutLine.objects.bulk_create(rows)
    record(
        actor=by, verb="projects.budget_cut", about=proposal, at=at, scope_id=proposal.round.street_id, reason=cut.note,
        facts={"version": cut.number, "asked": str(cut.asked), "approved": str(cut.approved)},
    )  # fmt: skip
    notify(
        recipients=[m.user_id for m in proposal.organization.members.all()], occasion=f"projects.cut:{cut.pk}", subject="", body="",
        kind=CUT.key, data={"title": proposal.title, "asked": show_yuan(cut.asked), "approved": show_yuan(cut.approved)},
        link=f"/proposals/{proposal.pk}/cut/", at=at, scope_id=proposal.round.street_id,
    )  # fmt: skip
    return cut


@transaction.atomic(durable=True)
def answer_cut(*, cut_id: int, agrees: bool, words: str, by: User, at: datetime) -> CutAnswer:
    """The applicant agrees, or says why not. Raises NotAllowed, AnswerWordsMissing, AnswerToOld, AlreadyAnswered."""
    cut = BudgetCut.objects.select_related("proposal__round").get(pk=cut_id)
    proposal = Proposal.objects.select_for_update().get(pk=cut.proposal_id)
    if not acts_for(by, proposal.organization_id):
        raise NotAllowed
    if not agrees and not words.strip():
        raise AnswerWordsMissing
    if BudgetCut.objects.filter(proposal=proposal, number__gt=cut.number).exists():
        raise AnswerToOld
    if CutAnswer.objects.filter(cut=cut).exists():
        raise AlreadyAnswered
    answer = CutAnswer.objects.create(cut=cut, agrees=agrees, words=words.strip(), answered_by=by, answered_at=at)
    record(
        actor=by, verb="projects.cut_answered", about=proposal, at=at, scope_id=cut.proposal.round.street_id,
        reason=answer.words, facts={"version": cut.number, "agrees": agrees},
    )  # fmt: skip
    return answer
