"""The host's page, the judges' phones and the hall's screen in real browsers: one act, seen everywhere; nothing too early."""

import re

import pytest
from playwright.sync_api import expect

from core import clock
from judging.models import Entry, Session, Stage
from tests.browser.walker import SCREENS, Walker
from tests.judging.make import full_marks, hand_in, open_session
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LARGE = {"width": 1920, "height": 1080}
SMALLEST = """() => Math.min(...[...document.querySelectorAll('.screen-root *')]
  .filter((e) => e.offsetParent && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
  .filter((e) => !e.classList.contains('visually-hidden'))
  .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


def test_one_act_of_the_host_is_seen_by_the_hall_and_the_judges(chromium, live_server):
    world = build(clock.now())
    session, entries = open_session(world, clock.now(), entries=3)
    Session.objects.filter(pk=session.pk).update(is_paced=True)
    host, judge = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    hall = Walker(chromium, live_server.url)
    hall.page.set_viewport_size(LARGE)
    hall.size = LARGE
    host.sign_in("host_a", PASSWORD)
    host.go(f"/sessions/{session.pk}/stage/", "导播台开场")
    host.says("开场前检查")
    hall.go(f"/screen/{Stage.objects.get(session=session).key}/", "大屏等待")
    expect(hall.page.locator("[data-waiting-words]")).to_have_text("即将开始")
    assert hall.page.evaluate(SMALLEST) >= 32
    judge.sign_in("judge_a", PASSWORD)
    judge.go(f"/judge/{session.pk}/")

    host.press("请上台，开始陈述", "导播台陈述")
    expect(hall.page.locator("[data-stage-title]")).to_have_text(entries[0].proposal.title)
    expect(hall.page.locator("[data-stage-clock]")).to_have_text(re.compile(r"^[45]:\d\d$"))
    expect(judge.page.locator("[data-stage-title]")).to_have_text(f"1. {entries[0].proposal.title}")
    hall.look("大屏陈述")
    judge.look("评委手机台上项目")
    host.press("暂停计时", "导播台暂停")
    expect(hall.page.locator("[data-stage-clock]")).to_contain_text("暂停")
    host.press("继续计时")
    host.press("转入答辩")
    host.press("开放评分", "导播台评分")
    expect(hall.page.locator("[data-stage-open]")).to_have_text("评委正在评分")
    Entry.objects.filter(session=session).update(opened_at=clock.now())
    marks = {"judge": "1", "second_judge": "2", "third_judge": "3"}
    for i, entry in enumerate(entries):
        for who, less in marks.items():
            hand_in(
                session,
                entry,
                world.here.people[who],
                clock.now(),
                marks=full_marks(session, str(int(less) * (i + 1) / 2)),
            )
    expect(host.page.locator(f"[data-entry='{entries[2].pk}'] [data-cell='in']")).to_have_count(3)
    assert not re.search(r"\d\d\.\d\d", host.page.inner_text("main"))
    host.press("结束本项目")

    office = Walker(chromium, live_server.url)
    office.sign_in("office_a", PASSWORD)
    office.go(f"/sessions/{session.pk}/")
    office.page.get_by_label("请输入“锁定”二字确认").fill("锁定")
    office.press("锁定并计算")
    expect(hall.page.locator("[data-waiting-words]")).to_have_text("评分已全部锁定，即将揭晓")
    session.refresh_from_db()
    expect(hall.page.locator("[data-head]")).to_contain_text(session.head[:4].upper())
    assert "分" not in hall.page.locator("[data-scene=waiting]").inner_text().replace("评分", "")
    expect(host.page.get_by_role("button", name="揭晓下一名")).to_be_visible(
        timeout=8000
    )  # her page has heard of the lock
    host.press("揭晓下一名", "导播台揭晓")
    expect(hall.page.locator("[data-reveal-rank]")).to_have_text("第 3 名")
    hall.look("大屏揭晓")
    host.press("揭晓下一名")
    expect(hall.page.locator("[data-reveal-rank]")).to_have_text("第 2 名")
    assert hall.page.evaluate("document.body.innerHTML").count("第 1 名") == 0
    host.press("显示全部结果")
    expect(hall.page.locator("[data-final-rows] tr")).to_have_count(3)
    hall.look("大屏最终结果")
    assert hall.page.evaluate(SMALLEST) >= 32
    for size in ({"width": 1280, "height": 720}, {"width": 1024, "height": 768}, {"width": 3840, "height": 2160}):
        hall.page.set_viewport_size(size)
        assert not hall.page.evaluate(
            "document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth"
        )
    hall.page.screenshot(path=str(SCREENS / "大屏最终结果-3840.png"))
    host.press("更换链接")
    assert hall.page.goto(hall.page.url).status == 404
    faults = [f for w in (host, judge, office, hall) for f in w.faults if "404" not in f]
    for walker in (host, judge, office, hall):
        walker.context.close()
    assert faults == []
