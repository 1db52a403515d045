"""Everybody hears of a deadline once per step, in one message a day; what is done is not told; those above hear of what is late."""

import importlib
import threading
from datetime import date, datetime, timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock
from core.deadlines import midnight
from messaging.models import Delivery, Notice, Posting
from messaging.services import send_due_deliveries
from needs import services as needs
from needs.models import Need
from reminders.models import CalendarWish, Reminder, Rule
from reminders.services import remind, save_wish
from tests.messaging.make import make_robot
from tests.needs.make import handled, post
from tests.reminders.cases import CASES
from tests.world import build

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def morning(day, hour=9):
    return midnight(day) + hour * HOUR


@pytest.fixture
def late_november(world):
    """Of the world's own rounds nobody is reminded here."""
    Rule.objects.bulk_create(
        Rule(street=street.area, kind=kind, is_on=False, changed_at=world.at)
        for street in (world.here, world.there)
        for kind in ("rounds.close", "rounds.open")
    )
    return world


def only(key):
    return {"kinds": (key,)}


def told(name=None, world=None):
    rows = Notice.objects.filter(kind__startswith="reminders.").order_by("pk")
    return list(rows.filter(recipient=world.here.people[name]) if name else rows)


def test_each_step_once_looking_every_hour(world, at):
    CASES["needs.salon"][0](world, at)  # 27 November; T-3, T-1, T-0, then three working days after, escalated after ten
    moments = [morning(date(2026, 11, 23), 0) + n * HOUR for n in range(24 * 25)]
    made = [(moment, remind(at=moment, **only("needs.salon"))) for moment in moments]
    days = [(clock.local(moment).strftime("%m-%d %H"), count) for moment, count in made if count]
    assert days == [("11-24 08", 1), ("11-26 08", 1), ("11-27 08", 1), ("12-02 08", 1), ("12-11 08", 1)]
    rows = Reminder.objects.order_by("pk").values_list("person__username", "days_before", "is_above")
    assert list(rows) == [
        ("community_a", 3, False), ("community_a", 1, False), ("community_a", 0, False), ("community_a", -3, False),
        ("office_a", -10, True),
    ]  # fmt: skip
    assert "督办" in told("office", world)[0].subject


def test_one_message_a_day_for_everything(late_november, at):
    world = late_november
    for n in range(5):
        post(world, at, words=f"第{n}盏灯坏了")
    CASES["needs.salon"][0](world, at)
    assert remind(at=morning(date(2026, 11, 24))) == 6
    (notice,) = told("community", world)
    assert notice.subject == "期限提醒：6 件快到期"
    assert notice.body.count("需求办理：需求 XQ-") == 5
    assert "灯坏了" not in notice.body  # what residents wrote stays in the portal
    assert (notice.link, Delivery.objects.filter(notice=notice).count()) == ("/calendar/", 1)
    assert remind(at=morning(date(2026, 11, 24), 15)) == 0


def test_what_comes_later_that_day_waits_unless_it_ends_before_the_next_morning(late_november, at):
    world = late_november
    CASES["needs.salon"][0](world, at)
    assert remind(at=morning(date(2026, 11, 24), 8)) == 1
    today = morning(date(2026, 11, 24), 10)
    need = post(world, today)  # two working days: ends on the 26th, T-1 is tomorrow
    assert remind(at=today) == 0
    Need.objects.filter(pk=need.pk).update(due_on=date(2026, 11, 24))
    assert remind(at=today + HOUR) == 1
    assert [n.subject[:9] for n in told("community", world)] == ["期限提醒：书记沙龙", "期限提醒：需求办理"]


def test_each_alone_for_who_wants_that_and_at_her_hour(late_november, at):
    world = late_november
    person = world.here.people["community"]
    save_wish_now(person, is_digest=False, hour=10, at=at)
    for n in range(3):
        post(world, at, words=f"第{n}盏灯坏了")
    day = date(2026, 11, 24)
    assert [remind(at=morning(day, hour)) for hour in (8, 9, 10, 11)] == [0, 0, 3, 0]
    assert {n.link for n in told("community", world)} == {f"/needs/{n.pk}/" for n in Need.objects.all()}


def save_wish_now(person, **facts):
    CalendarWish.objects.create(person=person, is_digest=facts["is_digest"], hour=facts["hour"], changed_at=facts["at"])


@pytest.mark.parametrize("hour", [0, 3, 7, 21, 23])
def test_nobody_is_told_at_night(late_november, at, hour):
    post(late_november, at)
    assert remind(at=morning(date(2026, 11, 24), hour)) == 0


def test_a_downtime_is_merged_not_blasted(late_november, at):
    world = late_november
    CASES["needs.salon"][0](world, at)
    assert remind(at=morning(date(2026, 11, 24))) == 1  # T-3; then nothing runs over T-1 and T-0
    assert remind(at=morning(date(2026, 11, 28))) == 1  # the day itself, told late, once
    assert list(Reminder.objects.order_by("pk").values_list("days_before", flat=True)) == [3, 0]


def test_a_downtime_of_weeks_drops_what_is_long_ago(late_november, at):
    CASES["needs.salon"][0](late_november, at)
    assert remind(at=morning(date(2027, 3, 1))) == 0
    assert Notice.objects.filter(kind__startswith="reminders.").count() == 0


def test_a_clock_that_jumps_tells_nothing_twice(late_november, at):
    CASES["needs.salon"][0](late_november, at)
    days = [date(2026, 11, 27), date(2026, 11, 24), date(2026, 11, 26), date(2026, 11, 27)]
    assert [remind(at=morning(day)) for day in days] == [1, 0, 0, 0]


def test_a_deadline_that_moves_is_a_new_one(late_november, at):
    world = late_november
    salon = CASES["needs.salon"][0](world, at)
    assert remind(at=morning(date(2026, 11, 24))) == 1
    type(salon).objects.filter(pk=salon.pk).update(held_on=date(2026, 12, 1))
    assert [remind(at=morning(date(2026, 11, day))) for day in (25, 28)] == [0, 1]


def test_what_is_done_is_not_told(late_november, at):
    world = late_november
    need = handled(world, at)
    Need.objects.filter(pk=need.pk).update(due_on=date(2026, 11, 25))
    needs.finish_need(need_id=need.pk, words="换了灯泡", by=world.here.people["community"], at=at)
    Need.objects.filter(pk=need.pk).update(state="closed")
    assert remind(at=morning(date(2026, 11, 24))) == 0


def test_what_is_done_between_telling_and_sending_is_not_sent(late_november, at, monkeypatch):
    world = late_november
    now = morning(date(2026, 11, 25))
    monkeypatch.setattr(clock, "now", lambda: now)
    rows = [post(world, at, words=f"第{n}盏灯坏了") for n in range(3)]
    Need.objects.update(due_on=date(2026, 11, 26))
    assert remind(at=now) == 3
    Need.objects.filter(pk__in=[r.pk for r in rows[:2]]).update(state="closed")
    assert send_due_deliveries() == 1
    (letter,) = mail.outbox
    assert letter.subject.startswith("期限提醒：需求办理 需求 XQ-")
    assert rows[2].number in letter.body
    assert rows[0].number not in letter.body
    assert "3 件" in Notice.objects.get(kind="reminders.digest").subject  # the inbox keeps what was said


def test_a_message_of_which_nothing_is_left_is_dropped_with_a_word(late_november, at, monkeypatch):
    world = late_november
    now = morning(date(2026, 11, 25))
    monkeypatch.setattr(clock, "now", lambda: now)
    post(world, at)
    remind(at=now)
    Need.objects.update(state="closed")
    assert send_due_deliveries() == 0
    delivery = Delivery.objects.get(notice__kind="reminders.digest")
    assert (delivery.state, delivery.error) == ("dropped", "事项已办结或已变更，不用再提醒")
    assert mail.outbox == []


def test_somebody_who_no_longer_answers_for_it_gets_nothing(late_november, at, monkeypatch):
    world = late_november
    now = morning(date(2026, 11, 25))
    monkeypatch.setattr(clock, "now", lambda: now)
    post(world, at)
    remind(at=now)
    person = world.here.people["community"]
    person.grants.all().delete()
    Need.objects.update(handler=None, deputy=None)
    assert send_due_deliveries() == 0


def test_those_above_hear_of_what_is_late_by_the_streets_rule(late_november, at):
    world = late_november
    CASES["projects.completion"][0](world, at)  # ends 25 November at noon; usual: one working day
    days = [date(2026, 11, n) for n in (25, 26, 27, 30)]
    assert [remind(at=morning(day), **only("projects.completion")) for day in days] == [1, 1, 0, 0]
    people = Reminder.objects.order_by("pk").values_list("person__username", "is_above")
    assert list(people) == [("member_a", False), ("office_a", True)]


def test_those_above_are_told_of_a_thing_once_whatever_the_rule_becomes(late_november, at):
    world = late_november
    CASES["projects.completion"][0](world, at)
    facts = {"street": world.here.area, "kind": "projects.completion", "changed_at": at}
    rule = Rule.objects.create(**facts, before=[], escalate=1)
    assert remind(at=morning(date(2026, 11, 26)), **only("projects.completion")) == 1
    Rule.objects.filter(pk=rule.pk).update(escalate=2)
    assert remind(at=morning(date(2026, 11, 27)), **only("projects.completion")) == 0


def test_a_street_has_its_own_days(late_november, at):
    world = late_november
    post(world, at)
    Need.objects.update(due_on=date(2026, 12, 4))
    assert remind(at=morning(date(2026, 11, 27))) == 0
    rule = Rule.objects.create(
        street=world.here.area, kind="needs.handling", before=[5], in_workdays=True, changed_at=at
    )
    assert remind(at=morning(date(2026, 11, 27))) == 1
    Rule.objects.filter(pk=rule.pk).update(is_on=False)
    assert remind(at=morning(date(2026, 12, 3))) == 0


def test_made_up_things_remind_nobody(late_november, at):
    post(late_november, at)
    Need.objects.update(is_demo=True)
    assert remind(at=morning(date(2026, 11, 25))) == 0


def test_a_robot_says_how_many_and_nothing_else(late_november, at):
    world = late_november
    robot = make_robot(world.here, at)
    type(robot).objects.filter(pk=robot.pk).update(kinds=["reminders.digest"])
    post(world, at)
    CASES["needs.salon"][0](world, at)
    remind(at=morning(date(2026, 11, 24)))
    line = Posting.objects.filter(kind="reminders.digest").get()
    assert (line.count, line.link) == (1, "/home/")


def test_a_batch_costs_the_same_for_3_and_for_60_people(late_november, at):
    """Statements of a sweep do not grow with the people in a batch, nor with the things."""
    world = late_november

    def sweep(start, number):
        people = User.objects.bulk_create(
            User(username=f"w{i}", display_name=f"测试{i}", email=f"w{i}@test.invalid", password="!")
            for i in range(start, start + number)
        )
        for person in people:
            need = post(world, at, words=f"第{person.pk}盏灯坏了")
            Need.objects.filter(pk=need.pk).update(handler=person, tier="street", due_on=date(2026, 11, 25))
        world.here.people["office"].grants.all().delete()
        with CaptureQueriesContext(connection) as found:
            made = remind(at=morning(date(2026, 11, 24)), **only("needs.handling"))
        return made, len(found)

    few, many = sweep(0, 3), sweep(3, 60)
    assert (few[0], many[0]) == (3, 60)
    assert many[1] == few[1]


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_tell_each_person_once(at, monkeypatch):
    world = build(at)
    for n in range(4):
        post(world, at, words=f"第{n}盏灯坏了")
    CASES["needs.salon"][0](world, at)
    now = morning(date(2026, 11, 25))
    monkeypatch.setattr(clock, "now", lambda: now)
    mail.outbox.clear()
    start, made, wrong = threading.Barrier(8), [], []

    def work():
        try:
            start.wait(20)
            made.append(remind(at=now, kinds=("needs.handling", "needs.salon")))
            send_due_deliveries()
        except Exception as error:  # noqa: BLE001 - told below
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert sorted(made) == [0] * 7 + [5]
    assert Notice.objects.filter(kind="reminders.digest").count() == 1
    send_due_deliveries()
    assert len([m for m in mail.outbox if m.subject.startswith("期限提醒")]) == 1


def test_a_sweep_that_dies_leaves_neither_message_nor_reminder(late_november, at, monkeypatch):
    post(late_november, at)

    sweeping = importlib.import_module("reminders.services.remind")
    write = sweeping._write

    def broken(*args, **kwargs):
        write(*args, **kwargs)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "_write", broken)
        with pytest.raises(RuntimeError):
            remind(at=morning(date(2026, 11, 25)))
    assert told() == []
    assert remind(at=morning(date(2026, 11, 25))) == 1


def test_the_database_holds_the_key_without_the_lock(late_november, at):
    post(late_november, at)
    remind(at=morning(date(2026, 11, 25)))
    row = Reminder.objects.values().get()
    other = Notice.objects.create(
        recipient_id=row["person_id"], occasion="else", subject="x", body="x", created_at=datetime.now(tz=at.tzinfo)
    )
    with pytest.raises(IntegrityError, match="reminder_once"), transaction.atomic():
        Reminder.objects.create(**row | {"id": None, "notice_id": other.pk})


@pytest.mark.django_db(transaction=True)
def test_wishes_are_kept(at):
    person = build(at).here.people["community"]
    save_wish(person=person, is_digest=False, hour=9, at=at)
    save_wish(person=person, is_digest=True, hour=7, at=at)
    assert list(CalendarWish.objects.values_list("is_digest", "hour")) == [(True, 7)]
