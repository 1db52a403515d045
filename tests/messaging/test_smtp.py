"""E-mail against a real SMTP server: what arrived is counted there, never twice, and nothing is missing without a mark."""

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction

from core import clock
from messaging import services
from messaging.models import Delivery, Notice, Preference
from messaging.services import send
from tests.messaging.make import make_delivery, make_notice
from tests.messaging.smtp import post_office
from tests.messaging.worker import environment, kill
from tests.world import build

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def post(settings):
    with post_office() as found:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", found.port
        settings.EMAIL_TIMEOUT = 2
        yield found


def states():
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def later(minutes=60):
    """As if time had passed: what waits for another try is ready."""
    Delivery.objects.filter(state="due").update(not_before=clock.now() - timedelta(minutes=minutes))


def test_a_letter_arrives_as_written(world, at, post, settings):
    settings.SITE_URL = "https://portal.example"
    user = world.here.people["member"]
    services.notify(
        recipients=[user.pk],
        occasion="x",
        subject="初审通过：甲",
        body="第一行\n.\n.点开头\n末行",
        link="/help/",
        at=at,
    )
    assert services.send_due_deliveries() == 1
    (letter,) = post.taken
    assert (letter.to, letter.subject, letter.number) == (
        [user.email], "初审通过：甲", Delivery.objects.get().message_id,
    )  # fmt: skip
    assert letter.body.splitlines() == ["第一行", ".", ".点开头", "末行", "", "https://portal.example/help/"]


def test_a_hundred_letters_take_one_connection(world, at, post):
    people = list(world.here.people.values())
    services.notify(recipients=[p.pk for p in people], occasion="x", subject="题", body="文", link="", at=at)
    assert services.send_due_deliveries() == len(people) == len(set(post.numbers()))
    assert post.connections == 1


@pytest.mark.parametrize("reply", ["", "stall"])
def test_taken_and_then_silent_is_unknown_and_never_sent_again(world, at, post, settings, reply):
    settings.EMAIL_TIMEOUT = 0.5
    make_notice(world.here.people["member"], at)
    post.answer = lambda number: reply
    assert services.send_due_deliveries() == 0
    post.answer = lambda number: "250 ok"
    later()
    assert (services.send_due_deliveries(), states()) == (0, ["unknown"])
    row = Delivery.objects.get()
    assert (row.error, post.numbers()) == ("邮件服务器收下内容后没有答复，可能已送出", [row.message_id])


@pytest.mark.parametrize(
    ("word", "reply", "state", "reason"),
    [
        ("rcpt", "550 no such user", "failed", "邮件服务器拒收（550）"),
        ("rcpt", "450 greylisted", "due", "邮件服务器暂不接收（450）"),
        ("mail", "421 too many", "due", "邮件服务器暂不接收（421）"),
        ("mail", "", "due", "邮件服务器中断了连接，邮件没有发出"),
        ("data", "554 no", "failed", "邮件服务器拒收（554）"),
        ("data", "", "due", "邮件服务器中断了连接，邮件没有发出"),
        ("answer", "552 too big", "failed", "邮件服务器拒收（552）"),
        ("answer", "451 try later", "due", "邮件服务器暂不接收（451）"),
        ("answer", "999 hm", "failed", "邮件服务器拒收（999）"),
        ("answer", "220 hm", "unknown", "邮件服务器的答复看不懂（220）"),
    ],
)
def test_what_the_server_says_decides(world, at, post, word, reply, state, reason):
    make_notice(world.here.people["member"], at)
    good = getattr(post, word)
    setattr(post, word, reply if word in ("mail", "data") else lambda _: reply)
    assert services.send_due_deliveries() == 0
    row = Delivery.objects.get()
    assert (row.state, row.error, row.attempts) == (state, reason, int(state == "due"))
    setattr(post, word, good)
    assert services.send_due_deliveries() == 0  # not at once
    later()
    assert services.send_due_deliveries() == int(state == "due")
    # what the server answered strangely it may have taken: once, never twice
    assert len(post.taken) == int(state in ("due", "unknown"))


def test_refused_again_and_again_becomes_a_failure_that_a_person_sees(world, at, post):
    make_notice(world.here.people["member"], at)
    post.rcpt = lambda address: "450 later"
    for _ in range(8):
        services.send_due_deliveries()
        later()
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.error) == ("failed", 5, "试了多次，邮件服务器暂不接收（450）")


def test_one_refused_person_does_not_stop_the_others(world, at, post):
    for name in ("member", "office", "leader"):
        make_notice(world.here.people[name], at)
    post.rcpt = lambda address: "550 no" if address.startswith("office") else "250 ok"
    assert (services.send_due_deliveries(), states()) == (2, ["sent", "failed", "sent"])


def test_a_server_that_falls_silent_takes_three_with_it_not_all(world, at, post):
    people = list(world.here.people.values())[:6]
    services.notify(recipients=[p.pk for p in people], occasion="x", subject="题", body="文", link="", at=at)
    post.answer = lambda number: ""
    assert (services.send_due_deliveries(), sorted(states())) == (0, ["due"] * 3 + ["unknown"] * 3)
    post.answer = lambda number: "250 ok"
    assert (services.send_due_deliveries(), len(set(post.numbers())), len(post.taken)) == (3, 6, 6)


@pytest.mark.parametrize("address", ["a b@@c", "x@y\r\nBcc: z@w", "甲@test.invalid\n"])
def test_an_address_that_is_none_holds_up_nobody(world, at, post, address):
    bad = world.here.people["member"]
    type(bad).objects.filter(pk=bad.pk).update(email=address)
    for name in ("member", "office"):
        make_notice(world.here.people[name], at)
    assert (services.send_due_deliveries(), states()) == (1, ["failed", "sent"])
    assert Delivery.objects.get(state="failed").error == "邮件内容或地址有误，无法生成邮件"


def test_a_server_that_is_down_leaves_everything_due(world, at, post, settings):
    make_notice(world.here.people["member"], at)
    before = Delivery.objects.values().get()
    real, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert (services.send_due_deliveries(), Delivery.objects.values().get()) == (0, before)
    settings.EMAIL_PORT, post.greeting = real, "554 closed"
    assert (services.send_due_deliveries(), Delivery.objects.values().get()) == (0, before)
    post.greeting = "220 ready"
    assert services.send_due_deliveries() == 1


def test_an_hour_of_downtime_is_one_letter_per_person_not_a_flood(world, at, post):
    member, office = world.here.people["member"], world.here.people["office"]
    for i in range(6):
        make_notice(member, at, f"late:{i}")
    for i in range(3):
        make_notice(office, at, f"few:{i}")
    assert services.send_due_deliveries() == 4
    digest = next(t for t in post.taken if t.to == [member.email])
    assert (digest.subject, sum(t.to == [office.email] for t in post.taken)) == ("您有 6 条消息", 3)
    assert all(f"通知 late:{i}" in digest.body for i in range(6))
    carrier = Delivery.objects.get(message_id=digest.number)
    assert (carrier.state, carrier.merged.count(), services.send_due_deliveries()) == ("sent", 5, 0)


def test_a_digest_that_was_refused_takes_up_what_came_meanwhile(world, at, post):
    member = world.here.people["member"]
    for i in range(4):
        make_notice(member, at, f"late:{i}")
    post.mail = "421 later"
    assert services.send_due_deliveries() == 0
    for i in range(4, 8):
        make_notice(member, at, f"late:{i}")
    later()
    post.mail = "250 ok"
    assert (services.send_due_deliveries(), len(post.taken)) == (1, 1)
    assert post.taken[0].subject == "您有 8 条消息"


def test_one_that_carries_others_is_not_dropped_with_them(world, at, post):
    user, now = world.here.people["member"], clock.now()
    facts = {"recipients": [user.pk], "subject": "题", "body": "文", "link": "", "at": now}
    services.notify(**facts, occasion="first", useful_until=now + timedelta(hours=1))
    for i in range(3):
        services.notify(**facts, occasion=f"n:{i}")
    post.mail = "421 later"
    assert services.send_due_deliveries() == 0
    later()
    Delivery.objects.filter(state="due").update(expires_at=now)
    post.mail = "250 ok"
    assert (services.send_due_deliveries(), post.taken[0].subject) == (1, "您有 4 条消息")


def test_what_is_past_its_use_is_dropped_with_the_reason(world, at, post):
    user = world.here.people["member"]
    now = clock.now()
    facts = {"recipients": [user.pk], "subject": "题", "body": "文", "link": "", "at": now}
    services.notify(**facts, occasion="late", useful_until=now - timedelta(seconds=1))
    services.notify(**facts, occasion="fresh", useful_until=now + timedelta(hours=1))
    assert (services.send_due_deliveries(), states()) == (1, ["dropped", "sent"])
    assert Delivery.objects.get(state="dropped").error == "发送时已过时效，没有再发"


def test_a_daily_digest_waits_for_its_hour_and_is_one_letter(world, at, post):
    user = world.here.people["member"]
    Preference.objects.create(person=user, digest_hour=17, changed_at=at)
    for i in range(2):
        make_notice(user, at, f"n:{i}")
    assert {d.not_before for d in Delivery.objects.all()} == {at.replace(hour=9)}
    later()
    assert (services.send_due_deliveries(), post.taken[0].subject) == (1, "您有 2 条消息")


def test_a_closed_account_gets_nothing(world, at, post):
    user = world.here.people["member"]
    make_notice(user, at)
    type(user).objects.filter(pk=user.pk).update(is_active=False)
    assert (services.send_due_deliveries(), Delivery.objects.get().error) == (0, "账号已停用")


def test_a_restored_copy_tells_nobody(world, at, post, settings):
    settings.SENDING = False
    make_notice(world.here.people["member"], at)
    assert (services.send_due_deliveries(), states(), post.connections) == (0, ["due"], 0)


@pytest.mark.parametrize(
    ("start", "change"),
    [
        ("failed", {"state": "due"}),
        ("unknown", {"state": "due"}),
        ("unknown", {"state": "due", "resends": 2}),
        ("unknown", {"state": "sent", "sent_at": "2026-11-23T04:00Z"}),
        ("failed", {"state": "claimed"}),
        ("failed", {"message_id": "<other>"}),
    ],
)
def test_the_database_refuses_a_second_sending(world, at, start, change):
    row = make_delivery(world.here.people["member"], at, start)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=row.pk).update(**change)


def test_what_is_sent_stays_sent(world, at, post):
    make_notice(world.here.people["member"], at)
    services.send_due_deliveries()
    for state in set(Delivery.State.values) - {"sent"}:
        with pytest.raises(IntegrityError), transaction.atomic():
            Delivery.objects.update(state=state, error="x", resends=1, attempts=1)


# --- several processes


def test_sending_inside_a_transaction_is_refused(transactional_db, at):
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        services.send_due_deliveries()


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_letter_once(at, post):
    world = build(at)
    people = [p for street in (world.here, world.there) for p in street.people.values()]
    for i in range(3):
        with transaction.atomic():
            services.notify(
                recipients=[p.pk for p in people], occasion=f"x:{i}", subject="题", body="文", link="", at=at
            )
    counts = []

    def work():
        try:
            counts.append(services.send_due_deliveries())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = 3 * len(people)
    assert (sum(counts), len(post.taken), len(set(post.numbers()))) == (total, total, total)
    assert set(states()) == {"sent"}


SEND = "import django; django.setup(); from messaging.services import send_due_deliveries as s; print(s())"


def sender(port):
    env = environment(
        DJANGO_SETTINGS_MODULE="chuangtou.settings", EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=str(port),
        PYTHONPATH=str(django_settings.BASE_DIR), PYTHONWARNINGS="ignore",
    )  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", SEND], cwd=django_settings.BASE_DIR, env=env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_between_acceptance_and_noting_leaves_one_unknown_and_no_second_letter(at, post):
    world = build(at)
    people = [world.here.people[n] for n in ("member", "office", "leader", "finance")]
    for user in people:
        with transaction.atomic():
            make_notice(user, at)
    second = Delivery.objects.order_by("pk")[1].message_id
    # The server has the second letter in its hands and is about to say yes: then the sender dies.
    post.answer = lambda number: "stall" if number == second else "250 ok"
    process = sender(post.port)
    try:
        deadline = threading.Event()
        while second not in post.numbers():
            assert process.poll() is None
            deadline.wait(0.05)
    finally:
        kill(process)
        process.stdout.close()
        process.stderr.close()
    assert states() == ["sent", "claimed", "due", "due"]
    post.answer = lambda number: "250 ok"
    assert services.send_due_deliveries() == 2
    Delivery.objects.filter(state="claimed").update(claimed_at=clock.now() - send.GIVEN_UP - timedelta(seconds=1))
    assert services.send_due_deliveries() == 0
    assert states() == ["sent", "unknown", "sent", "sent"]
    assert sorted(post.numbers()) == sorted(Delivery.objects.values_list("message_id", flat=True))
    assert Notice.objects.count() == len(post.taken) == 4
    assert Delivery.objects.get(state="unknown").error == send.LOST


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_nothing_arrives_twice_and_nothing_is_lost_unmarked(at, post):
    """Three senders in turn, each killed after a few letters more; then one that lives."""
    world = build(at)
    people = [p for street in (world.here, world.there) for p in street.people.values()]
    with transaction.atomic():
        services.notify(recipients=[p.pk for p in people], occasion="x", subject="题", body="文", link="", at=at)
    for goal in (3, 9, 16):
        process = sender(post.port)
        pause = threading.Event()
        while len(post.taken) < goal and process.poll() is None:
            pause.wait(0.002)
        kill(process)
        process.stdout.close()
        process.stderr.close()
    Delivery.objects.filter(state="claimed").update(claimed_at=clock.now() - timedelta(minutes=11))
    services.send_due_deliveries()
    arrived = post.numbers()
    assert len(set(arrived)) == len(arrived)
    rows = dict(Delivery.objects.values_list("message_id", "state"))
    assert set(rows.values()) <= {"sent", "unknown"}
    assert {n for n, state in rows.items() if state == "sent"} <= set(arrived)
    assert {n for n in rows if n not in arrived} <= {n for n, state in rows.items() if state == "unknown"}
    assert list(rows.values()).count("unknown") <= 3
