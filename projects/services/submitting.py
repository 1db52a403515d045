"""Handing in: what is missing, the window, the frozen version, the receipt; and taking back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.clock import local
from core.errors import DomainError
from core.exact import digest
from core.money import show_yuan
from core.numbers import next_number
from needs.models import ServiceOrder
from projects import rules
from projects.domain.budget import totals
from projects.domain.states import allowed
from projects.models import Proposal, ProposalVersion
from projects.services.budget import lines_of
from projects.services.content import content_of
from projects.services.fields import PERIOD, fields_of
from projects.services.heads import over_limits, pleas_of
from projects.services.moves import ReasonMissing, WrongState, move, own_locked
from projects.services.papers import papers_mark
from projects.services.parts import part_gaps, parts_of
from projects.services.sections import is_page, paper_gaps, section_gaps
from projects.services.window import check_window, spoken_moment


class ReadAgain(DomainError):
    message = "您核对之后，申报书又被修改过。下面是最新内容，请再核对一遍后提交。"


class NotComplete(DomainError):
    message = "申报书还没有填完：{missing}。"


class PromiseMissing(DomainError):
    message = "请先勾选承诺再提交。"


class CompletionLate(DomainError):
    message = "补正已于 {at} 截止，不能再提交。"


def missing(proposal: Proposal) -> list[tuple[str, str]]:
    """What is still to be filled in before submission: (field, sentence), in the order of the form."""
    found: list[tuple[str, str]] = []
    page, labels = is_page(proposal.round), fields_of(proposal.round)
    for key in ("title", "theme", "category", "community", "summary", "plan", *PERIOD, "indicators", "beneficiaries"):
        if page and key in ("category", "indicators"):
            continue
        value = getattr(proposal, f"{key}_id" if key in ("theme", "community") else key)
        if value in (None, ""):
            found.append((key, f"请填写{PERIOD.get(key) or labels[key]}"))
    if not proposal.unanswered and not proposal.needs.exists() and not proposal.orders.exists():
        found.append(("answers", "请至少选择一件居民需求或一张服务项目单"))
    gone = proposal.orders.filter(state=ServiceOrder.State.WITHDRAWN).order_by("pk").values_list("title", flat=True)
    found += [("answers", f"服务项目单“{title}”已由社区撤回，请取消勾选") for title in gone]
    lines = lines_of(proposal)
    budget = totals(lines)
    found += [
        ("budget", words)
        for words in over_limits(proposal.round, proposal.organization.kind, lines, pleas_of(proposal))
    ]
    if budget.grant <= 0:
        found.append(("budget", "请填写经费预算，申请资金应大于 0"))
    elif proposal.round.cap is not None and budget.grant > proposal.round.cap:
        found.append(("budget", f"申请资金不能超过本期单个项目上限 {show_yuan(proposal.round.cap)} 元，请调减"))
    if proposal.minimum is None:
        found += [] if page else [("minimum", "请填写最低可行金额")]
    elif proposal.minimum > budget.grant:
        found.append(("minimum", "最低可行金额不能高于申请资金"))
    return [
        *found,
        *section_gaps(proposal),
        *part_gaps(proposal, parts_of(proposal), budget.grant),
        *paper_gaps(proposal),
    ]


@transaction.atomic(durable=True)
def submit_proposal(
    *, proposal_id: int, by: User, at: datetime, revision: int | None = None, papers: str | None = None, promised: bool = False
) -> Proposal:  # fmt: skip
    """Hand in: `at` (the database's clock at the start of the request) must be before the deadline second.

    Submitting what is already submitted answers with the same receipt. After a return the deadline is the one of the
    return. `revision` is the one that was looked through, `papers` the attachments (papers_mark): what a colleague saved since is not handed in unseen. `promised`: the person has ticked the round's commitment, which the
    version keeps with its digest. Raises NotAllowed, PromiseMissing, RoundClosed, RoundNotYetOpen, CompletionLate, ReadAgain, NotComplete, WrongState.
    """
    proposal = own_locked(proposal_id, by)
    if proposal.state == Proposal.State.SUBMITTED:
        return proposal
    if not allowed("submit", proposal.state):
        raise WrongState
    if proposal.state == Proposal.State.RETURNED:
        decision = rules.standing_decision(proposal)
        if decision is None or decision.complete_by is None or at >= decision.complete_by:
            raise CompletionLate(at=spoken_moment(decision.complete_by) if decision and decision.complete_by else "")
    else:
        check_window(proposal.round, at, proposal.organization_id)
    if (revision is not None and revision != proposal.revision) or (
        papers is not None and papers != papers_mark(proposal)
    ):
        raise ReadAgain
    gaps = missing(proposal)
    if gaps:
        raise NotComplete(missing="；".join(sentence for _, sentence in gaps))
    if proposal.round.promise and not promised:
        raise PromiseMissing
    if proposal.minimum is None:  # one page that does not say it: all or nothing
        proposal.minimum = proposal.requested
    if proposal.receipt_number is None:
        proposal.receipt_number = f"SB-{local(at).year}-{next_number('projects_receipt'):06d}"
        proposal.submitted_at = at
    proposal.state = Proposal.State.SUBMITTED
    proposal.revision += 1
    proposal.save(update_fields=["receipt_number", "submitted_at", "state", "revision", "minimum"])
    content = content_of(proposal)
    number = proposal.versions.count() + 1
    version = ProposalVersion.objects.create(
        proposal=proposal, number=number, content=content, digest=digest(content), submitted_by=by, submitted_at=at
    )
    record(
        actor=by, verb="projects.submitted", about=proposal, at=at, scope_id=proposal.round.street_id,
        facts={"receipt": proposal.receipt_number, "version": number, "digest": version.digest, **promise_said(content)},
    )  # fmt: skip
    return proposal


def promise_said(content: Mapping[str, Any]) -> dict[str, str]:
    """The digest of the commitment that was ticked, for the audit; nothing where none was asked."""
    return {"promise": content["promise"]["digest"]} if content.get("promise") else {}


@transaction.atomic(durable=True)
def withdraw_proposal(*, proposal_id: int, reason: str, by: User, at: datetime) -> Proposal:
    """Take a handed-in proposal back, with a reason. Raises NotAllowed, WrongState, ReasonMissing."""
    proposal = own_locked(proposal_id, by)
    if not reason.strip():
        raise ReasonMissing
    return move(proposal, "withdraw", by=by, at=at, verb="projects.withdrawn", reason=reason)
