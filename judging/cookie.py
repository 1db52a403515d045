"""The name that a judge's device bears: a cookie that outlives sign-ins."""

import secrets

from django.http import HttpRequest, HttpResponse

COOKIE = "seat"
KEPT = 60 * 24 * 3600


def device_of(request: HttpRequest) -> str:
    """The device's own name, from its cookie; a new one where it has none yet."""
    cookie = request.COOKIES.get(COOKIE, "")
    return cookie if len(cookie) == 32 and cookie.isalnum() else secrets.token_hex(16)


def keep_device(request: HttpRequest, answer: HttpResponse, device: str) -> None:
    """Let the device remember its name."""
    if request.COOKIES.get(COOKIE) != device:
        answer.set_cookie(COOKIE, device, max_age=KEPT, httponly=True, samesite="Lax", secure=request.is_secure())
