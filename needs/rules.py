"""Who sees and handles which needs, orders and claims."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts.models import Area, Role, User
from accounts.rules import area_paths, communities_of, may, street_ids
from needs.models import Claim, Need, ServiceOrder
from organizations.rules import organizations_of
from rounds.models import Round

Person = User | AnonymousUser
POSTERS = (Role.COMMUNITY, Role.GRID, Role.OFFICE)
WATCHERS = (Role.OFFICE, Role.LEADER, Role.SUPERVISOR)


def _within(paths: list[str], field: str) -> Q:
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{f"{field}__path__startswith": path})
    return found


def _communities(user: Person) -> list[str]:
    """Paths of the communities a person works for: a grid worker's own community included."""
    grids = area_paths(user, Role.GRID)
    parents = [p.rsplit("/", 2)[0] + "/" for p in grids if p.count("/") > 4]
    return area_paths(user, Role.COMMUNITY) + parents


def visible_needs(user: Person) -> "QuerySet[Need]":
    """Needs of one's community or grid's community; of the whole street for office, leader and supervisor."""
    inside = _within(_communities(user), "community")
    return Need.objects.filter(inside | Q(street__in=street_ids(user, *WATCHERS))).select_related("community", "street")


def visible_orders(user: Person) -> "QuerySet[ServiceOrder]":
    """Orders of one's community, or of the whole street for office, leader and supervisor."""
    inside = _within(area_paths(user, Role.COMMUNITY), "community")
    return ServiceOrder.objects.filter(inside | Q(street__in=street_ids(user, *WATCHERS))).select_related(
        "community", "street", "round"
    )


def listed_orders() -> "QuerySet[ServiceOrder]":
    """项目超市: what anybody may read."""
    return ServiceOrder.objects.listed().select_related("community", "street", "round")


def communities_to_post(user: Person) -> list[Area]:
    """Communities for which a person may post a need."""
    found = {a.pk: a for a in communities_of(user, Role.COMMUNITY, Role.OFFICE)}
    for path in _communities(user):
        for area in Area.objects.communities().filter(path=path):
            found[area.pk] = area
    return sorted(found.values(), key=lambda a: (a.pinyin, a.name))


def can_post_need(user: Person, community: Area) -> bool:
    """Community and grid workers within their area, the office for its street."""
    return may(user, community, Role.COMMUNITY, Role.OFFICE) or any(
        community.path == path for path in _communities(user)
    )


def can_handle(user: Person, need: Need) -> bool:
    """Refuse a need, put it on an order: the community's own worker or the office."""
    return may(user, need.community, Role.COMMUNITY, Role.OFFICE)


def can_see_contact(user: Person, need: Need) -> bool:
    """Only the community's own worker, one act at a time, with a reason."""
    return may(user, need.community, Role.COMMUNITY)


def can_draft_order(user: Person, community: Area) -> bool:
    """The community's worker or the office turns needs into an order."""
    return may(user, community, Role.COMMUNITY, Role.OFFICE)


def can_decide_claim(user: Person, order: ServiceOrder) -> bool:
    """The buyer's side confirms: the community's worker, or the office."""
    return may(user, order.community, Role.COMMUNITY, Role.OFFICE)


def need_by_code(code: str) -> Need | None:
    """The need of a tracking code as typed: blanks and case do not matter."""
    plain = "".join(code.split()).upper()
    return Need.objects.select_related("community", "street").filter(tracking_code=plain).first()


def claims_of(user: Person) -> "QuerySet[Claim]":
    """Claims of one's own organizations."""
    return Claim.objects.filter(organization__in=[o.pk for o in organizations_of(user)])


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """What waits: needs without an order, drafts to put on the list, claims to decide."""
    found: list[dict[str, Any]] = []
    paths, streets = area_paths(user, Role.COMMUNITY), street_ids(user, Role.OFFICE)
    if not paths and not streets:
        return found
    mine = _within(paths, "community") | Q(street__in=streets)
    waiting = Need.objects.filter(mine, state=Need.State.COLLECTED).count()
    if waiting:
        found.append(
            {"title": "把需求制成服务项目单", "href": reverse("needs:list") + "?state=collected", "state": "todo", "count": waiting,
             "hint": "选中相近的需求，合成一单。"}
        )  # fmt: skip
    orders = ServiceOrder.objects.filter(mine).aggregate(
        drafts=Count("pk", filter=Q(state="draft"), distinct=True),
        claims=Count("claims", filter=Q(claims__state="offered", state="listed"), distinct=True),
    )
    if orders["drafts"]:
        found.append(
            {
                "title": "服务项目单待上单",
                "href": reverse("needs:orders") + "?state=draft",
                "state": "todo",
                "count": orders["drafts"],
                "hint": "",
            }
        )
    if orders["claims"]:
        found.append(
            {
                "title": "认领待确认",
                "href": reverse("needs:orders") + "?state=listed",
                "state": "todo",
                "count": orders["claims"],
                "hint": "",
            }
        )
    return found


def rounds_for_orders(street_id: int) -> "QuerySet[Round]":
    """Rounds of a street on whose list an order may be put."""
    return Round.objects.filter(street=street_id, state=Round.State.OPEN).order_by("-id")
