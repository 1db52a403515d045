"""/readyz, /metrics and 运行状态: the same facts for machines, for monitoring, and in words for the operator."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import holds
from accounts.web import person
from core import clock
from core.errors import NotAllowed
from core.queue import QUEUES
from jobs.services import failures
from jobs.services.pulse import WORKER_GONE
from portal import health
from portal.metrics import CONTENT_TYPE, exposition


@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when all is well, else 503: `{"ok": …, "checks": {"database": true, …}}`.

    `?for=pages` asks only for what pages need, for a load balancer: without Redis or workers the portal still takes
    needs, proposals and sheets.
    """
    found = health.page_checks() if request.GET.get("for") == "pages" else health.checks(health.broker())
    is_well = all(c.is_well for c in found)
    facts = {"ok": is_well, "checks": {c.key: c.is_well for c in found}}
    return JsonResponse(facts, status=200 if is_well else 503)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for whoever has the token or comes from an allowed network; 404 for everybody else."""
    if not _may_read_metrics(request):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


def _may_read_metrics(request: HttpRequest) -> bool:
    token: str = settings.METRICS_TOKEN
    told = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(told.encode(), f"Bearer {token}".encode()):
        return True
    if "X-Forwarded-For" in request.headers:  # through the proxy, whose own address says nothing
        return False
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_FROM)


@require_safe
@never_cache
def operations(request: HttpRequest) -> HttpResponse:
    """How the portal itself is, in words, for system administrators."""
    if not holds(person(request), Role.SYSTEM_ADMIN):
        raise NotAllowed
    at = clock.now()
    seen = health.broker()
    found = health.checks(seen)
    facts = {
        "now": at,
        "checks": found,
        "is_well": all(c.is_well for c in found),
        "lengths": [(health.LANES[lane], seen.lengths[lane]) for lane in QUEUES] if seen else [],
        "workers": [
            {"name": w.name, "lanes": "、".join(health.LANES[lane] for lane in w.lanes), "seconds": int(w.seconds_ago), "is_alive": w.seconds_ago <= WORKER_GONE}
            for w in (seen.workers if seen else [])
        ],
        "backlog": health.backlog(at),
        "page": Paginator(failures(), 30).get_page(request.GET.get("page")),
    }  # fmt: skip
    return render(request, "portal/operations.html", facts)
