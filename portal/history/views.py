"""办理记录 of a record: the page with its filters, and the same as an Excel file."""

from datetime import date
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.rules import held
from accounts.web import person
from core import clock
from core.forms import DateField, PortalForm
from core.numbers import whole
from jobs.services import start_job
from organizations.models import Membership
from organizations.rules import organizations_of
from portal.history.gather import Entry, history
from portal.history.kinds import KINDS, Kind

SHOWN = 50
STAFF = "工作人员"
# acts whose reason the applicant is told with a message
TOLD = {
    "projects.decided", "projects.budget_cut", "funding.payment_refused", "funding.payment_failed", "funding.agreement_ended",
    "organizations.appeal_answered", "organizations.exit_decided",
}  # fmt: skip


class PeriodForm(PortalForm):
    """From which day to which."""

    first = DateField(label="从", required=False)
    last = DateField(label="到", required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last and last < first:
            self.add_error("last", forms.ValidationError("结束日期不能早于开始日期。"))
        return found


def kind_or_404(name: str) -> Kind:
    """The kind of record of that name in an address."""
    if name not in KINDS:
        raise Http404
    return KINDS[name]


def seen_by(user: Any, kind: Kind, pk: int) -> list[Entry]:
    """The history as this person may read it.

    Who holds no role of a street reads no inner parts, no names of the street's people, and reasons only of her own side and of what
    the street tells her anyway.
    """
    if held(user):
        return history(kind, pk)
    found = history(kind, pk, inner=False)
    own = Membership.objects.filter(organization__in=[row.pk for row in organizations_of(user)])
    mine = {user.pk, *own.values_list("user", flat=True)}
    for entry in found:
        if entry.who in mine:
            continue
        if entry.who is not None:
            entry.who, entry.name = None, STAFF
        if entry.verb not in TOLD:
            entry.reason = ""
    return found


def narrowed(entries: list[Entry], *, who: int | None, verb: str, first: date | None, last: date | None) -> list[Entry]:
    """Those of this person, of this act, of these days."""
    return [
        one
        for one in entries
        if (who is None or one.who == who)
        and (not verb or one.verb == verb)
        and (first is None or clock.local(one.at).date() >= first)
        and (last is None or clock.local(one.at).date() <= last)
    ]


@never_cache
@require_safe
def record_history(request: HttpRequest, history_kind: str, record_id: int) -> HttpResponse:
    """Who did what to a record, when and why, and what it was before. Whoever sees the record sees its history."""
    user, kind = person(request), kind_or_404(history_kind)
    row = get_object_or_404(kind.visible(user), pk=record_id)
    return _page(request, history_kind, row)


def _page(request: HttpRequest, name: str, row: Any, *, status: int = 200) -> HttpResponse:
    user, kind = person(request), KINDS[name]
    asked = request.POST if request.method == "POST" else request.GET
    form = PeriodForm({key: asked.get(key, "") for key in ("first", "last")})
    days = form.cleaned_data if form.is_valid() else {}
    entries = seen_by(user, kind, row.pk)
    people = sorted({(one.who, one.name) for one in entries if one.who is not None}, key=lambda one: one[1])
    verbs = sorted({(one.verb, one.words) for one in entries if one.verb}, key=lambda one: one[1])
    who, verb = whole(asked.get("who", "")), asked.get("verb", "")
    found = narrowed(entries, who=who, verb=verb, first=days.get("first"), last=days.get("last"))
    page = Paginator(found, SHOWN).get_page(asked.get("page"))
    facts = {
        "kind": kind, "name": name, "row": row, "title": kind.title(row), "href": kind.href(row), "page": page, "form": form, "people": people,
        "verbs": verbs, "who": who, "verb": verb, "total": len(entries), "has_errors": not form.is_valid(),
    }  # fmt: skip
    return render(request, "portal/history.html", facts, status=status)


@require_POST
def history_export(request: HttpRequest, history_kind: str, record_id: int) -> HttpResponse:
    """Start the file of what the page shows; the next page shows its progress."""
    user, kind = person(request), kind_or_404(history_kind)
    row = get_object_or_404(kind.visible(user), pk=record_id)
    form = PeriodForm(request.POST)
    if not form.is_valid():
        return _page(request, history_kind, row, status=400)
    at = clock.now()
    street = kind.visible(user).filter(pk=row.pk).values_list(kind.street, flat=True).first()
    params = {
        "user": user.pk, "kind": history_kind, "record": row.pk, "who": whole(request.POST.get("who", "")),
        "verb": request.POST.get("verb", "")[:60], "first": request.POST.get("first", "")[:20], "last": request.POST.get("last", "")[:20],
        "day": clock.local(at).date().isoformat(),
    }  # fmt: skip
    for key in ("first", "last"):
        params[key] = form.cleaned_data[key].isoformat() if form.cleaned_data[key] else None
    title = f"{kind.title(row)}-办理记录-{clock.local(at):%Y%m%d}"
    job = start_job(owner=user, kind="portal.history", title=title, params=params, at=at, scope_id=street)
    return redirect("jobs:detail", job.pk)
