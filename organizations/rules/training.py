"""Training sessions: who announces, sees and signs up; room that is left; what an organization missed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.models import Role
from accounts.rules import may, street_ids
from core.clock import local
from core.deadlines import midnight
from organizations.models import Organization, SignUp, Training
from organizations.rules.registry import READERS, Person, organizations_of

STANDING = Q(sign_ups__withdrawn_at=None)
CODE_FROM = timedelta(hours=1)  # before it begins, the code is taken
CODE_DAYS = 2  # after the day it was held


def visible_trainings(user: Person) -> "QuerySet[Training]":
    """Those of streets where one reads the registry, and those meant for one's organizations."""
    found = Q(street__in=street_ids(user, *READERS))
    for row in organizations_of(user):
        found |= Q(street=row.street_id, audience__contains=[row.kind]) | Q(sign_ups__organization=row.pk)
    return Training.objects.filter(pk__in=Training.objects.filter(found).values("pk"))


def with_counts(rows: "QuerySet[Training]") -> "QuerySet[Training]":
    """Annotated: `units` and `people` signed up, `came_units` and `came` of them that came."""
    return rows.annotate(
        units=Count("sign_ups", filter=STANDING),
        people=Coalesce(Sum("sign_ups__people", filter=STANDING), 0),
        came_units=Count("sign_ups", filter=Q(sign_ups__attended__gt=0)),
        came=Coalesce(Sum("sign_ups__attended"), 0),
    )


def announces(user: Person, street_id: int) -> bool:
    """The office of the street."""
    return street_id in street_ids(user, Role.OFFICE)


def runs_training(user: Person, training: Training) -> bool:
    """The office of the street changes it, ticks who came, and knows the code."""
    return may(user, training.street, Role.OFFICE)


def invited(user: Person, training: Training) -> list[Organization]:
    """One's own organizations that are meant."""
    return [o for o in organizations_of(user) if o.street_id == training.street_id and o.kind in training.audience]


def room_left(training: Training) -> int:
    """How many people more may come."""
    taken = training.sign_ups.filter(withdrawn_at=None).aggregate(n=Sum("people"))["n"] or 0
    return max(training.capacity - taken, 0)


def takes_code(training: Training, at: datetime) -> bool:
    """Whether the code on the sheet is taken now: from an hour before it begins to the end of the second day after."""
    last = midnight(local(training.begins_at).date() + timedelta(days=CODE_DAYS + 1))
    return training.cancelled_at is None and training.begins_at - CODE_FROM <= at < last


@dataclass(frozen=True, slots=True)
class Course:
    """The mandatory sessions of a year that one organization should have been at, and those it was not."""

    year: int
    held: int
    missed: list[Training]


def course_of(organization: Organization, at: datetime) -> Course:
    """What is known of one organization this year; one statement."""
    return courses([organization], organization.street_id, at)[organization.pk]


def courses(organizations: Iterable[Organization], street_id: int, at: datetime) -> dict[int, Course]:
    """The same for many of one street; two statements. A session counts for whoever was registered when it was announced."""
    year = local(at).year
    first = midnight(local(at).date().replace(month=1, day=1))
    rows = list(
        Training.objects.filter(
            street=street_id, is_mandatory=True, cancelled_at=None, begins_at__gte=first, begins_at__lt=at
        ).order_by("begins_at", "pk")
    )
    came = set(
        SignUp.objects.filter(training__in=[r.pk for r in rows], attended__gt=0).values_list(
            "training_id", "organization_id"
        )
    )
    found = {}
    for unit in organizations:
        own = [r for r in rows if unit.kind in r.audience and unit.created_at <= r.announced_at]
        found[unit.pk] = Course(year, len(own), [r for r in own if (r.pk, unit.pk) not in came])
    return found


def coming_sign_ups(training: Training) -> "QuerySet[SignUp]":
    """Who signed up and did not withdraw, in Chinese order."""
    rows = training.sign_ups.filter(withdrawn_at=None).select_related("organization", "signed_by", "attended_by")
    return rows.order_by(F("organization__pinyin"), "pk")
