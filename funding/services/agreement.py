"""协议书: drafting, approving and changing. `signing` goes on from here."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import User
from audit.services import record
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from core.exact import digest
from funding import rules
from funding.domain import agreement as domain
from funding.models import Agreement, AgreementVersion, Award
from funding.services.plan import ReasonMissing
from projects.models import Proposal

V = AgreementVersion.State
ZERO = Decimal("0.00")


class NotFunded(DomainError):
    message = "该项目没有在批准的资金分配方案中获得资助，不能拟订协议。"


class NoticeNotOver(DomainError):
    message = "公示期到 {last} 才结束，公示结束后才能拟订协议。"


class NotNoticed(DomainError):
    message = "现行的资金分配方案还没有公示，不能拟订协议。"


class HeldUp(DomainError):
    message = "该项目暂缓立项：{why}。"


class AlreadyAgreed(DomainError):
    message = "该项目已有协议，请在原协议上变更。"


class AgreementWrong(DomainError):
    """`findings` are (part of the form, sentence); `message` is all of them."""

    message = "{all}"
    status = 400

    def __init__(self, findings: Sequence[domain.Finding]) -> None:
        self.findings = findings
        super().__init__(all="".join(sentence for _, sentence in findings))


class VersionMoved(DomainError):
    message = "这一版协议的状态已变化，可能已由他人处理，请刷新页面查看。"


class DrafterApproves(DomainError):
    message = "经办人不能审批自己拟订的协议，请由其他领导审批。"


class NotSigned(DomainError):
    message = "协议没有处于已签订状态，不能这样处理。"


def ready_amount(proposal: Proposal, by: User, at: datetime) -> Decimal:
    """The amount the standing plan grants, once its notice is over and nothing holds the project up."""
    if not rules.can_draft(by, proposal.round):
        raise NotAllowed
    amount: Decimal = ready_award(proposal, at).amount
    return amount


def ready_award(proposal: Proposal, at: datetime) -> Award:
    """What the standing plan grants a project, once its notice is over and nothing holds it up.

    Raises NotFunded, NotNoticed, NoticeNotOver, HeldUp.
    """
    award = rules.standing_award(proposal.pk)
    if award is None:
        raise NotFunded
    notice = award.plan.notices.order_by("-version").first()
    if notice is None:
        raise NotNoticed
    if local(at).date() <= notice.ends_on:
        raise NoticeNotOver(last=spoken(notice.ends_on))
    _not_held_up(proposal)
    return award


def _not_held_up(proposal: Proposal) -> None:
    why = rules.held_up(proposal.round_id).get(proposal.pk)
    if why:
        raise HeldUp(why=why)


def check_content(content: domain.Content, proposal: Proposal, granted: Decimal, own: Agreement | None) -> None:
    """Raises AgreementWrong with everything that is wrong with the text."""
    found = domain.findings(
        content, granted=granted, purses=rules.purses(proposal, own), heads=rules.granted_heads(proposal.pk)
    )
    if found:
        raise AgreementWrong(found)


@transaction.atomic(durable=True)
def draft_agreement(*, proposal_id: int, content: domain.Content, by: User, at: datetime) -> AgreementVersion:
    """The office drafts a project's agreement, after the notice is over and while nothing holds the project up.

    Raises NotAllowed, NotFunded, NotNoticed, NoticeNotOver, HeldUp, AlreadyAgreed, AgreementWrong.
    """
    proposal = lock_proposal(proposal_id)
    granted = ready_amount(proposal, by, at)
    if Agreement.objects.filter(proposal=proposal).exclude(state="dropped").exists():
        raise AlreadyAgreed
    check_content(content, proposal, granted, None)
    round_ = proposal.round
    last = Agreement.objects.filter(round=round_).count()
    try:
        with transaction.atomic():
            agreement = Agreement.objects.create(
                round=round_, proposal=proposal, number=f"XY-{round_.year}-{round_.pk:04d}-{last + 1:03d}", created_at=at, is_demo=round_.is_demo
            )  # fmt: skip
    except IntegrityError as error:
        raise AlreadyAgreed from error
    return _new_version(agreement, content, by, at, "")


def lock_proposal(proposal_id: int) -> Proposal:
    """The proposal with its round and organization, held until the transaction ends."""
    return (
        Proposal.objects.select_for_update(of=("self",))
        .select_related("round__street", "organization")
        .get(pk=proposal_id)
    )


def _new_version(
    agreement: Agreement, content: domain.Content, by: User, at: datetime, reason: str
) -> AgreementVersion:
    data = domain.document(content)
    number = (agreement.versions.aggregate(n=Max("number"))["n"] or 0) + 1
    version = AgreementVersion.objects.create(
        agreement=agreement,
        number=number,
        content=data,
        digest=digest(data),
        reason=reason,
        drafted_by=by,
        drafted_at=at,
    )
    note_act(agreement, "funding.agreement_drafted", by, at, {"version": number, "amount": data["amount"]}, reason)
    return version


def note_act(agreement: Agreement, verb: str, by: User, at: datetime, facts: dict[str, Any], reason: str = "") -> None:
    """Into the record of acts."""
    record(
        actor=by, verb=verb, about=agreement, at=at, scope_id=agreement.round.street_id, reason=reason,
        facts={"number": agreement.number, **facts},
    )  # fmt: skip


def lock_agreement(agreement_id: int) -> Agreement:
    """The agreement, its row locked: every move of its money waits here."""
    return (
        Agreement.objects.select_for_update(of=("self",))
        .select_related("round__street", "proposal__organization")
        .get(pk=agreement_id)
    )


def lock_version(version_id: int) -> AgreementVersion:
    """A version; its agreement is held until the transaction ends."""
    agreement_id = AgreementVersion.objects.values_list("agreement_id", flat=True).get(pk=version_id)
    agreement = lock_agreement(agreement_id)
    version = AgreementVersion.objects.select_related("drafted_by", "decided_by").get(pk=version_id)
    version.agreement = agreement
    return version


@transaction.atomic(durable=True)
def save_agreement(*, version_id: int, content: domain.Content, by: User, at: datetime) -> AgreementVersion:
    """Change a draft. Raises NotAllowed, VersionMoved, HeldUp, NotFunded, AgreementWrong."""
    version = lock_version(version_id)
    proposal = lock_proposal(version.agreement.proposal_id)
    granted = ready_amount(proposal, by, at)
    if version.state != V.DRAFT:
        raise VersionMoved
    check_content(content, proposal, granted, version.agreement)
    data = domain.document(content)
    version.content, version.digest, version.drafted_by, version.drafted_at = data, digest(data), by, at
    version.save(update_fields=["content", "digest", "drafted_by", "drafted_at"])
    return version


@transaction.atomic(durable=True)
def change_agreement(*, agreement_id: int, reason: str, by: User, at: datetime) -> AgreementVersion:
    """Begin a new version of a signed agreement, with the standing text; the standing one binds until the new is signed.

    Raises NotAllowed, ReasonMissing, NotSigned, VersionMoved.
    """
    agreement = lock_agreement(agreement_id)
    if not rules.can_draft(by, agreement.round):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    if agreement.state != Agreement.State.SIGNED:
        raise NotSigned
    if agreement.versions.filter(state__in=[V.DRAFT, V.SUBMITTED, V.APPROVED]).exists():
        raise VersionMoved
    standing = agreement.versions.get(state=V.SIGNED)
    return _new_version(agreement, domain.read(standing.content), by, at, reason.strip())


@transaction.atomic(durable=True)
def submit_agreement(*, version_id: int, by: User, at: datetime) -> AgreementVersion:
    """Hand a draft to a leader; from here on its text is frozen. Raises as save_agreement."""
    version = lock_version(version_id)
    proposal = lock_proposal(version.agreement.proposal_id)
    granted = ready_amount(proposal, by, at)
    if version.state != V.DRAFT:
        raise VersionMoved
    check_content(domain.read(version.content), proposal, granted, version.agreement)
    version.state, version.decision_note = V.SUBMITTED, ""
    version.save(update_fields=["state", "decision_note"])
    note_act(version.agreement, "funding.agreement_submitted", by, at, {"version": version.number})
    return version


def _decidable(version_id: int, by: User) -> AgreementVersion:
    version = lock_version(version_id)
    if version.state != V.SUBMITTED:
        raise VersionMoved
    if version.drafted_by_id == by.pk:
        raise DrafterApproves
    if not rules.can_approve_agreement(by, version):
        raise NotAllowed
    return version


@transaction.atomic(durable=True)
def approve_agreement(*, version_id: int, by: User, at: datetime, note: str = "") -> AgreementVersion:
    """A leader (of the buying community, where it pays) approves the text for signing.

    Raises NotAllowed, DrafterApproves, VersionMoved, HeldUp.
    """
    version = _decidable(version_id, by)
    _not_held_up(version.agreement.proposal)
    version.state, version.decided_by, version.decided_at, version.decision_note = V.APPROVED, by, at, note.strip()
    version.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    note_act(version.agreement, "funding.agreement_approved", by, at, {"version": version.number})
    return version


@transaction.atomic(durable=True)
def return_agreement(*, version_id: int, note: str, by: User, at: datetime) -> AgreementVersion:
    """A leader sends the text back. Raises as approve_agreement, and ReasonMissing."""
    version = _decidable(version_id, by)
    if not note.strip():
        raise ReasonMissing
    version.state, version.decision_note = V.DRAFT, note.strip()
    version.save(update_fields=["state", "decision_note"])
    note_act(version.agreement, "funding.agreement_returned", by, at, {"version": version.number}, note.strip())
    return version


@transaction.atomic(durable=True)
def withdraw_version(*, version_id: int, reason: str, by: User, at: datetime) -> AgreementVersion:
    """Take back a version that is not signed. A first version takes its agreement with it.

    Raises NotAllowed, ReasonMissing, VersionMoved.
    """
    version = lock_version(version_id)
    agreement = version.agreement
    if not rules.can_draft(by, agreement.round):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    if version.state not in (V.DRAFT, V.SUBMITTED, V.APPROVED):
        raise VersionMoved
    AgreementVersion.objects.filter(pk=version.pk).update(state=V.WITHDRAWN)
    if agreement.state == Agreement.State.PREPARING:
        agreement.state, agreement.ended_by, agreement.ended_at, agreement.end_reason = (
            Agreement.State.DROPPED,
            by,
            at,
            reason.strip(),
        )
        agreement.save(update_fields=["state", "ended_by", "ended_at", "end_reason"])
    note_act(agreement, "funding.agreement_withdrawn", by, at, {"version": version.number}, reason.strip())
    version.refresh_from_db()
    return version
