"""The system administrator takes over a table of people: the template, the dry run, the invitations to hand out."""

import tempfile
from io import BytesIO
from pathlib import Path

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import forms, rules, services
from accounts.exports import write_csv_template, write_errors, write_links, write_template
from accounts.models import Area, PeopleImport, Role, User
from accounts.services.imports import against, faults_in, people_in
from accounts.web import need, person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.templatetags.face import when
from jobs.registry import XLSX

SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def people_import(request: HttpRequest) -> HttpResponse:
    """Upload a table; it is read, and nobody is made yet."""
    by = person(request)
    street = Area.objects.get(pk=need(by, Role.SYSTEM_ADMIN)[0])
    form = forms.TableForm(request.POST, request.FILES) if request.method == "POST" else forms.TableForm()
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            at = clock.now()
            try:
                run, before = services.read_people(street=street, file=form.cleaned_data["file"], by=by, at=at)
            except DomainError as error:
                form.add_error("file", error.message)
                status = error.status
            else:
                if run.applied_at is not None:
                    messages.info(request, services.AlreadyImported.message)
                elif before is not None:
                    messages.info(
                        request, f"同一个文件您在{when(before.read_at)}传过，还没有导入，这次重新检查了一遍。"
                    )
                return redirect("accounts:people_run", run.pk)
    recent = PeopleImport.objects.filter(street=street, read_by=by, applied_at__isnull=False).order_by("-pk")[:10]
    facts = {"form": form, "recent": recent, "has_errors": bool(form.errors)}
    return render(request, "accounts/people_import.html", facts, status=status)


def _run(by: User, run_id: int) -> PeopleImport:
    """A run of the person's own, in her street; others find nothing."""
    runs = PeopleImport.objects.select_related("street").filter(street__in=rules.street_ids(by))
    run = get_object_or_404(runs, pk=run_id)
    if not rules.holds(by, Role.SYSTEM_ADMIN) or run.read_by_id != by.pk:
        raise NotAllowed
    return run


@never_cache
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
    faults, typed = faults_in(run)
    names = {a.pk: a.name for a in Area.objects.filter(pk__in={p.area for p in people if p.area})}
    rows = [
        (p, Role(p.role).label if p.role else "", names.get(p.area or 0, run.street.name if p.role else ""))
        for p in people
    ]
    open_ones = run.invitations.filter(used_at=None, revoked_at=None, expires_at__gt=clock.now()).count()
    facts = {
        "run": run, "rows": rows, "said": said, "open": open_ones, "moved": against(people)[:SHOWN], "has_errors": bool(said or faults),
        "faults": [{"row": f.row, "column": f.column, "message": f.message} for f in faults],
        "wrong": sum(bool(row["why"]) for row in typed),
    }  # fmt: skip
    return render(request, "accounts/people_run.html", facts, status=status)


@never_cache
@require_safe
def people_errors(request: HttpRequest, people_run_id: int) -> HttpResponseBase:
    """The table as it came, with the column 错误原因; 404 where no row of it is wrong. One's own only."""
    run = _run(person(request), people_run_id)
    typed = faults_in(run)[1]
    if not typed:
        raise Http404
    name = f"{run.name.rpartition('.')[0] or run.name}（错误原因）.xlsx"
    return attachment(write_errors(typed, run.street), name=name, content_type=XLSX)


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
