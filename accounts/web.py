"""Who is asking: the signed-in person of a request, typed."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> User:
    """The signed-in user. LoginRequiredMiddleware has sent visitors to the sign-in page before."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
