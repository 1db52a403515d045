"""A judge's phone in a real browser behind a real proxy: cut, slow and swallowed lines, two devices, the lock."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection, transaction
from playwright.sync_api import expect

from core import clock
from judging import services
from judging.domain.device_file import read_device_file
from judging.models import Entry, Judge, Move, ScoreSheet, Session
from judging.services.paper import confirm_carried, enter_file
from tests.browser.proxy import Proxy
from tests.browser.walker import SCREENS, Walker
from tests.judging.make import full_marks, hand_in, lock, open_session
from tests.live import database_url
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SENT = re.compile(r"^已送达 \d\d:\d\d:\d\d")


@pytest.fixture
def world(live_server):
    return build(clock.now())


@pytest.fixture
def session(world):
    return open_session(world, clock.now(), entries=3)[0]


@pytest.fixture
def proxy(live_server):
    one = Proxy(live_server.url)
    yield one
    one.close()


@pytest.fixture
def phones(chromium, proxy):
    made = []

    def new(session, base=None, *, phone=True):
        walker = Walker(chromium, base or proxy.url, phone=phone)
        made.append(walker)
        walker.sign_in("judge_a", PASSWORD)
        walker.go(f"/judge/{session.pk}/", "评委手机清单")
        return walker

    yield new
    for walker in made:
        walker.context.close()


def fill(page, position, less=0):
    """Open a project of the list, give every criterion its maximum less `less`, wait until the device has it."""
    page.locator(f"[data-rows] li:nth-child({position}) a").click()
    expect(page.locator("h1")).to_have_text(re.compile(rf"^{position}\. "))
    for i in range(page.locator("[data-criteria] input").count()):
        block = page.locator("[data-criteria] .crit").nth(i)
        most = re.search(r"满分 (\d+)", block.inner_text())
        block.locator("input").fill(str(int(most[1]) - less))


def submit(page, total):
    page.get_by_role("button", name=re.compile("^(提交|改交)$")).click()
    expect(page.locator("[data-confirm]")).to_contain_text(f"您给出的总分为 {total}，是否提交？")
    page.get_by_role("button", name="确认提交").click()


def state(page):
    return page.locator("[data-state] .status")


def totals():
    return dict(ScoreSheet.objects.filter(state="submitted").values_list("entry__position", "total"))


def real_faults(walker):
    """What the cut lines of these tests leave in the console is not the page's fault."""
    return [f for f in walker.faults if "Failed to load resource" not in f]


def test_three_sheets_given_with_a_dead_network_arrive_once_each(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    fill(page, 1, less=1)
    submit(page, "94.00")
    expect(state(page)).to_have_text(SENT)
    proxy.set("cut")
    for position in (2, 3):
        page.locator("[data-sheet] nav a", has_text="全部项目").click()
        fill(page, position, less=2)
        submit(page, "88.00")
        expect(state(page)).to_have_text("已存本机，待送达")
    expect(page.locator("[data-line]")).to_contain_text("网络不通：2 张评分表已存本机")
    walker.look("评委手机断网")
    assert set(totals()) == {1}
    proxy.set("pass")
    expect(state(page)).to_have_text(SENT, timeout=20000)
    page.locator("[data-sheet] nav a", has_text="全部项目").click()
    expect(page.locator("[data-rows]")).to_contain_text("已送达")
    expect(page.locator("[data-gaps]")).to_contain_text("全部项目都已提交", timeout=20000)
    walker.look("评委手机恢复")
    assert totals() == {1: Decimal("94.0000"), 2: Decimal("88.0000"), 3: Decimal("88.0000")}
    assert Move.objects.filter(kind="submitted").count() == 3
    assert real_faults(walker) == []


def test_what_was_typed_is_there_after_a_reload_and_after_closing_the_tab(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    Session.objects.filter(pk=session.pk).update(is_paced=True)
    page.reload()
    fill(page, 2, less=3)
    expect(state(page)).to_have_text("已存本机")
    page.reload()
    expect(page.locator("[data-total]")).to_have_text("82.00")
    again = walker.context.new_page()
    page.close()
    again.goto(f"{proxy.url}/judge/{session.pk}/#e{Entry.objects.get(session=session, position=2).pk}")
    expect(again.locator("[data-total]")).to_have_text("82.00")
    assert ScoreSheet.objects.count() == 0


def test_a_comment_goes_along_and_comes_back(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    fill(page, 1, less=1)
    page.get_by_label("评语").fill("需求来自清单，预算可再压缩")
    proxy.set("cut")
    submit(page, "94.00")
    expect(state(page)).to_have_text("已存本机，待送达")
    proxy.set("pass")
    expect(state(page)).to_have_text(SENT)
    assert ScoreSheet.objects.get().comment == "需求来自清单，预算可再压缩"
    page.reload()
    expect(page.get_by_label("评语")).to_have_value("需求来自清单，预算可再压缩")
    page.get_by_label("评语").fill("")
    submit(page, "94.00")
    expect(state(page)).to_have_text(SENT)
    expect(page.get_by_role("button", name="改交")).to_be_visible()
    assert ScoreSheet.objects.get().comment == ""
    walker.look("评委手机评语")
    assert real_faults(walker) == []


def test_an_answer_lost_after_the_commit_is_asked_again_and_stands_once(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    fill(page, 1)
    expect(state(page)).to_have_text(re.compile("^已暂存"))
    proxy.set("swallow")
    submit(page, "100.00")
    for _ in range(80):
        if totals():
            break
        page.wait_for_timeout(100)
    assert totals() == {1: Decimal(100)}
    expect(state(page)).to_have_text("已存本机，待送达")
    proxy.set("pass")
    expect(state(page)).to_have_text(SENT, timeout=20000)
    assert Move.objects.filter(kind="submitted").count() == 1
    assert ScoreSheet.objects.get().revision == 2


def test_six_is_corrected_to_nine_while_the_line_is_dead_and_nine_stands(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    fill(page, 1)
    submit(page, "100.00")
    expect(state(page)).to_have_text(SENT)
    proxy.set("swallow")  # the six arrives, its answer does not
    page.locator("[data-criteria] input").first.fill("6")
    submit(page, re.search(r"[\d.]+", page.locator("[data-total]").inner_text())[0])
    page.wait_for_timeout(1500)
    page.locator("[data-criteria] input").first.fill("9")
    submit(page, page.locator("[data-total]").inner_text())
    proxy.set("pass")
    expect(state(page)).to_have_text(SENT, timeout=30000)
    key = session.rule["criteria"][0]["key"]
    assert ScoreSheet.objects.get().marks[key] == "9"
    assert "conflict" not in set(Move.objects.values_list("kind", flat=True))


def test_what_cannot_be_sent_is_handed_over_and_counts_once(phones, world, session, proxy, tmp_path):
    walker = phones(session)
    page = walker.page
    proxy.set("cut")
    for position in (1, 2):
        fill(page, position, less=position)
        page.get_by_label("评语").fill("评语含汉字")
        page.get_by_role("button", name=re.compile("^(提交|改交)$")).click()
        page.get_by_role("button", name="确认提交").click()
        page.get_by_role("link", name="全部项目").click()
    page.get_by_role("button", name="导出没送出的评分").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="存成文件").click()
    path = tmp_path / "device.json"
    download.value.save_as(path)
    texts = page.locator("[data-carry-codes] canvas").evaluate_all("found => found.map((one) => one.dataset.text)")
    assert read_device_file("\n".join(reversed(texts))).sheets == read_device_file(path.read_text()).sheets
    walker.look("评委手机导出")
    host, office = world.here.people["host"], world.here.people["office"]
    for row in enter_file(session_id=session.pk, text=path.read_text(), by=host, at=clock.now()):
        confirm_carried(carried_id=row.pk, by=office, at=clock.now())
    assert totals() == {1: Decimal(94), 2: Decimal(88)}
    proxy.set("pass")
    for position in (1, 2):
        expect(page.locator(f"[data-rows] li:nth-child({position})")).to_contain_text("已送达", timeout=40000)
    assert Move.objects.filter(kind="submitted").count() == 2
    assert set(ScoreSheet.objects.filter(state="submitted").values_list("comment", flat=True)) == {"评语含汉字"}


def test_on_a_slow_line_every_tap_is_kept_and_every_sheet_arrives_once(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    proxy.set("slow")
    for position, total in ((1, "94.00"), (2, "94.00")):
        fill(page, position, less=1)
        submit(page, total)
        expect(state(page)).to_have_text(re.compile("已存本机，待送达|已送达"))
        page.get_by_role("link", name="全部项目").click()
    expect(page.locator("[data-rows] li:nth-child(2)")).to_contain_text("已送达", timeout=30000)
    expect(page.locator("[data-rows] li:nth-child(1)")).to_contain_text("已送达", timeout=30000)
    assert totals() == {1: Decimal(94), 2: Decimal(94)}
    assert Move.objects.filter(kind="submitted").count() == 2


def test_on_a_flapping_line_every_sheet_arrives_once(phones, proxy, session):
    walker = phones(session)
    page = walker.page
    stop = threading.Event()

    def flap():
        modes = ["cut", "pass", "swallow", "pass"]
        for n in range(60):
            if stop.wait(0.4):
                break
            proxy.set(modes[n % 4])
        proxy.set("pass")

    flapping = threading.Thread(target=flap, daemon=True)
    flapping.start()
    for position in (1, 2, 3):
        fill(page, position, less=position)
        page.get_by_role("button", name=re.compile("^(提交|改交)$")).click()
        page.get_by_role("button", name="确认提交").click()
        page.get_by_role("link", name="全部项目").click()
    page.wait_for_timeout(3000)
    stop.set()
    flapping.join()
    for position in (1, 2, 3):
        expect(page.locator(f"[data-rows] li:nth-child({position})")).to_contain_text("已送达", timeout=40000)
    assert totals() == {1: Decimal(94), 2: Decimal(88), 3: Decimal(82)}
    assert Move.objects.filter(kind="submitted").count() == 3
    assert not Move.objects.filter(kind="conflict").exists()


def test_a_server_killed_in_mid_submission_loses_and_doubles_nothing(phones, proxy, session, live_server, tmp_path):
    """A server of its own process is killed while it holds the request, and another takes its place."""
    started = []

    def start(port):
        env = os.environ | {
            "DATABASE_URL": database_url(), "PORTAL_PLAIN_HTTP": "1", "PORTAL_HOSTS": "*", "SECRET_KEY": settings.SECRET_KEY,
            "LOG_LEVEL": "ERROR",
        }  # fmt: skip
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "chuangtou.wsgi",
            "--bind",
            f"127.0.0.1:{port}",
            "--log-level",
            "error",
        ]
        started.append(subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, start_new_session=True))
        for _ in range(150):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.1)

    walker = phones(session)
    page = walker.page
    fill(page, 1, less=1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    try:
        start(port)
        proxy.target = ("127.0.0.1", port)
        proxy.set("pass")
        with connection.cursor() as cursor:  # the judge's row is held, so the request is in the middle of its work
            transaction.set_autocommit(False)
            cursor.execute("SELECT 1 FROM judging_judge WHERE seat = 1 FOR UPDATE")
            submit(page, "94.00")
            page.wait_for_timeout(2500)
            os.killpg(started[0].pid, signal.SIGKILL)
            transaction.rollback()
            transaction.set_autocommit(True)
        expect(state(page)).to_have_text("已存本机，待送达")
        start(port)
        expect(state(page)).to_have_text(SENT, timeout=40000)
    finally:
        for process in started:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        proxy.target = ("127.0.0.1", int(live_server.url.rpartition(":")[2]))
    assert totals() == {1: Decimal(94)}
    assert list(Move.objects.values_list("kind", flat=True)) == ["submitted"] or set(
        Move.objects.values_list("kind", flat=True)
    ) == {"kept", "submitted"}


def test_two_devices_show_both_and_the_judge_chooses(phones, world, session, proxy):
    walker = phones(session)
    page = walker.page
    fill(page, 1, less=1)
    submit(page, "94.00")
    expect(state(page)).to_have_text(SENT)
    entry = Entry.objects.get(session=session, position=1)
    less = full_marks(session, "2")
    hand_in(
        session,
        entry,
        world.here.people["judge"],
        clock.now(),
        marks=less,
        base=ScoreSheet.objects.get().revision,
        client="other",
    )
    page.locator("[data-criteria] input").first.fill("5")
    submit(page, page.locator("[data-total]").inner_text())
    expect(state(page)).to_have_text("两处不同，请选")
    expect(page.locator("[data-conflict]")).to_contain_text("用那台的（合计 88.00）")
    walker.look("评委手机两台不同")
    assert totals() == {1: Decimal(88)}
    page.locator("[data-mine]").click()
    expect(state(page)).to_have_text(SENT)
    assert ScoreSheet.objects.get().marks[session.rule["criteria"][0]["key"]] == "5"
    assert real_faults(walker) == []


def test_a_sheet_that_comes_after_the_lock_is_kept_as_late(phones, world, session, proxy):
    walker = phones(session)
    page = walker.page
    fill(page, 1, less=1)
    submit(page, "94.00")
    expect(state(page)).to_have_text(SENT)
    proxy.set("cut")
    page.locator("[data-sheet] nav a", has_text="全部项目").click()
    fill(page, 2)
    submit(page, "100.00")
    expect(page.locator("[data-line]")).to_contain_text("网络不通")
    result = lock(world, session, clock.now())
    proxy.set("pass")
    expect(state(page)).to_have_text("锁定后到达，不计入", timeout=20000)
    walker.look("评委手机锁定后")
    late = Move.objects.get(kind="late")
    assert (late.entry.position, late.marks) == (2, full_marks(session))
    session.refresh_from_db()
    assert services.scoring_document(session) == result.scoring
    assert real_faults(walker) == []


def test_a_project_that_is_not_open_waits_on_the_device_and_goes_by_itself(phones, session):
    Session.objects.filter(pk=session.pk).update(is_paced=True)
    walker = phones(session)
    page = walker.page
    fill(page, 1)
    submit(page, "100.00")
    expect(page.locator("[data-state]")).to_contain_text("评分还没有开放")
    assert totals() == {}
    entry = Entry.objects.get(session=session, position=1)
    services.direct(session_id=session.pk, act="open", by=_host(session), at=clock.now(), entry_id=entry.pk)
    expect(state(page)).to_have_text(SENT, timeout=20000)
    assert totals() == {1: Decimal(100)}


def _host(session):
    from accounts.models import User

    return User.objects.get(username="host_a")


def test_an_expired_sign_in_keeps_the_sheet_and_says_so(phones, session, proxy):
    from django.contrib.sessions.models import Session as Login

    walker = phones(session)
    page = walker.page
    fill(page, 1)
    expect(state(page)).to_have_text(re.compile("^已暂存"))
    Login.objects.all().delete()
    submit(page, "100.00")
    expect(page.locator("[data-line]")).to_contain_text("登录已失效。1 张评分表已存本机")
    page.on("dialog", lambda d: d.accept())
    page.get_by_role("link", name="重新登录").click()
    page.get_by_label("用户名或手机号").fill("judge_a")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.wait_for_url("**/judge/**")
    page.locator("[data-rows] li:nth-child(1) a").click()
    expect(state(page)).to_have_text(SENT, timeout=20000)
    assert totals() == {1: Decimal(100)}


def test_by_keyboard_alone_and_by_steps(phones, session, live_server):
    walker = phones(session, live_server.url, phone=False)
    page = walker.page
    page.locator("[data-rows] li:nth-child(1) a").press("Enter")
    first = page.locator("[data-criteria] input").first
    first.press("ArrowUp")
    assert first.input_value() != ""
    before = first.input_value()
    first.press("ArrowUp")
    assert Decimal(first.input_value()) > Decimal(before)
    first.press("ArrowDown")
    assert first.input_value() == before
    count = page.locator("[data-criteria] input").count()
    for _ in range(count):
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("5")
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text(SENT)
    page.get_by_role("button", name="加一档").first.click()
    expect(state(page)).to_have_text("已存本机")
    page.get_by_role("button", name="撤销").click()
    expect(first).to_have_value("5")
    assert Judge.objects.get(session=session, user__username="judge_a").seen_at is not None
    page.locator("[data-sheet]").screenshot(path=str(SCREENS / "评委键盘.png"))
    assert walker.faults == []
