"""The outbox: once per person and occasion, claimed before sent, never twice; reminders ride on it."""

import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from kombu.exceptions import OperationalError

from core import clock
from messaging import services
from messaging.models import Delivery, Notice
from messaging.tasks import send_due
from projects.services import start_proposal
from reminders.domain import due_offset
from reminders.models import Reminder
from reminders.services import remind_closing_drafts
from tests.world import build


def tell(world, at, who="member", occasion="o:1"):
    return services.notify(
        recipients=[world.here.people[who].pk], occasion=occasion, subject="题", body="文", link="/home/", at=at
    )


def test_the_same_occasion_is_told_once(world, at):
    assert (len(tell(world, at)), len(tell(world, at)), len(tell(world, at, occasion="o:2"))) == (1, 0, 1)
    assert (Notice.objects.count(), Delivery.objects.count()) == (2, 2)


def test_what_is_due_is_sent_once_with_a_stable_message_id(world, at):
    tell(world, at)
    assert (services.send_due_deliveries(), services.send_due_deliveries()) == (1, 0)
    assert [m.extra_headers["Message-ID"] for m in mail.outbox] == [Delivery.objects.get().message_id]
    assert Delivery.objects.get().state == "sent"


def test_a_channel_that_breaks_off_is_unknown_and_says_so(world, at, monkeypatch):
    tell(world, at)

    def refuse(self):
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    assert services.send_due_deliveries() == 0
    assert (Delivery.objects.get().state, Delivery.objects.get().error) == (
        "unknown",
        "发送中断，可能已送出（ConnectionRefusedError）",
    )
    monkeypatch.undo()
    assert (services.send_due_deliveries(), mail.outbox) == (0, [])


def test_a_claim_without_an_outcome_becomes_unknown_and_is_not_sent_again(world, at):
    tell(world, at)
    Delivery.objects.update(state="claimed", claimed_at=clock.now() - timedelta(minutes=11))
    assert services.send_due_deliveries() == 0
    assert (Delivery.objects.get().state, len(mail.outbox)) == ("unknown", 0)


def test_a_broker_that_is_down_does_not_fail_the_request(world, at, monkeypatch, django_capture_on_commit_callbacks):
    def down(self, *args, **kwargs):
        raise OperationalError("down")

    monkeypatch.setattr(type(send_due), "apply_async", down, raising=False)
    with django_capture_on_commit_callbacks(execute=True):
        tell(world, at)
    assert services.send_due_deliveries() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_remind_and_send_once(at, monkeypatch):
    world = build(at)
    here = world.here
    start_proposal(
        round_id=here.round.pk, organization=here.organization, title="没写完", by=here.people["member"], at=at
    )
    soon = here.round.apply_closes_at - timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: soon)  # what is over by then is not sent
    start = threading.Barrier(4)

    def sweep():
        try:
            start.wait()
            for act in (lambda: remind_closing_drafts(at=soon), services.send_due_deliveries):
                try:
                    act()
                except Exception as error:  # noqa: BLE001 - a sweep that lost the race may fail, the next minute comes
                    assert "unique" in str(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=sweep) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    services.send_due_deliveries()
    assert (Reminder.objects.count(), Notice.objects.count(), len(mail.outbox)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("before", "offset"),
    [
        (timedelta(days=4), None),
        (timedelta(days=3), 3),
        (timedelta(hours=1), 3),
        (timedelta(0), None),
        (timedelta(days=-1), None),
    ],
)
def test_due_offset_counts_the_nearest_and_ends_at_the_deadline(at, before, offset):
    assert due_offset(at, at - before, (3,)) == offset


def test_several_passed_offsets_remind_once_of_the_nearest(at):
    assert due_offset(at, at - timedelta(hours=20), (7, 3, 1)) == 1


def test_submitted_meanwhile_is_not_reminded(world, at):
    assert remind_closing_drafts(at=world.here.round.apply_closes_at - timedelta(days=1)) == 0


def test_the_inbox_is_ones_own(world, at):
    (notice,) = tell(world, at)
    mine, other = Client(), Client()
    mine.force_login(world.here.people["member"])
    other.force_login(world.here.people["other_member"])
    assert other.post(f"/inbox/{notice.pk}/read/").status_code == 404
    assert "题" in mine.get("/inbox/").content.decode()
    assert mine.post(f"/inbox/{notice.pk}/read/")["Location"] == "/home/"
    assert Notice.objects.get().read_at is not None
