"""Who is asking: the signed-in person of a request, typed."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts.models import Role, User
from accounts.rules import street_ids
from core.errors import NotAllowed


def person(request: HttpRequest) -> User:
    """The signed-in user. LoginRequiredMiddleware has sent visitors to the sign-in page before."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def need(user: User, role: Role) -> list[int]:
    """Streets in which the person is that administrator; refuses anybody else."""
    found = street_ids(user, role)
    if not found:
        raise NotAllowed
    return found
