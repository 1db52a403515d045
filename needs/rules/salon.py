"""Who holds and reads secretary salons; the ledger of a street."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import Area, Role
from accounts.rules import area_paths, may, street_ids
from needs.models import Need, Salon, SalonGuest, SalonItem
from needs.rules.need import WATCHERS, Person, within
from organizations.rules import organizations_of


def can_hold_salon(user: Person, community: Area) -> bool:
    """The community's own people call salons and write the minutes."""
    return may(user, community, Role.COMMUNITY)


def sees_salons(user: Person) -> bool:
    """Who has a list of salons at all."""
    return bool(area_paths(user, Role.COMMUNITY) or street_ids(user, *WATCHERS) or organizations_of(user))


def visible_salons(user: Person) -> "QuerySet[Salon]":
    """Of one's community; of the street for office, leader, supervisor; those an organization of one's own is invited to."""
    seen = within(area_paths(user, Role.COMMUNITY), "community") | Q(street__in=street_ids(user, *WATCHERS))
    mine = [o.pk for o in organizations_of(user)]
    if mine:
        seen |= Q(pk__in=Salon.objects.filter(guests__organization__in=mine).values("pk"))
    return Salon.objects.filter(seen).select_related("community", "street")


def with_counts(salons: "QuerySet[Salon]") -> "QuerySet[Salon]":
    """`people` who came, `topics` on the agenda, `made` orders: three subqueries, whatever the number of rows."""
    guests = SalonGuest.objects.filter(salon=OuterRef("pk")).order_by().values("salon")
    items = SalonItem.objects.filter(salon=OuterRef("pk")).order_by().values("salon")
    return salons.annotate(
        people=Subquery(guests.annotate(n=Sum("people")).values("n")),
        topics=Subquery(items.annotate(n=Count("pk")).values("n")),
        made=Subquery(items.annotate(n=Count("order")).values("n")),
    )


def needs_for_salon(salon: Salon) -> "QuerySet[Need]":
    """Needs of the community that may stand on the agenda: open ones, the newest first."""
    return Need.objects.filter(community=salon.community_id).open().order_by("-id")


def reads_needs_of(user: Person, community: Area) -> bool:
    """Whether the needs behind the agenda may be shown word for word: to the community and those who watch it, not to guests."""
    return may(user, community, Role.COMMUNITY, *WATCHERS)
