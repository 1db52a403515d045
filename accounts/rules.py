"""Who holds which role where. Asked by every app above; knows no role of an app above."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from accounts.models import Area, Role, RoleGrant, User


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds for the area at `path` and all below it."""

    role: str
    area_id: int
    path: str
    street_id: int | None


def held(user: User | AnonymousUser) -> tuple[Held, ...]:
    """All roles of a person; one query per person object, remembered on it for the rest of the request."""
    if not isinstance(user, User) or not user.is_active:
        return ()
    known: tuple[Held, ...] | None = getattr(user, "_held", None)
    if known is None:
        rows = (
            RoleGrant.objects.filter(user=user)
            .order_by("id")
            .values_list("role", "area_id", "area__path", "area__street_id")
        )
        known = tuple(Held(*row) for row in rows)
        user._held = known  # type: ignore[attr-defined]
    return known


def may(user: User | AnonymousUser, area: Area, *roles: Role) -> bool:
    """Whether the person holds one of the roles for an area that contains `area`."""
    return any(grant.role in roles and area.path.startswith(grant.path) for grant in held(user))


def holds(user: User | AnonymousUser, *roles: Role) -> bool:
    """Whether the person holds one of the roles anywhere: for menus, never for objects."""
    return any(grant.role in roles for grant in held(user))


def street_ids(user: User | AnonymousUser, *roles: Role) -> list[int]:
    """Ids of the streets in which the person holds one of the roles (any role when none is named)."""
    found = (g.street_id for g in held(user) if g.street_id is not None and (not roles or g.role in roles))
    return sorted(set(found))


def area_paths(user: User | AnonymousUser, *roles: Role) -> list[str]:
    """Paths of the areas for which the person holds one of the roles (any role when none is named)."""
    return sorted({grant.path for grant in held(user) if not roles or grant.role in roles})


def communities_of(user: User | AnonymousUser, *roles: Role) -> "list[Area]":
    """The communities a person works for in one of the roles, in Chinese order."""
    paths = area_paths(user, *roles)
    found = [a for p in paths for a in Area.objects.communities().filter(path__startswith=p)]
    return sorted({a.pk: a for a in found}.values(), key=lambda a: (a.pinyin, a.name))


def people_of(streets: list[int]) -> "QuerySet[User]":
    """Accounts that belong to these streets, by their own note or by a role held there."""
    return User.objects.filter(
        Q(street__in=streets) | Q(pk__in=RoleGrant.objects.filter(area__street__in=streets).values("user"))
    )
