"""Ten points a month: the year of a street, an organization's months, one sheet, appeals and answers, the decision."""

from datetime import date
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.documents import DOCX
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.numbers import whole
from core.sheets import file_title
from jobs.services import start_job
from organizations import rules, services
from organizations.documents.leaving import leaving_word
from organizations.domain.monthly import DEFAULT, LOW, Level, Month, months
from organizations.forms import monthly as forms
from organizations.models import ExitDecision, MonthlyAppeal, MonthlySheet, Organization
from organizations.views.registry import own_or_street

FIRST_YEAR, LAST_YEAR = 2000, 2100
PER_PAGE, MOST_RED = 50, 20


def _street(user: User, *roles: Role) -> Area:
    streets = street_ids(user, *roles)
    if not streets:
        raise NotAllowed
    return Area.objects.get(pk=streets[0])


def _today() -> date:
    return clock.local(clock.now()).date()


def _year(text: str, today: date) -> int:
    typed = whole(text)
    return typed if typed is not None and FIRST_YEAR <= typed <= LAST_YEAR else today.year


@require_safe
def year(request: HttpRequest) -> HttpResponse:
    """The resident organizations of a street, month by month, in Chinese order."""
    user = person(request)
    street = _street(user, *rules.READERS)
    today = _today()
    shown = _year(request.GET.get("year", ""), today)
    page = Paginator(rules.residents_of(street.pk, year=shown), PER_PAGE).get_page(request.GET.get("page"))
    found, red = rules.records_of(list(page), street.pk, today), rules.red_flags(street.pk, today)
    span = months(Month(shown, 1), Month(shown, 12))
    facts = {
        "rows": [(r, [_cell(r, month) for month in span]) for r in found], "year": shown, "months": span, "street": street,
        "schemes": rules.schemes_of(street.pk), "can_set": rules.can_register(user, street.pk),
        "appeals": rules.open_appeals(street.pk) if rules.can_register(user, street.pk) else [],
        "red": red[:MOST_RED], "more_red": len(red) - MOST_RED, "page": page, "before": shown - 1, "after": shown + 1,
    }  # fmt: skip
    return render(request, "organizations/monthly_year.html", facts)


def _cell(record: rules.Record, month: Month) -> dict[str, Any]:
    sheet = record.sheets.get(month)
    due = record.span is not None and record.span[0] <= month <= record.span[1]
    return {
        "month": month,
        "sheet": sheet,
        "is_low": sheet is not None and sheet.total < LOW,
        "is_missing": due and sheet is None,
    }


@require_http_methods(["GET", "HEAD", "POST"])
def items(request: HttpRequest) -> HttpResponse:
    """What the street marks a month by."""
    user = person(request)
    street = _street(user, Role.OFFICE)
    schemes, today = rules.schemes_of(street.pk), _today()
    known = rules.items_of(schemes[-1].items) if schemes else DEFAULT
    initial = {"lines": forms.ItemsForm.lines_of(known), "year": today.year, "month": today.month}
    form = forms.ItemsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.set_items(
                street=street, items=data["lines"], starts=Month(data["year"], data["month"]), by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error("lines", error.message)
        else:
            messages.success(request, "积分项目已设定。已登记的积分表不变。")
            return redirect("organizations:monthly")
    shown = [(s, rules.items_of(s.items)) for s in reversed(schemes)]
    return render(request, "organizations/monthly_items.html", {"form": form, "schemes": shown, "street": street})


@require_safe
def own(request: HttpRequest, organization_id: int) -> HttpResponse:
    """An organization's months, for itself and for the street."""
    return _own_page(request, own_or_street(request, organization_id))


def _own_page(request: HttpRequest, row: Organization, form: Any = None, status: int = 200) -> HttpResponse:
    record = rules.records_of([row], row.street_id, _today())[0]
    span = months(*record.span) if record.span else []
    shown = sorted({*span, *record.sheets}, reverse=True)
    decides = rules.can_decide_exit(person(request), row)
    red = record.verdict is not None and record.verdict.level is Level.RED
    facts = {
        "row": row, "record": record, "cells": [_cell(record, month) for month in shown],
        "decisions": row.exits.select_related("decided_by").order_by("-year", "-month"),
        "form": form or (forms.ExitForm() if decides and red else None),
        "this_month": Month.of(_today()), "enters": rules.can_enter(person(request), row),
    }  # fmt: skip
    return render(request, "organizations/monthly_own.html", facts, status=status)


def _month(year: int, month: int) -> Month:
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        raise Http404
    return Month(year, month)


@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, organization_id: int, year: int, month: int) -> HttpResponse:
    """One month of one organization: every version, the office enters or corrects."""
    user = person(request)
    row = own_or_street(request, organization_id)
    on = _month(year, month)
    if request.method in {"GET", "HEAD"}:
        return _sheet_page(request, row, on)
    if not rules.can_enter(user, row):
        raise NotAllowed
    versions = _versions(row, on)
    form = _month_form(row, on, versions, request.POST)
    if form is None:
        return _sheet_page(request, row, on, status=409)
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.enter_sheet(
                organization_id=row.pk, month=on, marks=form.marks(), note=data["note"], shown=data["shown"],
                correction_reason=data.get("correction_reason", ""), by=user, at=clock.now(),
            )  # fmt: skip
        except services.SheetReasonMissing as error:
            form.add_error("correction_reason", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{on}的积分表已登记，本单位可以查看和申诉。")
            return redirect("organizations:monthly_sheet", row.pk, on.year, on.month)
    return _sheet_page(request, row, on, form=form)


def _versions(row: Organization, on: Month) -> list[MonthlySheet]:
    found = row.sheets.filter(year=on.year, month=on.month).order_by("-number")
    return list(found.select_related("entered_by", "appeal__said_by", "appeal__answer__answered_by"))


def _month_form(row: Organization, on: Month, versions: list[MonthlySheet], data: Any = None) -> forms.MonthForm | None:
    newest = versions[0] if versions else None
    scheme = rules.scheme_for(rules.schemes_of(row.street_id), on)
    kept = newest.items if newest else scheme.items if scheme else None
    if kept is None:
        return None
    initial = {"shown": newest.number if newest else 0, "note": newest.note if newest else ""}
    if newest is not None:
        initial |= forms.MarksForm.initial_of(newest.marks)
    return forms.MonthForm(data, items=rules.items_of(kept), corrects=newest is not None, initial=initial)


def _sheet_page(request: HttpRequest, row: Organization, on: Month, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    versions = _versions(row, on)
    newest = versions[0] if versions else None
    enters = rules.can_enter(user, row)
    open_appeal = newest is not None and hasattr(newest, "appeal") and not hasattr(newest.appeal, "answer")
    appeals = newest is not None and rules.acts_for(user, row.pk) and not hasattr(newest, "appeal")
    facts = {
        "row": row, "month": on, "newest": newest, "enters": enters, "open_appeal": open_appeal,
        "versions": [(v, _lines(v)) for v in versions],
        "form": _month_form(row, on, versions) if enters and not open_appeal else None,
        "appeal_form": forms.AppealForm() if appeals else None, **bound,
    }  # fmt: skip
    return render(request, "organizations/monthly_sheet.html", facts, status=status)


def _lines(version: MonthlySheet) -> list[tuple[str, str, str]]:
    return [(i["name"], version.marks[i["key"]], i["top"]) for i in version.items]


@require_POST
def appeal(request: HttpRequest, organization_id: int, year: int, month: int) -> HttpResponse:
    """The organization disagrees with the sheet that counts."""
    user = person(request)
    row = own_or_street(request, organization_id)
    on = _month(year, month)
    if not rules.acts_for(user, row.pk):
        raise NotAllowed
    versions = _versions(row, on)
    if not versions:
        raise Http404
    form = forms.AppealForm(request.POST)
    if form.is_valid():
        try:
            services.appeal_sheet(sheet_id=versions[0].pk, words=form.cleaned_data["words"], by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "申诉已提交，街道会答复。")
            return redirect("organizations:monthly_sheet", row.pk, on.year, on.month)
    return _sheet_page(request, row, on, status=400, appeal_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """The office answers an appeal and corrects the sheet where it was wrong."""
    user = person(request)
    one = get_object_or_404(
        MonthlyAppeal.objects.select_related("sheet__organization__street", "said_by"), pk=appeal_id,
        sheet__organization__in=rules.visible_organizations(user),
    )  # fmt: skip
    row = one.sheet.organization
    if not rules.can_enter(user, row):
        raise NotAllowed
    on = Month(one.sheet.year, one.sheet.month)
    if hasattr(one, "answer") and request.method != "POST":
        return redirect("organizations:monthly_sheet", row.pk, on.year, on.month)
    initial = forms.MarksForm.initial_of(one.sheet.marks)
    form = forms.AnswerForm(
        request.POST if request.method == "POST" else None, items=rules.items_of(one.sheet.items), initial=initial
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.answer_appeal(
                appeal_id=one.pk, words=data["words"], by=user, at=clock.now(),
                marks=form.marks() if data["outcome"] == "correct" else None,
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已答复。")
            return redirect("organizations:monthly_sheet", row.pk, on.year, on.month)
    facts = {"row": row, "one": one, "month": on, "form": form, "lines": _lines(one.sheet)}
    return render(request, "organizations/monthly_answer.html", facts)


@require_POST
def decide(request: HttpRequest, organization_id: int) -> HttpResponse:
    """A leader decides on a red flag."""
    user = person(request)
    row = own_or_street(request, organization_id)
    if not rules.can_decide_exit(user, row):
        raise NotAllowed
    form = forms.ExitForm(request.POST)
    if form.is_valid():
        try:
            services.decide_exit(organization_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except services.ExitDayMissing as error:
            form.add_error("leaves_on", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "决定已登记。")
            return redirect("organizations:monthly_own", row.pk)
    return _own_page(request, row, form=form, status=400)


@require_safe
def leaving(request: HttpRequest, exit_id: int) -> HttpResponseBase:
    """The notice of a decision to leave, as Word."""
    one = get_object_or_404(
        ExitDecision.objects.select_related("organization__street").filter(outcome=ExitDecision.Outcome.EXIT), pk=exit_id,
        organization__in=rules.visible_organizations(person(request)),
    )  # fmt: skip
    name = file_title(
        year=one.year, about=one.organization.name, report="退出通知", day=clock.local(one.decided_at).date()
    )
    return attachment(BytesIO(leaving_word(one)), name=f"{name}.docx", content_type=DOCX)


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Start E19 of a year."""
    user = person(request)
    street = _street(user, *rules.READERS)
    at = clock.now()
    today = clock.local(at).date()
    chosen = _year(request.POST.get("year", ""), today)
    title = file_title(year=chosen, about=street.name, report="十分制月积分表", day=today)
    job = start_job(
        owner=user, kind="organizations.e19", title=title, at=at, scope_id=street.pk,
        params={"street": street.pk, "year": chosen, "day": today.isoformat()},
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
