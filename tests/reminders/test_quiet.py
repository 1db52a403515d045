"""Reminders and quiet hours: none at night, and what ends in them is told before them."""

from datetime import date, datetime, timedelta

import pytest

from core import clock
from core.clock import SHANGHAI
from messaging.domain.timing import USUAL, Quiet
from messaging.models import Delivery, Notice, Preference, QuietHours
from reminders.domain.schedule import MORNING, exact_offset, is_daytime, night_of
from reminders.models import CalendarWish, Reminder, Rule
from reminders.services import remind
from tests.projects import make
from tests.reminders.cases import _round as make_round

HOUR = timedelta(hours=1)
EVE, DAY = date(2026, 11, 24), date(2026, 11, 25)
COMPLETION = "projects.completion"


def clock_on(day, hour, minute=0, second=0):
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def ends(world, at, moment):
    """The member's proposal is to be completed by that moment."""
    proposal = make.make_submitted_proposal(world.here, at)
    make.decide(proposal, world.here, "return", at, fields_open=["plan"], complete_by=moment)


LOOKS = [(0, 0), (7, 45), (8, 0), (9, 0), (10, 0), (11, 0), (16, 45), (17, 0), (19, 45), (20, 0), (22, 0), (23, 45)]


def told(kind=COMPLETION, first=date(2026, 11, 23), last=DAY):
    """Looking again and again over these days: when the member was reminded of which step."""
    for n in range((last - first).days + 1):
        for hour, minute in LOOKS:
            remind(at=clock_on(first + timedelta(days=n), hour, minute), kinds=(kind,))
    rows = Reminder.objects.filter(kind=kind, is_above=False).order_by("pk").values_list("made_at", "days_before")
    return [(f"{clock.local(at):%d %H:%M}", step) for at, step in rows]


def set_hours(world, start, end, *, holds_email=False):
    QuietHours.objects.create(
        scope_id=world.here.area.pk, quiet_from=start, quiet_until=end, holds_email=holds_email, changed_at=world.at
    )  # fmt: skip


def only_last_day(world, at, before=(0,)):
    Rule.objects.create(street=world.here.area, kind=COMPLETION, before=list(before), changed_at=at)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (clock_on(DAY, 22), ("25 08:00", 0)),  # in the evening's quiet hours: that morning, before them
        (clock_on(DAY, 7), ("24 08:00", 0)),  # in the morning's: the day before, before them
        (clock_on(DAY, 0, 30), ("24 08:00", 0)),
        (clock_on(DAY, 8), ("24 08:00", 0)),  # when they end it would be over
        (clock_on(DAY, 8, 0, 1), ("25 08:00", 0)),
        (clock_on(DAY, 12), ("25 08:00", 0)),
    ],
)
def test_what_ends_in_the_quiet_hours_is_told_before_them(world, at, moment, expected):
    only_last_day(world, at)
    ends(world, at, moment)
    assert told() == [expected]


def test_the_day_before_and_the_last_day_become_one_message(world, at):
    only_last_day(world, at, (3, 1, 0))
    ends(world, at, clock_on(DAY, 7))
    assert told(first=date(2026, 11, 22)) == [("22 08:00", 3), ("24 08:00", 0)]
    assert "明天 07:00 前" in Notice.objects.filter(kind="reminders.digest").last().body


def test_her_own_hours_count(world, at):
    """She wants to hear at ten and be left alone until eleven: what ends at half past ten is told the day before."""
    member = world.here.people["member"]
    CalendarWish.objects.create(person=member, hour=10, changed_at=at)
    only_last_day(world, at)
    ends(world, at, clock_on(DAY, 10, 30))
    assert told() == [("25 10:00", 0)]
    Reminder.objects.all().delete()
    Preference.objects.create(person=member, quiet_from=20, quiet_until=11, changed_at=at)
    Notice.objects.filter(kind="reminders.digest").update(occasion="gone")
    assert told() == [("24 10:00", 0)]


def test_a_streets_own_night_begins_when_it_says(world, at):
    set_hours(world, 18, 8)
    only_last_day(world, at)
    CalendarWish.objects.create(person=world.here.people["member"], hour=20, changed_at=at)
    ends(world, at, clock_on(DAY, 23))
    assert told() == [("25 17:00", 0)]  # her hour lies in the night: the last one before it


def test_quiet_hours_of_midday_delay_letters_and_not_the_inbox(world, at):
    set_hours(world, 8, 14, holds_email=True)
    only_last_day(world, at)
    ends(world, at, clock_on(DAY, 16))
    assert told() == [("25 08:00", 0)]
    assert Delivery.objects.get(notice__kind="reminders.digest").not_before == clock_on(DAY, 14)


def test_what_ends_before_the_letters_may_go_is_told_the_day_before(world, at):
    set_hours(world, 8, 14, holds_email=True)
    only_last_day(world, at)
    ends(world, at, clock_on(DAY, 13))
    assert told() == [("24 08:00", 0)]
    assert Delivery.objects.get(notice__kind="reminders.digest").not_before == clock_on(EVE, 14)


@pytest.mark.parametrize("hour", [20, 21, 23, 5])
def test_night_by_the_streets_clock(world, at, hour):
    set_hours(world, 20, 7)
    only_last_day(world, at)
    ends(world, at, clock_on(DAY, 23, 59))
    assert remind(at=clock_on(DAY, hour), kinds=(COMPLETION,)) == 0
    assert remind(at=clock_on(DAY, 19, 59), kinds=(COMPLETION,)) == 1


# --- the end of applications, told at the exact hour


@pytest.mark.parametrize(
    ("closes", "expected"),
    [(clock_on(DAY, 7), "24 08:00"), (clock_on(DAY, 12), "25 08:00"), (clock_on(DAY, 22), "25 08:00")],
)
def test_the_last_day_of_applications_is_told_in_the_morning_before(world, at, closes, expected):
    facts = {"state": "open", "rules": {}, "rules_digest": "0" * 64, "opened_at": at, "apply_opens_at": at - HOUR}
    world.here.round = make_round(world, at, apply_closes_at=closes, **facts)
    make.make_draft(world.here, at)
    Rule.objects.create(street=world.here.area, kind="projects.draft", before=[0], changed_at=at)
    assert told("projects.draft") == [(expected, 0)]


def test_exact_steps_keep_their_hour():
    closes = clock_on(DAY, 17, 30)
    assert exact_offset(closes, clock_on(EVE, 17, 29), (1, 0), USUAL) is None
    assert exact_offset(closes, clock_on(EVE, 17, 30), (1, 0), USUAL) == 1
    assert exact_offset(closes, clock_on(DAY, 7, 59), (1, 0), USUAL) == 1
    assert exact_offset(closes, clock_on(DAY, MORNING), (1, 0), USUAL) == 0
    assert exact_offset(closes, closes, (1, 0), USUAL) is None


def test_the_night_of_quiet_hours():
    assert [night_of(q) for q in (USUAL, Quiet(23, 6), Quiet(12, 14), Quiet(0, 7))] == [21, 23, 24, 24]
    assert [is_daytime(clock_on(DAY, h), 8, 21) for h in (7, 8, 20, 21)] == [False, True, True, False]
    assert [is_daytime(clock_on(DAY, h), 20, 18) for h in (16, 17, 18, 20)] == [False, True, False, False]
