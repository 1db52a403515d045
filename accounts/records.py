"""The record of acts, for the audit administrator."""

from datetime import datetime, time, timedelta

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import street_ids
from accounts.web import person
from audit.models import Event
from audit.words import VERBS, object_words, verb_words
from core.clock import SHANGHAI
from core.errors import NotAllowed
from core.forms import DateField, PortalForm


class DayForm(PortalForm):
    """The day to look at."""

    day = DateField(label="日期", required=False)


@require_safe
def records(request: HttpRequest) -> HttpResponse:
    """Acts of one's street, newest first; filter by kind of act and by day."""
    streets = street_ids(person(request), Role.AUDIT_ADMIN)
    if not streets:
        raise NotAllowed
    found = Event.objects.in_scope(streets).select_related("actor").order_by("-id")
    verb = request.GET.get("verb", "")
    if verb in VERBS:
        found = found.filter(verb=verb)
    form = DayForm(request.GET if request.GET.get("day") else None)
    if form.is_bound and form.is_valid() and form.cleaned_data["day"]:
        begin = datetime.combine(form.cleaned_data["day"], time(), SHANGHAI)
        found = found.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    rows = [(event, verb_words(event.verb), object_words(event.object_label)) for event in page]
    facts = {"page": page, "rows": rows, "verbs": VERBS.items(), "verb": verb, "form": form}
    return render(request, "audit/records.html", facts)
