"""Real workers on a real broker of the test's own: killed, flushed, stopped, cancelled, too slow."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings as live
from django.db import transaction

from core import clock
from core.queue import enqueue, queue_name
from jobs import services
from jobs.models import Heartbeat, Job, StoredFile, TaskFailure
from jobs.services import line
from jobs.storage import WORKSHOP, place_of
from messaging.models import Delivery, Notice
from needs.models import Need
from tests.house.scene import play
from tests.jobs import celery_app as kinds
from tests.jobs.broker import own_broker
from tests.jobs.processes import Crew, children_of, wait
from tests.live import database_url
from tests.world import build, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(settings, monkeypatch):
    with own_broker(settings, monkeypatch) as found:
        yield found


@pytest.fixture
def crew(tmp_path, settings, broker):
    settings.MEDIA_ROOT = tmp_path / "media"
    crew = Crew(tmp_path)
    yield crew
    crew.end()


@pytest.fixture
def owner():
    return person("owner", clock.now())


def ask(owner, kind="test.slow", **params):
    return services.start_job(owner=owner, kind=kind, title="长表", params=params, at=clock.now())


def facts(job):
    return Job.objects.get(pk=job.pk)


def workshop(settings):
    folder = settings.MEDIA_ROOT / WORKSHOP
    return list(folder.iterdir()) if folder.exists() else []


def lines(n):
    return "".join(f"{i}\n" for i in range(1, n + 1))


def test_worker_killed_half_way_leaves_one_whole_file(crew, owner, settings):
    job = ask(owner, rows=30, pause=0.1)
    first = crew.worker()
    wait(lambda: facts(job).rows_done >= 3)
    crew.kill(first)
    half = facts(job)
    assert (half.state, half.file_id) == ("running", None)
    crew.worker()
    assert services.sweep(at=clock.now() + services.STALE * 2) == 1
    wait(lambda: facts(job).state == "done")
    done = facts(job)
    assert (done.attempts, done.rows_done, done.rows_total) == (2, 30, 30)
    assert place_of(done.file).read_text() == lines(30)
    assert StoredFile.objects.count() == 1


def test_a_killed_child_is_replaced_and_its_job_goes_on_at_once(crew, owner, settings):
    job = ask(owner, rows=30, pause=0.1)
    main = crew.worker()
    wait(lambda: facts(job).rows_done >= 3)
    (child,) = children_of(main.pid)
    os.kill(child, signal.SIGKILL)
    wait(lambda: facts(job).state == "done")
    done = facts(job)
    assert (done.attempts, place_of(done.file).read_text()) == (2, lines(30))
    assert StoredFile.objects.count() == 1


def test_a_broker_that_forgot_everything_is_told_again_once(crew, broker, owner):
    jobs = [ask(owner, rows=3, pause=0, n=n) for n in range(4)]
    with broker.client() as client:
        assert client.llen(queue_name("interactive")) == services.AT_ONCE
    broker.forget_everything()
    later = clock.now() + services.STALE * 2
    assert (services.sweep(at=later), services.sweep(at=later)) == (services.AT_ONCE, 0)
    with broker.client() as client:
        assert client.llen(queue_name("interactive")) == services.AT_ONCE
    crew.worker()
    wait(lambda: all(facts(job).state == "done" for job in jobs))
    assert [facts(job).attempts for job in jobs] == [1, 1, 1, 1]
    assert StoredFile.objects.count() == 4


def test_a_running_job_that_is_cancelled_stops_and_leaves_nothing(crew, owner, settings):
    job, following = ask(owner, rows=3000, pause=0.05), ask(owner, rows=3, pause=0)
    crew.worker()
    wait(lambda: facts(job).rows_done >= 3)
    services.cancel_job(job_id=job.pk, by=owner, at=clock.now())
    wait(lambda: facts(following).state == "done")
    stopped = facts(job)
    assert (stopped.state, stopped.file_id, StoredFile.objects.count()) == ("cancelled", None, 1)
    assert stopped.rows_done < 300
    assert workshop(settings) == []


def test_a_job_that_takes_too_long_fails_with_a_sentence(crew, owner, settings, monkeypatch):
    monkeypatch.setitem(line.SOFT_LIMIT, "interactive", 2)
    job = ask(owner, rows=3000, pause=0.05)
    crew.worker()
    wait(lambda: facts(job).state == "failed")
    assert facts(job).error == "超过 10 分钟仍未完成，已停止。请缩小范围后重试；如仍不成功，请联系系统管理员。"
    assert (workshop(settings), Notice.objects.get().subject) == ([], "文件没有做成：长表")


def test_dead_letters_are_noted_without_anybodys_data(crew, broker):
    with transaction.atomic():
        enqueue(kinds.faulty, 7, 8)
        enqueue(kinds.endless, 9)
    crew.worker()
    wait(lambda: TaskFailure.objects.count() == 2)
    found = {f.name: (f.args, f.error) for f in services.failures()}
    assert found == {"test.faulty": ([7, 8], "ValueError"), "test.endless": ([9], "TimeLimitExceeded")}
    assert TaskFailure.objects.get(name="test.faulty").place.startswith("tests/jobs/celery_app.py:")
    assert "13800000000" not in str(list(TaskFailure.objects.values()))


def test_a_database_that_is_away_is_tried_again_in_the_same_queue(crew, tmp_path):
    tries = tmp_path / "tries"
    with transaction.atomic():
        enqueue(kinds.flaky, str(tries))
    crew.worker()
    wait(lambda: tries.exists() and len(tries.read_text().split()) == 2)
    assert tries.read_text().split() == ["bulk", "bulk"]
    assert not TaskFailure.objects.exists()


def test_a_worker_gives_signs_of_life_until_it_is_killed(crew, broker):
    main = crew.worker()
    wait(services.workers_seen)
    (seen,) = services.workers_seen()
    assert (seen.lanes, seen.seconds_ago < 20) == (("interactive", "bulk", "mail"), True)
    crew.kill(main)
    assert services.workers_seen()[0].seconds_ago >= 0


def test_two_beats_send_as_one_and_the_second_takes_over(crew, broker):
    def sent():
        with broker.client() as client:
            return client.llen("interactive")

    first = crew.beat(TEST_BEAT="1", PORTAL_BEAT_WAIT="1")
    wait(lambda: sent() >= 1)
    crew.beat(TEST_BEAT="1", PORTAL_BEAT_WAIT="1")
    wait(lambda: "this beat waits" in crew.logs() or crew.logs().count("beat: Starting") == 2)
    time.sleep(2)
    before, begun = sent(), time.monotonic()
    time.sleep(5)
    per_second = (sent() - before) / (time.monotonic() - begun)
    assert 0.6 < per_second < 1.3
    crew.kill(first)
    left = sent()
    wait(lambda: sent() > left + 1, 15)
    assert clock.now() - Heartbeat.objects.get(name="beat").at < timedelta(seconds=15)


def test_two_sweeps_at_once_hand_each_job_out_once(crew, broker, owner):
    for n in range(2):
        ask(owner, rows=1, pause=0, n=n)
    broker.forget_everything()
    code = "import django; django.setup(); from jobs.services import sweep; from core.clock import now; from datetime import timedelta; print(sweep(at=now() + timedelta(minutes=5)))"
    env = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "chuangtou.settings"}
    pair = [
        subprocess.Popen([sys.executable, "-c", code], cwd=live.BASE_DIR, env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    counts = [int(p.communicate()[0]) for p in pair]
    with broker.client() as client:
        messages = client.llen("interactive")
    assert (messages, sum(counts)) == (2, 2)


def test_without_redis_the_whole_competition_goes_on_and_the_rest_waits(crew, broker, settings, tmp_path):
    """Needs, orders, proposals, sheets, the lock, a plan, a notice, an objection: all of it with the broker stopped."""
    broker.stop()
    at = clock.now()
    scene = play(build(at), at)
    job = Job.objects.get(pk=scene.ids["job_id"])
    assert (job.state, job.handed_at, Need.objects.count()) == ("waiting", None, 2)
    assert Delivery.objects.filter(state="due").exists()
    assert services.sweep(at=clock.now()) == 1  # tried, in vain
    assert Job.objects.get(pk=job.pk).handed_at is None
    broker.start()
    crew.worker()
    assert services.sweep(at=clock.now()) == 1
    wait(lambda: facts(job).state == "done")
    assert facts(job).attempts == 1


MEASURE = """
import resource, sys, django
django.setup()
import tests.jobs.celery_app
from jobs.services import run_job
run_job(job_id=int(sys.argv[1]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_fifty_thousand_rows_take_no_more_memory_than_a_thousand(crew, owner, tmp_path):
    env = os.environ | {
        "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "chuangtou.settings", "PORTAL_DATA": str(tmp_path),
        "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    peak = {}
    for rows in (1000, 50_000):
        job = ask(owner, "test.long", rows=rows)
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(job.pk)], cwd=live.BASE_DIR, env=env, capture_output=True, text=True, check=True
        )  # fmt: skip
        peak[rows] = int(done.stdout)
        found = facts(job)
        assert (found.state, found.rows_done, found.lane) == ("done", rows, "bulk" if rows >= 5000 else "interactive")
    assert peak[50_000] - peak[1000] < 15, peak
