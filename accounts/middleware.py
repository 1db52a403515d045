"""Sessions end by themselves, and what is owed comes first."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.services import sessions

Answer = Callable[[HttpRequest], HttpResponse]
PAGES = {sessions.PASSWORD: "accounts:password", sessions.FACTOR: "accounts:factor"}
OTHERS = {"accounts:sign_out"}
ENDED = {
    "idle": "您超过 {minutes} 分钟没有操作，为安全起见已退出登录。已保存的内容都在，请重新登录后继续。",
    "age": "登录已满时限，为安全起见已退出。已保存的内容都在，请重新登录后继续。",
}


class Sitting:
    """Signs out who was still for too long or is signed in for too long; leads who owes something to that page.

    Costs no statement: the session is loaded with the page anyway, and written once a minute.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        why = sessions.over(request) if settings.SESSION_COOKIE_NAME in request.COOKIES else ""
        if why:
            sessions.forget(request.session.session_key)
            logout(request)
            request.session["ended"] = why
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        if SESSION_KEY not in request.session or sessions.OWN_EXPIRY in request.session:
            return None
        owes = request.session.get(sessions.OWES)
        name = request.resolver_match.view_name if request.resolver_match else ""
        if not owes or name in OTHERS or name == PAGES[owes[0]]:
            return None
        if (
            "next" not in request.session
            and request.method == "GET"
            and "text/html" in request.headers.get("Accept", "")
        ):
            request.session["next"] = request.get_full_path()
        return redirect(PAGES[owes[0]])


def said_why(request: HttpRequest) -> None:
    """Tell who was signed out why, once, on the page where she signs in again."""
    why = request.session.pop("ended", "")
    if why in ENDED:
        messages.info(request, ENDED[why].format(minutes=settings.IDLE_MINUTES))
