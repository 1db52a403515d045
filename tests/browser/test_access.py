"""A judge's way in: the seat's QR on a phone, the move to another device and back, the PIN of the hall."""

import re

import pytest
from playwright.sync_api import expect

from core import clock
from judging.models import Judge, ScoreSheet
from judging.services import access
from tests.browser.test_phone import SENT, fill, state, submit
from tests.browser.walker import Walker
from tests.judging.make import open_session
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_seat_qr_then_another_device_then_back(live_server, chromium):
    world = build(clock.now())
    session, _ = open_session(world, clock.now(), entries=3)
    judge, host = Judge.objects.get(session=session, seat=1), world.here.people["host"]
    desk = Walker(chromium, live_server.url, phone=False)
    desk.sign_in("host_a", PASSWORD)
    desk.go(f"/sessions/{session.pk}/people/", "评委签到")
    desk.page.get_by_role("button", name="生成口令").click()
    expect(desk.page.locator(".pin")).to_have_text(access.Session.objects.get().pin)
    desk.look("评委签到有口令")
    desk.page.get_by_role("button", name=re.compile("^二维码.*测试judge_a$")).click()
    desk.look("席位二维码")
    link = desk.page.locator(".pass-link").inner_text()
    phone = Walker(chromium, live_server.url, phone=True)
    phone.go(link.removeprefix(live_server.url), "席位进入")
    phone.page.get_by_role("button", name="进入评分").click()
    fill(phone.page, 1, less=1)
    submit(phone.page, "94.00")
    expect(state(phone.page)).to_have_text(SENT)
    other = Walker(chromium, live_server.url, phone=True)
    token = access.issue_pass(session_id=session.pk, judge_id=judge.pk, kind="invitation", by=host, at=clock.now())
    other.go(f"/invitation/{token}/", "评委邀请")
    other.page.get_by_label("现场口令").fill(access.Session.objects.get().pin)
    other.page.get_by_role("button", name="进入评分").click()
    expect(other.page.locator("[data-rows] li").first).to_contain_text("已送达")
    # The first phone goes on without knowing: what it has stays on it, and it is told.
    phone.page.evaluate("location.hash = ''")
    fill(phone.page, 2, less=2)
    submit(phone.page, "88.00")
    expect(phone.page.locator("[data-line]")).to_contain_text("已在另一台设备上打开")
    assert ScoreSheet.objects.count() == 1
    phone.look("席位在别处")
    phone.page.get_by_role("link", name="在这台设备上继续").click()
    expect(phone.page.locator("h1")).to_have_text("席位在另一台设备上")
    phone.look("席位移回")
    phone.page.get_by_role("button", name="在这台设备上继续").click()
    expect(phone.page.locator("[data-rows] li:nth-child(2)")).to_contain_text("已送达")
    assert ScoreSheet.objects.filter(state="submitted").count() == 2
    for walker in (desk, phone, other):
        assert [f for f in walker.faults if "409" not in f] == []
        walker.context.close()
