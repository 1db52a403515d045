"""The download centre belongs to its owner."""

from datetime import timedelta

import pytest

from accounts.models import RoleGrant
from core import clock
from jobs import services
from jobs.domain.words import left_words
from jobs.models import Job
from tests.jobs import test_line, test_services  # noqa: F401 - register the kinds


@pytest.fixture
def job(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    job = services.start_job(owner=world.here.people["office"], kind="test.three", title="评分汇总表", params={}, at=at)
    services.run_job(job_id=job.pk)
    return job


@pytest.mark.parametrize("name", ["", "state/", "file/"])
def test_another_persons_job_is_not_found(client, world, job, name):
    for who in (world.here.people["leader"], world.there.people["office"]):
        client.force_login(who)
        assert client.get(f"/jobs/{job.pk}/{name}").status_code == 404
    client.force_login(world.here.people["office"])
    answer = client.get(f"/jobs/{job.pk}/{name}")
    assert answer.status_code == 200
    answer.close()


def test_download_is_an_attachment_with_its_chinese_name(client, world, job):
    client.force_login(world.here.people["office"])
    answer = client.get(f"/jobs/{job.pk}/file/")
    assert b"".join(answer.streaming_content) == b"three"
    assert "filename*=utf-8''%E8%AF%84%E5%88%86" in answer["Content-Disposition"]
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]


def test_expired_download_says_so(client, world, job, at):
    client.force_login(world.here.people["office"])
    Job.objects.filter(pk=job.pk).update(expires_at=at - timedelta(days=900))
    answer = client.get(f"/jobs/{job.pk}/file/")
    assert answer.status_code == 410
    assert "下载期限" in answer.content.decode()


def test_list_costs_the_same_at_any_length(client, world, job, at, django_assert_num_queries):
    office = world.here.people["office"]
    client.force_login(office)
    client.get("/jobs/")

    def count():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as seen:
            assert client.get("/jobs/").status_code == 200
        return len(seen)

    few = count()
    for i in range(10):
        services.start_job(owner=office, kind="test.three", title=f"表{i}", params={"i": i}, at=at)
    assert count() == few


@pytest.mark.parametrize("name", ["cancel/", "retry/"])
def test_buttons_are_for_the_owner_by_post(client, world, job, name):
    before = Job.objects.values().get()
    for who in (world.here.people["leader"], world.there.people["office"]):
        client.force_login(who)
        assert client.post(f"/jobs/{job.pk}/{name}").status_code == 404
    client.force_login(world.here.people["office"])
    assert client.get(f"/jobs/{job.pk}/{name}").status_code == 405
    answer = client.post(f"/jobs/{job.pk}/{name}")
    assert (answer.status_code, Job.objects.values().get()) == (409, before)


def test_cancel_and_ask_again_by_the_buttons_of_the_list(client, world, at):
    office = world.here.people["office"]
    client.force_login(office)
    job = services.start_job(owner=office, kind="test.three", title="表甲", params={}, at=at)
    page = client.get("/jobs/").content.decode()
    assert f'action="/jobs/{job.pk}/cancel/"' in page
    answer = client.post(f"/jobs/{job.pk}/cancel/", {"back": "/jobs/?page=1"}, follow=True)
    assert answer.redirect_chain == [("/jobs/?page=1", 302)]
    page = answer.content.decode()
    assert "已取消“表甲”。需要时可以重新生成。" in page
    assert f'action="/jobs/{job.pk}/retry/"' in page
    client.post(f"/jobs/{job.pk}/retry/")
    assert Job.objects.get().state == "waiting"


@pytest.mark.parametrize("there", ["https://evil.invalid/", "//evil.invalid/", "javascript:alert(1)"])
def test_a_forged_way_back_leads_to_the_job(client, world, at, there):
    office = world.here.people["office"]
    client.force_login(office)
    job = services.start_job(owner=office, kind="test.three", title="表", params={}, at=at)
    assert client.post(f"/jobs/{job.pk}/cancel/", {"back": there})["Location"] == f"/jobs/{job.pk}/"


def test_a_right_that_was_taken_away_takes_the_file_along(client, world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    office = world.here.people["office"]
    job = services.start_job(owner=office, kind="test.office", title="表", params={}, at=at)
    services.run_job(job_id=job.pk)
    client.force_login(office)
    assert b"".join(client.get(f"/jobs/{job.pk}/file/").streaming_content) == b"office"
    RoleGrant.objects.filter(user=office).delete()
    assert client.get(f"/jobs/{job.pk}/file/").status_code == 404
    assert "您已没有查看这份数据的权限" in client.get(f"/jobs/{job.pk}/").content.decode()


def test_what_waits_says_why(client, world, at):
    office = world.here.people["office"]
    client.force_login(office)
    now = clock.now()
    jobs = [services.start_job(owner=office, kind="test.three", title="表", params={"n": n}, at=now) for n in range(3)]
    notes = [client.get(f"/jobs/{job.pk}/state/").json()["note"] for job in jobs]
    assert notes == ["排队中，马上开始", "排队中，马上开始", "排队中，前面的导出做完就轮到"]
    Job.objects.filter(pk=jobs[0].pk).update(handed_at=None)
    assert "排队中，系统恢复后自动继续" in client.get(f"/jobs/{jobs[0].pk}/").content.decode()
    Job.objects.filter(pk=jobs[0].pk).update(handed_at=now - timedelta(minutes=5))
    assert client.get(f"/jobs/{jobs[0].pk}/state/").json()["note"] == "排队中，系统恢复后自动继续"


def test_an_expired_one_says_so_and_can_be_made_again(client, world, job):
    services.tidy(at=job.created_at + timedelta(days=900))
    client.force_login(world.here.people["office"])
    assert client.get(f"/jobs/{job.pk}/file/").status_code == 410
    assert "已经删除" in client.get(f"/jobs/{job.pk}/").content.decode()
    assert "文件已到期删除，可重新生成" in client.get("/jobs/").content.decode()


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=6, hours=1), "还有 6 天到期"),
        (timedelta(hours=12), "明天 00:00 到期"),
        (timedelta(hours=2, minutes=3), "今天 14:03 到期"),
        (timedelta(0), "已过期"),
    ],
)
def test_how_long_in_words(at, left, words):
    assert left_words(at + left, at) == words


def test_too_many_are_refused_politely(client, world, at):
    office = world.here.people["office"]
    for n in range(services.MOST_OPEN):
        services.start_job(owner=office, kind="test.three", title="表", params={"n": n}, at=at)
    job = services.start_job(owner=office, kind="test.three", title="表", params={"n": 0}, at=at)
    cancelled = services.cancel_job(job_id=job.pk, by=office, at=at)
    services.start_job(owner=office, kind="test.three", title="表", params={"n": 99}, at=at)
    client.force_login(office)
    answer = client.post(f"/jobs/{cancelled.pk}/retry/")
    assert answer.status_code == 409
    assert "您已有 10 项导出在排队或生成" in answer.content.decode()
