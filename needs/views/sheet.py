"""Importing needs from a workbook: the template, the dry run, the confirmation."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area, Role
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from needs import services
from needs.exports.template import write_errors, write_template
from needs.forms.intake import ConfirmForm, ImportForm
from needs.models import Need, NeedImport

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SHOWN = 100


def imports_needs(request: HttpRequest) -> None:
    """Raise NotAllowed for who neither works for a community nor in the office."""
    if not holds(request.user, Role.COMMUNITY, Role.OFFICE):
        raise NotAllowed


@require_http_methods(["GET", "HEAD", "POST"])
def import_new(request: HttpRequest) -> HttpResponse:
    """Choose a filled workbook; it is read, and nothing is registered yet."""
    user, status = person(request), 200
    imports_needs(request)
    form = ImportForm(*((request.POST, request.FILES) if request.method == "POST" else (None,)))
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                found = services.read_import(file=form.cleaned_data["file"], by=user, at=clock.now())
            except DomainError as error:
                form.add_error("file", error.message)
                status = error.status
            else:
                return redirect("needs:import_check", found.pk)
    recent = NeedImport.objects.filter(by=user, done_at__isnull=False).order_by("-pk")[:5]
    return render(request, "needs/import.html", {"form": form, "recent": recent}, status=status)


@require_safe
def import_template(request: HttpRequest) -> HttpResponseBase:
    """The workbook to fill, with this person's communities to choose from."""
    imports_needs(request)
    book = write_template(*services.places_of(person(request)))
    return attachment(book, name="居民需求导入模板.xlsx", content_type=EXCEL)


@never_cache
@require_safe
def import_errors(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The workbook as it came, with the column 错误原因; 404 where no row of it is wrong. One's own only."""
    user = person(request)
    found = get_object_or_404(NeedImport, pk=import_id, by=user, done_at=None)
    imports_needs(request)
    rows = services.typed_rows(found)
    if not rows:
        raise Http404
    name = f"{found.file_name.removesuffix('.xlsx')}（错误原因）.xlsx"
    return attachment(write_errors(rows, *services.places_of(user)), name=name, content_type=EXCEL)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def import_check(request: HttpRequest, import_id: int) -> HttpResponse:
    """What the workbook says: errors by sheet, row and column, a preview, likely repeats; confirming it. One's own only."""
    user, at, status = person(request), clock.now(), 200
    found = get_object_or_404(NeedImport, pk=import_id, by=user)
    imports_needs(request)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        again = found.done_at is not None
        try:
            count = services.confirm_import(
                import_id=found.pk, with_twins=form.cleaned_data["twins"] == "all", by=user, at=at
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            if again:
                messages.info(request, f"这份表已经导入过，登记了 {count} 件需求，这次没有再登记。")
            return redirect("needs:import_check", found.pk)
    return render(request, "needs/import_check.html", _facts(found, form), status=status)


def _facts(found: NeedImport, form: ConfirmForm) -> dict[str, Any]:
    """What the page shows, in a fixed number of statements."""
    rows, typed = services.good_rows(found), services.typed_rows(found)
    names = dict(Area.objects.filter(pk__in={row["community"] for row in rows}).values_list("pk", "name"))
    kinds = dict(Need.Category.choices)
    told = [{**row, "place": names.get(row["community"], ""), "kind": kinds.get(row["category"], "")} for row in rows]
    twins = [row for row in told if row["twin"]]
    return {
        "found": found, "form": form, "rows": told[:SHOWN], "more": max(0, len(told) - SHOWN), "twins": twins[:SHOWN],
        "twin_count": len(twins), "fresh": len(told) - len(twins), "total": len(told), "wrong": sum(bool(row["why"]) for row in typed),
        "earlier": services.earlier(found),
        "faults": [dict(zip(("sheet", "row", "column", "message"), f, strict=True)) for f in found.faults],
    }  # fmt: skip
