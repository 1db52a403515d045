"""The line of each person; cancelling, asking again, rights asked again, files past their time."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import RoleGrant
from audit.models import Event
from core import clock
from core.errors import NotAllowed
from jobs import services
from jobs.models import Job, StoredFile, TaskFailure
from jobs.registry import all_kinds, register
from jobs.services.ask import AlreadyEnded, StillGoing
from jobs.storage import WORKSHOP, is_used, place_of, store
from messaging.models import Notice
from tests.jobs import test_services  # noqa: F401 - registers the kinds
from tests.world import person


@register("test.office", may=lambda user, params: RoleGrant.objects.filter(user=user, role="office").exists())
def for_the_office(work):
    work.path.write_text("office")
    work.rows(1, 1)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def owner(world):
    return world.here.people["office"]


def ask(owner, at, kind="test.three", **params):
    return services.start_job(owner=owner, kind=kind, title="表", params=params, at=at)


def run(job, at):
    services.run_job(job_id=job.pk, clock_now=lambda: at)
    job.refresh_from_db()
    return job


def in_hands():
    return list(Job.objects.filter(handed_at__isnull=False, state__in=["waiting", "running"]).order_by("pk"))


def row(job):
    return Job.objects.values().get(pk=job.pk)


def test_two_are_handed_out_and_the_others_wait_in_their_order(owner, world, at):
    jobs = [ask(owner, at, n=n) for n in range(4)]
    assert in_hands() == jobs[:2]
    other = ask(world.here.people["leader"], at, n=9)
    assert in_hands() == [*jobs[:2], other]
    run(jobs[0], at)
    assert in_hands() == [*jobs[1:3], other]
    services.cancel_job(job_id=jobs[1].pk, by=owner, at=at)
    assert in_hands() == [*jobs[2:4], other]


def test_beyond_the_most_is_refused_and_nothing_is_written(owner, at):
    for n in range(services.MOST_OPEN):
        ask(owner, at, n=n)
    before = Event.objects.count()
    with pytest.raises(services.TooManyJobs) as refusal:
        ask(owner, at, n=99)
    assert refusal.value.message == "您已有 10 项导出在排队或生成，请等其中一项完成，或在下载中心取消一项后再试。"
    assert (Job.objects.count(), Event.objects.count()) == (services.MOST_OPEN, before)


def test_a_message_for_one_that_is_not_its_turn_is_no_harm(owner, at):
    jobs = [ask(owner, at, n=n) for n in range(3)]
    assert run(jobs[2], at).state == "done"
    assert in_hands() == jobs[:2]


def test_cancelled_twice_is_once_and_a_finished_one_stays(owner, at):
    job = ask(owner, at)
    services.cancel_job(job_id=job.pk, by=owner, at=at)
    before = row(job)
    services.cancel_job(job_id=job.pk, by=owner, at=at + timedelta(hours=1))
    assert (row(job), Event.objects.filter(verb="jobs.cancelled").count()) == (before, 1)
    assert run(job, at).state == "cancelled"
    done = run(ask(owner, at), at)
    before = row(done)
    with pytest.raises(AlreadyEnded) as refusal:
        services.cancel_job(job_id=done.pk, by=owner, at=at)
    assert (refusal.value.message, row(done)) == ("这项任务已经结束（已完成），不能取消。", before)


def test_another_persons_job_is_neither_cancelled_nor_retried(owner, world, at):
    job = ask(owner, at)
    before = row(job)
    for verb in (services.cancel_job, services.retry_job):
        with pytest.raises(NotAllowed):
            verb(job_id=job.pk, by=world.here.people["leader"], at=at)
    assert row(job) == before


def test_a_failed_one_is_done_again_and_an_old_run_of_it_counts_no_more(owner, at):
    job = run(ask(owner, at, "test.refused"), at)
    assert (job.state, job.attempts) == ("failed", 1)
    later = at + timedelta(hours=1)
    again = services.retry_job(job_id=job.pk, by=owner, at=later)
    assert (again.pk, again.state, again.error, again.attempts, again.attempts_allowed) == (job.pk, "waiting", "", 1, 4)
    assert (again.created_at, again.handed_at) == (later, later)
    assert services.retry_job(job_id=job.pk, by=owner, at=later).pk == job.pk
    assert Event.objects.filter(verb="jobs.retried").count() == 1
    Job.objects.filter(pk=job.pk).update(kind="test.three")
    assert (run(job, later).state, job.attempts) == ("done", 2)
    with pytest.raises(StillGoing):
        services.retry_job(job_id=job.pk, by=owner, at=later)


def test_a_retry_gives_way_to_the_same_work_that_waits(owner, at):
    first = ask(owner, at, n=1)
    services.cancel_job(job_id=first.pk, by=owner, at=at)
    second = ask(owner, at, n=1)
    assert services.retry_job(job_id=first.pk, by=owner, at=at) == second


def test_who_may_not_gets_no_job(world, at):
    with pytest.raises(NotAllowed):
        ask(world.here.people["leader"], at, "test.office")
    assert not Job.objects.exists()


def test_a_role_taken_away_before_the_run_leaves_no_file(owner, at):
    job = ask(owner, at, "test.office")
    RoleGrant.objects.filter(user=owner).delete()
    run(job, at)
    assert (job.state, job.error, StoredFile.objects.count()) == (
        "failed", "您已没有查看这份数据的权限，文件没有生成。", 0,
    )  # fmt: skip


def test_a_closed_account_gets_no_file(owner, at):
    job = ask(owner, at)
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    assert (run(job, at).state, StoredFile.objects.count()) == ("failed", 0)


def test_every_kind_says_who_may_have_it():
    assert {name for name, kind in all_kinds().items() if kind.may is None and not name.startswith("test.")} == set()


def test_who_waited_long_or_in_vain_is_told_once_in_the_inbox(owner, at):
    run(ask(owner, at, n=1), at + timedelta(seconds=5))
    assert not Notice.objects.exists()
    long = run(ask(owner, at, n=2), at + timedelta(seconds=30))
    run(long, at + timedelta(minutes=1))
    bad = run(ask(owner, at, "test.refused"), at)
    told = list(Notice.objects.order_by("pk").values_list("recipient", "subject", "link"))
    assert told == [
        (owner.pk, "文件已做好：表", f"/jobs/{long.pk}/"), (owner.pk, "文件没有做成：表", f"/jobs/{bad.pk}/"),
    ]  # fmt: skip
    assert not Notice.objects.filter(deliveries__isnull=False).exists()


def test_a_file_past_its_time_goes_and_its_row_says_so(owner, at):
    job = run(ask(owner, at), at)
    place = place_of(job.file)
    assert services.tidy(at=at + services.KEPT - timedelta(seconds=1)) == 0
    assert place.exists()
    assert (services.tidy(at=at + services.KEPT), services.tidy(at=at + services.KEPT)) == (1, 0)
    job.refresh_from_db()
    assert (job.state, job.file_id, place.exists(), StoredFile.objects.count()) == ("expired", None, False, 0)
    assert services.retry_job(job_id=job.pk, by=owner, at=at).state == "waiting"


def test_the_same_content_of_another_row_is_kept_on_the_disk(owner, at):
    first = run(ask(owner, at, n=1), at)
    second = run(ask(owner, at + timedelta(days=1), n=2), at + timedelta(days=1))
    assert first.file.path == second.file.path
    assert services.tidy(at=at + services.KEPT) == 1
    assert (place_of(second.file).read_text(), StoredFile.objects.get()) == ("three", second.file)


def test_a_file_that_another_row_needs_is_never_removed(owner, at):
    first = run(ask(owner, at, n=1), at)
    second = run(ask(owner, at, n=2), at + timedelta(days=1))
    Job.objects.filter(pk=second.pk).update(file=first.file)
    assert is_used(first.file)
    assert services.tidy(at=at + services.KEPT) == 1
    assert place_of(first.file).exists()
    assert StoredFile.objects.filter(pk=first.file.pk).exists()


def test_tidying_clears_what_killed_workers_left(owner, at, settings):
    import os

    old, fresh = (settings.MEDIA_ROOT / WORKSHOP / n for n in ("1-old", "2-fresh"))
    for folder in (old, fresh):
        folder.mkdir(parents=True)
        (folder / "out").write_text("half")
    os.utime(old, (0, 0))
    TaskFailure.objects.create(name="x", task_key="1", error="E", failed_at=at - timedelta(days=91))
    TaskFailure.objects.create(name="x", task_key="2", error="E", failed_at=at)
    services.tidy(at=at)
    assert (old.exists(), fresh.exists(), TaskFailure.objects.get().task_key) == (False, True, "2")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "done"},
        {"state": "failed", "finished_at": "2026-11-23T04:00Z"},
        {"state": "cancelled"},
        {"state": "running", "beat_at": None},
        {"attempts": 4},
    ],
)
def test_the_database_refuses_half_states(owner, at, change):
    job = ask(owner, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(pk=job.pk).update(**change)


def test_a_failure_is_noted_once_and_without_anybodys_data(db, at):
    for _ in range(2):
        services.note_failure(
            name="x.y", task_key="k", args=[7, [8], "某人 13800000000"], error=ValueError("13800000000"), at=at
        )
    assert list(TaskFailure.objects.values_list("name", "args", "error", "place")) == [
        ("x.y", [7, [8], "…"], "ValueError", "")
    ]


# --- at once


def together(*acts):
    barrier, results = threading.Barrier(len(acts)), []

    def work(act):
        try:
            barrier.wait()
            results.append(act())
        except Exception as error:  # noqa: BLE001 - looked at by the test
            results.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_the_same_moment_is_one_job():
    at = clock.now()
    user = person("owner", at)
    found = together(*[lambda: ask(user, at, n=1).pk] * 4)
    assert (Job.objects.count(), set(found)) == (1, {Job.objects.get().pk})


@pytest.mark.django_db(transaction=True)
def test_a_job_delivered_twice_at_the_same_moment_is_run_once():
    at = clock.now()
    job = ask(person("owner", at), at)
    together(*[lambda: services.run_job(job_id=job.pk)] * 3)
    job.refresh_from_db()
    assert (job.state, job.attempts, StoredFile.objects.count()) == ("done", 1, 1)


@pytest.mark.django_db(transaction=True)
def test_storing_and_removing_the_same_content_take_turns(settings):
    at = clock.now()
    run(ask(person("owner", at), at), at)
    source = settings.MEDIA_ROOT / "copy"
    source.write_text("three")

    def keep():
        with transaction.atomic():
            return store(source=source, shown_name="甲", content_type="text/plain", at=at)

    together(keep, lambda: services.tidy(at=at + services.KEPT))
    assert place_of(StoredFile.objects.get()).read_text() == "three"
