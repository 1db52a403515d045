"""Whose turn a payment is."""

from django.db.models import Q

from accounts.models import Role
from accounts.rules import area_paths, street_ids
from funding.rules.plan import Person
from organizations.rules import organizations_of


def turn_of(user: Person) -> Q:
    """Payments whose next step is this person's: check, approve or pay, and none she had a hand in."""
    by_street = Q(agreement__round__street__in=street_ids(user, Role.LEADER), agreement__round__buyer="street")
    for path in area_paths(user, Role.COMMUNITY):
        by_street |= Q(agreement__round__buyer="community", agreement__proposal__community__path__startswith=path)
    mine = Q(agreement__proposal__organization__in=[o.pk for o in organizations_of(user)])
    found = Q(agreement__round__street__in=street_ids(user, Role.OFFICE), state="requested") & ~mine
    found |= by_street & Q(state="checked") & ~mine & ~Q(checked_by=user.pk)
    found |= Q(agreement__round__street__in=street_ids(user, Role.FINANCE), state="approved") & ~(
        Q(checked_by=user.pk) | Q(approved_by=user.pk)
    )
    return found & ~Q(requested_by=user.pk) & Q(agreement__state="signed")
