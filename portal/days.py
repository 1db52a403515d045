"""工作日历: a year's working days, the override table over it, and what a change moves.

Everybody signed in reads it; the system administrator changes it. It stands here and not in `workdays` because it shows
what the notices of `funding` make of it, and because `workdays` knows no roles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role, User
from accounts.rules import held, holds
from accounts.web import person
from core import clock
from core.errors import NotAllowed
from core.forms import DateField, PortalForm
from funding.models import Objection
from funding.rules import UNANSWERED, public_notices
from funding.services import ANSWER_DAYS
from workdays.domain import BadLine, add_workdays, end_of_notice, is_decreed, months_of, read_decree
from workdays.models import DayOverride
from workdays.services import remove_day, set_day, set_days

FIRST_YEAR, AHEAD = 2004, 2
LONGEST_ID = 18  # digits


class DayForm(PortalForm):
    """One day against the calendar, with its reason."""

    day = DateField(label="日期")
    is_workday = forms.ChoiceField(
        label="这一天", choices=[("0", "休息"), ("1", "上班")], widget=forms.RadioSelect, initial="0"
    )
    note = forms.CharField(label="理由", max_length=100, help_text="例如：国庆节调休")
    document = forms.CharField(
        label="文号", max_length=60, required=False, help_text="依据的通知，例如：国办发明电〔2020〕27号"
    )


class PasteForm(PortalForm):
    """A year's decree, pasted from a document or from Excel."""

    lines = forms.CharField(
        label="放假调休安排", max_length=20000, widget=forms.Textarea(attrs={"rows": 8}),
        help_text="每行一天或一段，可从 Excel 粘贴。例如：2021-10-01 至 2021-10-07 休 国庆节；2021-10-09 班 国庆节调休",
    )  # fmt: skip
    document = forms.CharField(label="文号", max_length=60, help_text="依据的通知")

    def clean_lines(self) -> dict[date, tuple[bool, str]]:
        try:
            return read_decree(self.cleaned_data["lines"])
        except BadLine as error:
            raise forms.ValidationError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Effect:
    """A term that would end on another day by the calendar as it is now; what was published stays as it is."""

    title: str
    href: str
    frozen: date
    now: date


def overrides_now() -> dict[date, bool]:
    """The override table as the calendar's arithmetic takes it."""
    return dict(DayOverride.objects.values_list("day", "is_workday"))


def effects(overrides: Mapping[date, bool], today: date, streets: list[int]) -> list[Effect]:
    """Running notices, and the terms of open objections of these streets, that the calendar now counts otherwise."""
    found = []
    for notice in public_notices().filter(ends_on__gte=today):
        end = end_of_notice(notice.starts_on, notice.plan.round.notice_days, overrides)
        if end != notice.ends_on:
            found.append(Effect(notice.title, reverse("funding:notice", args=[notice.pk]), notice.ends_on, end))
    open_ones = Objection.objects.filter(
        state__in=UNANSWERED, answer_by__isnull=False, notice__plan__round__street__in=streets
    )
    for objection in open_ones.order_by("answer_by", "pk"):
        end = add_workdays(clock.local(objection.received_at).date(), ANSWER_DAYS, overrides)
        if objection.answer_by is not None and end != objection.answer_by:
            href = reverse("funding:objection", args=[objection.pk])
            found.append(Effect(f"异议 {objection.number} 的答复期限", href, objection.answer_by, end))
    return found


def _streets(user: User) -> list[int]:
    return [g.street_id for g in held(user) if g.street_id and g.role in (Role.OFFICE, Role.LEADER, Role.SUPERVISOR)]


def _admin(request: HttpRequest) -> User:
    user = person(request)
    if not holds(user, Role.SYSTEM_ADMIN):
        raise NotAllowed
    return user


def _scope(user: User) -> int:
    return next(g.area_id for g in held(user) if g.role == Role.SYSTEM_ADMIN)


def _page(request: HttpRequest, year: int | None = None, status: int = 200, **more: Any) -> HttpResponse:
    user, today = person(request), clock.local(clock.now()).date()
    raw = request.GET.get("year", "")
    asked = year or (int(raw) if raw.isascii() and raw.isdigit() and len(raw) == len("2026") else today.year)
    year = min(max(asked, FIRST_YEAR), today.year + AHEAD)
    overrides = overrides_now()
    rows = {row.day: row for row in DayOverride.objects.filter(day__year=year)}
    months = months_of(year, overrides)
    days = [d for month in months for week in month for d in week if d]
    facts = {
        "year": year,
        "before": year - 1 if year > FIRST_YEAR else None,
        "after": year + 1 if year < today.year + AHEAD else None,
        "months": list(enumerate(months, 1)),
        "listed": [(d, rows.get(d.day)) for d in days if d.is_unusual or d.is_own],
        "decreed": is_decreed(year, {d: row.is_workday for d, row in rows.items()}),
        "edits": holds(user, Role.SYSTEM_ADMIN),
        "effects": effects(overrides, today, _streets(user)),
        "form": DayForm(),
        "paste_form": PasteForm(auto_id="paste_%s"),
        **more,
    }
    return render(request, "portal/workdays.html", facts, status=status)


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """A year (`?year=`) as months and as a list of its holidays and moved days."""
    return _page(request)


@require_POST
def set_one(request: HttpRequest) -> HttpResponse:
    """Declare one day; a refused form is shown again as it was typed."""
    user = _admin(request)
    form = DayForm(request.POST)
    if not form.is_valid():
        return _page(request, status=400, form=form)
    data = form.cleaned_data
    set_day(
        day=data["day"], is_workday=data["is_workday"] == "1", note=data["note"], document=data["document"], by=user,
        at=clock.now(), scope_id=_scope(user),
    )  # fmt: skip
    messages.success(request, f"{clock.spoken(data['day'])}已设为{'上班' if data['is_workday'] == '1' else '休息'}。")
    return redirect(f"{reverse('portal:workdays')}?year={data['day'].year}")


@require_POST
def paste(request: HttpRequest) -> HttpResponse:
    """A year's decree: first shown with what it would change, written only when it is sent again with `confirm`."""
    user = _admin(request)
    form = PasteForm(request.POST, auto_id="paste_%s")
    if not form.is_valid():
        return _page(request, status=400, paste_form=form)
    days, year = form.cleaned_data["lines"], min(form.cleaned_data["lines"]).year
    if "confirm" in request.POST:
        count = set_days(
            days=days, document=form.cleaned_data["document"], by=user, at=clock.now(), scope_id=_scope(user)
        )
        messages.success(request, f"已写入 {count} 天的安排。")
        return redirect(f"{reverse('portal:workdays')}?year={year}")
    now = overrides_now()
    then = now | {day: works for day, (works, _) in days.items()}
    before = {d.day: d for y in {d.year for d in days} for m in months_of(y, now) for w in m for d in w if d}
    trial = [(day, before[day].works, works, note) for day, (works, note) in sorted(days.items())]
    today = clock.local(clock.now()).date()
    streets = [g.street_id for g in held(user) if g.street_id]
    return _page(
        request, year=year, paste_form=form, trial=trial, changed=sum(a != b for _, a, b, _ in trial),
        trial_effects=effects(then, today, streets),
    )  # fmt: skip


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Take an override back; the built-in calendar holds again."""
    user = _admin(request)
    raw = request.POST.get("override", "")
    row = get_object_or_404(
        DayOverride, pk=int(raw) if raw.isascii() and raw.isdigit() and len(raw) < LONGEST_ID else 0
    )
    remove_day(day_id=row.pk, by=user, at=clock.now(), scope_id=_scope(user))
    messages.success(request, f"已删除 {clock.spoken(row.day)} 的安排，按国务院日历计算。")
    return redirect(f"{reverse('portal:workdays')}?year={row.day.year}")
