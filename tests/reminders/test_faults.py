"""Sweeps and sending while servers, workers and clocks fail; letters are counted at a real SMTP server.

After each fault: nobody got a thing twice, and what did not arrive is marked 送达未知.
"""

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as live

from chuangtou import celery_app
from core.queue import MAIL, queue_name
from tests.jobs.broker import own_broker
from tests.jobs.processes import Crew, children_of
from tests.messaging.smtp import post_office
from tests.reminders.own_servers import PEOPLE, TODAY, Database, OwnPostgres, own_database, own_postgres

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.xdist_group("own-servers"),
]  # the mark makes the tables that are copied
SMTP = "django.core.mail.backends.smtp.EmailBackend"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def postgres(django_db_setup, django_db_blocker) -> Iterator[OwnPostgres]:
    with django_db_blocker.unblock(), own_postgres() as server:
        yield server


@pytest.fixture
def base(postgres) -> Iterator[Database]:
    with own_database(postgres, next(numbers)) as found:
        yield found


@pytest.fixture
def broker(settings, monkeypatch):
    with own_broker(settings, monkeypatch) as found:
        yield found


@pytest.fixture
def post():
    with post_office() as found:
        yield found


def mail(post, base):
    return {
        "DATABASE_URL": base.url, "EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(post.port), "TEST_BATCH": "5",
    }  # fmt: skip


@pytest.fixture
def crew(tmp_path, broker, post, base):
    crew = Crew(tmp_path)
    yield crew
    crew.end()


def until(fact: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


def look() -> None:
    """What beat says each minute."""
    celery_app.send_task("reminders.sweep", queue=queue_name(MAIL))


def slowly(post, pause=0.05):
    """Each letter takes its time, so that there is a middle."""
    post.answer = lambda number: time.sleep(pause) or "250 ok"


def states(base):
    return Counter(dict(base.say("SELECT state, count(*) FROM messaging_delivery GROUP BY 1")))


def all_over(base):
    found = states(base)
    return found.total() == PEOPLE and not found["due"] and not found["claimed"]


def settle(base, *, unknown=0):
    """Let the time of claims nobody noted pass, look again, and wait until nothing is open."""
    base.move_clock(11 * MINUTE)
    end = time.monotonic() + 60
    while not all_over(base):
        assert time.monotonic() < end, states(base)
        look()
        time.sleep(0.5)
    assert states(base)["unknown"] <= unknown


def check(base, post, *, people=PEOPLE, letters=1):
    """Each person told once; each letter once at the server; what is missing there says so."""
    told = base.say("SELECT recipient_id, count(*) FROM messaging_notice WHERE kind = 'reminders.digest' GROUP BY 1")
    assert Counter(count for _, count in told) == {letters: people}
    assert base.count("reminders_reminder") == people * letters
    rows = dict(base.say("SELECT message_id, state FROM messaging_delivery"))
    arrived = Counter(post.numbers())
    assert set(arrived.values()) <= {1}, "a letter arrived twice"
    assert set(arrived) <= set(rows)
    assert {n for n, state in rows.items() if state == "sent"} <= set(arrived)
    assert {rows[n] for n in rows if n not in arrived} <= {"unknown"}
    assert set(rows.values()) <= {"sent", "unknown"}


def test_redis_restarted_and_emptied_in_the_middle(crew, broker, base, post):
    slowly(post)
    crew.worker(**mail(post, base))
    look()
    until(lambda: len(post.taken) >= 5)
    broker.stop()
    broker.start()
    broker.forget_everything()
    until(lambda: len(post.taken) >= 10)
    look()
    settle(base)
    check(base, post)


def test_postgres_struck_down_in_the_middle_of_a_sweep(crew, broker, base, post, postgres):
    crew.worker(**mail(post, base))
    look()
    until(lambda: base.count("reminders_reminder") >= 5)
    postgres.strike()
    time.sleep(1)
    postgres.start()
    half = base.count("reminders_reminder")
    assert base.count("messaging_notice WHERE kind = 'reminders.digest'") == half
    assert half % 5 == 0  # whole batches
    settle(base, unknown=1)
    check(base, post)


def test_postgres_struck_down_in_the_middle_of_sending(crew, broker, base, post, postgres):
    slowly(post)
    crew.worker(**mail(post, base))
    look()
    until(lambda: len(post.taken) >= 8)
    postgres.strike()
    time.sleep(1)
    taken = len(post.taken)
    postgres.start()
    settle(base, unknown=1)
    check(base, post)
    assert taken < PEOPLE  # it was the middle


def test_a_worker_killed_with_its_child_in_the_middle_and_one_that_follows(crew, broker, base, post):
    slowly(post)
    first = crew.worker(**mail(post, base))
    look()
    until(lambda: len(post.taken) >= 5)
    crew.kill(first)
    assert states(base)["due"] > 0
    crew.worker(**mail(post, base))
    settle(base, unknown=1)
    check(base, post)


def test_a_child_killed_in_the_middle_of_a_sweep_is_replaced(crew, broker, base, post):
    main = crew.worker(**mail(post, base))
    look()
    until(lambda: base.count("reminders_reminder") >= 5)
    for child in children_of(main.pid):
        os.kill(child, 9)
    settle(base, unknown=1)
    check(base, post)


def test_two_beats_and_two_workers_at_once(crew, broker, base, post):
    for _ in range(2):
        crew.worker(**mail(post, base))
        crew.beat(TEST_SWEEPS="1", PORTAL_BEAT_WAIT="1", **mail(post, base))
    until(lambda: all_over(base), 90)
    first = len(post.taken)
    time.sleep(3)  # sweeps go on
    assert len(post.taken) == first == PEOPLE
    check(base, post)


# --- the clock: one process that sweeps when it is told to, no broker at all

SWEEPER = (
    "import sys, django\n"
    "django.setup()\n"
    "from reminders.tasks import sweep\n"
    "for line in sys.stdin:\n"
    "    sweep()\n"
    "    print('done', flush=True)\n"
)


@pytest.fixture
def sweep(base, post, tmp_path):
    """Call it, and a process without a broker has swept."""
    env = os.environ | mail(post, base) | {
        "DJANGO_SETTINGS_MODULE": "chuangtou.settings", "PYTHONWARNINGS": "ignore", "REDIS_URL": "redis://127.0.0.1:1/0",
        "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    }  # fmt: skip
    with (tmp_path / "sweeper.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", SWEEPER], cwd=live.BASE_DIR, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            text=True,
        )  # fmt: skip

        def call(at=None):
            if at is not None:
                base.set_clock(at)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "done\n", (tmp_path / "sweeper.log").read_text()[-2000:]

        yield call
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def test_a_broker_that_is_away_for_an_hour(base, post, sweep):
    """Told while it was away: the rows wait, then one letter each; what came for one person in that hour is one letter."""
    base.say(
        "INSERT INTO messaging_notice (recipient_id, occasion, kind, subject, body, link, created_at) "
        "SELECT id, 'away:' || n, 'general', '通知 ' || n, '请看一看。', '/help/', now() FROM accounts_user, generate_series(1, 5) n "
        "WHERE username LIKE 'k%%'"
    )
    base.say(
        "INSERT INTO messaging_delivery (notice_id, channel, message_id, state, attempts, resends, error) "
        "SELECT id, 'email', '<' || id || '.x@portal>', 'due', 0, 0, '' FROM messaging_notice WHERE kind = 'general'"
    )
    base.move_clock(HOUR)
    sweep()
    sweep()
    assert Counter(t.to[0] for t in post.taken) == {f"k{i}@test.invalid": 1 for i in range(PEOPLE)}
    assert {t.subject for t in post.taken} == {"您有 6 条消息"}  # five and the reminder
    assert states(base) == {"sent": PEOPLE, "merged": 5 * PEOPLE}


def test_a_clock_that_jumps_back_and_forth(base, post, sweep):
    for hours in (0, 1, -3, 2, -30, 5, 0, -1, 3, 1):
        sweep(TODAY + hours * HOUR)
    assert len(post.taken) == PEOPLE
    check(base, post)
    sweep(TODAY + 24 * HOUR)  # the last day itself
    for hours in (-25, 26, 0, 27):
        sweep(TODAY + hours * HOUR)
    assert len(post.taken) == 2 * PEOPLE
    check(base, post, letters=2)


def test_a_day_of_downtime_is_one_letter_not_two(base, post, sweep):
    """It was down over the whole day before: the last day's message alone, once."""
    sweep(datetime(2026, 11, 25, 1, 0, tzinfo=UTC))
    sweep(datetime(2026, 11, 25, 2, 0, tzinfo=UTC))
    assert len(post.taken) == PEOPLE
    assert base.say("SELECT DISTINCT days_before FROM reminders_reminder") == [(0,)]
    check(base, post)


def test_a_week_of_downtime_blasts_nobody(base, post, sweep):
    sweep(datetime(2026, 12, 2, 1, 0, tzinfo=UTC))
    assert (post.taken, base.count("messaging_notice WHERE kind = 'reminders.digest'")) == ([], 0)


def test_letters_that_wait_through_a_day_of_downtime_are_dropped_with_the_reason(base, post, sweep):
    """Told, then the mail server and everything else was down for a day: yesterday's message is not sent, today's is."""
    port, post.greeting = post.port, "421 closed"
    assert port
    sweep()
    assert states(base) == {"due": PEOPLE}
    post.greeting = "220 ready"
    sweep(TODAY + 24 * HOUR)
    assert states(base) == {"dropped": PEOPLE, "sent": PEOPLE}
    assert base.say("SELECT DISTINCT error FROM messaging_delivery WHERE state = 'dropped'") == [
        ("发送时已过时效，没有再发",)
    ]
    assert len(post.taken) == PEOPLE
