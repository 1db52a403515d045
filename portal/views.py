"""Homes by role, the public front page, error pages."""

import logging
import secrets

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.views.decorators.http import require_safe

from core.clock import now as clock
from core.context import site

logger = logging.getLogger(__name__)


@login_not_required
@require_safe
def front(request: HttpRequest) -> HttpResponse:
    """The public front page: what a resident can do here, open rounds, current notices."""
    return render(request, "portal/front.html", {"now": clock(), "rounds": [], "notices": []})


@login_not_required
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """A short page for each kind of user, at the same place everywhere."""
    return render(request, "portal/help.html")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The signed-in person's page: what must I do next?"""
    return render(request, "portal/home.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: usually a page left open too long."""
    return render(request, "403_csrf.html", status=403)


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
