"""Homes by role, the public front page, error pages."""

import logging
import secrets

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import get_template
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import may
from accounts.web import person
from core import clock
from core.context import site
from funding.rules import public_notices
from portal import desk as desks
from portal import homes
from portal.homes import kinds_of
from rounds.models import Round
from rounds.rules import can_run_round, visible_rounds

WATCHERS = (Role.OFFICE, Role.LEADER, Role.SUPERVISOR)
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)

logger = logging.getLogger(__name__)


@login_not_required
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The public front page: what a resident can do here, open rounds, current notices."""
    now = clock.now()
    rounds = [
        {"title": r.title, "href": reverse("rounds:call", args=[r.pk]), "street": r.street.name, "budget": r.budget,
         "apply_closes_at": r.apply_closes_at, "is_demo": r.is_demo}
        for r in Round.objects.accepting(now).select_related("street").order_by("apply_closes_at")[:6]
    ]  # fmt: skip
    notices = [
        {"title": n.title, "href": reverse("funding:notice", args=[n.pk]), "starts_on": n.starts_on, "ends_on": n.ends_on,
         "is_demo": n.plan.is_demo}
        for n in public_notices()[:6]
    ]  # fmt: skip
    return render(request, "portal/front.html", {"now": now, "rounds": rounds, "notices": notices})


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """A short text for each kind of user, one's own first; at the same place everywhere."""
    return render(request, "portal/help.html", {"kinds": kinds_of(request.user)})


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The signed-in person's page: what must I do next?"""
    user = person(request)
    href, words = homes.first_step(user)
    facts = {
        "first_href": href,
        "first_words": words,
        "todo": homes.todo(user, clock.now()),
        "headline": homes.headline(user),
        "titles": homes.titles(user),
        "shortcuts": homes.shortcuts(user),
        "desks": visible_rounds(user).order_by("-id")[:10],
    }
    return render(request, "portal/home.html", facts)


@require_safe
def desk(request: HttpRequest, round_id: int) -> HttpResponse:
    """The whole chain of one round at a glance."""
    user = person(request)
    round_ = get_object_or_404(visible_rounds(user), pk=round_id)
    facts = desks.context(
        round_,
        runs=can_run_round(user, round_),
        reads=may(user, round_.street, *READERS),
        watches=may(user, round_.street, *WATCHERS),
    )
    return render(request, "portal/desk.html", {"now": clock.now(), **facts})


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """`{"ok": true}` while the database answers."""
    clock.now()
    return JsonResponse({"ok": True})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: usually a page left open too long."""
    answer = render(request, "403_csrf.html", status=403)
    answer["X-Portal-Token"] = "stale"  # static/portal/sending.js fetches a fresh one and sends again
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Broken or oversized input; the second has its own words."""
    if isinstance(exception, RequestDataTooBig):
        return render(request, "413.html", status=413)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same words whether a thing does not exist or belongs to others."""
    return render(request, "404.html", status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """A fault of ours. Rendered without context processors: they might ask the database that just failed."""
    reference = f"500-{secrets.token_hex(4)}"
    logger.error("Error page shown with reference %s for %s", reference, request.path)
    page = get_template("500.html").render({**site(request), "reference": reference})
    return HttpResponse(page, status=500)
