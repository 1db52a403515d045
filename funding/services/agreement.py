"""协议书: drafting, approving, signing, changing and ending; and the funds they draw on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Sum

from accounts.models import Area, User
from audit.services import record
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from core.exact import digest
from core.money import show_yuan
from funding import rules
from funding.domain import agreement as domain
from funding.models import Agreement, AgreementVersion, Award, Fund, FundDraw, FundPaper, Instalment, Payment
from funding.services.files import check_evidence, keep
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


class SignedBeforeApproval(DomainError):
    message = "签订日期 {day} 早于批准日期 {approved}，请核对。"
    status = 400


class SignedInFuture(DomainError):
    message = "签订日期不能晚于今天。"
    status = 400


class NotSigned(DomainError):
    message = "协议没有处于已签订状态，不能这样处理。"


class BelowPaid(DomainError):
    message = "{where}已拨和待拨 {net} 元，变更后的金额不能低于它。"
    status = 400


class FundTooSmall(DomainError):
    message = "“{name}”已被协议占用 {drawn} 元，年度额度不能低于它。"
    status = 400


class FundTwice(DomainError):
    message = "该年度已有同名资金来源。"
    status = 400


# ---- funds


@transaction.atomic(durable=True)
def set_fund(
    *, fund_id: int | None, street: Area, by: User, at: datetime, name: str, kind: str, year: int, budget: Decimal,
    community: Area | None = None, forbidden_heads: Sequence[str] = (), head_limits: Mapping[str, str] | None = None, needs_papers: bool = False, is_demo: bool = False,
) -> Fund:  # fmt: skip
    """Enter a fund of a year, or change one; its budget never falls below what agreements draw.

    Raises NotAllowed, FundTooSmall, FundTwice.
    """
    if not rules.keeps_funds(by, street):
        raise NotAllowed
    facts = {
        "name": name.strip(), "kind": kind, "year": year, "budget": budget, "community": community, "forbidden_heads": sorted(forbidden_heads),
        "head_limits": dict(head_limits or {}), "needs_papers": needs_papers,
    }  # fmt: skip
    fund = Fund(street=street, is_demo=is_demo)
    before = None
    if fund_id is not None:
        fund = Fund.objects.select_for_update().get(pk=fund_id, street=street)
        before = fund.budget
        drawn = fund.draws.aggregate(s=Sum("amount"))["s"] or ZERO
        if budget < drawn:
            raise FundTooSmall(name=fund.name, drawn=show_yuan(drawn))
    for key, value in facts.items():
        setattr(fund, key, value)
    try:
        with transaction.atomic():
            fund.save()
    except IntegrityError as error:
        raise FundTwice from error
    record(
        actor=by, verb="funding.fund_set", about=fund, at=at, scope_id=street.pk,
        facts={"name": fund.name, "year": year, "budget": str(budget), "before": None if before is None else str(before)},
    )  # fmt: skip
    return fund


# ---- versions


def _ready(proposal: Proposal, by: User, at: datetime) -> Decimal:
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


def _check(content: domain.Content, proposal: Proposal, granted: Decimal, own: Agreement | None) -> None:
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
    proposal = _proposal(proposal_id)
    granted = _ready(proposal, by, at)
    if Agreement.objects.filter(proposal=proposal).exclude(state="dropped").exists():
        raise AlreadyAgreed
    _check(content, proposal, granted, None)
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


def _proposal(proposal_id: int) -> Proposal:
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
    _note(agreement, "funding.agreement_drafted", by, at, {"version": number, "amount": data["amount"]}, reason)
    return version


def _note(agreement: Agreement, verb: str, by: User, at: datetime, facts: dict[str, Any], reason: str = "") -> None:
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


def _lock_version(version_id: int) -> AgreementVersion:
    agreement_id = AgreementVersion.objects.values_list("agreement_id", flat=True).get(pk=version_id)
    agreement = lock_agreement(agreement_id)
    version = AgreementVersion.objects.select_related("drafted_by", "decided_by").get(pk=version_id)
    version.agreement = agreement
    return version


@transaction.atomic(durable=True)
def save_agreement(*, version_id: int, content: domain.Content, by: User, at: datetime) -> AgreementVersion:
    """Change a draft. Raises NotAllowed, VersionMoved, HeldUp, NotFunded, AgreementWrong."""
    version = _lock_version(version_id)
    proposal = _proposal(version.agreement.proposal_id)
    granted = _ready(proposal, by, at)
    if version.state != V.DRAFT:
        raise VersionMoved
    _check(content, proposal, granted, version.agreement)
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
    version = _lock_version(version_id)
    proposal = _proposal(version.agreement.proposal_id)
    granted = _ready(proposal, by, at)
    if version.state != V.DRAFT:
        raise VersionMoved
    _check(domain.read(version.content), proposal, granted, version.agreement)
    version.state, version.decision_note = V.SUBMITTED, ""
    version.save(update_fields=["state", "decision_note"])
    _note(version.agreement, "funding.agreement_submitted", by, at, {"version": version.number})
    return version


def _decidable(version_id: int, by: User) -> AgreementVersion:
    version = _lock_version(version_id)
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
    _note(version.agreement, "funding.agreement_approved", by, at, {"version": version.number})
    return version


@transaction.atomic(durable=True)
def return_agreement(*, version_id: int, note: str, by: User, at: datetime) -> AgreementVersion:
    """A leader sends the text back. Raises as approve_agreement, and ReasonMissing."""
    version = _decidable(version_id, by)
    if not note.strip():
        raise ReasonMissing
    version.state, version.decision_note = V.DRAFT, note.strip()
    version.save(update_fields=["state", "decision_note"])
    _note(version.agreement, "funding.agreement_returned", by, at, {"version": version.number}, note.strip())
    return version


@transaction.atomic(durable=True)
def withdraw_version(*, version_id: int, reason: str, by: User, at: datetime) -> AgreementVersion:
    """Take back a version that is not signed. A first version takes its agreement with it.

    Raises NotAllowed, ReasonMissing, VersionMoved.
    """
    version = _lock_version(version_id)
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
    _note(agreement, "funding.agreement_withdrawn", by, at, {"version": version.number}, reason.strip())
    version.refresh_from_db()
    return version


@transaction.atomic(durable=True)
def sign_agreement(*, version_id: int, signed_on: date, scan: Any, by: User, at: datetime) -> Agreement:
    """Record that the parties signed: day and scan. Its figures become the standing instalments and draws.

    Raises NotAllowed, VersionMoved, HeldUp, NotFunded, SignedBeforeApproval, SignedInFuture, BadEvidence,
    AgreementWrong, BelowPaid.
    """
    version = _lock_version(version_id)
    agreement = version.agreement
    proposal = _proposal(agreement.proposal_id)
    granted = _ready(proposal, by, at)
    if version.state != V.APPROVED or version.decided_at is None:
        raise VersionMoved
    if signed_on > local(at).date():
        raise SignedInFuture
    if signed_on < local(version.decided_at).date():
        raise SignedBeforeApproval(day=spoken(signed_on), approved=spoken(local(version.decided_at).date()))
    check_evidence([scan], megabytes=20)
    content = domain.read(version.content)
    # funds in one order for everybody
    list(Fund.objects.select_for_update().filter(pk__in=[p.fund for p in content.pulls]).order_by("pk"))
    _check(content, proposal, granted, agreement)
    _write_terms(agreement, content)
    _write_draws(agreement, content)
    file = keep(scan, f"{agreement.number}-第{version.number}版-签字盖章件", at)
    agreement.versions.filter(state=V.SIGNED).update(state=V.SUPERSEDED)
    version.state, version.signed_on, version.scan, version.recorded_by, version.recorded_at = (
        V.SIGNED,
        signed_on,
        file,
        by,
        at,
    )
    version.save(update_fields=["state", "signed_on", "scan", "recorded_by", "recorded_at"])
    agreement.state, agreement.amount = Agreement.State.SIGNED, content.amount
    agreement.payee_name, agreement.payee_bank, agreement.payee_account = (
        content.payee_name,
        content.payee_bank,
        content.payee_account,
    )
    agreement.save(update_fields=["state", "amount", "payee_name", "payee_bank", "payee_account"])
    _note(
        agreement,
        "funding.agreement_signed",
        by,
        at,
        {"version": version.number, "amount": str(content.amount), "on": signed_on.isoformat()},
    )
    return agreement


def _write_terms(agreement: Agreement, content: domain.Content) -> None:
    """Bring the instalments to the new version: by position; one that has money in it stays, and stays large enough."""
    known = {i.position: i for i in agreement.instalments.all()}
    nets = rules.net_by_instalment(agreement)
    for position, term in enumerate(content.terms, 1):
        row = known.pop(position, None) or Instalment(agreement=agreement, position=position)
        busy = nets.get(row.pk, ZERO) if row.pk else ZERO
        if term.amount < busy:
            raise BelowPaid(where=f"“{row.title}”", net=show_yuan(busy))
        row.title, row.amount, row.conditions = term.title, term.amount, list(term.conditions)
        row.spend_rate, row.due_on = term.spend_rate, term.due_on
        row.save()
    for row in known.values():
        if row.payments.exists():
            raise BelowPaid(where=f"“{row.title}”", net=show_yuan(nets.get(row.pk, ZERO)))
        row.delete()


def _write_draws(agreement: Agreement, content: domain.Content) -> None:
    known = {d.fund_id: d for d in agreement.draws.select_related("fund")}
    nets = rules.net_by_draw(agreement)
    for pull in content.pulls:
        row = known.pop(pull.fund, None) or FundDraw(agreement=agreement, fund_id=pull.fund)
        busy = nets.get(row.pk, ZERO) if row.pk else ZERO
        if pull.amount < busy:
            raise BelowPaid(where=f"“{pull.name}”", net=show_yuan(busy))
        row.amount = pull.amount
        row.save()
    for row in known.values():
        if row.parts.exists():
            raise BelowPaid(where=f"“{row.fund.name}”", net=show_yuan(nets.get(row.pk, ZERO)))
        row.delete()


@transaction.atomic(durable=True)
def end_agreement(*, agreement_id: int, reason: str, by: User, at: datetime) -> Agreement:
    """A leader ends a signed agreement early: open requests are cancelled, what was not paid goes back to the pool.

    Raises NotAllowed, ReasonMissing, NotSigned.
    """
    agreement = lock_agreement(agreement_id)
    if not rules.can_end(by, agreement):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    if agreement.state != Agreement.State.SIGNED:
        raise NotSigned
    open_states = [Payment.State.REQUESTED, Payment.State.CHECKED, Payment.State.APPROVED]
    agreement.payments.filter(state__in=open_states).update(
        state=Payment.State.CANCELLED, closed_by=by, closed_at=at, close_reason=f"协议终止：{reason.strip()}"[:500]
    )
    agreement.versions.filter(state__in=[V.DRAFT, V.SUBMITTED, V.APPROVED]).update(state=V.WITHDRAWN)
    by_term, by_draw = rules.net_by_instalment(agreement), rules.net_by_draw(agreement)
    for term in agreement.instalments.all():
        Instalment.objects.filter(pk=term.pk).update(amount=by_term.get(term.pk, ZERO))
    for draw in agreement.draws.all():
        FundDraw.objects.filter(pk=draw.pk).update(amount=by_draw.get(draw.pk, ZERO))
    before = agreement.amount
    agreement.amount = sum(by_draw.values(), ZERO)
    agreement.state, agreement.ended_by, agreement.ended_at, agreement.end_reason = (
        Agreement.State.ENDED,
        by,
        at,
        reason.strip(),
    )
    agreement.save(update_fields=["state", "amount", "ended_by", "ended_at", "end_reason"])
    _note(
        agreement,
        "funding.agreement_ended",
        by,
        at,
        {"before": str(before), "settled": str(agreement.amount)},
        reason.strip(),
    )
    return agreement


@transaction.atomic(durable=True)
def add_paper(*, agreement_id: int, kind: str, file: Any, by: User, at: datetime) -> FundPaper:
    """Keep a paper of the democratic path. Raises NotAllowed, BadEvidence."""
    agreement = lock_agreement(agreement_id)
    if not rules.can_add_paper(by, agreement):
        raise NotAllowed
    check_evidence([file])
    label = FundPaper.Kind(kind).label
    stored = keep(file, f"{agreement.number}-{label}{agreement.papers.filter(kind=kind).count() + 1}", at)
    paper = FundPaper.objects.create(agreement=agreement, kind=kind, file=stored, added_by=by, added_at=at)
    _note(agreement, "funding.paper_added", by, at, {"kind": kind})
    return paper
