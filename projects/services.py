"""Writing proposals: start, save, submit, withdraw, decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.exact import digest
from core.money import TOP, show_yuan
from core.numbers import next_number
from messaging.services import notify
from needs.models import Need, ServiceOrder
from organizations.models import Organization
from organizations.rules import acts_for
from projects import rules
from projects.domain.budget import Line, totals
from projects.domain.states import MOVES, allowed
from projects.kinds import DECISION
from projects.models import BudgetLine, EligibilityDecision, Proposal, ProposalVersion
from rounds.models import Round, Theme

TEXTS = ("title", "summary", "plan", "indicators", "category")
FIELDS = {
    "title": "项目名称", "theme": "主题", "category": "类别", "community": "实施社区", "summary": "项目简介", "plan": "实施计划",
    "indicators": "预期成效与指标", "beneficiaries": "直接受益人数", "answers": "回应的需求和服务项目单", "budget": "经费预算",
    "minimum": "最低可行金额",
}  # fmt: skip


class RoundClosed(DomainError):
    message = "申报已于 {at} 截止，不能再提交。您的草稿已保留。"


class RoundNotYetOpen(DomainError):
    message = "申报尚未开始，请在 {at} 之后再来。"


class KindNotInvited(DomainError):
    message = "本期申报主体不包括贵单位。"


class AlreadyApplied(DomainError):
    message = "贵单位在本期已有一份申报书，请继续填写那一份。"


class NotEditable(DomainError):
    message = "申报书已提交，不能再修改。如需修改，请等待初审退回补正。"


class ChangedMeanwhile(DomainError):
    message = "这份申报书刚刚在别处被修改过。下面是您填写的内容，尚未保存；请核对后再点一次保存，将以您填写的为准。"
    short = "这份申报书刚刚在别处被修改过，按“暂存”核对"


class ReadAgain(DomainError):
    message = "您核对之后，申报书又被修改过。下面是最新内容，请再核对一遍后提交。"


class FieldNotOpen(DomainError):
    message = "本次补正只能修改：{fields}。"


class MinimumTooHigh(DomainError):
    message = "最低可行金额 {minimum} 元高于申请资金 {requested} 元，请调低最低可行金额或核对预算。"


class ReturnNotComplete(DomainError):
    message = "退回补正要{missing}。"


class NotComplete(DomainError):
    message = "申报书还没有填完：{missing}。"


class CompletionLate(DomainError):
    message = "补正已于 {at} 截止，不能再提交。"


class WrongState(DomainError):
    message = "申报书的状态已经改变，请刷新页面查看最新情况。"


class ReasonMissing(DomainError):
    message = "请写明理由，申报单位会看到。"


class BadBudget(DomainError):
    message = "第 {row} 行：自筹不能超过金额。"


class BudgetTooLarge(DomainError):
    message = "预算合计过大，请核对单价和数量。"


def _when(moment: datetime) -> str:
    t = local(moment)
    return f"{t.year}年{t.month}月{t.day}日 {t:%H:%M:%S}"


@transaction.atomic(durable=True)
def start_proposal(
    *, round_id: int, organization: Organization, title: str, by: User, at: datetime, order_ids: Sequence[int] = (),
    once_key: str | None = None, is_demo: bool = False,
) -> Proposal:  # fmt: skip
    """Begin a draft. The same `once_key` gives the same draft back.

    Raises NotAllowed, RoundNotYetOpen, RoundClosed, KindNotInvited, AlreadyApplied.
    """
    if not acts_for(by, organization.pk):
        raise NotAllowed
    Organization.objects.select_for_update().get(pk=organization.pk)
    if once_key and (known := Proposal.objects.filter(once_key=once_key, organization=organization).first()):
        return known
    round_ = Round.objects.get(pk=round_id)
    _check_window(round_, at)
    if organization.street_id != round_.street_id or organization.kind not in round_.applicant_kinds:
        raise KindNotInvited
    if (
        Proposal.objects.filter(round=round_, organization=organization)
        .exclude(state=Proposal.State.WITHDRAWN)
        .exists()
    ):
        raise AlreadyApplied
    proposal = Proposal.objects.create(
        round=round_, organization=organization, community_id=organization.community_id, title=title.strip(), created_by=by,
        created_at=at, saved_at=at, once_key=once_key, is_demo=is_demo,
    )  # fmt: skip
    proposal.orders.set(ServiceOrder.objects.filter(pk__in=order_ids, round=round_).exclude(state="draft"))
    record(actor=by, verb="projects.started", about=proposal, at=at, scope_id=round_.street_id)
    return proposal


def _check_window(round_: Round, at: datetime) -> None:
    if round_.state != Round.State.OPEN or at >= round_.apply_closes_at:
        raise RoundClosed(at=_when(round_.apply_closes_at))
    if at < round_.apply_opens_at:
        raise RoundNotYetOpen(at=_when(round_.apply_opens_at))


@transaction.atomic(durable=True)
def save_draft(
    *,
    proposal_id: int,
    facts: Mapping[str, Any],
    lines: Sequence[Line],
    need_ids: Sequence[int],
    order_ids: Sequence[int],
    revision: int,
    by: User,
    at: datetime,
) -> Proposal:
    """Save what is there, complete or not. `facts`: the model fields of FIELDS; amounts follow from the lines.

    `revision` is the one the writer started from; raises ChangedMeanwhile when somebody saved in between, NotEditable,
    NotAllowed, FieldNotOpen (after a return only the marked fields), BadBudget, BudgetTooLarge, MinimumTooHigh (after a
    return; a draft may still be out of balance).
    """
    proposal = _mine(proposal_id, by)
    if not rules.can_write(by, proposal):
        raise NotEditable
    if proposal.revision != revision:
        raise ChangedMeanwhile
    for i, line in enumerate(lines, 1):
        if line.self_raised > line.amount:
            raise BadBudget(row=i)
    if totals(lines).total > TOP:
        raise BudgetTooLarge
    if proposal.state == Proposal.State.RETURNED:
        _check_open_fields(proposal, facts, lines, need_ids, order_ids)
    for key in ("title", "summary", "plan", "indicators", "category", "beneficiaries", "minimum"):
        if key in facts:
            setattr(proposal, key, facts[key].strip() if isinstance(facts[key], str) else facts[key])
    if "theme" in facts:
        proposal.theme = (
            Theme.objects.filter(pk=facts["theme"], round=proposal.round_id).first() if facts["theme"] else None
        )
    if "community" in facts:
        places = Area.objects.communities().under(proposal.round.street)
        proposal.community = places.filter(pk=facts["community"]).first() if facts["community"] else None
    proposal.requested = totals(lines).grant
    if (
        proposal.state != Proposal.State.DRAFT
        and proposal.minimum is not None
        and proposal.minimum > proposal.requested
    ):
        raise MinimumTooHigh(minimum=show_yuan(proposal.minimum), requested=show_yuan(proposal.requested))
    proposal.revision += 1
    proposal.saved_at = at
    proposal.save()
    proposal.needs.set(Need.objects.filter(pk__in=need_ids, street=proposal.round.street_id))
    proposal.orders.set(ServiceOrder.objects.filter(pk__in=order_ids, round=proposal.round_id).exclude(state="draft"))
    proposal.lines.all().delete()
    BudgetLine.objects.bulk_create(
        BudgetLine(
            proposal=proposal, position=i, head=line.head, item=line.item, unit_price=line.unit_price, quantity=line.quantity,
            amount=line.amount, grant=line.grant, self_raised=line.self_raised,
        )
        for i, line in enumerate(lines, 1)
    )  # fmt: skip
    return proposal


def _mine(proposal_id: int, by: User) -> Proposal:
    proposal = (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("round__street", "organization")
        .get(pk=proposal_id)
    )
    if not acts_for(by, proposal.organization_id):
        raise NotAllowed
    return proposal


def lines_of(proposal: Proposal) -> list[Line]:
    """The stored budget as pure lines."""
    rows = proposal.lines.order_by("position").values_list("head", "item", "unit_price", "quantity", "self_raised")
    return [Line(*row) for row in rows]


def _check_open_fields(
    proposal: Proposal,
    facts: Mapping[str, Any],
    lines: Sequence[Line],
    need_ids: Sequence[int],
    order_ids: Sequence[int],
) -> None:
    decision = rules.standing_decision(proposal)
    marked = set(decision.fields_open) if decision else set()
    changed = {
        k
        for k in ("title", "summary", "plan", "indicators", "category", "beneficiaries", "minimum")
        if k in facts and facts[k] != getattr(proposal, k)
    }
    if "theme" in facts and (int(facts["theme"]) if facts["theme"] else None) != proposal.theme_id:
        changed.add("theme")
    if "community" in facts and facts["community"] != proposal.community_id:
        changed.add("community")
    if list(lines) != lines_of(proposal):
        changed.add("budget")
    if set(need_ids) != set(proposal.needs.values_list("pk", flat=True)) or set(order_ids) != set(
        proposal.orders.values_list("pk", flat=True)
    ):
        changed.add("answers")
    if changed - marked:
        raise FieldNotOpen(fields="、".join(FIELDS[f] for f in FIELDS if f in marked))


def missing(proposal: Proposal) -> list[tuple[str, str]]:
    """What is still to be filled in before submission: (field, sentence), in the order of the form."""
    found: list[tuple[str, str]] = []
    for key in ("title", "theme", "category", "community", "summary", "plan", "indicators", "beneficiaries"):
        value = getattr(proposal, f"{key}_id" if key in ("theme", "community") else key)
        if value in (None, ""):
            found.append((key, f"请填写{FIELDS[key]}"))
    if not proposal.needs.exists() and not proposal.orders.exists():
        found.append(("answers", "请至少选择一件居民需求或一张服务项目单"))
    budget = totals(lines_of(proposal))
    if budget.grant <= 0:
        found.append(("budget", "请填写经费预算，申请资金应大于 0"))
    elif proposal.round.cap is not None and budget.grant > proposal.round.cap:
        found.append(("budget", f"申请资金不能超过本期单个项目上限 {show_yuan(proposal.round.cap)} 元，请调减"))
    if proposal.minimum is None:
        found.append(("minimum", "请填写最低可行金额"))
    elif proposal.minimum > budget.grant:
        found.append(("minimum", "最低可行金额不能高于申请资金"))
    return found


def content_of(proposal: Proposal) -> dict[str, Any]:
    """Everything that is handed in, as plain JSON: what is judged and kept. Of a draft: what would be handed in."""
    return {
        "round": proposal.round.title,
        "organization": proposal.organization.name,
        "organization_kind": proposal.organization.get_kind_display(),
        "title": proposal.title,
        "theme": proposal.theme.name if proposal.theme else "",
        "category": proposal.category,
        "community": proposal.community.name if proposal.community else "",
        "summary": proposal.summary,
        "plan": proposal.plan,
        "indicators": proposal.indicators,
        "beneficiaries": proposal.beneficiaries,
        "requested": "" if proposal.requested is None else f"{proposal.requested:.2f}",
        "minimum": "" if proposal.minimum is None else f"{proposal.minimum:.2f}",
        "needs": [
            {"number": number, "community": community, "words": words}
            for number, community, words in proposal.needs.order_by("pk").values_list("number", "community__name", "words")
        ],
        "orders": [
            {"number": number, "community": community, "title": title}
            for number, community, title in proposal.orders.order_by("pk").values_list("number", "community__name", "title")
        ],
        "lines": [
            {
                "head": line.get_head_display(), "item": line.item, "unit_price": f"{line.unit_price:.2f}",
                "quantity": line.quantity, "amount": f"{line.amount:.2f}", "grant": f"{line.grant:.2f}",
                "self_raised": f"{line.self_raised:.2f}",
            }
            for line in proposal.lines.order_by("position")
        ],
    }  # fmt: skip


@transaction.atomic(durable=True)
def submit_proposal(*, proposal_id: int, by: User, at: datetime, revision: int | None = None) -> Proposal:
    """Hand in: `at` (the database's clock at the start of the request) must be before the deadline second.

    Submitting what is already submitted answers with the same receipt. After a return the deadline is the one of the
    return. `revision` is the one that was looked through: what a colleague saved since is not handed in unseen. Raises
    NotAllowed, RoundClosed, RoundNotYetOpen, CompletionLate, ReadAgain, NotComplete, WrongState.
    """
    proposal = _mine(proposal_id, by)
    if proposal.state == Proposal.State.SUBMITTED:
        return proposal
    if not allowed("submit", proposal.state):
        raise WrongState
    if proposal.state == Proposal.State.RETURNED:
        decision = rules.standing_decision(proposal)
        if decision is None or decision.complete_by is None or at >= decision.complete_by:
            raise CompletionLate(at=_when(decision.complete_by) if decision and decision.complete_by else "")
    else:
        _check_window(proposal.round, at)
    if revision is not None and revision != proposal.revision:
        raise ReadAgain
    gaps = missing(proposal)
    if gaps:
        raise NotComplete(missing="；".join(sentence for _, sentence in gaps))
    if proposal.receipt_number is None:
        proposal.receipt_number = f"SB-{local(at).year}-{next_number('projects_receipt'):06d}"
        proposal.submitted_at = at
    proposal.state = Proposal.State.SUBMITTED
    proposal.revision += 1
    proposal.save(update_fields=["receipt_number", "submitted_at", "state", "revision"])
    content = content_of(proposal)
    number = proposal.versions.count() + 1
    version = ProposalVersion.objects.create(
        proposal=proposal, number=number, content=content, digest=digest(content), submitted_by=by, submitted_at=at
    )
    record(
        actor=by, verb="projects.submitted", about=proposal, at=at, scope_id=proposal.round.street_id,
        facts={"receipt": proposal.receipt_number, "version": number, "digest": version.digest},
    )  # fmt: skip
    return proposal


@transaction.atomic(durable=True)
def withdraw_proposal(*, proposal_id: int, reason: str, by: User, at: datetime) -> Proposal:
    """Take a handed-in proposal back, with a reason. Raises NotAllowed, WrongState, ReasonMissing."""
    proposal = _mine(proposal_id, by)
    if not reason.strip():
        raise ReasonMissing
    return _move(proposal, "withdraw", by=by, at=at, verb="projects.withdrawn", reason=reason)


def _move(
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
) -> EligibilityDecision:
    """初审: pass, return for completion (marked fields, deadline) or refuse; the applicant's people are told.

    Raises NotAllowed, ReasonMissing, ReturnNotComplete, WrongState when somebody else has decided meanwhile.
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
    marked = [f for f in FIELDS if f in fields_open] if returns else []
    if returns and not marked:
        raise ReturnNotComplete(missing="勾选需要补正的栏目")
    if returns and (complete_by is None or complete_by <= at):
        raise ReturnNotComplete(missing="写明补正截止时间，且晚于现在")
    decision = EligibilityDecision.objects.create(
        proposal=proposal, version=version, outcome=outcome, reason=reason.strip(), decided_by=by, decided_at=at,
        fields_open=marked, complete_by=complete_by if returns else None,
    )  # fmt: skip
    _move(proposal, outcome, by=by, at=at, verb="projects.decided", reason=reason)
    words = {"pass": "初审通过", "return": "需要补正", "refuse": "不予受理"}[outcome]
    rest = f"理由：{reason.strip()}" if reason.strip() else ""
    if returns and complete_by is not None:
        rest += f"请在 {_when(complete_by)}（北京时间）前补正并重新提交。"
    data = {"outcome": words, "title": proposal.title, "receipt": proposal.receipt_number, "words": rest}
    notify(
        recipients=[m.user_id for m in proposal.organization.members.all()], occasion=f"projects.decision:{decision.pk}",
        subject="", body="", kind=DECISION.key, data=data, link=f"/proposals/{proposal.pk}/", at=at,
        scope_id=proposal.round.street_id,
    )  # fmt: skip
    return decision


def money_of(proposal: Proposal) -> dict[str, Decimal]:
    """Totals of the stored budget for a page."""
    found = totals(lines_of(proposal))
    return {"total": found.total, "grant": found.grant, "self_raised": found.self_raised}
