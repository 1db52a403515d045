"""Background jobs: twice-sent, superseded, failed, swept; and a worker killed half-way."""

import errno
from datetime import timedelta

import pytest

from audit.models import Event
from core.errors import DomainError
from jobs import services
from jobs.models import Job
from jobs.registry import UnknownKind, register
from jobs.storage import WORKSHOP, place_of


@register("test.three")
def three(work):
    for i in (1, 2, 3):
        work.rows(i, 3)
    work.path.write_text("three")


@register("test.refused")
def refused(work):
    raise DomainError("评审会尚未锁定。")


@register("test.broken")
def broken(work):
    raise RuntimeError("boom")


@register("test.full")
def full(work):
    work.path.write_text("half")
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def owner(world):
    return world.here.people["office"]


def start(owner, at, kind="test.three", **params):
    return services.start_job(owner=owner, kind=kind, title="评分汇总表", params=params, at=at)


def test_run_stores_the_file_and_all_rows(owner, at):
    job = start(owner, at)
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    assert (job.state, job.rows_done, job.rows_total, job.attempts) == ("done", 3, 3, 1)
    assert place_of(job.file).read_text() == "three"
    assert job.expires_at == at + timedelta(days=7)
    assert job.file.shown_name == "评分汇总表.xlsx"


def test_same_click_twice_is_one_job(owner, at):
    assert start(owner, at, session=1).pk == start(owner, at, session=1).pk
    assert start(owner, at, session=2).pk != start(owner, at, session=1).pk
    assert Event.objects.filter(verb="jobs.started").count() == 2


def test_delivered_twice_runs_once(owner, at):
    job = start(owner, at)
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    assert job.attempts == 1


def test_a_run_that_was_superseded_leaves_no_file(owner, at):
    job = start(owner, at)

    @register("test.overtaken")
    def overtaken(work):
        Job.objects.filter(pk=work.params["job"]).update(attempts=2)
        work.rows(1, 1)
        raise AssertionError("a superseded run must stop at its next row")

    Job.objects.filter(pk=job.pk).update(kind="test.overtaken", params={"job": job.pk})
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    assert (job.state, job.file_id, job.attempts) == ("running", None, 2)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("test.refused", "评审会尚未锁定。"),
        ("test.full", "服务器磁盘空间不足，文件没有生成。请联系系统管理员，清理后重试。"),
        ("test.broken", "程序出错，未能生成文件，请重试；如仍不成功，请联系系统管理员。"),
    ],
)
def test_failure_is_a_sentence(owner, at, kind, words, caplog, settings):
    job = start(owner, at, kind)
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    assert (job.state, job.error, job.file_id) == ("failed", words, None)
    assert list((settings.MEDIA_ROOT / WORKSHOP).iterdir()) == []


def test_after_three_interruptions_the_job_fails(owner, at):
    job = start(owner, at)
    Job.objects.filter(pk=job.pk).update(state="running", beat_at=at, attempts=3)
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "多次中断，未能完成，请重新提交。")


def test_sweep_hands_out_lost_work_only(owner, at):
    long_ago = at - timedelta(minutes=3)
    lost, fresh, stale, busy = [start(owner, at, n=n) for n in range(4)]
    Job.objects.filter(pk=lost.pk).update(handed_at=long_ago)
    Job.objects.filter(pk=stale.pk).update(state="running", beat_at=long_ago, handed_at=long_ago)
    Job.objects.filter(pk=busy.pk).update(state="running", beat_at=at, handed_at=long_ago)
    assert (services.sweep(at=at), services.sweep(at=at)) == (2, 0)
    handed = dict(Job.objects.values_list("pk", "handed_at"))
    assert handed == {lost.pk: at, fresh.pk: at, stale.pk: at, busy.pk: long_ago}


def test_unknown_kind_is_refused(owner, at):
    with pytest.raises(UnknownKind):
        start(owner, at, "no.such")
    assert not Job.objects.exists()
