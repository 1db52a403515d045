"""The system administrator takes over a table of people: the template, the dry run, the invitations to hand out."""

import tempfile
from io import BytesIO
from pathlib import Path

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import forms, rules, services
from accounts.domain.people_sheet import Fault
from accounts.exports import write_csv_template, write_links, write_template
from accounts.models import Area, PeopleImport, Role, User
from accounts.services.imports import against, people_in
from accounts.web import need, person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from jobs.registry import XLSX

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def people_import(request: HttpRequest) -> HttpResponse:
    """Upload a table: its faults by line, or on to the preview. Nobody is made yet."""
    by = person(request)
    street = Area.objects.get(pk=need(by, Role.SYSTEM_ADMIN)[0])
    form = forms.TableForm(request.POST, request.FILES) if request.method == "POST" else forms.TableForm()
    faults: list[Fault] = []
    if request.method == "POST" and form.is_valid():
        try:
            run, faults = services.read_people(street=street, file=form.cleaned_data["file"], by=by, at=clock.now())
        except DomainError as error:
            form.add_error("file", error.message)
        else:
            if run is not None:
                if run.applied_at is not None:
                    messages.info(request, services.AlreadyImported.message)
                return redirect("accounts:people_run", run.pk)
    recent = PeopleImport.objects.filter(street=street, read_by=by, applied_at__isnull=False).order_by("-pk")[:10]
    facts = {"form": form, "faults": faults[:SHOWN], "count": len(faults), "recent": recent, "has_errors": bool(faults)}
    return render(request, "accounts/people_import.html", facts)


def _run(by: User, run_id: int) -> PeopleImport:
    """A run of the person's own, in her street; others find nothing."""
    runs = PeopleImport.objects.select_related("street").filter(street__in=rules.street_ids(by))
    run = get_object_or_404(runs, pk=run_id)
    if not rules.holds(by, Role.SYSTEM_ADMIN) or run.read_by_id != by.pk:
        raise NotAllowed
    return run


@require_http_methods(["GET", "HEAD", "POST"])
def people_run(request: HttpRequest, people_run_id: int) -> HttpResponse:
    """What a table would make; then all of it or nothing, and the links to hand out."""
    by = person(request)
    run = _run(by, people_run_id)
    said, status = "", 200
    if request.method == "POST":
        try:
            services.apply_people(run_id=run.pk, by=by, at=clock.now())
        except DomainError as error:
            said, status = error.message, error.status
        else:
            return redirect("accounts:people_run", run.pk)
    people = people_in(run)
    names = {a.pk: a.name for a in Area.objects.filter(pk__in={p.area for p in people if p.area})}
    rows = [
        (p, Role(p.role).label if p.role else "", names.get(p.area or 0, run.street.name if p.role else ""))
        for p in people
    ]
    open_ones = run.invitations.filter(used_at=None, revoked_at=None, expires_at__gt=clock.now()).count()
    facts = {
        "run": run,
        "rows": rows,
        "said": said,
        "open": open_ones,
        "faults": against(people)[:SHOWN],
        "has_errors": bool(said),
    }
    return render(request, "accounts/people_run.html", facts, status=status)


@require_safe
@never_cache
def people_links(request: HttpRequest, people_run_id: int) -> HttpResponseBase:
    """The links of an import that still work, for the one who imported. No password in it: there is none."""
    run = _run(person(request), people_run_id)
    if run.applied_at is None:
        raise NotAllowed

    def link(token: str) -> str:
        return request.build_absolute_uri(reverse("accounts:welcome", args=[token]))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.xlsx"
        write_links(path, run, link, clock.now())
        content = path.read_bytes()
    return attachment(BytesIO(content), name=f"邀请链接_{run.pk}.xlsx", content_type=XLSX)


@require_safe
def people_template(request: HttpRequest) -> HttpResponseBase:
    """The table to fill in, as a workbook or as CSV."""
    street = Area.objects.get(pk=need(person(request), Role.SYSTEM_ADMIN)[0])
    if request.GET.get("as") == "csv":
        return attachment(BytesIO(write_csv_template()), name="人员表（模板）.csv", content_type="text/csv")
    return attachment(write_template(street), name="人员表（模板）.xlsx", content_type=XLSX)
