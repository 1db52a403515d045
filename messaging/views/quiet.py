"""免打扰时段: when a street's messages wait."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import DomainError
from messaging import rules, services
from messaging.domain.timing import USUAL, Quiet
from messaging.forms import QuietHoursForm
from messaging.models import QuietHours
from messaging.web import person, street_of


@require_http_methods(["GET", "HEAD", "POST"])
def quiet(request: HttpRequest) -> HttpResponse:
    """Quiet hours of a street (`?street=`), one's own first."""
    user = person(request)
    streets = rules.desk(user).office
    street = street_of(request, streets)
    row = QuietHours.objects.filter(scope_id=street).first()
    hours = row.hours if row else USUAL
    first = {
        "quiet_from": hours.start, "quiet_until": hours.end, "holds_email": row is not None and row.holds_email,
        "revision": row.revision if row else 0,
    }  # fmt: skip
    form = QuietHoursForm(request.POST if request.method == "POST" else None, initial=first)
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.save_quiet_hours(
                scope_id=street, quiet=Quiet(data["quiet_from"], data["quiet_until"]), holds_email=data["holds_email"],
                revision=data["revision"], by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "免打扰时段已保存，从下一条消息起生效。")
            return redirect(f"{reverse('messaging:quiet')}?street={street}")
    facts = {
        "form": form, "street": streets[street], "street_id": street, "streets": sorted(streets.items()), "hours": hours,
        "is_own": row is not None, "holds_email": first["holds_email"],
    }  # fmt: skip
    return render(request, "messaging/quiet.html", facts, status=status)
