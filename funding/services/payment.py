"""拨付: request, check, approve, pay; refuse, fail, withdraw; money that comes back."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from core.exact import plain_text
from core.money import show_yuan
from funding import rules
from funding.domain import agreement as domain
from funding.kinds import PAYMENT
from funding.models import Agreement, Instalment, Payment, PaymentPart, Repayment
from funding.services.agreement import HeldUp, NotSigned, lock_agreement
from funding.services.files import check_evidence, keep
from funding.services.plan import ReasonMissing
from messaging.services import notify

S = Payment.State
ZERO = Decimal("0.00")


class InstalmentExceeded(DomainError):
    message = "“{title}”还可申请 {left} 元，不能申请 {amount} 元。"
    status = 400


class EarlierInstalmentOpen(DomainError):
    message = "“{title}”还没有拨付，不能申请后一期。"
    status = 400


class NothingAsked(DomainError):
    message = "申请金额必须大于零。"
    status = 400


class SpentTooMuch(DomainError):
    message = "累计支出 {spent} 元超过已拨付的 {paid} 元，请核对。"
    status = 400


class SpentTooLittle(DomainError):
    message = "已拨付 {paid} 元，累计支出 {spent} 元，支出率 {rate}%，未达到约定的 {least}%，不能拨付下一期。"
    status = 400


class ConditionsOpen(DomainError):
    message = "还有拨付条件没有核对：{names}。"
    status = 400


class PapersMissing(DomainError):
    message = "“{fund}”须先有民主决策材料，还缺：{names}。请在协议页上传后再办理。"
    status = 400


class PaymentMoved(DomainError):
    message = "这笔拨付的状态已变化，可能已由他人处理，请刷新页面查看。"


class SamePerson(DomainError):
    message = "申请、核对、审批和拨付须由不同的人办理，您已办理过这笔拨付的前一环节。"


class VoucherMissing(DomainError):
    message = "请填写凭证号。"
    status = 400


class PaidInFuture(DomainError):
    message = "日期不能晚于今天。"
    status = 400


class PaidBeforeApproval(DomainError):
    message = "拨付日期不能早于审批日期。"
    status = 400


class PayeeChanged(DomainError):
    message = "收款账户在协议变更中改过，{until} 以前暂停拨付，请先核实新账户。"


class PayeeDiffers(DomainError):
    message = "申请书上的收款账户与协议现行账户不同。请与单位核实，确认付到申请书上的账户，或退回由单位重新申请。"
    status = 400


class RepaidTooMuch(DomainError):
    message = "这一笔最多可退回 {left} 元。"
    status = 400


class AlreadyRepaid(DomainError):
    message = "这笔拨付已有退回记录，不能再登记为拨付失败。"


@transaction.atomic(durable=True)
def request_payment(
    *, instalment_id: int, amount: Decimal, words: str, spent: Decimal, files: Sequence[Any], by: User, at: datetime, once_key: str | None = None
) -> Payment:  # fmt: skip
    """The organization asks for an instalment, or a part of it. The same `once_key` gives the same request back.

    `spent` is what it has spent so far of what was paid, in yuan.
    Raises NotAllowed, NotSigned, HeldUp, NothingAsked, EarlierInstalmentOpen, InstalmentExceeded, SpentTooMuch,
    SpentTooLittle, BadEvidence.
    """
    agreement = lock_agreement(Instalment.objects.values_list("agreement_id", flat=True).get(pk=instalment_id))
    if not rules.can_request(by, agreement):
        raise NotAllowed
    known = Payment.objects.filter(once_key=once_key, agreement=agreement).first() if once_key else None
    if known is not None:
        return known
    if agreement.state != Agreement.State.SIGNED:
        raise NotSigned
    why = rules.held_up(agreement.round_id).get(agreement.proposal_id)
    if why:
        raise HeldUp(why=why)
    term = agreement.instalments.get(pk=instalment_id)
    _may_ask(agreement, term, amount)
    _spent_enough(agreement, term, spent)
    check_evidence(files, most=5)
    try:
        with transaction.atomic():
            payment = Payment.objects.create(
                agreement=agreement, instalment=term, number=f"BF{agreement.number[2:]}-{agreement.payments.count() + 1:02d}", amount=amount,
                words=words.strip(), spent=spent, requested_by=by, requested_at=at, once_key=once_key,
                payee={"name": agreement.payee_name, "bank": agreement.payee_bank, "account": agreement.payee_account},
            )  # fmt: skip
    except IntegrityError:
        known = Payment.objects.filter(once_key=once_key, agreement=agreement).first() if once_key else None
        if known is None:
            raise
        return known
    nets = rules.net_by_draw(agreement)
    free = [(d.pk, d.amount - nets.get(d.pk, ZERO)) for d in agreement.draws.order_by("pk")]
    PaymentPart.objects.bulk_create(
        PaymentPart(payment=payment, draw_id=pk, amount=part) for pk, part in domain.release(free, amount)
    )
    for n, file in enumerate(files, 1):
        payment.evidence.add(keep(file, f"{payment.number}-材料{n}", at))
    _note(payment, "funding.payment_requested", by, at)
    return payment


def _may_ask(agreement: Agreement, term: Instalment, amount: Decimal) -> None:
    if amount <= 0:
        raise NothingAsked
    nets = rules.net_by_instalment(agreement)
    paid = rules.paid_by_instalment(agreement)
    for earlier in agreement.instalments.filter(position__lt=term.position).order_by("position"):
        if not paid.get(earlier.pk):
            raise EarlierInstalmentOpen(title=earlier.title)
    left = term.amount - nets.get(term.pk, ZERO)
    if amount > left:
        raise InstalmentExceeded(title=term.title, left=show_yuan(left), amount=show_yuan(amount))


def _spent_enough(agreement: Agreement, term: Instalment, spent: Decimal) -> None:
    paid = sum(rules.paid_by_instalment(agreement).values(), ZERO)
    if spent > paid:
        raise SpentTooMuch(spent=show_yuan(spent), paid=show_yuan(paid))
    if term.spend_rate and spent * 100 < paid * term.spend_rate:
        raise SpentTooLittle(
            paid=show_yuan(paid),
            spent=show_yuan(spent),
            rate=plain_text(spent * 1000 // paid / 10, 1),
            least=term.spend_rate,
        )


def _note(payment: Payment, verb: str, by: User, at: datetime, reason: str = "", **facts: Any) -> None:
    record(
        actor=by, verb=verb, about=payment, at=at, scope_id=payment.agreement.round.street_id, reason=reason,
        facts={"number": payment.number, "amount": str(payment.amount), **facts},
    )  # fmt: skip


def _tell(payment: Payment, outcome: str, words: str, at: datetime) -> None:
    """The organization hears, once for each outcome, what became of its request."""
    proposal = payment.agreement.proposal
    data = {
        "outcome": outcome, "title": proposal.title, "term": payment.instalment.title, "amount": show_yuan(payment.amount),
        "number": payment.number, "words": words,
    }  # fmt: skip
    notify(
        recipients=[m.user_id for m in proposal.organization.members.all()], occasion=f"{PAYMENT.key}:{payment.pk}:{payment.state}",
        subject="", body="", kind=PAYMENT.key, data=data, link=f"/payments/{payment.pk}/", at=at, scope_id=payment.agreement.round.street_id,
    )  # fmt: skip


def _locked(payment_id: int) -> Payment:
    agreement = lock_agreement(Payment.objects.values_list("agreement_id", flat=True).get(pk=payment_id))
    payment = Payment.objects.select_related("instalment").get(pk=payment_id)
    payment.agreement = agreement
    return payment


def _step(payment: Payment, state: str, by: User, *, busy: Sequence[int | None]) -> None:
    """The payment stands at `state` under a signed agreement, and this person has had no hand in it so far."""
    if payment.state != state:
        raise PaymentMoved
    if payment.agreement.state != Agreement.State.SIGNED:
        raise NotSigned
    if by.pk in busy:
        raise SamePerson
    why = rules.held_up(payment.agreement.round_id).get(payment.agreement.proposal_id)
    if why:
        raise HeldUp(why=why)


@transaction.atomic(durable=True)
def check_payment(*, payment_id: int, confirmed: Mapping[str, str], by: User, at: datetime) -> Payment:
    """The office confirms every condition of the instalment, each with a note of what it saw.

    Raises NotAllowed, PaymentMoved, NotSigned, SamePerson, HeldUp, ConditionsOpen, PapersMissing.
    """
    payment = _locked(payment_id)
    if not rules.can_check(by, payment):
        raise NotAllowed
    _step(payment, S.REQUESTED, by, busy=[payment.requested_by_id])
    seen = {k: v.strip() for k, v in confirmed.items() if v.strip()}
    missing = [Instalment.Condition(c).label for c in payment.instalment.conditions if c not in seen]
    if missing:
        raise ConditionsOpen(names="、".join(missing))
    _papers(payment)
    payment.state, payment.checked_by, payment.checked_at = S.CHECKED, by, at
    payment.confirmed = {c: seen[c] for c in payment.instalment.conditions}
    payment.save(update_fields=["state", "checked_by", "checked_at", "confirmed"])
    _note(payment, "funding.payment_checked", by, at)
    return payment


def _papers(payment: Payment) -> None:
    short = rules.papers_missing(payment.agreement)
    if short:
        raise PapersMissing(fund=short[0], names="、".join(short[1]))


@transaction.atomic(durable=True)
def approve_payment(*, payment_id: int, by: User, at: datetime) -> Payment:
    """A leader (or the buying community) approves. Raises NotAllowed, PaymentMoved, NotSigned, SamePerson, HeldUp, PapersMissing."""
    payment = _locked(payment_id)
    if not rules.can_approve(by, payment):
        raise NotAllowed
    _step(payment, S.CHECKED, by, busy=[payment.requested_by_id, payment.checked_by_id])
    _papers(payment)
    payment.state, payment.approved_by, payment.approved_at = S.APPROVED, by, at
    payment.save(update_fields=["state", "approved_by", "approved_at"])
    _note(payment, "funding.payment_approved", by, at)
    return payment


@transaction.atomic(durable=True)
def pay(*, payment_id: int, paid_on: date, voucher: str, by: User, at: datetime, payee_seen: bool = False) -> Payment:
    """Finance records that the money left: day and voucher number.

    For 24 hours after the agreement's account changed nothing is paid; where the request holds another account than the
    agreement, `payee_seen` says that finance asked and pays to the request's.
    Raises NotAllowed, PaymentMoved, NotSigned, SamePerson, HeldUp, PayeeChanged, PayeeDiffers, VoucherMissing,
    PaidInFuture, PaidBeforeApproval.
    """
    payment = _locked(payment_id)
    if not rules.can_pay(by, payment):
        raise NotAllowed
    _step(payment, S.APPROVED, by, busy=[payment.requested_by_id, payment.checked_by_id, payment.approved_by_id])
    until = rules.frozen_until(payment.agreement, at)
    if until:
        raise PayeeChanged(until=f"{spoken(local(until).date())}{local(until):%H:%M}")
    if rules.payee_differs(payment) and not payee_seen:
        raise PayeeDiffers
    if not voucher.strip():
        raise VoucherMissing
    if paid_on > local(at).date():
        raise PaidInFuture
    if payment.approved_at and paid_on < local(payment.approved_at).date():
        raise PaidBeforeApproval
    payment.state, payment.paid_by, payment.paid_at, payment.paid_on, payment.voucher = (
        S.PAID,
        by,
        at,
        paid_on,
        voucher.strip(),
    )
    payment.save(update_fields=["state", "paid_by", "paid_at", "paid_on", "voucher"])
    _note(payment, "funding.payment_paid", by, at, voucher=payment.voucher, on=paid_on.isoformat())
    _tell(payment, "已拨付", f"{spoken(paid_on)}拨付，凭证号 {payment.voucher}。", at)
    return payment


def _close(payment: Payment, state: str, by: User, at: datetime, reason: str, verb: str) -> Payment:
    if not reason.strip():
        raise ReasonMissing
    payment.state, payment.closed_by, payment.closed_at, payment.close_reason = state, by, at, reason.strip()
    payment.save(update_fields=["state", "closed_by", "closed_at", "close_reason"])
    _note(payment, verb, by, at, reason.strip())
    return payment


@transaction.atomic(durable=True)
def refuse_payment(*, payment_id: int, reason: str, by: User, at: datetime) -> Payment:
    """Whoever's turn it is says no; the organization may ask again. Raises NotAllowed, PaymentMoved, ReasonMissing."""
    payment = _locked(payment_id)
    turn = {S.REQUESTED: rules.can_check, S.CHECKED: rules.can_approve, S.APPROVED: rules.can_pay}
    if payment.state not in turn:
        raise PaymentMoved
    if not turn[S(payment.state)](by, payment):
        raise NotAllowed
    _close(payment, S.REFUSED, by, at, reason, "funding.payment_refused")
    _tell(payment, "申请未通过", f"理由：{payment.close_reason}　改好以后可以重新申请。", at)
    return payment


@transaction.atomic(durable=True)
def withdraw_payment(*, payment_id: int, reason: str, by: User, at: datetime) -> Payment:
    """The organization takes its request back before anybody checked it. Raises NotAllowed, PaymentMoved, ReasonMissing."""
    payment = _locked(payment_id)
    if not rules.can_request(by, payment.agreement):
        raise NotAllowed
    if payment.state != S.REQUESTED:
        raise PaymentMoved
    return _close(payment, S.CANCELLED, by, at, reason, "funding.payment_withdrawn")


@transaction.atomic(durable=True)
def fail_payment(*, payment_id: int, reason: str, by: User, at: datetime) -> Payment:
    """The bank sent it back: the voucher stays on record, the instalment is open again.

    Raises NotAllowed, PaymentMoved, AlreadyRepaid, ReasonMissing.
    """
    payment = _locked(payment_id)
    if not rules.can_pay(by, payment):
        raise NotAllowed
    if payment.state != S.PAID or payment.agreement.state != Agreement.State.SIGNED:
        raise PaymentMoved
    if Repayment.objects.filter(part__payment=payment).exists():
        raise AlreadyRepaid
    _close(payment, S.FAILED, by, at, reason, "funding.payment_failed")
    _tell(payment, "拨付失败", f"理由：{payment.close_reason}　请与街道核实账户，这一期可以重新申请。", at)
    return payment


@transaction.atomic(durable=True)
def record_repayment(
    *, part_id: int, kind: str, amount: Decimal, received_on: date, voucher: str, reason: str, by: User, at: datetime, once_key: str | None = None
) -> Repayment:  # fmt: skip
    """Finance records money that came back: a surplus returned, or money recovered. The agreement's open part grows by
    it while it stands; of an ended agreement the settled amount falls.

    Raises NotAllowed, PaymentMoved, NothingAsked, RepaidTooMuch, VoucherMissing, ReasonMissing, PaidInFuture.
    """
    payment = _locked(PaymentPart.objects.values_list("payment_id", flat=True).get(pk=part_id))
    agreement = payment.agreement
    if not rules.can_pay(by, payment):
        raise NotAllowed
    known = Repayment.objects.filter(once_key=once_key, part__payment=payment).first() if once_key else None
    if known is not None:
        return known
    if payment.state != S.PAID:
        raise PaymentMoved
    if amount <= 0:
        raise NothingAsked
    if not voucher.strip():
        raise VoucherMissing
    if not reason.strip():
        raise ReasonMissing
    if received_on > local(at).date():
        raise PaidInFuture
    part = PaymentPart.objects.select_related("draw").get(pk=part_id)
    left = part.amount - sum((r.amount for r in part.repayments.all()), ZERO)
    if amount > left:
        raise RepaidTooMuch(left=show_yuan(left))
    row = Repayment.objects.create(
        part=part, kind=kind, amount=amount, received_on=received_on, voucher=voucher.strip(), reason=reason.strip(), recorded_by=by,
        recorded_at=at, once_key=once_key,
    )  # fmt: skip
    if agreement.state == Agreement.State.ENDED:
        _settle(agreement, payment.instalment_id, part.draw_id, amount)
    _note(payment, "funding.repayment", by, at, reason.strip(), kind=kind, back=str(amount), voucher=row.voucher)
    return row


def _settle(agreement: Agreement, instalment_id: int, draw_id: int, back: Decimal) -> None:
    """An ended agreement binds what was paid and not returned, nothing else."""
    term = agreement.instalments.get(pk=instalment_id)
    term.amount -= back
    term.save(update_fields=["amount"])
    draw = agreement.draws.get(pk=draw_id)
    draw.amount -= back
    draw.save(update_fields=["amount"])
    agreement.amount -= back
    agreement.save(update_fields=["amount"])
