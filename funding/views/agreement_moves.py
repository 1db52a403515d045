"""What moves an agreement from hand to hand: submit, decide, withdraw, sign, change, end; papers."""

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from funding import rules, services
from funding.forms import agreement as forms
from funding.forms.decide import ReturnForm
from funding.models import Agreement
from funding.views.agreement import detail_page, ending, visible, visible_version


def _move(
    request: HttpRequest, agreement: Agreement, form: django_forms.Form, name: str, verb: Callable[..., Any], said: str, at_field: str | None = None
) -> HttpResponse:  # fmt: skip
    """Form, then one service; a refusal shows the page again with what was typed."""
    status = 200
    if form.is_valid():
        try:
            verb(by=person(request), at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(at_field if error.status == 400 else None, error.message)
            status = error.status
        else:
            messages.success(request, said)
            return redirect("funding:agreement", agreement.pk)
    return detail_page(request, agreement, status, **{name: form})


@require_POST
def submit(request: HttpRequest, version_id: int) -> HttpResponse:
    """The office hands a draft to whoever decides."""
    user, version = person(request), visible_version(request, version_id)
    if not rules.can_draft(user, version.agreement.round):
        raise NotAllowed
    services.submit_agreement(version_id=version.pk, by=user, at=clock.now())
    messages.success(request, "已提请审批，文本不能再改，除非退回。")
    return redirect("funding:agreement", version.agreement_id)


@require_POST
def approve(request: HttpRequest, version_id: int) -> HttpResponse:
    """A leader, or the buying community, approves the text for signing."""
    user, version = person(request), visible_version(request, version_id)
    if not rules.can_approve_agreement(user, version):
        raise NotAllowed
    form = forms.OpinionForm(request.POST, prefix="yes")

    def verb(**facts: Any) -> None:
        services.approve_agreement(version_id=version.pk, **facts)

    return _move(request, version.agreement, form, "opinion_form", verb, "协议文本已批准，可以打印签订。")


@require_POST
def send_back(request: HttpRequest, version_id: int) -> HttpResponse:
    """A leader sends the text back with a reason."""
    user, version = person(request), visible_version(request, version_id)
    if not rules.can_approve_agreement(user, version):
        raise NotAllowed

    def verb(**facts: Any) -> None:
        services.return_agreement(version_id=version.pk, **facts)

    return _move(
        request, version.agreement, ReturnForm(request.POST, prefix="back"), "return_form", verb, "协议已退回经办人。"
    )


@require_POST
def withdraw(request: HttpRequest, version_id: int) -> HttpResponse:
    """The office takes back a version that is not signed."""
    user, version = person(request), visible_version(request, version_id)
    if not rules.can_draft(user, version.agreement.round):
        raise NotAllowed

    def verb(**facts: Any) -> None:
        services.withdraw_version(version_id=version.pk, **facts)

    return _move(
        request,
        version.agreement,
        forms.ReasonForm(request.POST, prefix="drop"),
        "withdraw_form",
        verb,
        "这一版已撤销。",
    )


@require_POST
def sign(request: HttpRequest, version_id: int) -> HttpResponse:
    """The office records that the parties signed."""
    user, version = person(request), visible_version(request, version_id)
    if not rules.can_draft(user, version.agreement.round):
        raise NotAllowed
    form, status = forms.SignForm(request.POST, request.FILES, prefix="sign"), 200
    if form.is_valid():
        try:
            services.sign_agreement(version_id=version.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            fields = {
                services.SignedBeforeApproval: "signed_on", services.SignedInFuture: "signed_on", services.BadEvidence: "scan",
            }  # fmt: skip
            form.add_error(fields.get(type(error)), error.message)
            status = error.status
        else:
            messages.success(request, "签订已登记，协议金额、分期和资金来源从现在起生效。")
            return redirect("funding:agreement", version.agreement_id)
    return detail_page(request, version.agreement, status, sign_form=form)


@require_POST
def change(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """The office begins a new version of a signed agreement."""
    user, agreement = person(request), visible(request, agreement_id)
    if not rules.can_draft(user, agreement.round):
        raise NotAllowed

    def verb(**facts: Any) -> None:
        services.change_agreement(agreement_id=agreement.pk, **facts)

    form = forms.ReasonForm(request.POST, prefix="change")
    return _move(
        request,
        agreement,
        form,
        "change_form",
        verb,
        "新一版已按现行文本建立，请修改后提请审批；签订前原协议继续有效。",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Who decides on the money ends an agreement; what happens is said first."""
    user, agreement = person(request), visible(request, agreement_id)
    if not rules.can_end(user, agreement):
        raise NotAllowed
    if agreement.state != Agreement.State.SIGNED:
        raise services.NotSigned
    form, status = forms.ReasonForm(), 200
    if request.method == "POST":
        form = forms.ReasonForm(request.POST)
        if form.is_valid():
            try:
                services.end_agreement(
                    agreement_id=agreement.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now()
                )
            except DomainError as error:
                form.add_error(None, error.message)
                status = error.status
            else:
                messages.success(request, "协议已终止。")
                return redirect("funding:agreement", agreement.pk)
    facts = {"agreement": agreement, "form": form, **ending(agreement)}
    return render(request, "funding/agreement_end.html", facts, status=status)


@require_POST
def add_paper(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """The office or the community uploads a paper of the democratic path."""
    user, agreement = person(request), visible(request, agreement_id)
    if not rules.can_add_paper(user, agreement):
        raise NotAllowed

    def verb(**facts: Any) -> None:
        services.add_paper(agreement_id=agreement.pk, **facts)

    form = forms.PaperForm(request.POST, request.FILES, prefix="paper")
    return _move(request, agreement, form, "paper_form", verb, "材料已上传。", "file")
