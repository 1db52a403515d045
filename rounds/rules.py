"""Who sees and runs which round."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import Role, User
from accounts.rules import may, street_ids
from organizations.rules import organizations_of
from rounds.models import Grace, Question, Round

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


def visible_questions(user: Person) -> "QuerySet[Question]":
    """Questions about the rounds of the streets in which the person works."""
    return Question.objects.filter(round__in=visible_rounds(user)).select_related(
        "round__street", "asked_by", "settled_by"
    )


def sees_graces(user: Person, round_: Round) -> bool:
    """Office, leader and supervisor of the street read who may hand in later, and why."""
    return may(user, round_.street, Role.OFFICE, Role.LEADER, Role.SUPERVISOR)


def standing_grace(round_: Round, organization_id: int) -> Grace | None:
    """The newest grace of an organization, if any; no query where the round foresees none."""
    if not round_.grace_hours:
        return None
    return round_.graces.filter(organization=organization_id).order_by("-pk").first()


def closes_for(round_: Round, organization_id: int) -> datetime:
    """The first instant in which this organization may no longer hand in."""
    grace = standing_grace(round_, organization_id)
    return round_.apply_closes_at if grace is None else max(grace.closes_at, round_.apply_closes_at)


def later_closings(user: Person, round_: Round) -> dict[int, datetime]:
    """The closings of one's own organizations that were put off, by organization."""
    if not round_.grace_hours:
        return {}
    mine = [o.pk for o in organizations_of(user)]
    return dict(round_.graces.filter(organization__in=mine).order_by("pk").values_list("organization_id", "closes_at"))


def later_closings_in(round_ids: Collection[int]) -> dict[tuple[int, int], datetime]:
    """Every closing that was put off in these rounds, by round and organization; no query for no rounds."""
    if not round_ids:
        return {}
    rows = Grace.objects.filter(round__in=round_ids).order_by("pk")
    return {(row, unit): moment for row, unit, moment in rows.values_list("round_id", "organization_id", "closes_at")}
