"""Registry sheets: read, shown, taken over; and the reports of the registry."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.sheets import file_title
from jobs.registry import XLSX
from jobs.services import start_job
from organizations import rules, services
from organizations.exports.template import write_errors, write_template
from organizations.forms.sheet import SheetForm
from organizations.models import ImportRun
from organizations.services.sheet import earlier

SHOWN = 200


def _street(user: User, *roles: Role) -> Area:
    streets = street_ids(user, *roles)
    if not streets:
        raise NotAllowed
    return Area.objects.get(pk=streets[0])


@require_http_methods(["GET", "HEAD", "POST"])
def sheet_new(request: HttpRequest) -> HttpResponse:
    """Upload a sheet: its faults by row and column, or on to what it would change. Nothing is written yet."""
    user = person(request)
    street = _street(user, Role.OFFICE)
    form = SheetForm(request.POST, request.FILES) if request.method == "POST" else SheetForm()
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                run = services.read_sheet(street=street, file=file, name=file.name, by=user, at=clock.now())
            except DomainError as error:
                form.add_error("file", error.message)
                status = error.status
            else:
                return redirect("organizations:sheet", run.pk)
    recent = ImportRun.objects.filter(street=street, read_by=user, applied_at__isnull=False).order_by("-pk")[:5]
    facts = {"form": form, "recent": recent, "street": street, "has_errors": bool(form.errors)}
    return render(request, "organizations/sheet_new.html", facts, status=status)


def _run(user: User, run_id: int) -> ImportRun:
    """A sheet that this person read; others find nothing."""
    run = get_object_or_404(ImportRun.objects.select_related("street", "read_by"), pk=run_id, read_by=user)
    if not rules.can_register(user, run.street_id):
        raise NotAllowed
    return run


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a sheet would change, or what is wrong with it; its reader takes it over, whole."""
    user = person(request)
    run = _run(user, run_id)
    said, status = "", 200
    if request.method == "POST":
        try:
            services.apply_sheet(run_id=run.pk, by=user, at=clock.now())
        except DomainError as error:
            said, status = error.message, error.status
        else:
            messages.success(request, "已全部登记。")
            return redirect("organizations:sheet", run.pk)
    planned, moved = ([], []) if run.applied_at else services.plan_rows(run.street, run.content)
    facts = {
        "run": run, "planned": planned[:SHOWN], "more": max(0, len(planned) - SHOWN), "moved": [] if run.faults else moved, "said": said,
        "new": sum(one.known is None for one in planned), "known": sum(one.known is not None for one in planned),
        "faults": [dict(zip(("row", "column", "message"), f, strict=True)) for f in run.faults],
        "wrong": sum(bool(row["why"]) for row in run.typed), "earlier": earlier(run), "has_errors": bool(said or run.faults),
    }  # fmt: skip
    return render(request, "organizations/sheet.html", facts, status=status)


@never_cache
@require_safe
def sheet_errors(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """The workbook as it came, with the column 错误原因; 404 where no row of it is wrong. One's own only."""
    run = _run(person(request), run_id)
    if not run.typed:
        raise Http404
    return attachment(write_errors(run.typed, run.street), name=f"{run.name}（错误原因）.xlsx", content_type=XLSX)


@require_safe
def sheet_blank(request: HttpRequest) -> HttpResponseBase:
    """The sheet to fill in, with lists to choose from."""
    street = _street(person(request), Role.OFFICE)
    return attachment(write_template(street), name="社会组织基本情况表（模板）.xlsx", content_type=XLSX)


@require_POST
def export(request: HttpRequest, report: str) -> HttpResponse:
    """Start E17 or E18; the next page shows its progress."""
    user = person(request)
    street = _street(user, *rules.READERS)
    at = clock.now()
    today = clock.local(at).date()
    title = file_title(year=today.year, about=street.name, report=TITLES[report], day=today)
    job = start_job(
        owner=user, kind=f"organizations.{report}", title=title, params={"street": street.pk, "day": today.isoformat()}, at=at,
        scope_id=street.pk,
    )  # fmt: skip
    return redirect("jobs:detail", job.pk)


TITLES = {"e17": "社会组织基本情况表", "e18": "党组织覆盖统计表"}
