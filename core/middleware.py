"""Small guards around every request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import DomainError

Answer = Callable[[HttpRequest], HttpResponse]


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
