"""A street's quiet hours: what waits and what does not, to the second, over midnight; the office sets them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from audit.models import Event
from core import clock
from core.errors import NotAllowed
from messaging import kinds, rules, services
from messaging.domain.timing import LONGEST_QUIET, SHANGHAI, USUAL, Quiet, after_all
from messaging.models import Delivery, Posting, Preference, QuietHours
from messaging.services.quiet import QuietHoursMoved, QuietHoursWrong
from tests.messaging.make import make_robot
from tests.messaging.platforms import SMS_SECRET, platforms
from tests.world import build

SECOND = timedelta(microseconds=1)
HOURS = st.integers(0, 23)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda t: t.replace(tzinfo=UTC))


def shanghai(hour, minute=0, day=23):
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("quiet", "moment", "after"),
    [
        (USUAL, shanghai(21) - SECOND, shanghai(21) - SECOND),
        (USUAL, shanghai(21), shanghai(8, day=24)),
        (USUAL, shanghai(23, 59), shanghai(8, day=24)),
        (USUAL, shanghai(0, day=24), shanghai(8, day=24)),
        (USUAL, shanghai(8, day=24) - SECOND, shanghai(8, day=24)),
        (USUAL, shanghai(8, day=24), shanghai(8, day=24)),
        (Quiet(12, 14), shanghai(12), shanghai(14)),
        (Quiet(12, 14), shanghai(14) - SECOND, shanghai(14)),
        (Quiet(12, 14), shanghai(14), shanghai(14)),
        (Quiet(0, 6), shanghai(0), shanghai(6)),
        (Quiet(22, 0), shanghai(23, 59), shanghai(0, day=24)),
        (Quiet(22, 0), shanghai(0, day=24), shanghai(0, day=24)),
        # The same instants as another machine's clock tells them.
        (USUAL, datetime(2026, 11, 23, 13, 0, tzinfo=UTC), datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
        (USUAL, datetime(2026, 11, 23, 12, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, 12, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_first_instant_is_quiet_and_the_last_is_not(quiet, moment, after):
    assert quiet.after(moment) == after
    assert quiet.covers(moment) is (moment != after)


@given(MOMENTS, st.tuples(HOURS, HOURS), st.tuples(HOURS, HOURS))
def test_two_quiet_times_are_both_left_alone(moment, first, second):
    one, two = Quiet(*first), Quiet(*second)
    found = after_all(moment, one, None, two)
    assert timedelta(0) <= found - moment < timedelta(days=1)
    if first[0] == first[1] or second[0] == second[1]:
        return
    assert not one.covers(found)
    if one.hours + two.hours < 24:
        assert not two.covers(found)
    else:
        assert not two.covers(found) or found == one.after(moment)


# --- what waits


@pytest.fixture
def gateway(settings):
    with platforms() as web:
        settings.SMS_URL, settings.SMS_SECRET, settings.SMS_TEMPLATE = web.sms, SMS_SECRET, "SMS_1"
        yield web


@pytest.fixture
def member(world):
    user = world.here.people["member"]
    User.objects.filter(pk=user.pk).update(phone="13800000000")
    Preference.objects.create(person=user, choices={"general": {"sms": True}}, changed_at=world.at)
    return user


def tell(user, at, world, kind=kinds.GENERAL, **more):
    services.notify(
        recipients=[user.pk], occasion=f"q:{at.isoformat()}:{kind}", subject="题", body="文", link="", at=at, kind=kind,
        scope_id=world.here.area.pk, **more,
    )  # fmt: skip
    found = Delivery.objects.filter(notice__occasion=f"q:{at.isoformat()}:{kind}")
    return {d.channel: d.not_before for d in found}


def set_hours(world, start, end, *, holds_email=False, street=None):
    QuietHours.objects.create(
        scope_id=(street or world.here).area.pk, quiet_from=start, quiet_until=end, holds_email=holds_email, changed_at=world.at
    )  # fmt: skip


def test_without_a_setting_sms_wait_from_21_to_8_and_letters_do_not(world, member, gateway):
    assert tell(member, shanghai(20, 59), world) == {"email": None, "sms": None}
    assert tell(member, shanghai(21), world) == {"email": None, "sms": shanghai(8, day=24)}
    assert rules.unread_count(member) == 2  # the inbox has both at once


def test_a_streets_own_hours_hold_for_it_alone(world, member, gateway):
    set_hours(world, 19, 7)
    set_hours(world, 12, 14, street=world.there)
    assert tell(member, shanghai(19), world) == {"email": None, "sms": shanghai(7, day=24)}
    assert tell(member, shanghai(12, 30), world) == {"email": None, "sms": None}
    assert tell(member, shanghai(7, 30), world) == {"email": None, "sms": None}


def test_letters_wait_too_where_the_street_wants_it_and_the_inbox_never(world, member, gateway):
    set_hours(world, 21, 8, holds_email=True)
    assert tell(member, shanghai(22), world) == {"email": shanghai(8, day=24), "sms": shanghai(8, day=24)}
    assert tell(member, shanghai(8, day=24), world) == {"email": None, "sms": None}
    assert rules.unread_count(member) == 2


def test_what_would_come_too_late_is_a_letter_at_once_and_no_telephone_rings(world, member, gateway):
    set_hours(world, 21, 8, holds_email=True)
    told = tell(member, shanghai(22), world, useful_until=shanghai(23))
    assert told == {"email": None, "sms": shanghai(8, day=24)}


def test_her_own_quiet_hours_count_besides_the_streets(world, member, gateway):
    set_hours(world, 21, 8, holds_email=True)
    Preference.objects.update(quiet_from=8, quiet_until=10)
    assert tell(member, shanghai(22), world) == {"email": shanghai(10, day=24), "sms": shanghai(10, day=24)}
    assert tell(member, shanghai(9), world) == {"email": shanghai(10), "sms": shanghai(10)}


def test_what_is_urgent_waits_for_nothing(world, member, gateway, monkeypatch):
    monkeypatch.setitem(kinds._KINDS, "t.urgent", kinds.Kind("t.urgent", "急", is_urgent=True))
    Preference.objects.update(choices={"t.urgent": {"sms": True}})
    set_hours(world, 21, 8, holds_email=True)
    assert tell(member, shanghai(22), world, "t.urgent") == {"email": None, "sms": None}


def test_what_is_held_back_and_ends_in_the_quiet_hours_waits_for_their_end(world, member, gateway):
    set_hours(world, 21, 8, holds_email=True)
    assert set(tell(member, shanghai(20, 50), world, hold_minutes=15).values()) == {shanghai(8, day=24)}


def test_a_robot_waits_where_letters_do(world, at, member):
    robot = make_robot(world.here, at)
    type(robot).objects.update(kinds=["general"])
    tell(member, shanghai(22), world)
    assert Posting.objects.get().not_before == shanghai(22, 2)
    Posting.objects.all().delete()
    set_hours(world, 21, 8, holds_email=True)
    tell(member, shanghai(22, 30), world)
    assert Posting.objects.get().not_before == shanghai(8, day=24)


def test_an_sms_that_was_late_or_refused_waits_for_the_end_of_the_quiet_hours(world, member, gateway, monkeypatch):
    now = shanghai(20, 55)
    monkeypatch.setattr(clock, "now", lambda: now)
    tell(member, now, world)
    gateway.mood = (200, b'{"code": 1}')
    services.send_due_deliveries()
    sms = Delivery.objects.filter(channel="sms")
    assert (sms.get().state, sms.get().attempts, gateway.asked) == ("due", 1, 1)
    sms.update(not_before=shanghai(21))
    gateway.mood = None
    for now in (shanghai(21), shanghai(7, 59, day=24)):  # noqa: B007 - the clock reads it
        services.send_due_deliveries()
        assert (sms.get().state, gateway.asked) == ("due", 1)
    now = shanghai(8, day=24)
    services.send_due_deliveries()
    assert (sms.get().state, gateway.asked) == ("sent", 2)


def test_other_streets_telephones_ring_meanwhile(world, member, gateway, monkeypatch):
    now = shanghai(13)
    monkeypatch.setattr(clock, "now", lambda: now)
    tell(member, shanghai(11), world)
    set_hours(world, 12, 14, street=world.there)
    services.send_due_deliveries()
    assert Delivery.objects.get(channel="sms").state == "sent"


# --- setting them


def save(world, start, end, revision=0, who="office", **more):
    return services.save_quiet_hours(
        scope_id=world.here.area.pk, quiet=Quiet(start, end), holds_email=more.get("holds_email", False), revision=revision,
        by=more.get("by") or world.here.people[who], at=world.at,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_only_the_streets_office_sets_them_and_nobody_overwrites_unseen(at):
    world = build(at)
    for by in (world.here.people["leader"], world.there.people["office"], world.here.people["member"]):
        with pytest.raises(NotAllowed):
            save(world, 20, 8, by=by)
    for start, end in ((8, 8), (8, 23), (20, 11)):
        with pytest.raises(QuietHoursWrong):
            save(world, start, end)
    assert not QuietHours.objects.exists()
    assert save(world, 20, 10, holds_email=True).revision == 1
    with pytest.raises(QuietHoursMoved):
        save(world, 22, 6)
    assert save(world, 22, 6, revision=1).hours == Quiet(22, 6)
    facts = list(
        Event.objects.filter(verb="messaging.quiet_hours_saved").order_by("pk").values_list("facts", "scope_id")
    )
    assert facts[1] == ({"quiet_from": 22, "quiet_until": 6, "holds_email": False}, world.here.area.pk)


@pytest.mark.parametrize(("start", "end"), [(8, 8), (24, 3), (8, 23), (20, 11), (5, 24)])
def test_the_database_refuses_hours_that_are_none(world, start, end):
    with pytest.raises(IntegrityError), transaction.atomic():
        set_hours(world, start, end)


@given(HOURS, HOURS)
def test_the_longest_is_told_alike_by_form_and_service(start, end):
    from messaging.forms import QuietHoursForm

    form = QuietHoursForm({"quiet_from": start, "quiet_until": end, "revision": 0})
    assert form.is_valid() is (0 < Quiet(start, end).hours <= LONGEST_QUIET)


@pytest.mark.django_db(transaction=True)
def test_the_page_says_what_holds_saves_and_keeps_what_was_typed(at):
    world = build(at)
    client = Client()
    client.force_login(world.here.people["office"])
    page = client.get("/messages/quiet/").content.decode()
    assert "现在：21 点到次日 8 点（默认），短信等到 8 点再发，邮件随时发" in page
    assert "提前到时段开始之前提醒" in page
    answer = client.post("/messages/quiet/", {"quiet_from": "20", "quiet_until": "20", "revision": "0"})
    page = answer.content.decode()
    assert (answer.status_code, "开始和结束不能相同" in page, '<option value="20" selected>' in page) == (
        200,
        True,
        True,
    )
    page = client.post("/messages/quiet/", {"quiet_from": "6", "quiet_until": "22", "revision": "0"}).content.decode()
    assert "这样有 16 小时不发消息，最长 14 小时" in page
    good = {"quiet_from": "12", "quiet_until": "14", "holds_email": "on", "revision": "0"}
    assert client.post("/messages/quiet/", good).status_code == 302
    page = client.get("/messages/quiet/").content.decode()
    assert "现在：12 点到 14 点，短信、邮件和群机器人的话都等到 14 点再发" in page
    answer = client.post("/messages/quiet/", good | {"quiet_from": "13"})
    assert (answer.status_code, "由别人修改过" in answer.content.decode()) == (409, True)
    assert QuietHours.objects.get().quiet_from == 12
    for bad in ({}, {"quiet_from": "x", "quiet_until": "99", "revision": "-1"}):
        assert client.post("/messages/quiet/", bad).status_code == 200
    for name in ("leader", "member", "judge"):
        client.force_login(world.here.people[name])
        assert client.get("/messages/quiet/").status_code == 403
        assert client.post("/messages/quiet/", good | {"revision": "1"}).status_code == 403
