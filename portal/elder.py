"""The large-type choice of a visitor, kept in a cookie."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.context import ELDER_STEPS

YEAR = 365 * 24 * 3600


@login_not_required
@never_cache
@require_safe
def elder(request: HttpRequest) -> HttpResponse:
    """Set the type size: `step` 1, 2 or 3, anything else switches off. Goes back to `next` if it is a page of ours.

    A plain link: it names the state to reach and not a change, so following it twice is following it once.
    """
    target = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("portal:front")
    answer = HttpResponseRedirect(target)
    step = request.GET.get("step", "")
    path = get_script_prefix()
    if step in ELDER_STEPS:
        answer.set_cookie(
            "elder", step, max_age=YEAR, path=path, samesite="Lax", httponly=True, secure=request.is_secure()
        )
    else:
        answer.delete_cookie("elder", path=path, samesite="Lax")
    return answer
