"""Party organizations of a street's social organizations: coverage, what does not fit, one count."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations import rules, services
from organizations.domain.party import due_form
from organizations.forms.party import PartyForm
from organizations.models import PartyRecord
from organizations.views.registry import own_or_street


@require_safe
def street(request: HttpRequest) -> HttpResponse:
    """Coverage today and a year ago, and every organization's due form against the one it has."""
    user = person(request)
    streets = street_ids(user, *rules.READERS)
    if not streets:
        raise NotAllowed
    row = Area.objects.get(pk=streets[0])
    today = clock.local(clock.now()).date()
    leaps = (today.month, today.day) == (2, 29)
    before = today.replace(year=today.year - 1, day=28 if leaps else today.day)
    lines = rules.party_lines(row.pk, today)
    facts = {
        "year": today.year, "sets": bool(street_ids(user, Role.OFFICE)), "street": row, "lines": lines, "faults": sum(bool(line.fault) for line in lines), "counts": rules.forms_count(lines),
        "coverages": [rules.coverage_of(lines, today), rules.coverage_of(rules.party_lines(row.pk, before), before)],
    }  # fmt: skip
    return render(request, "organizations/party_street.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: HttpRequest, organization_id: int) -> HttpResponse:
    """The counts of one organization; the office enters the next."""
    user = person(request)
    row = own_or_street(request, organization_id)
    enters = rules.can_enter(user, row)
    if request.method == "POST" and not enters:
        raise NotAllowed
    at = clock.now()
    history = list(row.party.select_related("entered_by", "upper").order_by("-number"))
    newest = history[0] if history else None
    initial = {"counted_on": clock.local(at).date()}
    if newest is not None:
        initial |= {k: getattr(newest, k) for k in ("members", "form", "branch", "instructor", "upper")}
    form = PartyForm(request.POST if request.method == "POST" else None, initial=initial, street_id=row.street_id)
    if request.method == "POST" and form.is_valid():
        try:
            services.enter_party(organization_id=row.pk, by=user, at=at, **form.cleaned_data)
        except (services.CountedInFuture, services.CountedBefore) as error:
            form.add_error("counted_on", error.message)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "党建情况已登记。")
            return redirect("organizations:party_own", row.pk)
    facts = {
        "row": row, "history": history, "form": form if enters else None, "partners": rules.partners_of(row),
        "joints": rules.joint_names(row.street_id) if enters else [], "year": clock.local(at).year,
        "due": PartyRecord.Form(due_form(newest.members)).label if newest else "",
    }  # fmt: skip
    return render(request, "organizations/party_own.html", facts)
