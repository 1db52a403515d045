"""Who answers for a row: holders of a role in its street or community, people it names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from accounts.models import Role, RoleGrant, User
from accounts.rules import area_paths, street_ids
from core.deadlines import NOBODY, Row


@dataclass(frozen=True, slots=True)
class InStreet:
    """Holders of one of the roles in the street that `at` points to."""

    roles: tuple[Role, ...]
    at: str

    def columns(self) -> Sequence[str]:
        return (self.at,)

    def mine(self, user: Any) -> Q:
        found = street_ids(user, *self.roles)
        return Q(**{f"{self.at}__in": found}) if found else NOBODY

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        streets = {row[self.at] for row in rows}
        found: dict[int | None, set[int]] = {street: set() for street in streets}
        grants = RoleGrant.objects.filter(role__in=self.roles, area__street__in=streets, user__is_active=True)
        for street, user in grants.values_list("area__street_id", "user_id") if streets else ():
            found[street].add(user)
        return [found[row[self.at]] for row in rows]


@dataclass(frozen=True, slots=True)
class InArea:
    """Holders of one of the roles for an area that contains the one `at` points to."""

    roles: tuple[Role, ...]
    at: str

    def columns(self) -> Sequence[str]:
        return (f"{self.at}__path",)

    def mine(self, user: Any) -> Q:
        found = NOBODY
        for path in area_paths(user, *self.roles):
            found |= Q(**{f"{self.at}__path__startswith": path})
        return found

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        over = {row[f"{self.at}__path"]: _ancestors(row[f"{self.at}__path"]) for row in rows}
        paths = {path for some in over.values() for path in some}
        holders: dict[str, set[int]] = {path: set() for path in paths}
        grants = RoleGrant.objects.filter(role__in=self.roles, area__path__in=paths, user__is_active=True)
        for path, user in grants.values_list("area__path", "user_id") if paths else ():
            holders[path].add(user)
        found = {path: set[int]().union(*(holders[p] for p in some)) for path, some in over.items()}
        return [found[row[f"{self.at}__path"]] for row in rows]


def _ancestors(path: str | None) -> list[str]:
    """`/1/4/` → `/1/`, `/1/4/`."""
    parts = (path or "").strip("/").split("/")
    return [f"/{'/'.join(parts[:n])}/" for n in range(1, len(parts) + 1)] if path else []


@dataclass(frozen=True, slots=True)
class Named:
    """People whom the row itself names, by these foreign keys."""

    fields: tuple[str, ...]

    def columns(self) -> Sequence[str]:
        return self.fields

    def mine(self, user: Any) -> Q:
        found = NOBODY
        for field in self.fields:
            found |= Q(**{field: user.pk})
        return found

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        named = {row[field] for row in rows for field in self.fields} - {None}
        active = set(User.objects.filter(pk__in=named, is_active=True).values_list("pk", flat=True)) if named else set()
        return [{row[field] for field in self.fields} & active for row in rows]
