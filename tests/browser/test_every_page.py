"""Pages in elder mode, at 320 px, without script; page weight; error pages."""

import pytest

from core import clock
from tests.browser.walker import PHONE, Walker
from tests.house.scene import play
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
