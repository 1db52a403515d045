"""By when a month's sheets are due, and which months stand in the office's to-do list."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.deadlines import Ask, Term, deadline_of, items_of
from organizations import rules
from organizations.deadlines import due_of
from organizations.domain.monthly import Month
from organizations.models import MonthlyItems, Organization
from reminders.models import Rule
from tests.organizations.test_monthly import AUG, OCT, SEP, enter
from tests.organizations.test_monthly import row as row  # noqa: PLC0414 - a fixture
from tests.world import organization
from workdays.models import DayOverride

KEY = "organizations.monthly"


@pytest.mark.parametrize(
    ("month", "term", "day"),
    [
        (Month(2026, 10), Term(5), date(2026, 11, 5)),
        (Month(2026, 10), Term(5, in_workdays=True), date(2026, 11, 6)),
        (Month(2026, 10), Term(1, in_workdays=True), date(2026, 11, 2)),  # the first is a Sunday
        (Month(2026, 9), Term(5, in_workdays=True), date(2026, 10, 13)),  # after the long holiday, a Saturday worked
        (Month(2026, 12), Term(1), date(2027, 1, 1)),
        (Month(2027, 1), Term(20), date(2027, 2, 20)),
    ],
)
def test_the_day_by_the_streets_term(month, term, day):
    assert due_of(month, term, {}) == day


def test_the_streets_own_table_of_days_counts():
    assert due_of(Month(2026, 10), Term(5, in_workdays=True), {date(2026, 11, 3): False}) == date(2026, 11, 9)


def shown(at, street):
    return [(i.title, i.day) for i in items_of(deadline_of(KEY), Ask(at)) if i.street_id == street.area.pk]


def test_it_says_the_newest_month_that_lacks_a_sheet_and_what_is_older(world, at, row):
    assert shown(at, world.here) == [("2026年10月还有 1 家没有登记，以前月份还缺 2 张", date(2026, 11, 5))]
    enter(world, at, row, OCT)
    assert shown(at, world.here) == [("2026年9月还有 1 家没有登记，以前月份还缺 1 张", date(2026, 10, 5))]
    enter(world, at, row, AUG)
    assert shown(at, world.here) == [("2026年9月还有 1 家没有登记", date(2026, 10, 5))]
    enter(world, at, row, SEP)
    assert shown(at, world.here) == []
    assert shown(datetime(2026, 11, 30, 15, 59, tzinfo=UTC), world.here) == []  # still November in Shanghai
    assert shown(datetime(2026, 11, 30, 16, 0, tzinfo=UTC), world.here) == [
        ("2026年11月还有 1 家没有登记", date(2026, 12, 5))
    ]
    assert shown(at, world.there) == []


@pytest.mark.parametrize(
    "came", [date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 31), date(2026, 9, 2), date(2026, 11, 1)]
)
@pytest.mark.parametrize("left", [None, date(2026, 9, 30), date(2026, 10, 1), date(2026, 11, 20)])
def test_the_statement_counts_the_months_that_the_rules_count(world, at, row, came, left):
    if left is not None and left < came:
        return
    row.moved_in_on, row.moved_out_on = came, left
    row.save()
    missing = rules.records_of([row], row.street_id, date(2026, 11, 23))[0].verdict.missing
    item = next(iter(items_of(deadline_of(KEY), Ask(at))), None)
    if not missing:
        assert item is None
        return
    more = f"，以前月份还缺 {len(missing) - 1} 张" if missing[1:] else ""
    assert item.title == f"{missing[-1]}还有 1 家没有登记{more}"


def test_a_street_without_items_or_residents_owes_nothing(world, at):
    assert shown(at, world.here) == []
    MonthlyItems.objects.create(
        street=world.here.area, number=1, items=[], year=2026, month=1, set_by=world.here.people["office"], set_at=at
    )
    assert shown(at, world.here) == []


def test_made_up_organizations_remind_nobody(world, at, row):
    Organization.objects.filter(pk=row.pk).update(is_demo=True)
    assert [i.is_demo for i in items_of(deadline_of(KEY), Ask(at))] == [True]


def test_the_streets_rule_says_the_day(world, at, row):
    rule = Rule.objects.create(street=world.here.area, kind=KEY, due_day=10, due_in_workdays=True, changed_at=at)
    Rule.objects.create(street=world.there.area, kind=KEY, due_day=1, changed_at=at)
    assert shown(at, world.here)[0][1] == date(2026, 11, 13)
    DayOverride.objects.create(day=date(2026, 11, 12), is_workday=False, note="测试")
    assert shown(at, world.here)[0][1] == date(2026, 11, 16)
    Rule.objects.filter(pk=rule.pk).update(due_day=None, due_in_workdays=False)
    assert shown(at, world.here)[0][1] == date(2026, 11, 5)


def test_it_costs_the_same_with_3_and_with_60_organizations(world, at, row):
    def count():
        with CaptureQueriesContext(connection) as found:
            (item,) = items_of(deadline_of(KEY), Ask(at))
        return item.title.split("，")[0], len(found)

    for n in range(2):
        organization(world.here.area, f"丙{n}", at)
    Organization.objects.filter(street=world.here.area).update(moved_in_on=date(2026, 8, 1))
    few = count()
    for n in range(57):
        organization(world.here.area, f"丁{n}", at)
    Organization.objects.filter(street=world.here.area).update(moved_in_on=date(2026, 8, 1))
    many = count()
    assert few[1] == many[1] <= 5
    assert (few[0], many[0]) == ("2026年10月还有 4 家没有登记", "2026年10月还有 61 家没有登记")


def test_those_who_have_no_street_are_asked_nothing(world, at, row):
    with CaptureQueriesContext(connection) as found:
        assert items_of(deadline_of(KEY), Ask(at, user=world.here.people["judge"])) == []
    assert not [q for q in found.captured_queries if "monthly" in q["sql"]]


@pytest.mark.django_db(transaction=True)
def test_the_office_sets_the_day_where_it_sets_the_reminders(at):
    from tests.world import build

    world = build(at)
    client = Client()
    client.force_login(world.here.people["office"])
    path = f"/calendar/rules/{world.here.area.pk}/{KEY}/"
    page = client.get(path).content.decode()
    assert ("次月第几天前办完" in page, 'name="due_day" value="5"' in page) == (True, True)
    good = {
        "is_on": "on",
        "before": "3、1",
        "after": "1",
        "escalate": "5",
        "due_day": "8",
        "due_in_workdays": "on",
        "revision": "0",
    }
    for bad in ("0", "21", "x", ""):
        page = client.post(path, good | {"due_day": bad}).content.decode()
        assert "error-summary" in page
    assert not Rule.objects.exists()
    assert client.post(path, good).status_code == 302
    rule = Rule.objects.get()
    assert (rule.due_day, rule.due_in_workdays, rule.before) == (8, True, [3, 1])
    assert 'name="due_day" value="8"' in client.get(path).content.decode()
    other = client.get(f"/calendar/rules/{world.here.area.pk}/needs.handling/").content.decode()
    assert "次月第几天" not in other
