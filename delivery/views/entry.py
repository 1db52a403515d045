"""One expense: entering, correcting, handing in; its files."""

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.money import BadAmount, parse_yuan
from core.rmb import rmb_upper
from delivery import rules, services
from delivery.domain.spending import CHECKS, missing
from delivery.forms import ExpenseForm, ReasonForm, initial_of
from delivery.models import Expense
from delivery.views.project import spending_page
from funding.models import Agreement
from jobs.storage import place_of


@require_safe
def amount_words(request: HttpRequest) -> JsonResponse:
    """`{"words": "人民币伍仟元整"}` of the typed `amount`; empty words when it is none."""
    try:
        words = rmb_upper(parse_yuan(request.GET.get("amount", "")[:30]))
    except BadAmount:
        words = ""
    return JsonResponse({"words": words})


def _own(request: HttpRequest, agreement_id: int) -> Agreement:
    user = person(request)
    agreement = get_object_or_404(rules.visible_projects(user), pk=agreement_id)
    if not rules.can_write(user, agreement):
        raise NotAllowed
    return agreement


def _visible(request: HttpRequest, expense_id: int) -> Expense:
    return get_object_or_404(rules.visible_expenses(person(request)), pk=expense_id)


def _written(request: HttpRequest, expense_id: int) -> Expense:
    expense = _visible(request, expense_id)
    if not rules.can_write(person(request), expense.agreement):
        raise NotAllowed
    return expense


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def expense_new(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Enter one expense. 暂存 keeps it, 保存并提交 hands it in as well."""
    agreement = _own(request, agreement_id)
    if agreement.state != Agreement.State.SIGNED:
        raise services.NotOpen
    return _form_page(request, agreement, None)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def expense_edit(request: HttpRequest, expense_id: int) -> HttpResponse:
    """Correct what is not handed in, or was returned; anything else is only shown."""
    expense = _written(request, expense_id)
    if expense.state not in Expense.WRITABLE or expense.agreement.state != Agreement.State.SIGNED:
        return redirect("delivery:expense", expense.pk)
    return _form_page(request, expense.agreement, expense)


def _form_page(request: HttpRequest, agreement: Agreement, expense: Expense | None) -> HttpResponse:
    at = clock.now()
    post = request.method == "POST"
    initial = initial_of(expense) if expense else {"spent_on": clock.local(at).date(), "source": "grant"}
    form = (
        ExpenseForm(request.POST, request.FILES, agreement=agreement, expense=expense, initial=initial)
        if post
        else ExpenseForm(agreement=agreement, expense=expense, initial=initial)
    )
    status = 200
    if post and form.is_valid():
        act: dict[str, Any] = {"facts": form.facts(), "papers": form.papers(), "by": person(request), "at": at}
        try:
            if expense:
                saved = services.save_expense(expense_id=expense.pk, **act)
            else:
                saved = services.add_expense(
                    agreement_id=agreement.pk, once_key=str(form.cleaned_data["once_key"]), **act
                )
        except DomainError as error:
            form.refuse(error)
            status = error.status
        else:
            return _kept(request, saved)
    facts = {
        "agreement": agreement, "expense": expense, "form": form, "books": rules.books(agreement, without=expense.pk if expense else None),
        "papers": expense.papers.select_related("file").order_by("pk") if expense else [],
    }  # fmt: skip
    return render(request, "delivery/expense_form.html", facts, status=status)


def _kept(request: HttpRequest, saved: Expense) -> HttpResponse:
    """Saved; handed in as well where that was asked for and nothing is missing."""
    if "submit" not in request.POST or saved.state not in Expense.WRITABLE:
        messages.success(request, f"已暂存，编号 {saved.number}。提交后才计入执行进度。")
        return redirect("delivery:expense", saved.pk)
    try:
        services.submit_expenses(expense_ids=[saved.pk], by=person(request), at=clock.now())
    except DomainError as error:
        messages.warning(request, f"已暂存，还不能提交。{error.message}")
    else:
        messages.success(request, f"已提交，编号 {saved.number}，等待财政所或创投办核对。")
    return redirect("delivery:expense", saved.pk)


@require_safe
def detail(request: HttpRequest, expense_id: int) -> HttpResponse:
    """One expense with its files, what is to be said of it, and what may be done next."""
    return expense_page(request, _visible(request, expense_id))


def expense_page(request: HttpRequest, expense: Expense, status: int = 200, **bound: Any) -> HttpResponse:
    """The page of one expense, with whatever form was refused."""
    user = person(request)
    checker = rules.can_check(user, expense.agreement)
    writes = rules.can_write(user, expense.agreement) and expense.agreement.state == Agreement.State.SIGNED
    open_ = expense.state in Expense.WRITABLE
    judged = open_ or expense.state == Expense.State.SUBMITTED
    facts = {
        "expense": expense, "agreement": expense.agreement, "upper": rmb_upper(expense.amount),
        "papers": expense.papers.select_related("file").order_by("pk"),
        "findings": rules.findings_of(expense, rules.books(expense.agreement, without=expense.pk)) if judged else [],
        "alike": rules.alike(expense) if checker and expense.state == Expense.State.SUBMITTED else [],
        "checks": [(words, code in expense.checked) for code, words in CHECKS.items()],
        "short": missing(expense.bill_kind, expense.checked) if open_ else [], "can_edit": writes and open_,
        "can_check": checker and expense.state == Expense.State.SUBMITTED and expense.submitted_by_id != user.pk,
        "can_reverse": checker and expense.state == Expense.State.ACCEPTED and expense.reverses_id is None,
        "counter": Expense.objects.filter(reverses=expense).select_related("created_by").first(),
        "return_form": ReasonForm(prefix="back"), "drop_form": ReasonForm(prefix="drop"), "reverse_form": ReasonForm(prefix="rev"), **bound,
    }  # fmt: skip
    return render(request, "delivery/expense.html", facts, status=status)


@require_POST
def submit(request: HttpRequest, expense_id: int) -> HttpResponse:
    """Hand one in."""
    expense = _written(request, expense_id)
    try:
        services.submit_expenses(expense_ids=[expense.pk], by=person(request), at=clock.now())
    except DomainError as error:
        if error.status != 400:
            raise
        return expense_page(request, expense, 400, refused=error.message)
    messages.success(request, "已提交，等待财政所或创投办核对。")
    return redirect("delivery:expense", expense.pk)


@require_POST
def submit_batch(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """Hand the chosen ones of a project in, all or none."""
    agreement = _own(request, agreement_id)
    ids = [int(x) for x in request.POST.getlist("ids")[:200] if x.isascii() and x.isdigit() and len(x) < 16]
    if not ids:
        return spending_page(request, agreement, 400, refused="请先勾选要提交的支出。")
    mine = rules.visible_expenses(person(request)).filter(agreement=agreement, pk__in=ids)
    if mine.count() != len(set(ids)):
        raise Http404
    try:
        done = services.submit_expenses(expense_ids=ids, by=person(request), at=clock.now())
    except DomainError as error:
        return spending_page(request, agreement, error.status, refused=error.message, chosen=ids)
    messages.success(request, f"已提交 {len(done)} 笔支出。")
    return redirect("delivery:spending", agreement.pk)


@require_POST
def drop(request: HttpRequest, expense_id: int) -> HttpResponse:
    """Void one that is not handed in."""
    expense = _written(request, expense_id)
    form = ReasonForm(request.POST, prefix="drop")
    if not form.is_valid():
        return expense_page(request, expense, 400, drop_form=form, has_errors=True)
    services.drop_expense(expense_id=expense.pk, reason=form.cleaned_data["reason"], by=person(request), at=clock.now())
    messages.success(request, f"支出 {expense.number} 已作废。")
    return redirect("delivery:spending", expense.agreement_id)


@require_safe
@never_cache
def paper(request: HttpRequest, expense_id: int, paper_id: int) -> HttpResponseBase:
    """One file of a voucher, as an attachment that nothing can run in."""
    expense = _visible(request, expense_id)
    found = get_object_or_404(expense.papers.select_related("file"), pk=paper_id)
    place = place_of(found.file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=found.file.shown_name, content_type=found.file.content_type)


@require_POST
def paper_remove(request: HttpRequest, expense_id: int, paper_id: int) -> HttpResponse:
    """Take one file off."""
    expense = _written(request, expense_id)
    found = get_object_or_404(expense.papers, pk=paper_id)
    services.remove_paper(paper_id=found.pk, by=person(request), at=clock.now())
    messages.success(request, "附件已删除。")
    return redirect("delivery:expense", expense.pk)
