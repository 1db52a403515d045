"""Who sees and handles which orders and claims."""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from accounts.models import Area, Role
from accounts.rules import area_paths, may, street_ids
from core.finding import narrowed
from core.numbers import whole
from needs.models import CLAIMED_MODES, Claim, Need, OrderNeed, ServiceOrder
from needs.rules.need import WATCHERS, Person, within
from organizations.models import Organization, Standing
from organizations.rules import acts_for, organizations_of, standings_in
from rounds.models import Round

OPEN_TO = {"open": "可认领、可申报", "chosen": "已有单位承接", "over": "流标"}


def visible_orders(user: Person) -> "QuerySet[ServiceOrder]":
    """Orders of one's community, or of the whole street for office, leader and supervisor."""
    inside = within(area_paths(user, Role.COMMUNITY), "community")
    return ServiceOrder.objects.filter(inside | Q(street__in=street_ids(user, *WATCHERS))).select_related(
        "community", "street", "round", "directed_to"
    )


def listed_orders() -> "QuerySet[ServiceOrder]":
    """项目超市: what anybody may read."""
    return ServiceOrder.objects.listed().select_related("community", "street", "round", "directed_to")


def found_orders(orders: "QuerySet[ServiceOrder]", chosen: Mapping[str, str], at: datetime) -> "QuerySet[ServiceOrder]":
    """Those of `orders` with this community, category, mode, openness (OPEN_TO) and words; unknown choices are left out."""
    community = whole(chosen.get("community", ""))
    if community is not None:
        orders = orders.filter(Q(community=community) | Q(sites__community=community)).distinct()
    if chosen.get("category") in Need.Category.values:
        orders = orders.filter(category=chosen["category"])
    if chosen.get("mode") in ServiceOrder.Mode.values:
        orders = orders.filter(mode=chosen["mode"])
    state = chosen.get("state")
    if state == "open":
        claims = Q(mode__in=CLAIMED_MODES) & (Q(claims_close_at=None) | Q(claims_close_at__gt=at))
        scored = Q(mode="scoring", round__state=Round.State.OPEN, round__apply_closes_at__gt=at)
        orders = orders.filter(claims | scored, state=ServiceOrder.State.LISTED)
    elif state == "chosen":
        orders = orders.filter(state=ServiceOrder.State.CLAIMED)
    elif state == "over":
        orders = orders.filter(state=ServiceOrder.State.LAPSED)
    words = chosen.get("q", "")[:40]
    return narrowed(orders, words, texts=("title",), codes=("number",), long=("target", "content"))


def with_answers(orders: "QuerySet[ServiceOrder]") -> "QuerySet[ServiceOrder]":
    """`need_count` behind each order and `claim_count` of its open claims: two subqueries, whatever the number of rows."""
    needs = OrderNeed.objects.filter(order=OuterRef("pk")).order_by().values("order").annotate(n=Count("pk"))
    claims = (
        Claim.objects.filter(order=OuterRef("pk"), state__in=["offered", "confirmed"])
        .order_by()
        .values("order")
        .annotate(n=Count("pk"))
    )
    return orders.annotate(need_count=Subquery(needs.values("n")), claim_count=Subquery(claims.values("n")))


def market_communities(orders: "QuerySet[ServiceOrder]") -> list[tuple[int, str]]:
    """Communities that have something on the list, for the filter."""
    ids = orders.order_by().values("community")
    return [
        (a.pk, f"{a.parent.name if a.parent else ''} {a.name}".strip())
        for a in Area.objects.filter(pk__in=ids).select_related("parent").in_chinese_order()
    ]


def can_draft_order(user: Person, community: Area) -> bool:
    """The community's worker or the office turns needs into an order."""
    return may(user, community, Role.COMMUNITY, Role.OFFICE)


def can_decide_claim(user: Person, order: ServiceOrder) -> bool:
    """The buyer's side confirms: the community's worker, or the office."""
    return may(user, order.community, Role.COMMUNITY, Role.OFFICE)


def barred_since(organization: Organization, year: int) -> int | None:
    """The year of the organization's newest hearing, this year's or the last, if it failed that; else None."""
    for asked in (year, year - 1):
        standing = standings_in(asked, [organization.pk]).get(organization.pk)
        if standing is not None:
            return asked if standing.hearing == Standing.Hearing.FAILED else None
    return None


def may_claim(user: Person, order: ServiceOrder, at: datetime) -> list[Organization]:
    """Organizations of this person for which to show the way to claim: the service asks again."""
    if order.state != ServiceOrder.State.LISTED or order.mode not in CLAIMED_MODES or order.closed_at(at):
        return []
    mine = [o for o in organizations_of(user) if o.street_id == order.street_id]
    if order.mode == ServiceOrder.Mode.DIRECT:
        return [o for o in mine if o.pk == order.directed_to_id]
    return mine


def claims_of(user: Person) -> "QuerySet[Claim]":
    """Claims of one's own organizations."""
    return Claim.objects.filter(organization__in=[o.pk for o in organizations_of(user)])


def can_change_claim(user: Person, claim: Claim, at: datetime) -> bool:
    """A member of the organization, while the claim is open and the deadline has not come."""
    order = claim.order
    runs = order.state == ServiceOrder.State.LISTED and not order.closed_at(at)
    return runs and claim.state == Claim.State.OFFERED and acts_for(user, claim.organization_id)


def rounds_for_orders(street_id: int) -> "QuerySet[Round]":
    """Rounds of a street on whose list an order may be put."""
    return Round.objects.filter(street=street_id, state=Round.State.OPEN).order_by("-id")


def rounds_for_scoring(street_id: int, at: datetime) -> "QuerySet[Round]":
    """Rounds of a street with a jury that take proposals at this moment."""
    return Round.objects.accepting(at).filter(street=street_id, mode=Round.Mode.SCORING).order_by("-id")
