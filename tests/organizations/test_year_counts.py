"""Pages of the organizations' year cost the same number of statements at 3 and at 3,000 organizations."""

import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from organizations import services
from organizations.domain.hearing import DEFAULT as HEARING_RULE
from organizations.domain.monthly import DEFAULT, Month
from organizations.domain.rating import CRITERIA
from organizations.domain.rating import DEFAULT as RATING_RULE
from organizations.models import (
    HearingDue,
    HearingResult,
    MonthlySheet,
    Organization,
    RatingConfirmation,
    RatingSheet,
    Standing,
)
from organizations.rules import rule_to
from tests.judging.make import signed_in

FEW, MANY = 3, 3000
PAGES = (
    "/organizations/", "/organizations/monthly/?year=2026", "/organizations/rating/?year=2026", "/organizations/certificates/",
    "/organizations/hearings/",
)  # fmt: skip
MARKS = dict.fromkeys(CRITERIA, "85")


def grow(world, at, first, last):
    """Organizations `first` to `last`: twelve months, marks, a standing, confirmed stars; every hundredth with low months."""
    office = world.here.people["office"]
    rows = Organization.objects.bulk_create(
        Organization(
            street=world.here.area, kind="social", name=f"第{n:04}社", pinyin=f"di{n:04}she", created_at=at, moved_in_on=date(2025, 1, 1),
            community=world.here.communities[n % 2],
        )
        for n in range(first, last)
    )  # fmt: skip
    full = {i.key: str(i.top) for i in DEFAULT}
    items = [{"key": i.key, "name": i.name, "top": str(i.top), "is_bonus": i.is_bonus} for i in DEFAULT]
    MonthlySheet.objects.bulk_create(
        (
            MonthlySheet(
                organization=row, year=2026, month=month, number=1, items=items, marks=full, entered_by=office, entered_at=at,
                total=Decimal(5 if n % 100 == 1 and month > 7 else 9),
            )
            for n, row in enumerate(rows, first)
            for month in range(1, 11)
        ),
        batch_size=5000,
    )  # fmt: skip
    sheets = RatingSheet.objects.bulk_create(
        RatingSheet(
            organization=row, year=2026, number=1, rule=rule_to(RATING_RULE), marks=MARKS, total=85, is_through=True, stars=4, entered_by=office,
            entered_at=at,
        )
        for row in rows
    )  # fmt: skip
    standings = Standing.objects.bulk_create(
        Standing(
            organization=row, year=2026, number=1, hearing="qualified", held_on=at.date(), evidence="记录", stars=4, entered_by=office,
            entered_at=at,
        )
        for row in rows
    )  # fmt: skip
    RatingConfirmation.objects.bulk_create(
        RatingConfirmation(
            street=world.here.area, organization=row, year=2026, number=1, standing=standing, sheet=sheet, stars=4, proposed=4, total=85,
            serial=first + n + 1, name=row.name, street_name="甲街道", confirmed_by=office, confirmed_at=at,
        )
        for n, (row, sheet, standing) in enumerate(zip(rows, sheets, standings, strict=True))
    )  # fmt: skip
    return rows


def hear(hearing, rows, at, by):
    dues = HearingDue.objects.bulk_create(HearingDue(hearing=hearing, organization=row, year=2026) for row in rows)
    tally = {g: {"good": 5, "fair": 0, "bad": 0, "unknown": 0} for g in ("community", "residents")}
    HearingResult.objects.bulk_create(
        HearingResult(due=due, number=1, tally=tally, score=100, hearing_class="excellent", made_by=by, made_at=at)
        for due in dues
    )


def asked(client, url):
    """How many statements a page costs, and how many milliseconds the second time."""
    client.get(url)
    begun = time.perf_counter()
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200, url
    return len(found), round((time.perf_counter() - begun) * 1000)


@pytest.fixture
def closed(world, at, monkeypatch):
    """A closed hearing to which any number of organizations can be put."""
    monkeypatch.setattr("core.clock.now", lambda: at)
    office = world.here.people["office"]
    services.set_items(street=world.here.area, items=DEFAULT, starts=Month(2026, 1), by=office, at=at)
    hearing = services.plan_hearing(
        street=world.here.area, year=2026, title="述职", held_on=at.date(), venue="", votes_until=at + timedelta(days=1), scope="residents",
        rule=HEARING_RULE, by=office, at=at,
    )  # fmt: skip
    hearing.state, hearing.opened_at, hearing.closed_at, hearing.closed_by = "closed", at, at, office
    hearing.save()
    return hearing


def test_pages_cost_the_same_at_3_and_at_3000(world, at, closed):
    office, leader = signed_in(world.here.people["office"]), signed_in(world.here.people["leader"])
    by, urls = world.here.people["office"], [*PAGES, f"/organizations/hearings/{closed.pk}/"]
    hear(closed, grow(world, at, 0, FEW), at, by)
    confirm = "/organizations/rating/confirm/?year=2026"
    few = {url: asked(office, url) for url in urls} | {confirm: asked(leader, confirm)}
    hear(closed, grow(world, at, FEW, MANY), at, by)
    many = {url: asked(office, url) for url in urls} | {confirm: asked(leader, confirm)}
    print({url: (few[url], many[url]) for url in many})
    assert {url: n for url, (n, _) in many.items()} == {url: n for url, (n, _) in few.items()}
    page = office.get("/organizations/monthly/?year=2026").content.decode()
    assert "第0001社：红牌" in page
    assert "还有 10 个组织是红牌" in page
    assert "第0049社" in page
    assert "第0050社" not in page


def test_closing_a_hearing_costs_the_same_at_3_and_at_300(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    office, cost = world.here.people["office"], []
    for n, (first, last) in enumerate(((0, FEW), (FEW, 300))):
        Organization.objects.bulk_create(
            Organization(
                street=world.here.area, kind="social", name=f"第{n:04}社", pinyin=f"di{n:04}she", created_at=at
            )
            for n in range(first, last)
        )
        hearing = services.plan_hearing(
            street=world.here.area, year=2026 - n, title="述职", held_on=at.date(), venue="", votes_until=at + timedelta(days=1), scope="all",
            rule=HEARING_RULE, by=office, at=at,
        )  # fmt: skip
        services.open_hearing(hearing_id=hearing.pk, by=office, at=at)
        with CaptureQueriesContext(connection) as found:
            services.close_hearing(hearing_id=hearing.pk, by=office, at=at)
        cost.append(len(found))
    assert cost[0] == cost[1]
