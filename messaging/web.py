"""Who asks, and for which street."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from core.errors import NotAllowed


def person(request: HttpRequest) -> Any:
    """The signed-in user; LoginRequiredMiddleware has sent visitors to the sign-in page before."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def street_of(request: HttpRequest, streets: dict[int, str]) -> int:
    """The street that `?street=` names, else the first of one's own. Raises NotAllowed when there is none."""
    if not streets:
        raise NotAllowed
    asked = request.GET.get("street", "")
    return int(asked) if asked.isascii() and asked.isdigit() and int(asked) in streets else min(streets)


def whole(text: str) -> int:
    """A number as a page sends it back; -1 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
