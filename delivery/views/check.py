"""The checker: the queue, a batch, one expense."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from delivery import rules, services
from delivery.forms import DecideForm, ReasonForm
from delivery.models import Expense
from delivery.views.entry import expense_page


@require_safe
def check_list(request: HttpRequest) -> HttpResponse:
    """What waits to be checked in one's streets, longest waiting first."""
    if not rules.checks_any(person(request)):
        raise NotAllowed
    return _queue(request)


def _queue(request: HttpRequest, status: int = 200, **bound: Any) -> HttpResponse:
    rows = rules.checkable(person(request)).annotate(files=Count("papers"))
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    facts = {"page": page, "form": DecideForm(), "chosen": [], **bound}
    return render(request, "delivery/check.html", facts, status=status)


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Accept or return the chosen ones."""
    user = person(request)
    if not rules.checks_any(user):
        raise NotAllowed
    form = DecideForm(request.POST)
    if not form.is_valid():
        chosen = [int(x) for x, _ in form.fields["ids"].choices]  # type: ignore[attr-defined]
        return _queue(request, 400, form=form, chosen=chosen)
    ids = form.cleaned_data["ids"]
    if rules.visible_expenses(user).filter(pk__in=ids).count() != len(set(ids)):
        raise Http404
    if form.cleaned_data["act"] == "accept":
        done, moved = services.accept_expenses(expense_ids=ids, by=user, at=clock.now())
        messages.success(request, f"核对通过 {len(done)} 笔。")
    else:
        reason = form.cleaned_data["reason"]
        done, moved = services.return_expenses(expense_ids=ids, reason=reason, by=user, at=clock.now())
        messages.success(request, f"已退回 {len(done)} 笔，项目单位会收到通知。")
    if moved:
        messages.warning(request, f"另有 {moved} 笔已由他人处理，没有变动。")
    return redirect("delivery:check_list")


def _mine(request: HttpRequest, expense_id: int) -> Expense:
    user = person(request)
    expense = get_object_or_404(rules.visible_expenses(user), pk=expense_id)
    if not rules.can_check(user, expense.agreement):
        raise NotAllowed
    return expense


@require_POST
def accept(request: HttpRequest, expense_id: int) -> HttpResponse:
    """Accept one."""
    expense = _mine(request, expense_id)
    done, _ = services.accept_expenses(expense_ids=[expense.pk], by=person(request), at=clock.now())
    if not done:
        raise services.AlreadyMoved
    messages.success(request, f"支出 {expense.number} 核对通过。")
    return redirect("delivery:check_list")


@require_POST
def send_back(request: HttpRequest, expense_id: int) -> HttpResponse:
    """Return one with a reason."""
    expense = _mine(request, expense_id)
    form = ReasonForm(request.POST, prefix="back")
    if not form.is_valid():
        return expense_page(request, expense, 400, return_form=form, has_errors=True)
    reason = form.cleaned_data["reason"]
    done, _ = services.return_expenses(expense_ids=[expense.pk], reason=reason, by=person(request), at=clock.now())
    if not done:
        raise services.AlreadyMoved
    messages.success(request, f"支出 {expense.number} 已退回，项目单位会收到通知。")
    return redirect("delivery:check_list")


@require_POST
def reverse(request: HttpRequest, expense_id: int) -> HttpResponse:
    """Take an accepted one back by a counter-entry."""
    expense = _mine(request, expense_id)
    form = ReasonForm(request.POST, prefix="rev")
    if form.is_valid():
        try:
            counter = services.reverse_expense(
                expense_id=expense.pk, reason=form.cleaned_data["reason"], by=person(request), at=clock.now()
            )
        except DomainError as error:
            if error.status != 400:
                raise
            form.add_error("reason", error.message)
        else:
            messages.success(request, f"已冲销，冲销记录 {counter.number}。")
            return redirect("delivery:expense", expense.pk)
    return expense_page(request, expense, 400, reverse_form=form, has_errors=True)
