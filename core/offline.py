"""The script that opens a kept page again without a network; browsers run it on HTTPS only."""

from functools import cache
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe


@cache
def _script() -> bytes:
    found = finders.find("portal/reopen.js")
    if not found:
        raise Http404
    return Path(str(found)).read_bytes()


@login_not_required
@require_safe
def worker(_request: HttpRequest) -> HttpResponse:
    """Served beside the pages it may answer for, because its path is its reach."""
    answer = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer
