"""The demonstration's areas and accounts. All persons are made up; areas and organizations are the source's."""

from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Area, Role, User
from accounts.services import add_area, add_user, belong, grant_role, let_off
from audit.services import mark_demonstration
from organizations.models import Organization
from organizations.services import add_member, register

PASSWORD = "Chuangtou-2026"  # noqa: S105 - where nothing real is; a live system gets a random one

ROLES: list[tuple[str, Role, str]] = [
    ("office", Role.OFFICE, "创投办"),
    ("leader", Role.LEADER, "分管领导"),
    ("finance", Role.FINANCE, "财政所"),
    ("host", Role.HOST, "主持计分"),
    ("supervisor", Role.SUPERVISOR, "监督员"),
    ("sysadmin", Role.SYSTEM_ADMIN, "系统管理"),
    ("secadmin", Role.SECURITY_ADMIN, "安全管理"),
    ("auditor", Role.AUDIT_ADMIN, "审计管理"),
]


def start(year: int, month: int, day: int, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """A moment on the wall clock of Shanghai, as UTC."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC) - timedelta(hours=8)


password = ContextVar("password", default=PASSWORD)  # of the accounts that are being made


@cache
def hash_once(plain: str) -> str:
    """The hash that all demonstration accounts share: hashing sixty times would take a quarter of a minute."""
    return make_password(plain)


@dataclass
class Place:
    """A street of the demonstration with its people by short name (`office`, `judge1`, `member:江根` …)."""

    area: Area
    tag: str
    at: datetime
    communities: dict[str, Area] = field(default_factory=dict)
    organizations: dict[str, Organization] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)

    def person(self, key: str, username: str, display_name: str) -> User:
        user = add_user(
            username=username, display_name=display_name, password=password.get(), at=self.at, by=None, is_demo=True,
            email=f"{username}@demo.invalid", scope_id=self.area.pk, hashed=hash_once(password.get()),
        )  # fmt: skip
        belong(user=user, street_id=self.area.pk)
        self.people[key] = user
        return user

    def community(self, name: str, suffix: str, alias: str = "") -> Area:
        found = self.communities.get(name)
        if found is None:
            found = add_area(kind=Area.Kind.COMMUNITY, name=f"{name}{suffix}", parent=self.area, alias=alias)
            self.communities[name] = found
        return found

    def organization(self, key: str, name: str, kind: str, community: Area | None = None) -> Organization:
        row = register(street=self.area, kind=kind, name=name, at=self.at, by=None, community=community, is_demo=True)
        self.organizations[key] = row
        return row

    def member(self, key: str, username: str, display_name: str) -> User:
        user = self.person(f"member:{key}", username, display_name)
        add_member(organization=self.organizations[key], user=user, duty="clerk", at=self.at, by=None)
        return user


@transaction.atomic
def make_street(district: Area, name: str, tag: str, at: datetime) -> Place:
    """A street with its office, leader, finance, host, supervisor, three administrators and five judges."""
    place = Place(add_area(kind=Area.Kind.STREET, name=name, parent=district), tag, at)
    mark_demonstration(street_id=place.area.pk, at=at)
    let_off(street=place.area, at=at)
    for key, role, words in ROLES:
        user = place.person(key, f"{tag}_{key}", f"演示{words}")
        grant_role(user=user, role=role, area=place.area, at=at, by=None)
    for i in range(1, 8):
        place.person(f"judge{i}", f"{tag}_judge{i}", f"演示评委{'甲乙丙丁戊己庚'[i - 1]}")
    return place


@transaction.atomic
def worker(place: Place, community: str, username: str) -> User:
    """A community worker of one community, and a grid worker of its first grid."""
    area = place.communities[community]
    user = place.person(f"worker:{community}", username, f"演示{area.name}工作者")
    grant_role(user=user, role=Role.COMMUNITY, area=area, at=place.at, by=None)
    return user


@transaction.atomic
def grid_worker(place: Place, community: str, username: str) -> User:
    """A grid worker of the first grid of a community."""
    grid = add_area(kind=Area.Kind.GRID, name="第一网格", parent=place.communities[community])
    user = place.person(f"grid:{community}", username, f"演示{place.communities[community].name}网格员")
    grant_role(user=user, role=Role.GRID, area=grid, at=place.at, by=None)
    return user


def source(name: str) -> dict[str, Any]:
    """One of the customer's YAML files."""
    from pathlib import Path

    import yaml

    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return found
