"""六有 and 四建一创: the street's items, a year of one organization, the office's look."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations import rules, services
from organizations.forms.checklist import ChecklistForm, ChecklistReviewForm, ListsForm
from organizations.models import Checklist, Organization
from organizations.views.registry import own_or_street


@require_http_methods(["GET", "HEAD", "POST"])
def checklist_items(request: HttpRequest) -> HttpResponse:
    """The office sets the items of both lists."""
    user = person(request)
    streets = street_ids(user, Role.OFFICE)
    if not streets:
        raise NotAllowed
    street = Area.objects.get(pk=streets[0])
    lists = rules.lists_of(street.pk)
    initial = {"six": "\n".join(lists.six), "five": "\n".join(lists.five), "shown": lists.number}
    form = ListsForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.set_lists(street=street, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            form.data = {**request.POST.dict(), "shown": str(rules.lists_of(street.pk).number)}
            status = error.status
        else:
            messages.success(request, "清单项目已设定，以后填报的按新的项目。")
            return redirect("organizations:party")
    return render(request, "organizations/checklist_items.html", {"form": form, "lists": lists}, status=status)


def _social(request: HttpRequest, organization_id: int) -> Organization:
    row = own_or_street(request, organization_id)
    if row.kind != Organization.Kind.SOCIAL:
        raise Http404
    return row


def _first(newest: Checklist | None, lists: rules.Lists) -> dict[str, Any]:
    """What was said of the items that still are in the lists."""
    found: dict[str, Any] = {"items": lists.number, "shown": newest.number if newest else 0}
    for part in ("six", "five"):
        known = {one["name"]: one for one in getattr(newest, part)} if newest else {}
        for n, name in enumerate(getattr(lists, part)):
            if name in known:
                found |= {f"{part}_{n}": known[name]["done"], f"{part}_{n}_note": known[name]["note"]}
    return found


def _page(request: HttpRequest, row: Organization, year: int, *, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    history = list(
        row.checklists.filter(year=year).select_related("filled_by", "review__reviewed_by").order_by("-number")
    )
    newest = history[0] if history else None
    lists, today = rules.lists_of(row.street_id), clock.local(clock.now()).date()
    fills = rules.fills_checklist(user, row) and year in (today.year, today.year - 1)
    reviews = newest is not None and rules.review_of(newest) is None and rules.can_enter(user, row)
    facts = {
        "row": row, "year": year, "newest": newest, "history": history, "years": [today.year, today.year - 1],
        "form": ChecklistForm(initial=_first(newest, lists), lists=lists) if fills else None,
        "review": ChecklistReviewForm(initial={"shown": newest.number}, prefix="review") if reviews and newest else None,
    }  # fmt: skip
    return render(request, "organizations/checklist.html", facts | bound, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def checklist(request: HttpRequest, organization_id: int, year: int) -> HttpResponse:
    """A year of one organization; its people fill it in."""
    user = person(request)
    row = _social(request, organization_id)
    if request.method != "POST":
        return _page(request, row, year)
    if not rules.fills_checklist(user, row):
        raise NotAllowed
    form = ChecklistForm(request.POST, lists=rules.lists_of(row.street_id))
    status = 200
    if form.is_valid():
        try:
            services.hand_in_checklist(
                organization_id=row.pk, year=year, six=form.said("six"), five=form.said("five"), items=form.cleaned_data["items"],
                shown=form.cleaned_data["shown"], by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            newest = row.checklists.filter(year=year).order_by("-number").first()
            lists = rules.lists_of(row.street_id)
            form.data = {**request.POST.dict(), "items": str(lists.number), "shown": str(newest.number if newest else 0)}  # fmt: skip
            status = error.status
        else:
            messages.success(request, "清单已提交，待街道审看。")
            return redirect("organizations:checklist", row.pk, year)
    return _page(request, row, year, status=status, form=form)


@require_POST
def checklist_review(request: HttpRequest, organization_id: int, year: int) -> HttpResponse:
    """The office confirms or returns what was handed in."""
    user = person(request)
    row = _social(request, organization_id)
    if not rules.can_enter(user, row):
        raise NotAllowed
    form, status = ChecklistReviewForm(request.POST, prefix="review"), 400
    if form.is_valid():
        try:
            services.review_checklist(organization_id=row.pk, year=year, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error("reason" if isinstance(error, services.ReturnReasonMissing) else None, error.message)
            status = error.status
        else:
            messages.success(request, "审看结论已记录。")
            return redirect("organizations:checklist", row.pk, year)
    return _page(request, row, year, status=status, review=form)
