"""下载中心 moves by itself; buttons work without leaving the list; 运行状态 reads well when all is not well."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core import clock
from jobs import services
from jobs.models import Job, TaskFailure
from tests.browser.walker import Walker
from tests.jobs import test_services  # noqa: F401 - registers the kinds
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


def ask(owner, title, at, kind="test.three"):
    return services.start_job(owner=owner, kind=kind, title=title, params={"title": title}, at=at)


@pytest.mark.parametrize("phone", [False, True])
def test_download_centre_from_the_bar_to_the_file(chromium, live_server, settings, media, phone):
    settings.QUEUE_PREFIX = "test-browser-"
    at = clock.now()
    office = build(at).here.people["office"]
    walker = Walker(chromium, live_server.url, phone=phone)
    walker.sign_in("office_a", PASSWORD)
    walker.go("/jobs/", "下载中心空")
    walker.says("还没有导出过文件")
    old = ask(office, "第一期-资金分配方案表-第1版", at - timedelta(days=8))
    services.run_job(job_id=old.pk, clock_now=lambda: at - timedelta(days=8))
    services.tidy(at=at)
    bad = ask(office, "第一期-评分汇总表", at, "test.refused")
    services.run_job(job_id=bad.pk)
    done = ask(office, "第一期-评委评分表", at)
    services.run_job(job_id=done.pk)
    job, third, fourth = (ask(office, f"第一期-申报项目汇总表（{n}）", at) for n in range(3))
    services.cancel_job(job_id=third.pk, by=office, at=at)
    Job.objects.filter(pk=job.pk).update(
        state="running", beat_at=at, handed_at=at, attempts=1, rows_done=300, rows_total=1200
    )
    walker.go("/jobs/", "下载中心")
    page = walker.page
    first = page.locator("tr", has_text="申报项目汇总表（0）")
    expect(first).to_contain_text("已写 300 行，共 1200 行")
    Job.objects.filter(pk=job.pk).update(rows_done=900)
    expect(first).to_contain_text("已写 900 行，共 1200 行")
    assert first.locator("progress").evaluate("e => e.value") == 75
    page.locator("tr", has_text="申报项目汇总表（2）").get_by_role("button", name="取消").click()
    page.wait_for_url("**/jobs/")
    walker.says("已取消“第一期-申报项目汇总表（2）”")
    assert Job.objects.get(pk=fourth.pk).state == "cancelled"
    walker.go(f"/jobs/{job.pk}/", "导出进行中")
    Job.objects.filter(pk=job.pk).update(state="waiting")
    services.run_job(job_id=job.pk)
    expect(page.get_by_role("link", name="下载", exact=True)).to_be_visible()
    walker.look("导出完成")
    for other, name in ((bad, "导出未成功"), (old, "导出过期"), (third, "导出取消")):
        walker.go(f"/jobs/{other.pk}/", name)
    assert walker.faults == []


@pytest.mark.parametrize("phone", [False, True])
def test_the_operators_page(chromium, live_server, settings, media, phone):
    settings.QUEUE_PREFIX = "test-browser-operations-"
    at = clock.now()
    office = build(at).here.people["office"]
    ask(office, "表", at)
    TaskFailure.objects.create(
        name="jobs.run", task_key="0b8b3a52-6a3c-4f4b-9a53-9b1b8f6a0c11", args=[7], error="ValueError", place="jobs/x.py:3", failed_at=at
    )  # fmt: skip
    services.note_worker(name="work@here", queues=["test-browser-operations-interactive"])
    walker = Walker(chromium, live_server.url, phone=phone)
    walker.sign_in("system_admin_a", PASSWORD)
    walker.go("/operations/", "运行状态")
    walker.says("有需要处理的地方")
    assert walker.faults == []
