"""Who knows which organization, and who acts for it."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Role, User
from accounts.rules import may, street_ids
from organizations.models import Organization

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR)


def visible_organizations(user: Person) -> "QuerySet[Organization]":
    """Organizations of the streets where one is office, leader, finance or supervisor, and one's own."""
    mine = Organization.objects.filter(members__user=user.pk).values("pk")
    return Organization.objects.filter(street__in=street_ids(user, *READERS)) | Organization.objects.filter(pk__in=mine)


def organizations_of(user: Person) -> list[Organization]:
    """Organizations that a person acts for; remembered on the person for the rest of the request."""
    if not isinstance(user, User):
        return []
    known: list[Organization] | None = getattr(user, "_acts_for", None)
    if known is None:
        known = list(
            Organization.objects.filter(members__user=user).select_related("street", "community").order_by("pk")
        )
        user._acts_for = known  # type: ignore[attr-defined]
    return known


def acts_for(user: Person, organization_id: int) -> bool:
    """Whether the person is a member of that organization."""
    return any(o.pk == organization_id for o in organizations_of(user))


def at_home(user: Person, street_id: int) -> bool:
    """Whether the person works in a street or acts for one of its organizations."""
    return street_id in street_ids(user) or any(o.street_id == street_id for o in organizations_of(user))


def can_register(user: Person, street_id: int) -> bool:
    """The office registers organizations of its street."""
    return street_id in street_ids(user, Role.OFFICE)


def may_manage(user: Person, organization: Organization) -> bool:
    """The office of the street manages members and the registry's facts."""
    return may(user, organization.street, Role.OFFICE)
