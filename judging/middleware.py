"""A sign-in by seat opens that session's judge pages and nothing else of the person's account."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

Answer = Callable[[HttpRequest], HttpResponse]
KEY = "seat_of_session"
ALLOWED = re.compile(r"/judge/(\d+)/|/sessions/(\d+)/rule/\Z")
WORDS = "您是从席位进入的，只能评分。要用其他功能，请退出后用用户名和密码登录。"


class SeatOnly:
    """403 with a sentence outside the session that the seat belongs to."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], *_: object) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None
        seat = request.session.get(KEY)
        if seat is None or request.path_info == "/account/sign-out/":
            return None
        found = ALLOWED.match(request.path_info)
        if found is not None and int(found.group(1) or found.group(2)) == seat:
            return None
        return render(request, "refused.html", {"message": WORDS, "status": 403}, status=403)
