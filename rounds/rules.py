"""Who sees and runs which round."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Role, User
from accounts.rules import may, street_ids
from rounds.models import Round

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR, Role.HOST, Role.COMMUNITY)


def visible_rounds(user: Person) -> "QuerySet[Round]":
    """Rounds of the streets in which the person works."""
    return Round.objects.filter(street__in=street_ids(user, *READERS)).select_related("street")


def public_rounds() -> "QuerySet[Round]":
    """Calls that anybody may read: every round that has been opened."""
    return Round.objects.public().select_related("street")


def can_run_round(user: Person, round_: Round) -> bool:
    """The office of the street sets up, opens and closes a round."""
    return may(user, round_.street, Role.OFFICE)
