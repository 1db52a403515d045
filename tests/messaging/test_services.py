"""The notice is told once; its mail is claimed, sent and noted, and never sent twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from core import clock
from messaging import services
from messaging.models import Delivery, Notice
from tests.messaging.make import make_notice
from tests.world import build


def tell(users, at, occasion="test:1", **changed):
    facts = {"subject": "标题", "body": "正文", "link": "/help/"} | changed
    return services.notify(recipients=[u.pk for u in users], occasion=occasion, at=at, **facts)


def test_each_person_is_told_once_on_an_occasion(world, at):
    one, two = world.here.people["member"], world.here.people["office"]
    assert [n.recipient_id for n in tell([one, one], at)] == [one.pk]
    assert [n.recipient_id for n in tell([one, two], at + timedelta(days=1))] == [two.pk]
    assert tell([one, two], at) == []
    assert sorted(Notice.objects.values_list("recipient_id", "created_at")) == sorted(
        [(one.pk, at), (two.pk, at + timedelta(days=1))]
    )
    assert Delivery.objects.count() == 2
    assert len(tell([one, two], at, occasion="test:2")) == 2


def test_who_has_no_address_or_no_account_gets_no_mail(world, at):
    mute, gone = world.here.people["member"], world.here.people["office"]
    type(mute).objects.filter(pk=mute.pk).update(email="")
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    assert len(tell([mute, gone], at)) == 2
    assert Delivery.objects.count() == 0


def test_mail_can_be_left_out(world, at):
    assert len(tell([world.here.people["member"]], at, email=False)) == 1
    assert Delivery.objects.count() == 0


def test_a_subject_is_one_line_and_fits(world, at):
    tell([world.here.people["member"]], at, subject="甲\r\nBcc: x@test.invalid\n" + "乙" * 200)
    subject = Notice.objects.get().subject
    assert (subject[:24], len(subject)) == ("甲 Bcc: x@test.invalid 乙乙", 120)
    assert services.send_due_deliveries() == 1


def test_a_mail_carries_its_number_and_the_way_back(world, at, settings):
    settings.SITE_URL = "https://portal.example"
    notice = make_notice(world.here.people["member"], at)
    assert services.send_due_deliveries() == 1
    (message,) = mail.outbox
    delivery = Delivery.objects.get(notice=notice)
    assert (message.subject, message.to) == (notice.subject, ["member_a@test.invalid"])
    assert message.body == "请看一看。\n\nhttps://portal.example/help/"
    assert message.message()["Message-ID"] == delivery.message_id
    assert (delivery.state, delivery.sent_at >= delivery.claimed_at) == ("sent", True)


def test_what_is_sent_is_not_sent_again(world, at):
    make_notice(world.here.people["member"], at)
    assert [services.send_due_deliveries() for _ in range(3)] == [1, 0, 0]
    assert len(mail.outbox) == 1


def test_a_failure_is_noted_and_the_others_still_go(world, at, settings):
    settings.EMAIL_BACKEND = "tests.messaging.backends.Picky"
    people = [world.here.people[n] for n in ("member", "office", "leader")]
    type(people[1]).objects.filter(pk=people[1].pk).update(email="bad@test.invalid")
    tell(people, at)
    assert services.send_due_deliveries() == 2
    rows = Delivery.objects.order_by("notice__recipient").values_list("notice__recipient", "state", "error")
    assert sorted(rows) == sorted(
        [
            (people[0].pk, "sent", ""),
            (people[1].pk, "failed", "邮件服务器拒收（SMTPRecipientsRefused）"),
            (people[2].pk, "sent", ""),
        ]
    )
    assert services.send_due_deliveries() == 0


def test_an_address_that_went_away_is_noted(world, at):
    user = world.here.people["member"]
    make_notice(user, at)
    type(user).objects.filter(pk=user.pk).update(email="")
    assert services.send_due_deliveries() == 0
    assert Delivery.objects.values_list("state", "error").get() == ("failed", "没有电子邮件地址")


def test_a_mail_server_that_is_not_there_leaves_everything_due(world, at, settings):
    make_notice(world.here.people["member"], at)
    before = Delivery.objects.values().get()
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        1,
    )
    assert services.send_due_deliveries() == 0
    assert Delivery.objects.values().get() == before
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert services.send_due_deliveries() == 1


@pytest.mark.parametrize(("minutes", "state"), [(9, "claimed"), (11, "unknown")])
def test_a_claim_without_outcome_becomes_unknown_after_ten_minutes_and_is_not_sent(world, at, minutes, state):
    make_notice(world.here.people["member"], at)
    Delivery.objects.update(state="claimed", claimed_at=clock.now() - timedelta(minutes=minutes))
    assert [services.send_due_deliveries() for _ in range(2)] == [0, 0]
    assert (Delivery.objects.get().state, mail.outbox) == (state, [])


def test_the_database_refuses_a_second_notice_a_second_mail_and_sent_without_a_moment(world, at):
    notice = make_notice(world.here.people["member"], at)
    wrong = {
        "notice_once_per_occasion": lambda: Notice.objects.create(
            recipient=notice.recipient, occasion=notice.occasion, subject="x", body="x", created_at=at
        ),
        "delivery_once_per_channel": lambda: Delivery.objects.create(notice=notice, channel="email", message_id="<x>"),
        "delivery_sent_has_moment": lambda: Delivery.objects.update(state="sent"),
    }
    for name, write in wrong.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            write()
        assert refused.value.__cause__.diag.constraint_name == name


def test_reading_is_noted_once_and_only_for_oneself(world, at):
    mine, hers = world.here.people["member"], world.here.people["other_member"]
    notice = make_notice(mine, at)
    make_notice(hers, at)
    assert not services.mark_read(notice_id=notice.pk, recipient_id=hers.pk, at=at)
    assert services.mark_read(notice_id=notice.pk, recipient_id=mine.pk, at=at)
    assert not services.mark_read(notice_id=notice.pk, recipient_id=mine.pk, at=at + timedelta(days=1))
    assert Notice.objects.get(pk=notice.pk).read_at == at
    assert (
        services.mark_all_read(recipient_id=hers.pk, at=at),
        services.mark_all_read(recipient_id=hers.pk, at=at),
    ) == (1, 0)


def together(count, work):
    barrier = Barrier(count)

    def one(i):
        try:
            barrier.wait(20)
            return work(i)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_ten_senders_at_once_send_each_mail_once(at):
    world = build(at)
    with transaction.atomic():
        tell(world.here.people.values(), at)
    total = Delivery.objects.count()
    assert sum(together(10, lambda i: services.send_due_deliveries())) == total
    assert len({m.extra_headers["Message-ID"] for m in mail.outbox}) == len(mail.outbox) == total
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


@pytest.mark.django_db(transaction=True)
def test_ten_tellers_at_once_tell_each_person_once(at):
    world = build(at)
    people = list(world.here.people.values())

    def work(i):
        with transaction.atomic():
            return len(tell(people, at + timedelta(seconds=i)))

    assert sorted(together(10, work)) == [0] * 9 + [len(people)]
    assert (Notice.objects.count(), Delivery.objects.count()) == (len(people), len(people))
