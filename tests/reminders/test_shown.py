"""Every kind of deadline in all four places: the to-do list, the month, the feed behind its secret link, a reminder."""

from datetime import timedelta

import icalendar
import pytest
from django.test import Client

from accounts.models import User
from core import clock
from core.deadlines import ONE, Ask, deadline_of, items_of, midnight
from messaging.models import Notice
from portal.homes import todo
from reminders.models import Reminder, Rule
from reminders.services import make_feed, remind
from tests.reminders.cases import CASES

FIRST = {"funding.instalment", "judging.seat"}  # kinds whose case makes several


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def one(world, at, key):
    """The open thing of that kind here, and a person who answers for it."""
    make, own, *_ = CASES[key]
    make(world, at)
    found = [i for i in items_of(deadline_of(key), Ask(at)) if i.street_id == world.here.area.pk]
    assert key in FIRST or len(found) == 1
    return found[0], world.here.people[min(own)]


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("key", sorted(CASES))
def test_it_is_in_the_to_do_list_the_month_the_feed_and_reminded_of(world, at, key, monkeypatch, settings):
    settings.SITE_URL = "https://portal.example"
    item, person = one(world, at, key)
    deadline = deadline_of(key)
    # A day before its end it is near for everybody; what lies in the past stays late.
    near = (
        max(at, item.ends_at - timedelta(hours=20))
        if item.is_moment
        else max(at, midnight(item.day) - timedelta(hours=15))
    )
    monkeypatch.setattr(clock, "now", lambda: near)

    tasks = {task["href"]: task for task in todo(User.objects.get(pk=person.pk), near)}
    if deadline.is_event:  # good to know, nothing to do
        assert item.href not in tasks
    else:
        assert tasks[item.href]["due"] == item.ends_at
        assert tasks[item.href]["state"] == ("late" if item.ends_at <= near else "todo")

    client = signed_in(person)
    page = client.get(f"/calendar/?month={item.day:%Y-%m}").content.decode()
    assert f'href="{item.href}"' in page
    assert item.label in page
    assert f'href="{item.href}"' not in client.get("/calendar/?month=2027-12").content.decode()

    secret = make_feed.__wrapped__(person=person, at=near)
    events = icalendar.Calendar.from_ical(Client().get(f"/calendar/feed/{secret}.ics").content).walk("VEVENT")
    (event,) = [e for e in events if str(e["UID"]).split("@", maxsplit=1)[0] == f"{key}-{item.pk}"]
    assert (str(event["URL"]), event.decoded("DTSTART")) == (f"https://portal.example{item.path}", item.due)

    # By its usual rule, or where it has none by the street's own, she is reminded; done elsewhere once, never twice.
    if not deadline.default_steps().before:
        Rule.objects.create(street=world.here.area, kind=key, before=[1, 0], changed_at=at)
    morning = midnight(item.day if not item.is_moment else clock.local(near).date()) + timedelta(hours=9)
    if deadline.is_alone or item.is_moment:
        moments = [near + timedelta(hours=6 * n) for n in range(-16, 4)]
    else:
        moments = [morning - 30 * ONE, morning - 15 * ONE, morning - 7 * ONE, morning - ONE, morning, morning + 2 * ONE, morning + 8 * ONE]  # fmt: skip
    for moment in moments:
        remind(at=moment, kinds=(key,))
    rows = Reminder.objects.filter(kind=key, person=person, object_id=item.occasion, deadline=item.ends_at)
    assert rows.exists()
    steps = list(rows.values_list("days_before", "is_above"))
    assert len(set(steps)) == len(steps)
    notice = Notice.objects.filter(pk__in=rows.values("notice")).first()
    assert item.title in notice.body or deadline.letter is not None


def test_every_kind_that_can_be_late_tells_those_above_or_has_none(world):
    for key in CASES:
        deadline = deadline_of(key)
        assert bool(deadline.default_steps().escalate) <= bool(deadline.above), key
