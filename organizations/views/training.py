"""Training sessions: the list, one session with its sign-ups, and what the office does with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.sheets import file_title
from jobs.services import start_job
from organizations import rules, services
from organizations.forms.training import AttendanceForm, CancelForm, CodeForm, SignUpForm, TrainingForm
from organizations.models import Organization, SignUp, Training
from organizations.services.training import FACTS

FIELDS = {
    services.AlreadyAnnounced: "title", services.BeginsInPast: "begins_at", services.SignUpAfterBeginning: "sign_up_until", services.CapacityTaken: "capacity",
    services.AudienceSigned: "audience", services.NoRoom: "people", services.PeopleOutOfRange: "people",
    services.FunctionsHoldNumber: "functions", services.WrongCode: "code", services.CancelReasonMissing: "reason",
}  # fmt: skip


def _refuse(form: Any, error: DomainError) -> int:
    name = FIELDS.get(type(error))
    form.add_error(name if name in form.fields else None, error.message)
    return error.status


@require_safe
def trainings(request: HttpRequest) -> HttpResponse:
    """Sessions that one may know of, newest first."""
    user = person(request)
    streets = street_ids(user, *rules.READERS)
    if not streets and not rules.organizations_of(user):
        raise NotAllowed
    found = rules.with_counts(rules.visible_trainings(user)).order_by("-begins_at", "-pk")
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    own = {o.pk for o in rules.organizations_of(user)}
    mine = SignUp.objects.filter(organization__in=own, training__in=[r.pk for r in page], withdrawn_at=None)
    facts = {
        "page": page, "announces": bool(street_ids(user, Role.OFFICE)), "reads": bool(streets), "now": clock.now(),
        "mine": {s.training_id: s for s in mine} if own else {}, "has_own": bool(own),
    }  # fmt: skip
    return render(request, "organizations/trainings.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def training_new(request: HttpRequest) -> HttpResponse:
    """The office announces a session."""
    user = person(request)
    streets = street_ids(user, Role.OFFICE)
    if not streets:
        raise NotAllowed
    form = TrainingForm(request.POST if request.method == "POST" else None, initial={"audience": ["social"]})
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            row = services.announce_training(
                street=Area.objects.get(pk=streets[0]), facts=form.cleaned_data, by=user, at=clock.now()
            )
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "培训已发布，参加对象会收到通知。")
            return redirect("organizations:training", row.pk)
    return render(request, "organizations/training_edit.html", {"form": form, "row": None}, status=status)


def _visible(request: HttpRequest, training_id: int) -> Training:
    found = rules.visible_trainings(person(request)).select_related("street", "announced_by", "cancelled_by")
    return get_object_or_404(found, pk=training_id)


@require_http_methods(["GET", "HEAD", "POST"])
def training_edit(request: HttpRequest, training_id: int) -> HttpResponse:
    """The office changes a session that has not begun."""
    user = person(request)
    row = _visible(request, training_id)
    if not rules.runs_training(user, row):
        raise NotAllowed
    form = TrainingForm(
        request.POST if request.method == "POST" else None, initial={key: getattr(row, key) for key in FACTS}
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            services.change_training(training_id=row.pk, facts=form.cleaned_data, by=user, at=clock.now())
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "已保存。时间或地点有变的，已报名的单位会收到通知。")
            return redirect("organizations:training", row.pk)
    return render(request, "organizations/training_edit.html", {"form": form, "row": row}, status=status)


def _page(request: HttpRequest, row: Training, *, status: int = 200, **bound: Any) -> HttpResponse:
    user, now = person(request), clock.now()
    reads, runs = row.street_id in street_ids(user, *rules.READERS), rules.runs_training(user, row)
    own = {s.organization_id: s for s in row.sign_ups.filter(organization__members__user=user.pk, withdrawn_at=None)}
    left = rules.room_left(row)
    begun = now >= row.begins_at - rules.CODE_FROM
    units = [_own_part(unit, own.get(unit.pk), row, now) for unit in rules.invited(user, row)]
    for one in units:
        if bound.get("unit_id") == one.unit.pk:
            one.form, one.code = bound.get("form", one.form), bound.get("code", one.code)
    rows = list(rules.coming_sign_ups(row)) if reads else []
    facts = {
        "said": "", "row": row, "units": units, "left": left, "rows": rows, "reads": reads, "runs": runs, "begun": begun,
        "open": row.cancelled_at is None and now < row.sign_up_until, "coming": row.cancelled_at is None and now < row.begins_at,
        "kinds": "、".join(str(Organization.Kind(kind).label) for kind in row.audience), "taken": row.capacity - left,
        "came": sum(one.attended or 0 for one in rows), "cancel": CancelForm(prefix="cancel"),
        "attendance": AttendanceForm(rows=rows, others=_others(row, rows)) if runs and begun and not row.cancelled_at else None,
    }  # fmt: skip
    facts |= {key: value for key, value in bound.items() if key in ("cancel", "attendance", "said")}
    return render(request, "organizations/training.html", facts, status=status)


@dataclass(slots=True)
class OwnPart:
    """What one's organization sees of a session: its sign-up, and the forms for it."""

    unit: Organization
    mine: SignUp | None
    form: SignUpForm
    code: CodeForm
    takes_code: bool


def _own_part(unit: Organization, mine: SignUp | None, row: Training, now: datetime) -> OwnPart:
    initial = {"people": mine.people, "functions": mine.functions} if mine else {}
    takes = mine is not None and mine.attended is None and rules.takes_code(row, now)
    return OwnPart(unit, mine, SignUpForm(initial=initial, prefix=f"u{unit.pk}"), CodeForm(prefix=f"c{unit.pk}"), takes)


def _others(row: Training, rows: list[SignUp]) -> list[Organization]:
    found = Organization.objects.filter(street=row.street_id).exclude(pk__in=[one.organization_id for one in rows])
    return list(found.order_by("pinyin", "pk"))


@require_safe
def training(request: HttpRequest, training_id: int) -> HttpResponse:
    """One session: what it is, one's own sign-up, and for the street everybody's."""
    return _page(request, _visible(request, training_id))


def _own(request: HttpRequest, row: Training, organization_id: int) -> Organization:
    own = [o for o in rules.invited(person(request), row) if o.pk == organization_id]
    if not own:
        raise NotAllowed
    return own[0]


@require_POST
def training_sign_up(request: HttpRequest, training_id: int, organization_id: int) -> HttpResponse:
    """One's organization signs up, or with `act=withdraw` does not come after all."""
    row = _visible(request, training_id)
    unit = _own(request, row, organization_id)
    if request.POST.get("act") == "withdraw":
        return _withdraw(request, row, unit)
    form, status = SignUpForm(request.POST, prefix=f"u{unit.pk}"), 400
    if form.is_valid():
        try:
            services.sign_up(
                training_id=row.pk, organization=unit, by=person(request), at=clock.now(), **form.cleaned_data
            )
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "已报名。")
            return redirect("organizations:training", row.pk)
    return _page(request, row, status=status, unit_id=unit.pk, form=form)


def _withdraw(request: HttpRequest, row: Training, unit: Organization) -> HttpResponse:
    status, said = 200, ""
    try:
        services.withdraw_sign_up(training_id=row.pk, organization=unit, by=person(request), at=clock.now())
    except DomainError as error:
        status, said = error.status, error.message
    else:
        messages.success(request, "已取消报名。")
        return redirect("organizations:training", row.pk)
    return _page(request, row, status=status, said=said)


@require_POST
def training_attend(request: HttpRequest, training_id: int, organization_id: int) -> HttpResponse:
    """One's organization came, by the code on the sheet."""
    row = _visible(request, training_id)
    unit = _own(request, row, organization_id)
    form, status = CodeForm(request.POST, prefix=f"c{unit.pk}"), 400
    if form.is_valid():
        try:
            services.attend_by_code(
                training_id=row.pk,
                organization=unit,
                typed=form.cleaned_data["code"],
                by=person(request),
                at=clock.now(),
            )
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "已签到。")
            return redirect("organizations:training", row.pk)
    return _page(request, row, status=status, unit_id=unit.pk, code=form)


@require_POST
def training_came(request: HttpRequest, training_id: int) -> HttpResponse:
    """The office puts down how many came."""
    user = person(request)
    row = _visible(request, training_id)
    if not rules.runs_training(user, row):
        raise NotAllowed
    rows = list(rules.coming_sign_ups(row))
    form, status = AttendanceForm(request.POST, rows=rows, others=_others(row, rows)), 400
    if form.is_valid():
        try:
            services.tick_attendance(training_id=row.pk, came=form.came(), by=user, at=clock.now())
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "到场情况已登记。")
            return redirect("organizations:training", row.pk)
    return _page(request, row, status=status, attendance=form)


@require_POST
def training_cancel(request: HttpRequest, training_id: int) -> HttpResponse:
    """The office calls a session off."""
    user = person(request)
    row = _visible(request, training_id)
    if not rules.runs_training(user, row):
        raise NotAllowed
    form, status = CancelForm(request.POST, prefix="cancel"), 400
    if form.is_valid():
        try:
            services.cancel_training(training_id=row.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            status = _refuse(form, error)
        else:
            messages.success(request, "培训已取消，已报名的单位会收到通知。")
            return redirect("organizations:training", row.pk)
    return _page(request, row, status=status, cancel=form)


@require_safe
def training_sheet(request: HttpRequest, training_id: int) -> HttpResponse:
    """The sheet to sign on paper, with the code on it."""
    row = _visible(request, training_id)
    if not rules.runs_training(person(request), row):
        raise NotAllowed
    return render(request, "organizations/training_sheet.html", {"row": row, "rows": list(rules.coming_sign_ups(row))})


@require_POST
def training_export(request: HttpRequest, training_id: int) -> HttpResponse:
    """Start the list of one session."""
    user = person(request)
    row = _visible(request, training_id)
    if row.street_id not in street_ids(user, *rules.READERS):
        raise NotAllowed
    at = clock.now()
    day = clock.local(row.begins_at).date()
    job = start_job(
        owner=user, kind="organizations.training", title=file_title(year=day.year, about=row.title[:30], report="培训签到表", day=day),
        params={"training": row.pk}, at=at, scope_id=row.street_id,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)


@require_POST
def trainings_export(request: HttpRequest) -> HttpResponse:
    """Start the list of a street's sessions of this year."""
    user = person(request)
    streets = street_ids(user, *rules.READERS)
    if not streets:
        raise NotAllowed
    street = Area.objects.get(pk=streets[0])
    at = clock.now()
    today = clock.local(at).date()
    job = start_job(
        owner=user, kind="organizations.trainings", title=file_title(year=today.year, about=street.name, report="培训台账", day=today),
        params={"street": street.pk, "year": today.year, "day": today.isoformat()}, at=at, scope_id=street.pk,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)
