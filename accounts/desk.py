"""What messaging must know of people and streets, told from here because it stands below."""

from collections.abc import Iterable
from typing import Any

from accounts.models import Area, Role, RoleGrant, User
from accounts.rules import street_ids
from messaging.directory import Audience, Desk, add_audience, add_homes, install_desk


def desk(user: Any) -> Desk:
    """The office writes, a colleague of the office or the leader reviews, the system administrator also watches."""
    office = street_ids(user, Role.OFFICE)
    review = street_ids(user, Role.OFFICE, Role.LEADER)
    watch = street_ids(user, Role.OFFICE, Role.SYSTEM_ADMIN)
    every = {*review, *watch}
    names = dict(Area.objects.filter(pk__in=every).order_by("pk").values_list("pk", "name")) if every else {}
    return Desk(*({pk: names[pk] for pk in ids} for ids in (office, review, watch)))


def remembered_desk(user: Any) -> Desk:
    """`desk`, once per person object."""
    known: Desk | None = getattr(user, "_desk", None)
    if known is None:
        known = desk(user)
        user._desk = known
    return known


def homes(people: list[int]) -> dict[int, int]:
    """The street of an account: where it holds its first role, else where it belongs."""
    rows = RoleGrant.objects.filter(user__in=people, area__street__isnull=False).order_by("-id")
    found = {user: street for user, street in rows.values_list("user_id", "area__street_id") if street}
    own = User.objects.filter(pk__in=[pk for pk in people if pk not in found], street__isnull=False)
    return found | {user: street for user, street in own.values_list("pk", "street_id") if street}


def _with_roles(*roles: Role) -> Any:
    def people(street_id: int) -> Iterable[int]:
        grants = RoleGrant.objects.filter(area__street=street_id, role__in=roles, user__is_active=True)
        return grants.order_by("user").values_list("user_id", flat=True).distinct()

    return people


def install() -> None:
    """Tell messaging."""
    install_desk(remembered_desk)
    add_homes(homes)
    add_audience(Audience("accounts.community", "社区工作者", _with_roles(Role.COMMUNITY)))
    add_audience(Audience("accounts.grid", "网格员", _with_roles(Role.GRID)))
    staff = (Role.OFFICE, Role.LEADER, Role.FINANCE, Role.HOST, Role.SUPERVISOR)
    add_audience(Audience("accounts.staff", "街道工作人员（创投办、领导、财政所、主持、监督员）", _with_roles(*staff)))
