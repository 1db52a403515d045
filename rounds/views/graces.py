"""Who may hand in later than the others: recorded by the office, read by leader and supervisor."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from rounds import forms, rules, services
from rounds.models import Round

PLACES = {services.GraceReasonMissing: "reason", services.GraceForStranger: "organization"}


@require_http_methods(["GET", "HEAD", "POST"])
def graces(request: HttpRequest, round_id: int) -> HttpResponse:
    """Every grace of a round with its reason; the office adds one."""
    user, now = person(request), clock.now()
    row = get_object_or_404(rules.visible_rounds(user), pk=round_id)
    runs = rules.can_run_round(user, row)
    if not rules.sees_graces(user, row) or (request.method == "POST" and not runs):
        raise NotAllowed
    form = forms.GraceForm(request.POST if request.method == "POST" else None, round_=row)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.grant_grace(
                round_id=row.pk, organization_id=data["organization"].pk, closes_at=data["closes_at"], reason=data["reason"],
                by=user, at=now,
            )  # fmt: skip
        except DomainError as error:
            form.add_error(PLACES.get(type(error), "closes_at"), error.message)
        else:
            messages.success(request, f"已登记，并通知了{data['organization'].name}。")
            return redirect("rounds:graces", row.pk)
    found = row.graces.select_related("organization", "granted_by").order_by("-pk")
    may_grant = runs and row.state == Round.State.OPEN and bool(row.grace_hours) and now < row.grace_ends_at
    facts = {
        "round": row, "page": Paginator(found, 30).get_page(request.GET.get("page")), "now": now,
        "form": form if may_grant or form.errors else None,
    }  # fmt: skip
    return render(request, "rounds/graces.html", facts)
