"""Spending of projects: the list, one project's budget and vouchers, the reports."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import NotAllowed
from core.finding import narrowed
from core.rmb import rmb_upper
from delivery import rules
from delivery.domain.spending import ZERO, rate
from delivery.forms import PeriodForm
from delivery.models import Expense
from delivery.rules.spending import SIGNED_AMOUNT
from funding.models import Agreement
from jobs.services import start_job

TITLES = {"e12": "预算执行表", "e13": "支出明细和凭证清单"}
FILTERS = [("", "全部"), *[(s.value, s.label) for s in Expense.State]]


@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """Projects with an agreement that one sees: how much is spent, how much waits to be checked."""
    user = person(request)
    if not rules.reads_any(user):
        raise NotAllowed
    texts, codes = ("proposal__title", "proposal__organization__name"), ("number",)
    rows = narrowed(rules.visible_projects(user), request.GET.get("q", ""), texts=texts, codes=codes).order_by("-id")
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    sums = _sums([a.pk for a in page.object_list])
    found = [{**sums.get(a.pk, NONE), "agreement": a} for a in page.object_list]
    for row in found:
        row["rate"] = rate(row["agreement"].amount, row["spent"])
    facts = {"page": page, "rows": found, "checks": rules.checks_any(user)}
    return render(request, "delivery/projects.html", facts)


NONE: dict[str, Any] = {"spent": ZERO, "waiting": 0, "returned": 0}


def _sums(agreements: list[int]) -> dict[int, dict[str, Any]]:
    grant = Q(source=Expense.Source.GRANT, state__in=Expense.COUNTED)
    rows = Expense.objects.filter(agreement__in=agreements).order_by().values("agreement")
    found: Any = rows.annotate(
        spent=Coalesce(Sum(SIGNED_AMOUNT, filter=grant), ZERO), waiting=Count("pk", filter=Q(state=Expense.State.SUBMITTED)),
        returned=Count("pk", filter=Q(state=Expense.State.RETURNED)),
    )  # fmt: skip
    return {r["agreement"]: r for r in found}


@require_safe
def spending(request: HttpRequest, agreement_id: int) -> HttpResponse:
    """One project: budget execution by head, and its vouchers, newest first."""
    agreement = get_object_or_404(rules.visible_projects(person(request)), pk=agreement_id)
    return spending_page(request, agreement)


def spending_page(request: HttpRequest, agreement: Agreement, status: int = 200, **bound: Any) -> HttpResponse:
    """The page of one project's spending, with whatever form was refused."""
    user = person(request)
    state = request.GET.get("state", "")
    rows = rules.visible_expenses(user).filter(agreement=agreement).annotate(files=Count("papers"))
    rows = rows.filter(state=state) if state in Expense.State.values else rows.exclude(state=Expense.State.DROPPED)
    page = Paginator(rows.order_by("-spent_on", "-id"), 30).get_page(request.GET.get("page"))
    found = rules.books(agreement)
    writes = rules.can_write(user, agreement) and agreement.state == Agreement.State.SIGNED
    so_far = rules.spent(agreement)
    facts = {
        "agreement": agreement, "books": found, "page": page, "state": state, "filters": FILTERS, "writes": writes, "spent": so_far,
        "spent_upper": rmb_upper(max(so_far, ZERO)), "instalment": rules.next_instalment(agreement) if writes else None,
        "period_form": PeriodForm(), "warned": [r for r in found.heads.values() if r.warning], "writable": Expense.WRITABLE, **bound,
    }  # fmt: skip
    return render(request, "delivery/spending.html", facts, status=status)


@require_POST
def export(request: HttpRequest, agreement_id: int, report: str) -> HttpResponse:
    """Start E12 or E13 for a period; the next page shows its progress."""
    user = person(request)
    agreement = get_object_or_404(rules.visible_projects(user), pk=agreement_id)
    form = PeriodForm(request.POST)
    if not form.is_valid():
        return spending_page(request, agreement, 400, period_form=form)
    at = clock.now()
    days = {key: value.isoformat() if value else None for key, value in form.cleaned_data.items()}
    title = f"{agreement.proposal.title}-{TITLES[report]}-{clock.local(at):%Y%m%d}"
    job = start_job(
        owner=user, kind=f"delivery.{report}", title=title, params={"agreement": agreement.pk, **days}, at=at,
        scope_id=agreement.round.street_id,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
