"""Unfinished drafts are reminded of the deadline, each person once and only once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from core import clock
from messaging.models import Delivery, Notice
from messaging.services import send_due_deliveries
from projects.services import submit_proposal
from reminders.models import Reminder
from reminders.services import remind_closing_drafts
from rounds.models import Round
from tests.projects import make
from tests.world import build, organization

DAY = timedelta(days=1)
MICRO = timedelta(microseconds=1)


@pytest.fixture
def closes(world):
    return world.here.round.apply_closes_at


def test_members_of_an_unfinished_draft_are_told_once(world, at, closes, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: closes - DAY)  # what is over by then is not sent
    here = world.here
    draft = make.make_draft(here, at)
    here.organization.members.create(user=here.people["grid"], duty="leader", since=at)
    assert remind_closing_drafts(at=closes - 3 * DAY - MICRO) == 0
    assert [remind_closing_drafts(at=closes - 3 * DAY + i * DAY / 2) for i in range(6)] == [2, 0, 0, 0, 0, 0]
    told = sorted(Notice.objects.values_list("recipient", "subject", "link"))
    words = ("申报快截止了：第一期公益创投", f"/proposals/{draft.pk}/edit/")
    assert told == sorted((here.people[n].pk, *words) for n in ("member", "grid"))
    assert "“邻里换物”还是草稿。申报截止时间为 2026年11月30日 12:00:00（北京时间）" in Notice.objects.first().body
    assert (send_due_deliveries(), len(mail.outbox)) == (2, 2)


@pytest.mark.parametrize("before", [timedelta(0), -MICRO, -DAY])
def test_nobody_is_told_when_it_is_over(world, at, closes, before):
    make.make_draft(world.here, at)
    assert remind_closing_drafts(at=closes - before) == 0


def test_who_has_handed_in_or_not_begun_is_left_alone(world, at, closes):
    make.make_submitted_proposal(world.here, at)
    assert remind_closing_drafts(at=closes - DAY) == 0
    assert (Notice.objects.count(), Reminder.objects.count()) == (0, 0)


def test_who_hands_in_between_two_sweeps_is_not_told_again(world, at, closes, settings):
    settings.REMINDER_DAYS_BEFORE = [3, 1]
    draft = make.make_complete_draft(world.here, at)
    assert remind_closing_drafts(at=closes - 3 * DAY) == 1
    submit_proposal(proposal_id=draft.pk, by=world.here.people["member"], at=closes - 2 * DAY)
    assert remind_closing_drafts(at=closes - DAY) == 0


def test_after_a_downtime_only_the_nearest_is_sent(world, at, closes, settings):
    settings.REMINDER_DAYS_BEFORE = [7, 3, 1]
    make.make_draft(world.here, at)
    assert [remind_closing_drafts(at=closes - DAY / 2) for _ in range(3)] == [1, 0, 0]
    assert list(Reminder.objects.values_list("days_before", flat=True)) == [1]


def test_each_offset_is_sent_once(world, at, closes, settings):
    settings.REMINDER_DAYS_BEFORE = [7, 3, 1]
    make.make_draft(world.here, at)
    hours = [closes - timedelta(hours=h) for h in range(24 * 7 - 1, 0, -6)]
    assert sum(remind_closing_drafts(at=moment) for moment in hours) == 3
    assert sorted(Reminder.objects.values_list("days_before", flat=True)) == [1, 3, 7]


def test_a_person_of_two_unfinished_organizations_is_told_once(world, at, closes):
    here = world.here
    make.make_draft(here, at)
    make.make_draft(here, at, organization=here.other_organization, by=here.people["other_member"], title="乙")
    here.other_organization.members.create(user=here.people["member"], duty="leader", since=at)
    assert remind_closing_drafts(at=closes - DAY) == 2
    assert Notice.objects.filter(recipient=here.people["member"]).count() == 1


def test_who_may_no_longer_sign_in_is_not_told(world, at, closes):
    make.make_draft(world.here, at)
    user = world.here.people["member"]
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert remind_closing_drafts(at=closes - DAY) == 0


def test_a_closed_round_is_left_alone(world, at, closes):
    make.make_draft(world.here, at)
    Round.objects.filter(pk=world.here.round.pk).update(state="closed")
    assert remind_closing_drafts(at=closes - DAY) == 0


def test_the_database_refuses_a_second_reminder(world, at, closes):
    make.make_draft(world.here, at)
    remind_closing_drafts(at=closes - DAY)
    twin = Reminder.objects.values().get() | {"id": None}
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Reminder.objects.create(**twin)
    assert refused.value.__cause__.diag.constraint_name == "reminder_once"


@pytest.mark.django_db(transaction=True)
def test_eight_sweeps_at_once_tell_each_person_once(at):
    here = build(at).here
    for i in range(5):
        org = organization(here.area, f"第{i}互助社", at)
        org.members.create(user=here.people["member"], duty="clerk", since=at)
        org.members.create(user=here.people["grid"], duty="leader", since=at)
        here.people["member"].__dict__.pop("_acts_for", None)
        make.make_draft(here, at, organization=org, title=f"{i}")
    closes, barrier = here.round.apply_closes_at, Barrier(8)

    def work(i):
        try:
            barrier.wait(20)
            return remind_closing_drafts(at=closes - DAY + i * MICRO)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 2
    assert (Notice.objects.count(), Reminder.objects.count(), Delivery.objects.count()) == (2, 2, 2)
