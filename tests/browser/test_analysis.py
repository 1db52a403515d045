"""需求分析 in a real browser: charts from the tables, colours with numbers, on a phone, a desk and without script."""

from datetime import timedelta

import pytest

from core import clock
from needs import services
from needs.models import Need, NeedRating
from tests.browser.walker import SCREENS, Walker
from tests.house.scene import play
from tests.needs.make import handled, post
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SAID = ["楼道灯坏了，晚上看不见", "停车位太少，天天堵门", "想有个下棋唱歌的地方", "下水道堵了返味"]


@pytest.fixture
def world(settings, tmp_path, live_server):
    settings.MEDIA_ROOT = tmp_path
    at = clock.now()
    world = build(at)
    play(world, at)
    here = world.here
    for n in range(24):
        kind = ("environment", "convenience", "culture", "elderly", "safety")[n * 7 % 5]
        place = here.communities[n % 3 == 2]
        post(
            world,
            at - timedelta(days=n * 3),
            community=place,
            category=kind,
            words=SAID[n % 4],
            by=here.people["office"],
        )
    for stars in (5, 4, 2):
        need = handled(world, at - timedelta(days=9), "rating")
        NeedRating.objects.create(need=need, stars=stars, at=at)
        services.close_need(need_id=need.pk, reason="", by=here.people["community"], at=at - timedelta(days=stars))
    return world


def test_analysis_on_phone_and_desk(chromium, live_server, world):
    for phone in (True, False):
        walker = Walker(chromium, live_server.url, phone=phone)
        walker.sign_in("office_a", PASSWORD)
        walker.go("/needs/", "需求台账-结转")
        walker.follow("分析", "需求分析")
        page = walker.page
        drawn = page.locator("table[data-chart]:not([data-chart=heat])").count()
        assert page.locator(".chart svg").count() == drawn == 4
        dark = page.locator(".heat-5 a").first
        assert dark.evaluate("e => getComputedStyle(e).color") == "rgb(255, 255, 255)"
        if not phone:
            page.pdf(path=str(SCREENS / "需求分析.pdf"), prefer_css_page_size=True, print_background=True)
        number = page.locator("table.heat tbody a").first
        count = int(number.inner_text())
        with page.expect_navigation():
            number.click()
        walker.look("需求台账-从分析来")
        assert f"共 {count} 条" in page.inner_text("main")
        walker.go("/needs/analysis/?period=range&first=2026-05-02&last=2026-05-01", "需求分析-日期不对")
        walker.says("结束日期不能早于开始日期。")
        walker.go("/needs/analysis/?period=2000")
        walker.go("/needs/analysis/?period=2022", "需求分析-没有")
        assert walker.faults == []
        walker.context.close()


def test_analysis_in_elder_mode_at_320_without_script(chromium, live_server, world):
    walker = Walker(chromium, live_server.url, phone=True)
    walker.sign_in("community_a", PASSWORD)
    walker.context.add_cookies([{"name": "elder", "value": "1", "url": live_server.url}])
    walker.page.set_viewport_size({"width": 320, "height": 640})
    walker.size = {"width": 320, "height": 640}
    walker.go("/needs/analysis/", "需求分析-大字")
    assert walker.faults == []
    bare = chromium.new_context(java_script_enabled=False, storage_state=walker.context.storage_state())
    page = bare.new_page()
    page.goto(live_server.url + "/needs/analysis/")
    assert page.locator("table[data-chart]").count() == 5
    assert page.locator(".chart").count() == 0
    assert page.locator("table.heat tbody tr").first.locator("td").last.inner_text() == str(
        Need.objects.filter(community=world.here.communities[0]).count()
    )
    bare.close()
    walker.context.close()
