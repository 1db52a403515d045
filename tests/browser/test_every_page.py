"""Pages in elder mode, at 320 px, without script; page weight; error pages."""

import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from core import clock
from needs.models import Need
from tests.browser.walker import PHONE, Walker
from tests.house.scene import play
from tests.needs.files import photo
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    at = clock.now()
    return play(build(at), at)


def no_faults(*walkers):
    faults = [f for walker in walkers for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))


def test_elder_mode_and_320_px(chromium, live_server, scene):
    ids = scene.ids
    public = [
        "/",
        "/ask/",
        f"/track/{ids['code']}/",
        "/market/",
        f"/notices/{ids['notice_id']}/",
        f"/results/{ids['session_id']}/",
        "/account/sign-in/",
    ]
    staff = [
        "/home/",
        f"/desk/{ids['round_id']}/",
        "/needs/",
        "/proposals/",
        f"/plans/{ids['plan_id']}/",
        f"/sessions/{ids['session_id']}/result/",
    ]
    judge = [f"/judge/{ids['session_id']}/", f"/judge/{ids['session_id']}/{ids['entry_id']}/"]
    for elder in (True, False):
        walkers = []
        for who, pages in ((None, public), ("office_a", staff), ("judge_a", judge)):
            walker = Walker(chromium, live_server.url, phone=True)
            walkers.append(walker)
            if who:
                walker.sign_in(who, PASSWORD)
            if elder:
                walker.page.goto(f"{live_server.url}/elder/?step=1&next=/help/")
                assert walker.page.locator("html.elder").count() == 1
            else:
                walker.page.set_viewport_size({"width": 320, "height": 700})
                walker.size = {"width": 320, "height": 700}
            for page in pages:
                walker.go(page)
                if elder:
                    walker.axe(f"{page} elder")
                    size = walker.page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
                    assert size >= 18
        no_faults(*walkers)


def test_targets_are_large_and_the_first_tab_skips_to_the_text(chromium, live_server, scene):
    walker = Walker(chromium, live_server.url, phone=True)
    for page in ("/", "/ask/", "/account/sign-in/"):
        walker.go(page)
        small = walker.page.evaluate(
            """() => [...document.querySelectorAll("button, .btn, input:not([type=hidden]), select, summary")]
              .filter((e) => e.offsetParent && !e.closest("#div_id_website"))
              .map((e) => [e.outerHTML.slice(0, 80), (e.closest(".form-check, label") || e).getBoundingClientRect()])
              .filter(([, r]) => r.width && (r.height < 43.5 || r.width < 43.5)).map(([h]) => h)"""
        )
        assert small == [], page
        walker.page.keyboard.press("Tab")
        assert walker.page.evaluate("document.activeElement.className") == "skip"
    no_faults(walker)


def test_without_script_a_resident_asks_and_a_judge_reads(chromium, live_server, scene):
    context = chromium.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server.url + "/ask/")
    page.get_by_label("您在哪个社区").select_option(label="甲街道 云秀社区")
    page.get_by_label("文体娱乐").check()
    page.get_by_label("您想解决什么").fill("想有人教跳舞。")
    page.get_by_role("button", name="提交").click()
    assert "请记下查询码" in page.inner_text("main")
    page.goto(live_server.url + "/account/sign-in/")
    page.get_by_label("用户名或手机号").fill("judge_a")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    page.goto(f"{live_server.url}/judge/{scene.ids['session_id']}/")
    assert "已评 1 / 1" in page.inner_text("main")
    context.close()


def test_a_refused_form_keeps_words_and_files_and_a_dead_line_loses_nothing(chromium, live_server, scene):
    walker = Walker(chromium, live_server.url)
    page = walker.page
    walker.sign_in("community_a", PASSWORD)
    walker.go("/needs/new/")
    picture = photo(name="楼道.jpg")
    page.set_input_files("[name=photos]", {"name": "楼道.jpg", "mimeType": "image/jpeg", "buffer": picture.read()})
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert page.title().startswith("错误：")
    assert page.evaluate("[...document.querySelector('[name=photos]').files].map(f => f.name)") == ["楼道.jpg"]
    assert page.locator("[data-lost-files]").count() == 0
    walker.look("登记需求-退回")
    page.locator("[data-error-summary] a").first.click()
    expect(page.locator("#id_category")).to_be_focused()
    heavy = {"name": "大图.jpg", "mimeType": "image/jpeg", "buffer": b"0" * (1024 * 1024 + 1)}
    assert page.get_attribute("[name=photos]", "data-megabytes") == "10"
    page.evaluate(
        "document.querySelector('[name=photos]').dataset.megabytes = '1'"
    )  # a large file takes long to hand over
    page.set_input_files("[name=photos]", heavy)
    expect(page.locator("#id_photos_heavy")).to_have_text("“大图.jpg”有 1.0 MB，每张不能超过 1 MB，请换一个小些的。")
    assert page.evaluate("[...document.querySelector('[name=photos]').files].map(f => f.name)") == ["楼道.jpg"]
    page.select_option("[name=category]", label="文体娱乐")
    page.fill("[name=words]", "想要一张乒乓球桌")
    walker.context.set_offline(True)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-not-sent]")).to_contain_text("没有连上，没有提交成功")
    walker.context.set_offline(False)
    page.get_by_role("button", name="登记", exact=True).dblclick()
    page.wait_for_url(re.compile(r"/needs/\d+/$"))
    walker.says("需求已登记，编号")
    assert Need.objects.filter(words="想要一张乒乓球桌").count() == 1
    walker.go("/inbox/", "消息-刚才的提示")
    page.get_by_text("本次登录以来页面上的提示").click()
    walker.says("需求已登记，编号")
    walker.faults = [f for f in walker.faults if "ERR_INTERNET_DISCONNECTED" not in f]
    no_faults(walker)


def test_an_ended_sign_in_is_renewed_where_one_types(chromium, live_server, scene):
    walker = Walker(chromium, live_server.url)
    page = walker.page
    walker.sign_in("community_a", PASSWORD)
    walker.go("/needs/new/")
    page.select_option("[name=category]", label="文体娱乐")
    page.fill("[name=words]", "想学跳舞")
    Session.objects.all().delete()
    page.get_by_role("button", name="登记", exact=True).click()
    again = page.locator("[data-signed-out]")
    expect(again).to_contain_text("登录已过期，还没有保存。写的内容都在本页，请重新登录。")
    walker.look("登录已过期")
    again.get_by_label("用户名或手机号").fill("community_a")
    again.get_by_label("密码").fill("wrong")
    again.get_by_role("button", name="登录").click()
    expect(again).to_contain_text("用户名或密码不正确")
    again.get_by_label("密码").fill(PASSWORD)
    again.get_by_role("button", name="登录").click()
    page.wait_for_url(re.compile(r"/needs/\d+/$"))
    walker.says("需求已登记，编号")
    assert Need.objects.filter(words="想学跳舞").count() == 1
    # somebody else has signed in meanwhile: nothing goes out under the wrong name
    walker.go("/needs/new/")
    page.select_option("[name=category]", label="文体娱乐")
    page.fill("[name=words]", "想学唱歌")
    other = walker.context.new_page()
    other.goto(f"{live_server.url}/needs/new/")
    other.get_by_role("button", name="退出").click()
    other.wait_for_url(f"{live_server.url}/")
    other.goto(f"{live_server.url}/account/sign-in/")
    other.get_by_label("用户名或手机号").fill("grid_a")
    other.get_by_label("密码").fill(PASSWORD)
    other.get_by_role("button", name="登录", exact=True).click()
    other.wait_for_url("**/home/")
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator("[data-signed-out]")).to_contain_text("已换成另一个人登录，没有提交")
    assert page.input_value("[name=words]") == "想学唱歌"
    assert not Need.objects.filter(words="想学唱歌").exists()
    walker.faults = [f for f in walker.faults if "ERR_FAILED" not in f and "403" not in f]
    no_faults(walker)


def test_wechat_says_how_to_download(chromium, live_server, scene):
    for system, menu in (("iPhone; CPU iPhone OS 17_0", "在默认浏览器中打开"), ("Linux; Android 13", "在浏览器打开")):
        walker = Walker(chromium, live_server.url, phone=True)
        walker.sign_in("community_a", PASSWORD)
        walker.context.set_extra_http_headers({"User-Agent": f"Mozilla/5.0 ({system}) MicroMessenger/8.0.49"})
        walker.go("/needs/import/template/", "微信里下载")
        walker.says(menu)
        assert walker.page.get_by_label("复制这个地址").input_value().endswith("/needs/import/template/")
        with walker.page.expect_download() as download:
            walker.page.get_by_role("link", name="仍在微信里打开").click()
        assert download.value.suggested_filename == "居民需求导入模板.xlsx"
        no_faults(walker)
        walker.context.close()


def test_error_pages_are_chinese_with_a_way_back(chromium, live_server, scene):
    walker = Walker(chromium, live_server.url)
    walker.page.goto(live_server.url + "/no/such/page/")
    assert "首页" in walker.page.inner_text("main")
    walker.faults.clear()  # the console notes the 404 itself
    walker.sign_in("grid_a", PASSWORD)
    walker.page.goto(live_server.url + "/plans/")
    assert "没有权限" in walker.page.inner_text("main")
    walker.faults.clear()
    walker.look()
    no_faults(walker)


def test_pages_are_light_on_a_phone(chromium, live_server, scene):
    import gzip

    walker = Walker(chromium, live_server.url, phone=True)
    bodies = []
    walker.page.on("response", lambda r: bodies.append(len(gzip.compress(r.body()))) if r.ok else None)
    walker.go("/ask/")
    assert sum(bodies) < 300_000
    no_faults(walker)
