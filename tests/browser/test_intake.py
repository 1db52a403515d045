"""Needs coming in: a workbook, a chat, the quick screen at 390 px, the patrol without a network."""

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from core import clock
from needs.models import Need
from portal.invariants import broken
from tests.browser.proxy import Proxy
from tests.browser.walker import Walker
from tests.needs.files import photo, workbook
from tests.needs.make import post
from tests.needs.test_paste import COPIED
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TOLERATED = re.compile(r"ERR_INTERNET_DISCONNECTED|status of 40[03]")


@pytest.fixture
def world(live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return build(clock.now())


def choose(walker, file):
    walker.page.get_by_label("填好的表").set_input_files({"name": file.name, "mimeType": EXCEL, "buffer": file.read()})


def test_a_workbook_is_checked_mended_and_imported(world, walk):
    known = post(world, clock.now())
    desk = walk(who="community_a")
    desk.go("/needs/")
    desk.follow("导入", "需求导入")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="下载模板").click()
    assert download.value.suggested_filename == "居民需求导入模板.xlsx"
    rows = [["入户走访", "环境卫生", known.words], ["热线电话", "文体", "想要一张乒乓球桌"], ["热线电话", "其他", None]]
    choose(desk, workbook(rows))
    desk.press("上传并检查", "需求导入-有错误")
    desk.says("B 列“类别”")
    desk.says("没有填居民的原话")
    desk.says("1 行没有错误，2 行有错误")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("link", name="下载标出错误的表").click()
    assert download.value.suggested_filename == "表（错误原因）.xlsx"
    desk.follow("改好后重新上传")
    rows[1][1], rows[2][2] = "文体娱乐", "<b>草</b>长高了"
    choose(desk, workbook(rows))
    desk.press("上传并检查", "需求导入-预览")
    desk.says("3 行都能导入，其中 1 行疑似重复")
    assert Need.objects.count() == 1
    desk.press("确认导入", "需求导入-已导入")
    desk.says("登记了 2 件需求")
    assert Need.objects.count() == 3
    phone = walk(phone=True, who="community_a")
    phone.go("/needs/import/", "需求导入-手机")
    assert list(broken()) == []


def test_a_chat_becomes_needs(world, walk):
    desk = walk(who="community_a")
    desk.go("/needs/paste/", "粘贴")
    desk.page.get_by_label("来自哪个群").fill("溡源业主群")
    desk.page.get_by_label("群里的话").fill(COPIED)
    desk.press("拆成一条一条", "粘贴-挑选")
    assert desk.page.locator("fieldset.said").count() == 5
    desk.page.get_by_label("登记", exact=True).nth(4).uncheck()
    desk.press("登记勾选的", "粘贴-已登记")
    desk.says("已登记 3 件需求")
    assert set(Need.objects.values_list("channel", "source")) == {("wechat", "溡源业主群")}
    narrow = walk(phone=True, who="grid_a")
    narrow.go("/needs/paste/")
    narrow.page.get_by_label("来自哪个群").fill("群")
    narrow.page.get_by_label("群里的话").fill("张三: 灯坏了看不见\n李四: 收到")
    narrow.press("拆成一条一条", "粘贴-挑选-手机")


def test_the_quick_screen_takes_four_taps(world, walk):
    post(world, clock.now())
    phone = walk(phone=True, who="community_a")
    phone.go("/needs/quick/", "快记")
    phone.page.evaluate(
        "window.taps = 0; addEventListener('click', (e) => { if (e.isTrusted) window.taps += 1; }, true)"
    )
    phone.page.locator(".tile", has_text="平安治理").click()
    phone.page.get_by_label("什么事").click()
    phone.page.keyboard.type("楼道灯坏了好久")
    expect(phone.page.locator("[data-similar-box]")).to_contain_text("可能是同一件事")
    assert phone.page.locator("[name=is_new]").count() == 0
    phone.look("快记-可能是同一件事")
    taps = phone.page.evaluate("window.taps")
    phone.press("记下来", "快记-记下了")
    assert taps + 1 <= 3  # and one more for the next
    phone.follow("再记一件")
    assert phone.page.get_by_label("社区").input_value() == str(world.here.communities[0].pk)
    phone.page.locator(".tile", has_text="环境卫生").click()
    phone.page.get_by_label("什么事").fill("垃圾桶满了")
    camera = phone.page.get_by_label("拍一张")
    assert camera.get_attribute("capture") == "environment"
    camera.set_input_files({"name": "拍.jpg", "mimeType": "image/jpeg", "buffer": photo((900, 700)).read()})
    phone.press("记下来")
    need = Need.objects.latest("pk")
    assert need.photos.count() == 1
    phone.go(f"/needs/{need.pk}/", "需求详情-照片")
    assert phone.page.locator(".shots img").evaluate("image => image.complete && image.naturalWidth") == 900
    phone.go(f"/track/{need.tracking_code}/", "需求查进度-照片")
    assert phone.page.locator(".shots img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
    narrow = walk(narrow=320, who="community_a")
    narrow.go("/needs/quick/", "快记-窄")
    narrow.go("/needs/patrol/")
    narrow.page.goto(f"{narrow.base}/elder/?step=1&next=/needs/quick/")
    narrow.look("快记-长者")
    narrow.axe("quick elder")


def test_a_resident_adds_photos(world, walk):
    phone = walk(phone=True)
    phone.go("/ask/")
    phone.page.get_by_label("您在哪个社区").select_option(label="甲街道 溡源社区")
    phone.page.get_by_label("环境卫生").check()
    phone.page.get_by_label("您想解决什么").fill("垃圾桶满了没人收")
    files = [{"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": photo((200, 150)).read()} for i in range(2)]
    phone.page.get_by_label("照片（可不传）").set_input_files(files)
    phone.look("提需求-照片")
    phone.press("提交")
    assert Need.objects.get().photos.count() == 2


def write(phone, words, kind="平安治理"):
    phone.page.get_by_label("类别").select_option(label=kind)
    phone.page.get_by_label("看到或听到什么").fill(words)
    phone.page.get_by_role("button", name="记下来").click()


def rows(phone):
    return phone.page.locator(".outbox-rows li")


def test_a_patrol_without_a_network(world, walk):
    phone = walk(phone=True, who="grid_a")
    phone.go("/needs/patrol/", "巡查")
    write(phone, "")
    expect(phone.page.locator("[data-wrong]")).to_contain_text("请填写看到或听到什么")
    phone.context.set_offline(True)
    write(phone, "井盖松了")
    write(phone, "<b>飞线</b>充电")
    expect(rows(phone)).to_have_count(2)
    expect(rows(phone).first).to_contain_text("待上传")
    expect(phone.page.locator("[data-line]")).to_contain_text("没有信号，2 件已存在这台手机里")
    phone.look("巡查-没有信号")
    assert not Need.objects.exists()
    # the page is closed and opened again: the entries are still there, and go out by themselves
    phone.context.set_offline(False)
    phone.go("/needs/patrol/")
    expect(rows(phone).nth(1)).to_contain_text("已上传")
    expect(rows(phone).first).to_contain_text("已上传")
    phone.look("巡查-已上传")
    assert sorted(Need.objects.values_list("words", flat=True)) == ["<b>飞线</b>充电", "井盖松了"]
    assert set(Need.objects.values_list("channel", "grid")) == {("patrol", world.here.grid.pk)}
    kept = phone.page.evaluate(
        """() => new Promise((done) => { const ask = indexedDB.open("chuangtou-patrol"); ask.onsuccess = () => {
        const all = ask.result.transaction("entries").objectStore("entries").getAll();
        all.onsuccess = () => { ask.result.close(); done(JSON.stringify(all.result)); }; }; })"""
    )
    assert "井盖" not in kept
    phone.page.get_by_role("button", name="清除已上传的").click()
    expect(rows(phone)).to_have_count(0)
    assert list(broken()) == []


def test_an_answer_that_is_lost_registers_once(world, walk):
    phone = walk(phone=True, who="grid_a")
    phone.go("/needs/patrol/")
    lost = []

    def lose(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())  # the server has it, the phone does not hear of it
            route.abort("internetdisconnected")
        else:
            route.continue_()

    phone.page.route("**/needs/patrol/", lose)
    write(phone, "井盖松了")
    expect(rows(phone).first).to_contain_text("待上传")
    phone.page.evaluate("dispatchEvent(new Event('online'))")
    expect(rows(phone).first).to_contain_text("已上传")
    assert (len(lost), Need.objects.count()) == (1, 1)


def test_an_expired_sign_in_keeps_the_entries(world, walk):
    phone = walk(phone=True, who="grid_a")
    phone.go("/needs/patrol/")
    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    write(phone, "井盖松了")
    expect(phone.page.locator("[data-line]")).to_contain_text("登录已过期，1 件还在这台手机里")
    phone.look("巡查-登录过期")
    assert not Need.objects.exists()
    # another person on the same phone neither sees nor sends them
    phone.page.get_by_role("link", name="去登录").click()
    phone.page.get_by_label("用户名或手机号").fill("community_a")
    phone.page.get_by_label("密码").fill(PASSWORD)
    phone.page.get_by_role("button", name="登录", exact=True).click()
    phone.page.wait_for_url("**/needs/patrol/")
    phone.page.wait_for_timeout(500)
    assert rows(phone).count() == 0
    assert not Need.objects.exists()
    phone.context.clear_cookies()
    phone.context.add_cookies(cookies)
    phone.go("/needs/patrol/")
    expect(rows(phone).first).to_contain_text("已上传")
    assert Need.objects.get().posted_by == world.here.people["grid"]


def test_a_new_sign_in_elsewhere_is_taken_up_and_what_is_refused_is_told(world, walk):
    phone = walk(phone=True, who="grid_a")
    phone.go("/needs/patrol/")
    other = phone.context.new_page()
    phone.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    other.goto(f"{phone.base}/account/sign-in/")
    other.get_by_label("用户名或手机号").fill("grid_a")
    other.get_by_label("密码").fill(PASSWORD)
    other.get_by_role("button", name="登录", exact=True).click()
    other.wait_for_url("**/home/")
    write(phone, "井盖松了")
    expect(rows(phone).first).to_contain_text("已上传")
    phone.page.get_by_label("看到或听到什么").evaluate("field => field.removeAttribute('maxlength')")
    write(phone, "灯" * 1001)
    expect(rows(phone).first).to_contain_text("没有收下")
    phone.look("巡查-没有收下")
    rows(phone).first.get_by_role("button", name="修改").click()
    phone.page.get_by_label("看到或听到什么").fill("灯坏了")
    phone.page.get_by_role("button", name="记下来").click()
    expect(rows(phone).filter(has_text="已上传")).to_have_count(2)
    assert sorted(Need.objects.values_list("words", flat=True)) == ["井盖松了", "灯坏了"]


def test_the_patrol_opens_again_without_a_network_and_leaves_no_page_at_sign_out(world, chromium, live_server):
    line = Proxy(live_server.url)
    phone = Walker(chromium, line.url, phone=True)
    try:
        phone.sign_in("grid_a", PASSWORD)
        phone.go("/needs/patrol/")
        expect(phone.page.locator("[data-kept]")).to_be_visible()
        line.set("cut")
        phone.page.reload()
        write(phone, "窨井盖松了")
        expect(rows(phone).first).to_contain_text("待上传")
        line.set("pass")
        phone.page.reload()
        expect(rows(phone).first).to_contain_text("已上传")
        assert Need.objects.get().words == "窨井盖松了"
        with phone.page.expect_navigation():
            phone.page.locator("form.sign-out button").click()
        assert phone.page.evaluate("() => caches.has('chuangtou-patrol')") is False
    finally:
        phone.context.close()
        line.close()
