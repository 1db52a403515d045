"""Small guards around every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import DomainError

Answer = Callable[[HttpRequest], HttpResponse]
REDIRECTS = (301, 302, 303, 307, 308)


class RefuseNulBytes:
    """Text with a NUL byte never reaches the database."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "%00" in request.META.get("QUERY_STRING", "") or "\x00" in request.path:
            return render(request, "400.html", status=400)
        return self.get_response(request)


class DomainErrors:
    """A refusal that no view caught becomes a Chinese page with its sentence, never a stack trace."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        return render(
            request, "refused.html", {"message": exception.message, "status": exception.status}, status=exception.status
        )


class FormsByScript:
    """static/portal/sending.js sends forms without leaving the page: it is told where to go instead of being sent there.

    A browser follows a redirect by itself and would show the messages of the next page to nobody.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if request.headers.get("X-Portal-Form") and answer.status_code in REDIRECTS:
            answer.status_code = 204
            answer["X-Portal-Go"] = answer["Location"]
            del answer["Location"]
        return answer


class InWeChat:
    """WeChat's own browser keeps most files to itself: there a download is a page that says how to get it.

    Only for a page that is asked for as one (a script or a picture gets its file), and not with `?wechat=open`.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if not (
            "MicroMessenger" in request.headers.get("User-Agent", "")
            and "text/html" in request.headers.get("Accept", "")
            and answer.status_code == 200
            and answer.get("Content-Disposition", "").startswith("attachment")
            and request.method == "GET"
            and request.GET.get("wechat") != "open"
        ):
            return answer
        answer.close()
        query = request.GET.copy()
        query["wechat"] = "open"
        is_apple = "iPhone" in request.headers["User-Agent"] or "iPad" in request.headers["User-Agent"]
        facts = {
            "address": request.build_absolute_uri(),
            "here": f"{request.path}?{query.urlencode()}",
            "menu": "在默认浏览器中打开" if is_apple else "在浏览器打开",
        }
        guide = render(request, "wechat.html", facts)
        guide["Cache-Control"] = "no-store"
        return guide
