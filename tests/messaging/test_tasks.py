"""The outbox with a real broker, a real worker, a worker that is killed, and a broker that is not there."""

import socket
import subprocess
import sys
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, transaction

from chuangtou import celery_app
from core import clock
from core.queue import QUEUES, queue_name
from messaging.models import Delivery, Notice
from messaging.tasks import send_due
from projects.models import Proposal
from reminders.tasks import sweep
from tests.messaging.make import make_notice
from tests.messaging.smtp import post_office
from tests.messaging.worker import environment, kill, until, worker
from tests.projects import make
from tests.world import build

pytestmark = pytest.mark.django_db(transaction=True)
NOTING = "tests.messaging.backends.Noting"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def queue(settings):
    """A prefix of this test's own queues; whatever is left in them is thrown away."""
    settings.QUEUE_PREFIX = f"test-{uuid4().hex}-"
    yield settings.QUEUE_PREFIX
    with celery_app.connection_for_write() as link:
        for lane in QUEUES:
            link.default_channel.queue_purge(queue_name(lane))


def lines(path):
    return path.read_text().split() if path.exists() else []


def test_tasks_are_known_by_their_names():
    celery_app.loader.import_default_modules()
    assert {"messaging.send_due", "reminders.sweep"} <= set(celery_app.tasks)
    assert {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()} <= set(celery_app.tasks)


def test_a_notice_is_mailed_by_a_worker_after_the_commit(tmp_path, queue, at):
    world, log = build(at), tmp_path / "mail.log"
    with worker(queue, tmp_path, EMAIL_BACKEND=NOTING, MAIL_LOG=str(log)):
        with transaction.atomic():
            notice = make_notice(world.here.people["member"], at)
            assert lines(log) == []
        until(lambda: Delivery.objects.filter(notice=notice, state="sent").exists())
    assert lines(log) == [Delivery.objects.get().message_id]


def test_a_worker_killed_between_acceptance_and_noting_leaves_unknown_and_no_second_mail(tmp_path, queue, at):
    """The SMTP server has the letter in its hands and has not said so yet when the worker dies."""
    world = build(at)
    with post_office() as post:
        post.answer = lambda number: "stall"
        mail = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(post.port)}
        with worker(queue, tmp_path, **mail) as first:
            with transaction.atomic():
                make_notice(world.here.people["member"], at)
                make_notice(world.here.people["office"], at)
            until(lambda: post.taken)
            kill(first)
        claimed = Delivery.objects.get(state="claimed")
        assert post.numbers() == [claimed.message_id]
        assert Delivery.objects.filter(state="due").count() == 1

        post.answer = lambda number: "250 ok"
        Delivery.objects.filter(pk=claimed.pk).update(claimed_at=clock.now() - timedelta(minutes=11))
        with worker(queue, tmp_path, **mail):
            send_due.apply_async()
            until(lambda: Delivery.objects.filter(state="sent").exists())
            send_due.apply_async()
            until(lambda: not Delivery.objects.filter(state__in=["due", "claimed"]).exists())
        other = Delivery.objects.exclude(pk=claimed.pk).get()
        assert Delivery.objects.get(pk=claimed.pk).state == "unknown"
        assert post.numbers() == [claimed.message_id, other.message_id]


OFFICE_DECIDES = """
import sys, time
import django
django.setup()
from django.test import Client
from accounts.models import User
office, proposal = int(sys.argv[1]), int(sys.argv[2])
client = Client()
client.force_login(User.objects.get(pk=office))
begun = time.monotonic()
answer = client.post(f"/proposals/{proposal}/", {"outcome": "pass"})
print(answer.status_code, time.monotonic() - begun < float(sys.argv[3]))
"""


@pytest.fixture
def silent():
    """The port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("broker", "seconds"), [("down", 20), ("silent", 20)])
def test_a_broker_that_is_not_there_does_not_fail_the_request_and_the_sweep_sends_later(
    at, mailoutbox, silent, broker, seconds
):
    here = build(at).here
    port = 1 if broker == "down" else silent
    proposal = make.make_submitted_proposal(here, at)
    env = environment(
        REDIS_URL=f"redis://127.0.0.1:{port}/0",
        PORTAL_OFFICER_HOLD_MINUTES="0",
        DJANGO_SETTINGS_MODULE="chuangtou.settings",
        PYTHONPATH=str(settings.BASE_DIR),
        PYTHONWARNINGS="ignore",
    )
    done = subprocess.run(
        [sys.executable, "-c", OFFICE_DECIDES, str(here.people["office"].pk), str(proposal.pk), str(seconds)],
        check=False,
        cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout.strip(), "broker unavailable" in done.stderr) == ("302 True", True)
    assert Proposal.objects.get().state == "passed"
    assert (Notice.objects.count(), Delivery.objects.get().state, mailoutbox) == (1, "due", [])
    sweep()
    assert (Delivery.objects.get().state, len(mailoutbox)) == ("sent", 1)
    sweep()
    assert len(mailoutbox) == 1


def test_the_sweep_reminds_and_sends_once(at, mailoutbox):
    now = clock.now()
    here = build(now - timedelta(days=5)).here
    make.make_draft(here, now - timedelta(days=5))
    assert here.round.apply_closes_at - now < timedelta(days=3)
    for _ in range(3):
        sweep()
    assert [m.subject for m in mailoutbox] == ["申报快截止了：第一期公益创投"]
    assert Notice.objects.get().recipient == here.people["member"]
    connection.close()
