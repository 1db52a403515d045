"""Pages of 拨付: an organization asks and follows; office, leader and finance each do their part."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.finding import narrowed
from core.rmb import rmb_upper
from funding import rules, services
from funding.forms import payment as forms
from funding.models import Agreement, Instalment, Payment, PaymentPart
from jobs.storage import place_of
from rounds.models import Round

S = Payment.State
PAGE = 30
OPEN = [S.REQUESTED, S.CHECKED, S.APPROVED]


# ---- lists


@require_safe
def payment_list(request: HttpRequest) -> HttpResponse:
    """Payments one sees, one's own turn first; an organization also sees what it may ask for."""
    user = person(request)
    if not rules.sees_payments(user):
        raise NotAllowed
    seen = rules.visible_payments(user)
    turn = Case(When(rules.turn_of(user), then=Value(0)), When(state__in=OPEN, then=Value(1)), default=Value(2), output_field=IntegerField())  # fmt: skip
    asked = forms.FilterForm(request.GET)
    asked.is_valid()
    rows: QuerySet[Any] = _narrowed(seen, asked.cleaned_data).annotate(turn=turn)
    page = Paginator(rows.order_by("turn", "-pk"), PAGE).get_page(request.GET.get("page"))
    rounds = Round.objects.filter(pk__in=rules.visible_agreements(user).values("round")).order_by("-pk")
    reader = bool(street_ids(user, *rules.READERS))
    facts = {
        "page": page, "asked": asked.cleaned_data, "states": S.choices, "rounds": rounds, "reader": reader,
        "narrowed": any(asked.cleaned_data.values()), "mine": _mine(user),
    }  # fmt: skip
    return render(request, "funding/payment_list.html", facts)


def _narrowed(rows: "QuerySet[Payment]", asked: dict[str, Any]) -> "QuerySet[Payment]":
    if asked.get("state"):
        rows = rows.filter(state=asked["state"])
    if asked.get("round"):
        rows = rows.filter(agreement__round=asked["round"])
    texts = ("agreement__proposal__title", "agreement__proposal__organization__name")
    return narrowed(rows, asked.get("q") or "", texts=texts, codes=("number", "voucher", "agreement__number"))


def _mine(user: User) -> "QuerySet[Agreement]":
    """Signed agreements of the organizations a person acts for."""
    return rules.visible_agreements(user).filter(
        proposal__organization__members__user=user, state=Agreement.State.SIGNED
    )


# ---- the organization


def _agreement(request: HttpRequest, agreement_id: int) -> Agreement:
    bound = rules.visible_agreements(person(request)).filter(state__in=[Agreement.State.SIGNED, Agreement.State.ENDED])
    return get_object_or_404(bound, pk=agreement_id)


@require_safe
def instalments(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Every instalment of an agreement: what may be asked for now, what is missing, what was asked."""
    agreement = _agreement(request, agreement_id)
    facts = {
        "agreement": agreement,
        "asks": rules.asks(agreement),
        "payments": agreement.payments.select_related("instalment").order_by("-pk"),
        "can_request": rules.can_request(person(request), agreement),
    }
    return render(request, "funding/payment_instalments.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def payment_request(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """The organization asks: `?term=2` for another instalment than the next."""
    user, agreement = person(request), _agreement(request, agreement_id)
    if not rules.can_request(user, agreement):
        raise NotAllowed
    asks = rules.asks(agreement)
    ask = next((a for a in asks if str(a.term.position) == request.GET.get("term")), None) or next(
        (a for a in asks if a.is_next), asks[-1]
    )
    paid = sum((a.paid for a in asks), start=asks[0].paid * 0)
    post, status = request.method == "POST", 200
    form = forms.RequestForm(
        request.POST if post else None, request.FILES if post else None, left=ask.left, paid=paid, initial={"amount": ask.left}
    )  # fmt: skip
    if post and form.is_valid():
        data = form.cleaned_data
        try:
            payment = services.request_payment(
                instalment_id=ask.term.pk, amount=data["amount"], spent=data["spent"], words=data["words"], files=data["evidence"],
                once_key=str(data["once_key"]), by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(_field(error), error.message)
            status = error.status
        else:
            messages.success(request, f"申请已提交，编号 {payment.number}。接下来由街道核对。")
            return redirect("funding:payment", payment.pk)
    facts = {
        "agreement": agreement, "ask": ask, "form": form, "paid": paid, "upper": rmb_upper(ask.left),
        "payee": {"name": agreement.payee_name, "bank": agreement.payee_bank, "account": agreement.payee_account},
    }  # fmt: skip
    return render(request, "funding/payment_request.html", facts, status=status)


FIELDS: dict[type[DomainError], str] = {
    services.InstalmentExceeded: "amount", services.NothingAsked: "amount", services.SpentTooMuch: "spent", services.SpentTooLittle: "spent",
    services.BadEvidence: "evidence", services.VoucherMissing: "voucher", services.PaidBeforeApproval: "paid_on", services.RepaidTooMuch: "amount",
    services.PayeeDiffers: "payee_seen", services.PaidInFuture: "paid_on",
}  # fmt: skip


def _field(error: DomainError) -> str | None:
    """The field a refusal belongs to."""
    return FIELDS.get(type(error))


# ---- one payment


def _visible(request: HttpRequest, payment_id: int) -> Payment:
    return get_object_or_404(rules.visible_payments(person(request)), pk=payment_id)


@require_safe
def payment_detail(request: HttpRequest, payment_id: int) -> HttpResponse:
    """One payment from request to voucher, and what this person may do next."""
    return _page(request, _visible(request, payment_id))


def _page(request: HttpRequest, payment: Payment, status: int = 200, **bound: Any) -> HttpResponse:
    user, now, agreement = person(request), clock.now(), payment.agreement
    today = clock.local(now).date()
    turn = Payment.objects.filter(rules.turn_of(user), pk=payment.pk).exists()
    state, reader = payment.state, rules.sees_form(user, payment)
    differs = rules.payee_differs(payment)
    pays = rules.can_pay(user, payment)
    parts = [
        (part, sum((r.amount for r in part.repayments.all()), start=part.amount * 0))
        for part in payment.parts.select_related("draw__fund")
        .prefetch_related("repayments__recorded_by")
        .order_by("pk")
    ]
    failing = pays and state == S.PAID and agreement.state == Agreement.State.SIGNED and not any(b for _, b in parts)
    facts = {
        "payment": payment, "agreement": agreement, "payee": rules.payee_for(user, payment), "upper": rmb_upper(payment.amount),
        "files": payment.evidence.order_by("pk"), "parts": parts, "steps_": _steps(payment), "reader": reader,
        "confirmed": [(str(Instalment.Condition(c).label), note) for c, note in payment.confirmed.items()],
        "doubt": rules.registry_doubt(payment) if reader and state in OPEN else "", "differs": differs, "frozen": rules.frozen_until(agreement, now) if state in OPEN else None,
        "why": rules.held_up(agreement.round_id).get(agreement.proposal_id) if state in OPEN else None,
        "papers": rules.papers_missing(agreement) if state in OPEN else None, "exports": rules.exports_form(user, payment),
        "can_check": turn and state == S.REQUESTED, "can_approve": turn and state == S.CHECKED, "can_pay": turn and state == S.APPROVED,
        "can_refuse": turn, "can_withdraw": state == S.REQUESTED and rules.can_request(user, agreement),
        "can_fail": failing, "can_repay": pays and state == S.PAID,
        "check_form": forms.CheckForm(conditions=payment.instalment.conditions),
        "pay_form": forms.PayForm(differs=differs, initial={"paid_on": today}),
        "refuse_form": forms.ReasonForm(prefix="refuse", hint="单位会看到这条理由，改好以后可以重新申请。"),
        "withdraw_form": forms.ReasonForm(prefix="withdraw"),
        "fail_form": forms.ReasonForm(prefix="fail", hint="例如银行退票的原因。凭证号继续保留，这一期可以重新申请。"),
    }  # fmt: skip
    facts |= bound
    facts["has_errors"] = any(form.errors for form in bound.values())
    # What a form that is shown no more was told, such as a payment that moved on meanwhile.
    facts["refused"] = [
        words for key, form in bound.items() if not facts[f"can_{key.removesuffix('_form')}"] for words in _told(form)
    ]
    return render(request, "funding/payment.html", facts, status=status)


def _told(form: Any) -> list[str]:
    return [str(words) for found in form.errors.values() for words in found]


def _steps(payment: Payment) -> list[dict[str, Any]]:
    """The way of a request as its timeline: what, who, when."""
    made = [
        ("申请", payment.requested_by, payment.requested_at, "街道核对材料和条件。"),
        ("核对", payment.checked_by, payment.checked_at, "等待核对。"),
        ("审批", payment.approved_by, payment.approved_at, "等待审批。"),
        ("拨付", payment.paid_by, payment.paid_at, "等待财政拨付。"),
    ]
    found: list[dict[str, Any]] = []
    now = payment.state in OPEN
    for title, who, at, waiting in made:
        if who is not None:
            text = f"{who.display_name}"
            if title == "拨付" and payment.paid_on:
                text += f"，{clock.spoken(payment.paid_on)}拨付，凭证号 {payment.voucher}"
            found.append({"title": title, "state": "done", "when": at, "text": text})
        else:
            text = waiting if now else "还没有到这一步。" if payment.state in OPEN else "没有进行。"
            found.append({"title": title, "state": "now" if now else "todo", "when": None, "text": text})
            now = False
    if payment.closed_by:
        text = f"{payment.closed_by.display_name}：{payment.close_reason}"
        found.append({"title": payment.get_state_display(), "state": "done", "when": payment.closed_at, "text": text})
    return found


def _act(
    request: HttpRequest, payment: Payment, form: Any, key: str, act: Callable[[dict[str, Any]], Any], done: str
) -> HttpResponse:
    """Validate, act, lead back; a refusal shows the page with what was typed."""
    status = 200
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except NotAllowed:
            raise
        except DomainError as error:
            field = _field(error)
            form.add_error(field if field in form.fields else None, error.message)
            status = error.status
            payment = _visible(request, payment.pk)
        else:
            messages.success(request, done)
            return redirect("funding:payment", payment.pk)
    return _page(request, payment, status, **{key: form})


@require_POST
def payment_check(request: HttpRequest, payment_id: int) -> HttpResponse:
    """The office confirms the conditions."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.can_check(user, payment):
        raise NotAllowed
    form = forms.CheckForm(request.POST, conditions=payment.instalment.conditions)
    return _act(
        request, payment, form, "check_form",
        lambda data: services.check_payment(payment_id=payment.pk, confirmed=data, by=user, at=clock.now()),
        "已核对，转下一环节审批。",
    )  # fmt: skip


@require_POST
def payment_approve(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Who decides on the money approves."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.can_approve(user, payment):
        raise NotAllowed
    services.approve_payment(payment_id=payment.pk, by=user, at=clock.now())
    messages.success(request, "已批准，转财政拨付。")
    return redirect("funding:payment", payment.pk)


@require_POST
def payment_pay(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Finance records day and voucher."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.can_pay(user, payment):
        raise NotAllowed
    form = forms.PayForm(request.POST, differs=rules.payee_differs(payment))
    return _act(
        request, payment, form, "pay_form",
        lambda data: services.pay(payment_id=payment.pk, by=user, at=clock.now(), **data),
        "拨付已登记。",
    )  # fmt: skip


@require_POST
def payment_refuse(request: HttpRequest, payment_id: int) -> HttpResponse:
    """Whoever's turn it is sends the request back for good."""
    user, payment = person(request), _visible(request, payment_id)
    if not any(rule(user, payment) for rule in (rules.can_check, rules.can_approve, rules.can_pay)):
        raise NotAllowed
    form = forms.ReasonForm(request.POST, prefix="refuse")
    return _act(
        request, payment, form, "refuse_form",
        lambda data: services.refuse_payment(payment_id=payment.pk, reason=data["reason"], by=user, at=clock.now()),
        "申请已退回，单位能看到理由。",
    )  # fmt: skip


@require_POST
def payment_withdraw(request: HttpRequest, payment_id: int) -> HttpResponse:
    """The organization takes its request back."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.can_request(user, payment.agreement):
        raise NotAllowed
    form = forms.ReasonForm(request.POST, prefix="withdraw")
    return _act(
        request, payment, form, "withdraw_form",
        lambda data: services.withdraw_payment(payment_id=payment.pk, reason=data["reason"], by=user, at=clock.now()),
        "申请已撤回，可以重新申请。",
    )  # fmt: skip


@require_POST
def payment_fail(request: HttpRequest, payment_id: int) -> HttpResponse:
    """The bank sent it back."""
    user, payment = person(request), _visible(request, payment_id)
    if not rules.can_pay(user, payment):
        raise NotAllowed
    form = forms.ReasonForm(request.POST, prefix="fail")
    return _act(
        request, payment, form, "fail_form",
        lambda data: services.fail_payment(payment_id=payment.pk, reason=data["reason"], by=user, at=clock.now()),
        "已登记为拨付失败，单位可以重新申请这一期。",
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def repay(request: HttpRequest, part_id: int) -> HttpResponse:
    """Finance books what came back to one fund."""
    user = person(request)
    known = PaymentPart.objects.filter(payment__in=rules.visible_payments(user).values("pk")).select_related(
        "draw__fund"
    )
    part = get_object_or_404(known, pk=part_id)
    payment = _visible(request, part.payment_id)
    if not rules.can_pay(user, payment):
        raise NotAllowed
    back = sum((r.amount for r in part.repayments.all()), start=part.amount * 0)
    post, status = request.method == "POST", 200
    form = forms.RepayForm(request.POST if post else None)
    if post and form.is_valid():
        data = form.cleaned_data
        try:
            services.record_repayment(
                part_id=part.pk, by=user, at=clock.now(), **(data | {"once_key": str(data["once_key"])})
            )
        except DomainError as error:
            form.add_error("received_on" if isinstance(error, services.PaidInFuture) else _field(error), error.message)
            status = error.status
        else:
            messages.success(request, "退回已登记。")
            return redirect("funding:payment", payment.pk)
    facts = {"part": part, "payment": payment, "form": form, "back": back, "left": part.amount - back}
    return render(request, "funding/payment_repay.html", facts, status=status)


@require_safe
@never_cache
def evidence(request: HttpRequest, payment_id: int, evidence_id: int) -> HttpResponseBase:
    """One paper of a request, as an attachment that nothing can run in."""
    file = get_object_or_404(_visible(request, payment_id).evidence, pk=evidence_id)
    place = place_of(file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=file.shown_name, content_type=file.content_type)
