"""Who sees and runs which round."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Role, User
from accounts.rules import may, street_ids
from organizations.rules import organizations_of
from rounds.models import Round

Person = User | AnonymousUser
READERS = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.SUPERVISOR, Role.HOST, Role.COMMUNITY)


def visible_rounds(user: Person) -> "QuerySet[Round]":
    """Rounds of the streets in which the person works."""
    return Round.objects.filter(street__in=street_ids(user, *READERS)).select_related("street")


def public_rounds() -> "QuerySet[Round]":
    """Calls that anybody may read: every round that has been opened."""
    return Round.objects.public().select_related("street")


def may_apply(user: Person, round_: Round) -> bool:
    """Whether to show the way to apply: to visitors, and to members of an organization that the round invites."""
    if not isinstance(user, User):
        return True
    return any(o.street_id == round_.street_id and o.kind in round_.applicant_kinds for o in organizations_of(user))


def can_run_round(user: Person, round_: Round) -> bool:
    """The office of the street sets up, opens and closes a round."""
    return may(user, round_.street, Role.OFFICE)
