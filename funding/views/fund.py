"""Pages of 资金来源: what a street or community has in a year, and what agreements draw on it."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from funding import rules, services
from funding.forms.fund import FundForm, initial_of
from funding.models import Fund
from projects.models import BudgetLine

ZERO = Decimal("0.00")
HEADS: dict[str, str] = {str(code): str(label) for code, label in BudgetLine.Head.choices}


@require_safe
def fund_list(request: HttpRequest) -> HttpResponse:
    """Funds of one's street in one year, with what is drawn and free."""
    user = person(request)
    if not street_ids(user, *rules.READERS):
        raise NotAllowed
    funds = rules.visible_funds(user)
    years = sorted(set(funds.order_by().values_list("year", flat=True)), reverse=True)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else (years[0] if years else None)
    rows = [_row(fund) for fund in funds.filter(year=year).order_by("street", "community__name", "pk")] if year else []
    office = Area.objects.filter(pk__in=street_ids(user, Role.OFFICE)).order_by("pk")
    sums = {key: sum((r[key] for r in rows), ZERO) for key in ("budget", "drawn", "free")}
    facts = {
        "rows": rows,
        "years": years,
        "year": year,
        "streets": office,
        "sums": sums,
        "writes": {a.pk for a in office},
    }
    return render(request, "funding/fund_list.html", facts)


def _row(fund: Any) -> dict[str, Any]:
    drawn = fund.drawn or ZERO
    return {
        "fund": fund, "budget": fund.budget, "drawn": drawn, "free": fund.budget - drawn,
        "forbidden": [HEADS[h] for h in HEADS if h in fund.forbidden_heads],
        "limits": [f"{HEADS[h]}不超过 {fund.head_limits[h]}%" for h in HEADS if h in fund.head_limits],
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def fund_new(request: HttpRequest, street_id: int) -> HttpResponse:
    """The office enters a fund of its street."""
    user = person(request)
    street = get_object_or_404(Area, pk=street_id, pk__in=street_ids(user, *rules.READERS))
    if not rules.keeps_funds(user, street):
        raise NotAllowed
    return _form(request, street, None, {"year": clock.local(clock.now()).year})


@require_http_methods(["GET", "HEAD", "POST"])
def fund_change(request: HttpRequest, fund_id: int) -> HttpResponse:
    """The office changes a fund."""
    user = person(request)
    fund = get_object_or_404(rules.visible_funds(user), pk=fund_id)
    if not rules.keeps_funds(user, fund.street):
        raise NotAllowed
    return _form(request, fund.street, fund, initial_of(fund))


def _form(request: HttpRequest, street: Area, fund: Fund | None, initial: dict[str, Any]) -> HttpResponse:
    form = FundForm(request.POST or None, street=street, initial=initial)
    if request.method == "POST":
        form = FundForm(request.POST, street=street)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.set_fund(
                fund_id=fund.pk if fund else None, street=street, by=person(request), at=clock.now(), **form.facts()
            )
        except DomainError as error:
            field = {services.FundTooSmall: "budget", services.FundTwice: "name"}.get(type(error))
            form.add_error(field, error.message)
            status = error.status
        else:
            messages.success(request, "资金来源已保存。")
            return redirect("funding:funds")
    drawn = getattr(fund, "drawn", None) or ZERO
    return render(
        request, "funding/fund.html", {"form": form, "fund": fund, "street": street, "drawn": drawn}, status=status
    )
