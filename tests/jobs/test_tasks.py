"""A real worker on a real Redis is killed half-way; the next one finishes, with one file and every row."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings as live

from chuangtou import celery_app
from core import clock
from jobs import services
from jobs.models import Job, StoredFile
from jobs.storage import place_of
from tests.jobs import celery_app as slow_kind  # noqa: F401 - registers the slow kind
from tests.live import database_url
from tests.world import person

QUEUE = "test-jobs"


def wait(until, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until():
            return
        time.sleep(0.1)
    raise AssertionError("not in time")


@pytest.fixture
def worker(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    env = os.environ | {"PORTAL_DATA": str(tmp_path), "DATABASE_URL": database_url()}
    running = []

    def begin():
        with (tmp_path / f"worker{len(running)}.log").open("wb") as log:
            process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.jobs.celery_app:celery", "worker", "-Q", QUEUE, "-c", "1", "-l", "INFO", "--without-gossip", "--without-mingle"],
            cwd=live.BASE_DIR, env=env, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        running.append(process)
        return process

    before = celery_app.conf.task_default_queue
    celery_app.conf.task_default_queue = QUEUE
    yield begin
    celery_app.conf.task_default_queue = before
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.django_db(transaction=True)
def test_worker_killed_half_way_leaves_one_whole_file(worker):
    at = clock.now()
    owner = person("owner", at)
    job = services.start_job(owner=owner, kind="test.slow", title="长表", params={"rows": 30, "pause": 0.1}, at=at)
    first = worker()
    wait(lambda: Job.objects.get(pk=job.pk).rows_done >= 3)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    half = Job.objects.get(pk=job.pk)
    assert (half.state, half.file_id) == ("running", None)
    worker()
    later = clock.now() + services.STALE * 2
    assert services.sweep(at=later) == 1
    wait(lambda: Job.objects.get(pk=job.pk).state == "done")
    done = Job.objects.get(pk=job.pk)
    assert (done.attempts, done.rows_done, done.rows_total) == (2, 30, 30)
    assert place_of(done.file).read_text() == "".join(f"{i}\n" for i in range(1, 31))
    assert StoredFile.objects.count() == 1
