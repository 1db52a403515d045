"""The head of every page listens for new messages; its policy must let it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.live import allow_push

Answer = Callable[[HttpRequest], HttpResponse]


class LiveInbox:
    """Allow the push server's origin on the pages of people who are signed in."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        signed_in = hasattr(request, "user") and request.user.is_authenticated
        if signed_in and response.get("Content-Type", "").startswith("text/html"):
            return allow_push(request, response)
        return response
