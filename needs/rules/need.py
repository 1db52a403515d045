"""Who sees and handles which needs."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.models import Area, Role, RoleGrant, User
from accounts.rules import area_paths, communities_of, may, street_ids
from needs.domain.cycle import acts_in
from needs.models import Need, RatingSlip

Person = User | AnonymousUser
POSTERS = (Role.COMMUNITY, Role.GRID, Role.OFFICE)
WATCHERS = (Role.OFFICE, Role.LEADER, Role.SUPERVISOR)


def within(paths: list[str], field: str) -> Q:
    """At or below one of these areas; `field` is the foreign key to the area, empty on areas themselves."""
    found = Q(pk__in=[])
    for path in paths:
        found |= Q(**{f"{field}__path__startswith" if field else "path__startswith": path})
    return found


def _communities(user: Person) -> list[str]:
    """Paths of the communities a person works for: a grid worker's own community included."""
    grids = area_paths(user, Role.GRID)
    parents = [p.rsplit("/", 2)[0] + "/" for p in grids if p.count("/") > 4]
    return area_paths(user, Role.COMMUNITY) + parents


def visible_needs(user: Person) -> "QuerySet[Need]":
    """Needs of one's community or grid's community; of the whole street for office, leader and supervisor."""
    inside = within(_communities(user), "community")
    return Need.objects.filter(inside | Q(street__in=street_ids(user, *WATCHERS))).select_related("community", "street")


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


def can_work(user: Person, need: Need) -> bool:
    """Handle, answer and escalate a need: who may handle it, and the worker of its grid."""
    return can_handle(user, need) or (need.grid is not None and may(user, need.grid, Role.GRID))


WORK = frozenset({"begin", "finish", "answer", "give_back", "escalate"})


def acts_of(user: Person, need: Need) -> set[str]:
    """What this person may do with the need as it stands."""
    handles, works = can_handle(user, need), can_work(user, need)
    return {act for act in acts_in(need.state) if handles or (works and act in WORK)}


def can_see_contact(user: Person, need: Need) -> bool:
    """Only the community's own worker, one act at a time, with a reason."""
    return may(user, need.community, Role.COMMUNITY)


def need_by_code(code: str) -> Need | None:
    """The need of a tracking code as typed: blanks and case do not matter."""
    plain = "".join(code.split()).upper()
    found = Need.objects.select_related("community", "street", "merged_into__community", "merged_into__street")
    return found.filter(tracking_code=plain).first()


def slip_by_code(code: str) -> RatingSlip | None:
    """The rating slip of a code as typed."""
    plain = "".join(code.split()).upper()
    found = RatingSlip.objects.select_related("need__community", "need__merged_into", "rating")
    return found.filter(code=plain).first()


def open_needs() -> "QuerySet[Need]":
    """需求公开: what anybody may read of the needs: nothing that was refused or is part of another one."""
    return Need.objects.exclude(state__in=[Need.State.REFUSED, Need.State.MERGED]).select_related("community", "street")


def settable_streets(user: Person) -> list[int]:
    """Ids of the streets whose deadlines a person sets."""
    return street_ids(user, Role.OFFICE)


def duty_areas(user: Person) -> "QuerySet[Area]":
    """Communities and their grids for which a person says who is responsible, in the order of the tree."""
    inside = within(area_paths(user, Role.COMMUNITY, Role.OFFICE), "")
    kinds = [Area.Kind.COMMUNITY, Area.Kind.GRID]
    return Area.objects.filter(inside, kind__in=kinds).select_related("parent").order_by("path")


def workers_of(community: Area) -> "QuerySet[User]":
    """Whom a need of this community can be given to: its workers, the workers of its grids, the office."""
    here = Q(role=Role.COMMUNITY, area=community) | Q(role=Role.GRID, area__parent=community)
    office = Q(role=Role.OFFICE, area=community.street_id)
    grants = RoleGrant.objects.filter(here | office).values("user")
    return User.objects.filter(pk__in=grants, is_active=True).order_by("display_name", "pk")
