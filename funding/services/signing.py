"""Agreements signed and ended: from then on their terms and draws stand in rows of their own."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from funding import rules
from funding.domain import agreement as domain
from funding.models import Agreement, Fund, FundDraw, FundPaper, Instalment, Payment
from funding.services.agreement import (
    ZERO,
    NotSigned,
    V,
    VersionMoved,
    check_content,
    lock_agreement,
    lock_proposal,
    lock_version,
    note_act,
    ready_amount,
)
from funding.services.files import check_evidence, keep
from funding.services.plan import ReasonMissing


class SignedBeforeApproval(DomainError):
    message = "签订日期 {day} 早于批准日期 {approved}，请核对。"
    status = 400


class SignedInFuture(DomainError):
    message = "签订日期不能晚于今天。"
    status = 400


class BelowPaid(DomainError):
    message = "{where}已拨和待拨 {net} 元，变更后的金额不能低于它。"
    status = 400


@transaction.atomic(durable=True)
def sign_agreement(*, version_id: int, signed_on: date, scan: Any, by: User, at: datetime) -> Agreement:
    """Record that the parties signed: day and scan. Its figures become the standing instalments and draws.

    Raises NotAllowed, VersionMoved, HeldUp, NotFunded, SignedBeforeApproval, SignedInFuture, BadEvidence,
    AgreementWrong, BelowPaid.
    """
    version = lock_version(version_id)
    agreement = version.agreement
    proposal = lock_proposal(agreement.proposal_id)
    granted = ready_amount(proposal, by, at)
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
    check_content(content, proposal, granted, agreement)
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
    note_act(
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
    note_act(
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
    note_act(agreement, "funding.paper_added", by, at, {"kind": kind})
    return paper
