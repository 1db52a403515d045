"""The bank account of one organization, masked; a look at the whole number; finance's confirmation; the street's list."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.finding import narrowed
from organizations import rules, services
from organizations.forms.account import AccountForm, ConfirmForm, LookForm
from organizations.models import Organization
from organizations.views.registry import own_or_street

FIELDS = {
    services.BadAccount: "account", services.HolderNotSupporter: "holder", services.AccountReasonMissing: "reason",
    services.AccountSame: "account", services.LookReasonMissing: "reason", services.HowMissing: "how",
}  # fmt: skip


def _page(request: HttpRequest, row: Organization, *, status: int = 200, whole: str = "", **bound: Any) -> HttpResponse:
    user = person(request)
    found = rules.current_account(row.pk)
    shown = found.number if found else 0
    initial: dict[str, Any] = {"shown": shown, "holder": rules.expected_holder(row)}
    if found is not None:
        initial |= {"holder": found.holder, "bank": found.bank}
    enters, sees = rules.enters_account(user, row), found is not None and rules.sees_account(user, row)
    confirms = found is not None and found.confirmed_at is None and rules.confirms_account(user, row)
    history = row.bank_accounts.defer("account").select_related("entered_by", "confirmed_by").order_by("-number")
    facts = {
        "row": row, "found": found, "whole": whole, "history": list(history)[1:], "sees": sees,
        "doubts": rules.account_doubts(row, found) if found is not None and (enters or sees) else [],
        "form": AccountForm(initial=initial, changes=found is not None) if enters else None,
        "look": LookForm(initial={"shown": shown}, prefix="look") if sees else None,
        "confirm": ConfirmForm(initial={"shown": shown}, prefix="confirm") if confirms else None,
        "own": found is not None and found.entered_by_id == user.pk,
    }  # fmt: skip
    return render(request, "organizations/account.html", facts | bound, status=status)


def _refuse(form: Any, error: DomainError) -> int:
    name = FIELDS.get(type(error))
    form.add_error(name if name in form.fields else None, error.message)
    return error.status


@sensitive_post_parameters("account")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The account that counts, masked; its organization enters or changes it."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if request.method != "POST":
        return _page(request, row)
    if not rules.enters_account(user, row):
        raise NotAllowed
    form = AccountForm(request.POST, changes=rules.current_account(row.pk) is not None)
    status = 200
    if form.is_valid():
        try:
            services.change_account(organization_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "收款账户已登记，待街道财务核实。")
            return redirect("organizations:account", row.pk)
    return _page(request, row, status=status, form=form)


@never_cache
@require_POST
def account_show(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The whole number on the page, once; the look is on record."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.sees_account(user, row):
        raise NotAllowed
    form, status = LookForm(request.POST, prefix="look"), 400
    if form.is_valid():
        try:
            found = services.show_account(organization_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = _refuse(form, error)
        else:
            digits = found.account
            return _page(request, row, whole=" ".join(digits[n : n + 4] for n in range(0, len(digits), 4)))
    return _page(request, row, status=status, look=form)


@never_cache
@require_POST
def account_confirm(request: HttpRequest, organization_id: int) -> HttpResponse:
    """Finance confirms the account."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.confirms_account(user, row):
        raise NotAllowed
    form, status = ConfirmForm(request.POST, prefix="confirm"), 400
    if form.is_valid():
        try:
            services.confirm_account(organization_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "已核实。")
            return redirect("organizations:account", row.pk)
    return _page(request, row, status=status, confirm=form)


@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Accounts of one's street, masked; those that wait for finance first."""
    user = person(request)
    streets = street_ids(user, *rules.READERS)
    if not streets:
        raise NotAllowed
    found = rules.newest_accounts(streets).order_by(
        F("confirmed_at").desc(nulls_first=True), "organization__pinyin", "pk"
    )
    found = narrowed(found, request.GET.get("q", ""), texts=("organization__name", "holder", "bank"), codes=("tail",))
    waiting = rules.newest_accounts(streets).filter(confirmed_at=None).count()
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    facts = {"page": page, "waiting": waiting, "confirms": bool(street_ids(user, Role.FINANCE))}
    return render(request, "organizations/accounts.html", facts)
