"""Who sees, registers and pledges which resources; what fits an order."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import Area, Role
from accounts.rules import area_paths, may, street_ids
from needs.domain import match
from needs.models import PartnerUnit, Pledge, Resource, ServiceOrder
from needs.rules.need import WATCHERS, Person, within
from organizations.rules import acts_for, organizations_of

STAFF = (Role.COMMUNITY, Role.OFFICE)
SEES = (Role.COMMUNITY, *WATCHERS)
STANDING = ("offered", "confirmed", "kept")
PLEDGED_TO = ("listed", "comparing", "claimed")
CANDIDATES = 400


def sees_resources(user: Person) -> bool:
    """Who has a resource list at all."""
    return bool(street_ids(user, *SEES) or organizations_of(user))


def visible_resources(user: Person) -> "QuerySet[Resource]":
    """All of the street for its communities, office, leader and supervisor; an organization's own for its members."""
    mine = [o.pk for o in organizations_of(user)]
    seen = Q(street__in=street_ids(user, *SEES)) | Q(unit__organization__in=mine)
    return Resource.objects.filter(seen).select_related("unit", "street", "community")


def can_register_for(user: Person, street: int, community: Area | None, organization_id: int | None = None) -> bool:
    """The office for its street; a community's worker for units of her community; a member for her organization."""
    if street in street_ids(user, Role.OFFICE):
        return True
    if community is not None and may(user, community, Role.COMMUNITY):
        return True
    return organization_id is not None and acts_for(user, organization_id)


def can_edit_resource(user: Person, resource: Resource) -> bool:
    """Who may register it may change it, take it off the list and pledge it."""
    return can_register_for(user, resource.street_id, resource.community, resource.unit.organization_id)


def can_see_resource_contact(user: Person, resource: Resource) -> bool:
    """Staff of the street who arrange things: communities and office; one act at a time, with a reason."""
    return bool(street_ids(user, *STAFF)) and resource.street_id in street_ids(user, *STAFF)


def communities_to_register(user: Person) -> "QuerySet[Area]":
    """Communities for which somebody registers resources on behalf of units."""
    inside = within(area_paths(user, *STAFF), "")
    return Area.objects.communities().filter(inside)


def can_decide_pledge(user: Person, order: ServiceOrder) -> bool:
    """The community's worker, or the office."""
    return may(user, order.community, *STAFF)


def pledgeable_orders(street_id: int) -> "QuerySet[ServiceOrder]":
    """Orders to which something may be pledged: on the list or chosen, and not done."""
    return ServiceOrder.objects.filter(street=street_id, state__in=PLEDGED_TO, done_at=None).select_related("community")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A resource that fits an order, with the reasons."""

    resource: Resource
    reasons: tuple[str, ...]


def suggestions(order: ServiceOrder, *, most: int = 10) -> list[Suggestion]:
    """Active resources of the street that fit the order and are not pledged to it yet, the best first; three queries."""
    places = frozenset(order.sites.values_list("community_id", flat=True)) or frozenset({order.community_id})
    taken = Pledge.objects.filter(order=order, state__in=STANDING).values("resource")
    rows = list(
        Resource.objects.filter(street=order.street_id, is_active=True)
        .exclude(pk__in=taken)
        .select_related("unit", "community")
        .order_by("-pk")[:CANDIDATES]
    )
    wanted = match.Wanted(
        category=order.category, category_words=order.get_category_display(), communities=places,
        call=f"{order.title}，{order.target}，{order.content}", begins=order.service_from, ends=order.service_until,
    )  # fmt: skip
    offers = (
        match.Offer(
            key=r.pk, kind=r.kind, category=r.category, community=r.community_id, community_name=r.community.name if r.community else "",
            words=f"{r.title}，{r.details}", begins=r.available_from, ends=r.available_until,
        )
        for r in rows
    )  # fmt: skip
    by_id = {r.pk: r for r in rows}
    return [Suggestion(by_id[f.key], f.reasons) for f in match.ranked(wanted, offers, most=most)]


def unit_totals(user: Person) -> "QuerySet[PartnerUnit]":
    """Units with how many resources they have on the list, how many pledges stand and were kept, and how much money."""
    seen = visible_resources(user).order_by().values("pk")
    stands, kept = Q(resources__pledges__state__in=STANDING), Q(resources__pledges__state="kept")
    confirmed = Q(resources__pledges__state__in=["confirmed", "kept"])
    return (
        PartnerUnit.objects.filter(resources__in=seen)
        .annotate(
            offers=Count("resources", filter=Q(resources__is_active=True), distinct=True),
            pledged=Count("resources__pledges", filter=stands, distinct=True),
            kept=Count("resources__pledges", filter=kept, distinct=True),
            money=Sum("resources__pledges__amount", filter=confirmed),
        )
        .order_by("-kept", "-pledged", "name", "pk")
    )


def money_left(resource: Resource) -> Decimal | None:
    """What of a sum is not pledged yet; None for other resources."""
    if resource.amount is None:
        return None
    given: Decimal | None = resource.pledges.filter(state__in=STANDING).aggregate(s=Sum("amount"))["s"]
    left: Decimal = resource.amount - (given or Decimal(0))
    return left
