"""A small world for tests: two streets of one district, the same people in each, an open round in each.

Rows of the lower floors are made by their services; `people` has one user per role and street.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import Area, FactorPolicy, Role, User
from accounts.services import add_area, add_user, grant_role
from core.pinyin import pinyin_key
from organizations.models import Membership, Organization
from rounds.models import Round, Theme

PASSWORD = "Test-pass-2026"


@dataclass
class Street:
    """One street: `area`, its two communities, a grid, `people` by role name, two organizations, an open round."""

    area: Area
    communities: list[Area]
    grid: Area
    people: dict[str, User] = field(default_factory=dict)
    organization: Organization = None  # type: ignore[assignment]
    other_organization: Organization = None  # type: ignore[assignment]
    round: Round = None  # type: ignore[assignment]
    themes: list[Theme] = field(default_factory=list)


@dataclass
class World:
    """`here` and `there`: two streets; a legitimate person of `there` is a stranger to everything of `here`."""

    district: Area
    here: Street
    there: Street
    at: datetime


def person(name: str, at: datetime) -> User:
    """A user with the test password."""
    return add_user(
        username=name, display_name=f"测试{name}", password=PASSWORD, at=at, by=None, email=f"{name}@test.invalid"
    )


def organization(
    street: Area, name: str, at: datetime, kind: str = "social", community: Area | None = None
) -> Organization:
    return Organization.objects.create(
        street=street, kind=kind, name=name, pinyin=pinyin_key(name), community=community, created_at=at
    )


def open_round(street: Area, at: datetime, title: str = "第一期公益创投") -> Round:
    """A round whose window is open from a week before `at` to a week after."""
    rules = {"title": title}
    return Round.objects.create(
        street=street, title=title, number=1, year=2026, fund_source="街道公益创投资金",
        applicant_kinds=["social", "party", "team"], budget=Decimal("200000.00"), cap=Decimal("30000.00"),
        apply_opens_at=at - timedelta(days=7), apply_closes_at=at + timedelta(days=7), state=Round.State.OPEN,
        rules=rules, rules_digest="0" * 64, opened_at=at - timedelta(days=7), objection_contact="街道创投办（测试）",
    )  # fmt: skip


def _street(district: Area, name: str, tag: str, at: datetime) -> Street:
    area = add_area(kind=Area.Kind.STREET, name=name, parent=district)
    FactorPolicy.objects.create(  # a password is enough here; tests/accounts says what a street without this row demands
        street=area, is_required=False, roles=["office", "leader", "finance"], reason="测试", decided_at=at
    )
    communities = [
        add_area(kind=Area.Kind.COMMUNITY, name=f"{c}社区", parent=area)
        for c in (("溡源", "云秀") if tag == "a" else ("东湖", "西岭"))
    ]
    grid = add_area(kind=Area.Kind.GRID, name="第一网格", parent=communities[0])
    street = Street(area, communities, grid)
    for role in Role:
        user = person(f"{role.value}_{tag}", at)
        where = {Role.COMMUNITY: communities[0], Role.GRID: grid}.get(role, area)
        grant_role(user=user, role=role, area=where, at=at, by=None)
        street.people[role.value] = user
    for key in ("member", "other_member", "judge", "second_judge", "third_judge"):
        street.people[key] = person(f"{key}_{tag}", at)
    street.organization = organization(area, f"{name}义工协会", at)
    street.other_organization = organization(area, f"{name}邻里互助社", at)
    for key, org in (("member", street.organization), ("other_member", street.other_organization)):
        Membership.objects.create(organization=org, user=street.people[key], duty="clerk", since=at)
    street.round = open_round(area, at)
    street.themes = [
        Theme.objects.create(round=street.round, name=n, position=i) for i, n in enumerate(("党建", "环保", "文体"), 1)
    ]
    return street


@transaction.atomic
def build(at: datetime) -> World:
    """Make the world. Needs a database."""
    district = add_area(kind=Area.Kind.DISTRICT, name="测试区")
    return World(district, _street(district, "甲街道", "a", at), _street(district, "乙街道", "b", at), at)
