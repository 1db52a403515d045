"""/readyz, /metrics and 运行状态: what machines and the operator are told, and who is told nothing."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from jobs import services
from jobs.models import Heartbeat, TaskFailure
from jobs.services import pulse
from portal import health
from tests.jobs import test_services  # noqa: F401 - registers the kinds
from tests.messaging.make import make_delivery

ALL = ("interactive", "bulk", "mail")


@pytest.fixture
def prefix(settings):
    """Queues and signs of life of this test alone; gone at its end."""
    settings.QUEUE_PREFIX = f"test-operations-{uuid4().hex}-"
    yield settings.QUEUE_PREFIX
    client = pulse._client(settings.REDIS_URL)
    for key in client.scan_iter(match=f"{pulse.SIGNS}{settings.QUEUE_PREFIX}*"):
        client.delete(key)


@pytest.fixture
def running(prefix, db):
    """A worker for all queues and beat have just been seen."""
    services.note_worker(name="work@here", queues=[f"{prefix}{lane}" for lane in ALL])
    services.note_beat(at=clock.now())


def ready(client, query=""):
    answer = client.get(f"/readyz{query}")
    body = answer.json()
    return answer.status_code, body["ok"], sorted(key for key, well in body["checks"].items() if not well)


def test_ready_when_everything_is_there(client, running):
    assert ready(client) == (200, True, [])
    assert list(client.get("/readyz").json()["checks"]) == [
        "database", "migrations", "disk", "broker", "workers", "beat", "clock",
    ]  # fmt: skip


def test_a_queue_without_a_worker_is_an_alarm(client, prefix, db):
    services.note_worker(name="work@here", queues=[f"{prefix}interactive", f"{prefix}mail"])
    services.note_beat(at=clock.now())
    assert ready(client) == (503, False, ["workers"])
    words = {c.key: c.words for c in health.checks(health.broker())}
    assert words["workers"] == "没有进程在处理：大批量导出"


def test_beat_that_stopped_is_an_alarm(client, running):
    Heartbeat.objects.update(at=clock.now() - timedelta(hours=3))
    assert ready(client) == (503, False, ["beat"])
    words = {c.key: c.words for c in health.checks(health.broker())}
    assert words["beat"] == "已停 180 分钟：提醒、邮件和中断的导出不会继续"


def test_without_redis_pages_are_ready_and_the_whole_is_not(client, db, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert ready(client) == (503, False, ["beat", "broker"])
    assert ready(client, "?for=pages") == (200, True, [])


def test_a_full_disk_is_an_alarm_for_pages_too(client, running, settings):
    settings.DISK_FREE_AT_LEAST = 10**18
    assert ready(client, "?for=pages") == (503, False, ["disk"])


def test_a_migration_that_is_missing_is_an_alarm(client, running, monkeypatch):
    monkeypatch.setattr(health, "_applied", [])
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'jobs' AND name = '0002_jobs_grow'")
    assert ready(client, "?for=pages") == (503, False, ["migrations"])


def test_metrics_are_not_there_for_anybody(client, db, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "secret-token"
    for told in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer secret"}, {"Authorization": "Basic é"}):
        assert client.get("/metrics", headers=told).status_code == 404


def test_metrics_by_token(client, running, settings, world, at):
    settings.METRICS_TOKEN = "secret-token"
    make_delivery(world.here.people["member"], at, "failed")
    TaskFailure.objects.create(name="x", task_key="1", error="E", failed_at=clock.now())
    services.start_job(owner=world.here.people["office"], kind="test.three", title="表", params={}, at=at)
    answer = client.get("/metrics", headers={"Authorization": "Bearer secret-token"})
    text = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    found = dict(re.findall(r"^(chuangtou_\S+) (\S+)$", text, re.MULTILINE))
    assert {k: v for k, v in found.items() if "seconds" not in k and "disk_free" not in k} == {
        **{f'chuangtou_check{{check="{key}"}}': "1.0" for key in ("database", "migrations", "disk", "broker", "workers", "beat", "clock")},
        **{f'chuangtou_queue_messages{{queue="{lane}"}}': "0.0" for lane in ALL},
        "chuangtou_jobs_waiting": "1.0",
        "chuangtou_jobs_running": "0.0",
        "chuangtou_deliveries_due": "0.0",
        "chuangtou_deliveries_in_trouble": "1.0",
        "chuangtou_tasks_given_up": "1.0",
    }  # fmt: skip
    assert float(found["chuangtou_jobs_oldest_waiting_seconds"]) > 0


def test_metrics_by_network_but_never_through_a_proxy(client, db, settings):
    from ipaddress import ip_network

    settings.METRICS_FROM = [ip_network("10.1.0.0/16")]
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.2.2.3").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404
    forged = client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers={"X-Forwarded-For": "10.1.2.3"})
    assert forged.status_code == 404


def test_the_operator_reads_it_in_words(client, running, world, at):
    TaskFailure.objects.create(
        name="jobs.run", task_key="k-1", args=[7], error="ValueError", place="jobs/x.py:3", failed_at=at
    )
    client.force_login(world.here.people["system_admin"])
    page = client.get("/operations/").content.decode()
    for words in (
        "一切正常。",
        "work@here",
        "即时任务、大批量导出、消息发送",
        "jobs/x.py:3",
        "k-1",
        "备份由服务器另行安排",
    ):
        assert words in page
    assert '<a href="/operations/"' in client.get("/home/").content.decode().replace(' class="nav-link"', "")


def test_the_operator_reads_it_without_redis_too(client, world, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    client.force_login(world.here.people["system_admin"])
    answer = client.get("/operations/")
    assert answer.status_code == 200
    assert "连接不上：导出和邮件在排队，恢复后自动继续" in answer.content.decode()


@pytest.mark.parametrize("role", ["office", "leader", "supervisor", "security_admin", "audit_admin", "member"])
def test_nobody_else_reads_it(client, world, role):
    client.force_login(world.here.people[role])
    assert client.get("/operations/").status_code == 403


def test_the_page_costs_the_same_at_any_length(client, running, world, at):
    client.force_login(world.here.people["system_admin"])

    def queries():
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/operations/").status_code == 200
        return len(seen)

    def fail(numbers):
        for n in numbers:
            TaskFailure.objects.create(name="x", task_key=str(n), error="E", failed_at=at)

    queries()
    fail(range(3))
    few = queries()
    fail(range(3, 300))
    assert queries() == few
