"""The office writes to many and takes it back; a badge that moves by itself; all pages of messages looked at."""

import shutil
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from core import clock
from messaging.models import Delivery, Notice
from messaging.tasks import send_due
from tests.browser.walker import Walker
from tests.core.push import SECRET, running
from tests.messaging.make import make_delivery, make_mass, make_notice, make_posting, make_robot
from tests.world import PASSWORD, build

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("push"),
]


@pytest.fixture
def push(settings):
    folder = Path(tempfile.mkdtemp(prefix="push-", dir="/tmp"))
    with running(folder) as (store, process):
        settings.SECRET_KEY, settings.REDIS_URL = SECRET, store.url
        settings.PORTAL_PUSH = f":{process.port}"
        yield process
    shutil.rmtree(folder)


def test_messages_from_the_desk_to_the_badge(chromium, live_server, push, settings):
    at = clock.now()
    here = build(at).here
    office, member = Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)
    office.sign_in("office_a", PASSWORD)
    member.sign_in("member_a", PASSWORD)
    badge = member.page.locator(".masthead .badge-count")
    expect(badge).to_be_hidden()

    office.go("/messages/")
    office.follow("写一条")
    office.page.get_by_label("社会组织的全部人员").check()
    office.page.get_by_label("标题").fill("周三停电")
    office.page.get_by_label("内容").fill("周三上午停电，系统照常。")
    office.press("保存并预览", "群发预览")
    office.says("收件人：2 人")
    office.press("发给 2 人")
    office.says("暂缓中，可撤回")
    office.go("/messages/held/")
    office.press("撤回")
    office.says("2 人不会收到这条消息")
    send_due(list(Notice.objects.values_list("recipient_id", flat=True)), int(at.timestamp() * 1_000_000))
    expect(badge).to_be_hidden()

    # What goes out at once moves the badge of a page that is open, by push.
    settings.MASS_HOLD_MINUTES = 0
    mass = make_mass(here, at)
    office.go(f"/messages/{mass.pk}/")
    office.press("发给 2 人")
    told = list(Notice.objects.shown().values_list("recipient_id", flat=True))
    assert send_due(told, int(clock.now().timestamp() * 1_000_000)) == 2
    expect(badge).to_have_text("1 条未读", timeout=10000)
    member.go("/inbox/", "收件箱")
    member.says("停电通知")
    member.press("知道了")
    expect(badge).to_be_hidden()
    member.go("/inbox/settings/", "消息设置")
    member.page.get_by_label("免打扰开始").select_option(label="22 点")
    member.page.get_by_label("免打扰结束").select_option(label="7 点")
    member.press("保存")
    member.says("从下一条消息起生效")

    trouble = make_delivery(here.people["member"], at, "unknown")
    make_notice(here.people["office"], at)
    robot = make_robot(here, at)
    line = make_posting(robot, at)
    for path, name in {
        "/messages/": "", "/messages/deliveries/": "送达情况", f"/messages/deliveries/{trouble.pk}/": "送达未知",
        "/messages/wordings/": "", f"/messages/wordings/{here.area.pk}/projects.decision/": "消息模板",
        "/messages/robots/": "群机器人", f"/messages/robots/{robot.pk}/": "", f"/messages/robots/lines/{line.pk}/": "",
        f"/messages/{mass.pk}/edit/": "", "/inbox/": "",
    }.items():  # fmt: skip
        office.go(path, name)
        office.page.set_viewport_size({"width": 320, "height": 700})
        if office.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            office.faults.append(f"{path}: scrolls sideways at 320")
        office.page.set_viewport_size(office.size)
    office.go(f"/messages/deliveries/{trouble.pk}/")
    office.page.get_by_label("为什么重发").fill("电话确认没有收到")
    office.press("重发")
    office.says("已放回待发送")
    assert Delivery.objects.get(pk=trouble.pk).state == "due"
    # What the tests' own notices are called is no word of the portal; push is another port of the same host.
    faults = [f for w in (office, member) for f in w.faults if "/push/inbox." not in f and "通知 test:" not in f]
    assert not faults, "\n".join(sorted(set(faults)))
