"""The month, the feed behind its secret link, the to-do list, the rules of a street."""

from datetime import date, datetime, timedelta

import icalendar
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from audit.models import Event
from core import clock
from core.deadlines import deadline_of, midnight
from core.errors import NotAllowed
from core.people import PERSONAL
from needs.models import Need
from organizations.models import Membership
from portal.homes import todo
from reminders.models import CalendarWish, Rule
from reminders.services import make_feed, revoke_feed, save_rule
from reminders.services.settings import RuleMoved
from reminders.views.month import month_asked
from tests.needs.make import post
from tests.reminders.cases import CASES
from workdays.models import DayOverride

TODAY = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def _noon(settings, tmp_path, monkeypatch, at):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(clock, "now", lambda: at)


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def feed_of(person, at):
    """The secret path of a person's feed, made outside a test's transaction rules."""
    return f"/calendar/feed/{make_feed.__wrapped__(person=person, at=at)}.ics"


# --- the month


def test_a_month_shows_what_is_ones_own_and_nothing_else(world, at):
    CASES["needs.salon"][0](world, at)
    CASES["projects.completion"][0](world, at)
    page = as_(world.here.people["community"]).get("/calendar/").content.decode()
    assert "书记沙龙第1期：文艺角" in page
    assert "补正截止" not in page
    page = as_(world.here.people["member"]).get("/calendar/").content.decode()
    assert "补正截止：邻里换物" in page
    assert "12:00 截止" in page
    for stranger in world.there.people.values():
        page = as_(stranger).get("/calendar/").content.decode()
        assert ("文艺角" in page, "邻里换物" in page) == (False, False)


def test_holidays_and_moved_days_are_marked(world, at):
    DayOverride.objects.create(day=date(2026, 11, 25), is_workday=False, note="测试")
    page = as_(world.here.people["judge"]).get("/calendar/?month=2026-10").content.decode()
    assert ("国庆节" in page, "<b>休</b>" in page, "<b>班</b>" in page) == (True, True, True)
    assert "<b>休</b>" in as_(world.here.people["judge"]).get("/calendar/?month=2026-11").content.decode()
    assert "这个月没有要您办的期限" in page


def test_what_is_late_from_months_before_stands_on_top(world, at):
    post(world, at)
    Need.objects.update(due_on=date(2026, 9, 1))
    client = as_(world.here.people["community"])
    assert "以前逾期未办的 1 件" in client.get("/calendar/").content.decode()
    assert "以前逾期未办" not in client.get("/calendar/?month=2026-12").content.decode()


@pytest.mark.parametrize(
    ("raw", "first"),
    [
        ("2026-12", date(2026, 12, 1)), ("2004-01", date(2004, 1, 1)), ("2028-12", date(2028, 12, 1)),
        ("2029-01", date(2026, 11, 1)), ("2003-12", date(2026, 11, 1)), ("2026-13", date(2026, 11, 1)), ("2026-0", date(2026, 11, 1)),
        ("", date(2026, 11, 1)), ("x", date(2026, 11, 1)), ("-1", date(2026, 11, 1)), ("２０２６-12", date(2026, 11, 1)),
        ("2026-12-01", date(2026, 11, 1)), ("9" * 40, date(2026, 11, 1)),
    ],
)  # fmt: skip
def test_a_month_in_the_address(raw, first):
    assert month_asked(raw, TODAY) == first


def test_the_month_costs_the_same_with_3_and_with_60_things(world, at):
    client = as_(world.here.people["community"])

    def count(numbers):
        for n in numbers:
            post(world, at, words=f"第{n}盏灯坏了")
        client.get("/calendar/")
        with CaptureQueriesContext(connection) as found:
            page = client.get("/calendar/").content.decode()
        return page.count("cal-item"), len(found)

    few, many = count(range(3)), count(range(3, 60))
    assert (few[0], many[0], many[1]) == (3, 60, few[1])


# --- the to-do list


def test_the_to_do_list_has_it_with_its_day(world, at):
    need = post(world, at)
    CASES["needs.salon"][0](world, at)
    found = {t["href"]: t for t in todo(User.objects.get(pk=world.here.people["community"].pk), at)}
    assert (found[f"/needs/{need.pk}/"]["state"], found[f"/needs/{need.pk}/"]["due_on"]) == ("todo", need.due_on)
    page = as_(world.here.people["community"]).get("/home/").content.decode()
    assert "截止 2026年11月27日" in page


def test_a_task_that_is_there_already_gets_its_day_and_no_twin(world, at):
    row = CASES["funding.objection"][0](world, at)
    tasks = [
        t
        for t in todo(User.objects.get(pk=world.here.people["office"].pk), midnight(row.answer_by) - timedelta(days=3))
        if t["href"] == f"/objections/{row.pk}/"
    ]
    assert [(t["title"], t["due_on"]) for t in tasks] == [(f"核查并答复异议 {row.number}", row.answer_by)]


# --- the feed


def test_the_feed_is_a_calendar_any_client_reads(world, at, settings):
    CASES["needs.salon"][0](world, at)
    CASES["projects.completion"][0](world, at)
    for name, words, start in (
        ("community", "书记沙龙和纪要：书记沙龙第1期：文艺角", date(2026, 11, 27)),
        ("member", "补正截止：邻里换物", datetime(2026, 11, 25, 4, 0, tzinfo=at.tzinfo)),
    ):
        answer = Client().get(feed_of(world.here.people[name], at))
        assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
        calendar = icalendar.Calendar.from_ical(answer.content)
        events = {str(e["SUMMARY"]): e for e in calendar.walk("VEVENT")}
        event = events[words]
        assert event.decoded("DTSTART") == start
        assert str(event["URL"]).startswith(settings.SITE_URL + "/")
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event)
        assert (calendar["VERSION"], bool(calendar["PRODID"])) == ("2.0", True)
        lines = answer.content.split(b"\r\n")
        assert max(len(line) for line in lines) <= 75  # folded by octets, RFC 5545 3.1
        assert b"\n" not in answer.content.replace(b"\r\n", b"")


def test_the_feed_holds_nothing_of_residents(world, at):
    post(world, at, words="找张三", contact_name="张三", contact_phone="13800001234", consented=True)
    CASES["funding.objection"][0](world, at)
    for name in ("community", "office"):
        text = Client().get(feed_of(world.here.people[name], at)).content.replace(b"\r\n ", b"").decode()
        assert ("张三" in text, "某居民" in text, "测试" in text, bool(PERSONAL.search(text))) == (False,) * 4
        assert "BEGIN:VEVENT" in text


def test_uids_stay_and_the_etag_changes_only_with_what_is_said(world, at, monkeypatch, settings):
    settings.SITE_URL = "https://portal.example"
    need = post(world, at)
    client, path = Client(), feed_of(world.here.people["community"], at)
    first = client.get(path)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=5))
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    Need.objects.filter(pk=need.pk).update(due_on=date(2026, 12, 3))
    moved = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (moved.status_code, moved["ETag"] != first["ETag"]) == (200, True)
    uids = [{str(e["UID"]) for e in icalendar.Calendar.from_ical(a.content).walk("VEVENT")} for a in (first, moved)]
    assert uids[0] == uids[1] == {f"needs.handling-{need.pk}@portal.example"}
    Need.objects.filter(pk=need.pk).update(state="closed")
    assert b"VEVENT" not in client.get(path).content


def test_a_revoked_or_replaced_link_and_one_of_an_inactive_person_open_nothing(world, at):
    person = world.here.people["community"]
    old = feed_of(person, at)
    new = feed_of(person, at)
    assert [Client().get(p).status_code for p in (old, new, "/calendar/feed/x.ics")] == [404, 200, 404]
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert Client().get(new).status_code == 404
    User.objects.filter(pk=person.pk).update(is_active=True)
    revoke_feed.__wrapped__(person=person, at=at)
    revoke_feed.__wrapped__(person=person, at=at)
    assert Client().get(new).status_code == 404
    verbs = Event.objects.filter(verb__startswith="reminders.").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["reminders.feed_made", "reminders.feed_made", "reminders.feed_revoked"]


def test_the_secret_itself_is_kept_nowhere(world, at):
    secret = make_feed.__wrapped__(person=world.here.people["community"], at=at)
    row = CalendarWish.objects.values().get()
    assert len(secret) >= 43
    assert secret not in str(row)


def test_who_leaves_an_organization_loses_its_days_in_the_feed(world, at):
    CASES["projects.completion"][0](world, at)
    path = feed_of(world.here.people["member"], at)
    assert b"VEVENT" in Client().get(path).content
    Membership.objects.filter(user=world.here.people["member"]).delete()
    assert b"VEVENT" not in Client().get(path).content


@pytest.mark.django_db(transaction=True)
def test_the_link_is_made_shown_once_and_revoked_on_the_page(at, settings):
    settings.SITE_URL = "https://portal.example"
    from tests.world import build

    client = as_(build(at).here.people["community"])
    page = client.post("/calendar/feed/").content.decode()
    assert page.count("/calendar/feed/") >= 2
    link = page.split('value="https://portal.example')[1].split('"')[0]
    assert Client().get(link).status_code == 200
    assert link not in client.get("/calendar/settings/").content.decode()
    assert client.post("/calendar/feed/revoke/").status_code == 302
    assert Client().get(link).status_code == 404


# --- wishes and rules


@pytest.mark.django_db(transaction=True)
def test_wishes_are_saved_and_refused_in_words(at):
    from tests.world import build

    client = as_(build(at).here.people["community"])
    assert client.post("/calendar/settings/", {"is_digest": "0", "hour": "10"}).status_code == 302
    assert CalendarWish.objects.values_list("is_digest", "hour").get() == (False, 10)
    page = client.post("/calendar/settings/", {"is_digest": "0", "hour": "3"}).content.decode()
    assert "error-summary" in page
    assert CalendarWish.objects.get().hour == 10


@pytest.mark.django_db(transaction=True)
def test_the_office_sets_a_rule_and_a_bad_one_is_refused_with_what_was_typed(at):
    from tests.world import build

    world = build(at)
    client, street = as_(world.here.people["office"]), world.here.area
    path = f"/calendar/rules/{street.pk}/projects.completion/"
    assert "3、1、0" in client.get(path).content.decode()
    page = client.post(
        path, {"is_on": "on", "before": "七天", "after": "", "escalate": "2", "revision": "0"}
    ).content.decode()
    assert ("请填写 0 至 60 之间的天数" in page, 'value="七天"' in page, Rule.objects.count()) == (True, True, 0)
    answer = client.post(
        path, {"is_on": "on", "before": "１，7 3天", "after": "2、2", "escalate": "2", "revision": "0"}
    )
    assert answer["Location"] == f"/calendar/rules/?street={street.pk}"
    rule = Rule.objects.get()
    assert (rule.before, rule.after, rule.escalate, rule.revision) == ([7, 3, 1], [2], 2, 1)
    answer = client.post(path, {"before": "1", "after": "", "escalate": "", "revision": "0"})
    assert (answer.status_code, "由别人修改过" in answer.content.decode()) == (409, True)
    assert Rule.objects.get().is_on
    assert "7、3、1" in client.get("/calendar/rules/").content.decode()
    assert Event.objects.filter(verb="reminders.rule_saved", scope_id=street.pk).count() == 1
    for bad in ("61", "-1", "1.5", "1" * 20, "1 2 3 4 5 6 7"):
        assert client.post(path, {"is_on": "on", "before": bad, "revision": "1"}).status_code == 200
    assert Rule.objects.get().before == [7, 3, 1]


@pytest.mark.django_db(transaction=True)
def test_nobody_sets_the_rules_of_another_street(at):
    from tests.world import build

    world = build(at)
    facts = {"is_on": True, "before": [1], "after": [], "in_workdays": False, "escalate": None, "revision": 0, "at": at}
    for person in (world.there.people["office"], world.here.people["leader"]):
        with pytest.raises(NotAllowed):
            save_rule(street=world.here.area, deadline=deadline_of("needs.handling"), by=person, **facts)
    assert Rule.objects.count() == 0
    facts |= {"by": world.here.people["office"], "street": world.here.area, "deadline": deadline_of("needs.handling")}
    save_rule(**facts)
    with pytest.raises(RuleMoved):
        save_rule(**facts)


def test_a_late_need_is_shown_once_to_the_community_and_its_number_to_the_office_alone(world, at):
    needs = [post(world, at, words=f"第{n}盏灯坏了") for n in range(3)]
    Need.objects.update(due_on=date(2026, 11, 20))
    Need.objects.filter(pk=needs[0].pk).update(tier="street", handler=None, deputy=None)

    def late(name):
        tasks = todo(User.objects.get(pk=world.here.people[name].pk), at)
        return sorted(
            (t["title"].split("：")[0], t["count"]) for t in tasks if t["state"] == "late" and "/needs/" in t["href"]
        )

    assert late("community") == [("需求办理", 0), ("需求办理", 0)]
    assert late("office") == [("社区的需求已超期", 2), ("需求办理", 0)]
    page = as_(world.here.people["community"]).get("/home/").content.decode()
    assert page.count(f'href="/needs/{needs[1].pk}/"') == 1
    assert "due=over" not in page
