"""Who reads applications for registration."""

from django.db.models import QuerySet

from accounts.models import Role
from accounts.rules import street_ids
from organizations.models import Application
from organizations.rules.registry import Person


def visible_applications(user: Person) -> "QuerySet[Application]":
    """Applications to the streets whose office one is."""
    return Application.objects.filter(street__in=street_ids(user, Role.OFFICE))


def waiting_applications(user: Person) -> int:
    """How many wait for the person's decision."""
    return visible_applications(user).filter(state=Application.State.WAITING).count()


def application_by_code(code: str) -> Application | None:
    """The application of a code, as its applicant holds it."""
    return (
        Application.objects.select_related("street", "organization", "community")
        .filter(code=code.strip().upper())
        .first()
    )
