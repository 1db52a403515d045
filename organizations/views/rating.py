"""年终等级评定: a street's year, its rule, one organization's marks, E20."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from core.sheets import file_title
from jobs.services import start_job
from organizations import rules, services
from organizations.domain.rating import CRITERIA
from organizations.forms import rating as forms
from organizations.models import RatingSheet
from organizations.views.registry import own_or_street

FIRST_YEAR, LAST_YEAR = 2000, 2100
PER_PAGE = 50


def _street(user: User, *roles: Role) -> Area:
    streets = street_ids(user, *roles)
    if not streets:
        raise NotAllowed
    return Area.objects.get(pk=streets[0])


def _year(text: str) -> int:
    typed = whole(text)
    return typed if typed is not None and FIRST_YEAR <= typed <= LAST_YEAR else clock.local(clock.now()).year


def marks_of(sheet: RatingSheet) -> list[tuple[str, str]]:
    """Names and marks in the order of the criteria."""
    return [(name, sheet.marks[key]) for key, name in CRITERIA.items()]


@require_safe
def year(request: HttpRequest) -> HttpResponse:
    """The resident organizations of a year with marks, proposed and decided stars; in Chinese order."""
    user = person(request)
    street = _street(user, *rules.READERS)
    shown = _year(request.GET.get("year", ""))
    page = Paginator(rules.residents_of(street.pk, year=shown), PER_PAGE).get_page(request.GET.get("page"))
    lines = rules.lines_for(list(page), shown)
    facts = {
        "street": street, "year": shown, "before": shown - 1, "after": shown + 1, "names": list(CRITERIA.values()),
        "lines": [(line, marks_of(line.sheet) if line.sheet else []) for line in lines], "rule": rules.rating_rule(street.pk, shown),
        "can_set": rules.can_register(user, street.pk), "can_confirm": rules.can_confirm(user, street), "page": page,
    }  # fmt: skip
    return render(request, "organizations/rating_year.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest) -> HttpResponse:
    """The office sets how a year (`?year=`) is rated."""
    street = _street(person(request), Role.OFFICE)
    shown = _year(request.GET.get("year", ""))
    initial = forms.RuleForm.initial_of(rules.rating_rule(street.pk, shown))
    form = forms.RuleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_rating_rule(street=street, year=shown, rule=form.rule(), by=person(request), at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{shown} 年的评定办法已设定。")
            return redirect("organizations:rating")
    facts = {"form": form, "year": shown, "is_rated": rules.is_rated(street.pk, shown)}
    return render(request, "organizations/rating_rule.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest, organization_id: int, year: int) -> HttpResponse:
    """One organization's year: every version of its marks; the office enters or corrects."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404
    enters = rules.can_enter(user, row)
    if request.method == "POST" and not enters:
        raise NotAllowed
    versions = list(row.ratings.filter(year=year).select_related("entered_by").order_by("-number"))
    newest = versions[0] if versions else None
    held = rules.rule_from(newest.rule) if newest else rules.rating_rule(row.street_id, year)
    daily = rules.daily_of([row.pk], year).get(row.pk)
    initial: dict[str, Any] = {"shown": newest.number if newest else 0, "mark_daily": daily}
    if newest is not None:
        initial |= {f"mark_{key}": mark for key, mark in newest.marks.items()}
    data = request.POST if request.method == "POST" else None
    form = forms.RatingForm(data, rule=held, daily=daily, corrects=newest is not None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            services.enter_rating(
                organization_id=row.pk, year=year, marks=form.marks(), shown=given["shown"], by=user, at=clock.now(),
                correction_reason=given.get("correction_reason", ""),
            )  # fmt: skip
        except services.RatingReasonMissing as error:
            form.add_error("correction_reason", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "评定得分已登记。评定星级请在“述职和星级”里登记。")
            return redirect("organizations:rating_own", row.pk, year)
    facts = {
        "row": row, "year": year, "versions": [(v, marks_of(v)) for v in versions], "newest": newest, "form": form if enters else None,
        "rule": held, "standing": rules.standings_in(year, [row.pk]).get(row.pk), "criteria": list(CRITERIA.values()),
    }  # fmt: skip
    return render(request, "organizations/rating_own.html", facts)


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Start E20 of a year."""
    user = person(request)
    street = _street(user, *rules.READERS)
    at = clock.now()
    chosen = _year(request.POST.get("year", ""))
    title = file_title(year=chosen, about=street.name, report="年终等级评定表", day=clock.local(at).date())
    job = start_job(
        owner=user, kind="organizations.e20", title=title, at=at, scope_id=street.pk, params={"street": street.pk, "year": chosen}
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
