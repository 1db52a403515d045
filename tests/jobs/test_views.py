"""The download centre belongs to its owner."""

from datetime import timedelta

import pytest

from jobs import services
from jobs.models import Job
from tests.jobs import test_services  # noqa: F401 - registers the kinds


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
    for i in range(20):
        services.start_job(owner=office, kind="test.three", title=f"表{i}", params={"i": i}, at=at)
    assert count() == few
