"""A form that is sent without leaving its page: where it leads to is asked for once, whatever the place in it."""

import pytest
from playwright.sync_api import expect

from core import clock
from tests.browser.walker import Walker
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def here(live_server):
    return build(clock.now()).here


def test_the_same_page_at_another_place_is_loaded_once(chromium, live_server, here):
    walker = Walker(chromium, live_server.url)
    page = walker.page
    walker.go(f"/calls/{here.round.pk}/")
    asked, shown = [], []
    page.on(
        "request", lambda request: asked.append((request.method, request.url)) if "/calls/" in request.url else None
    )
    page.on("framenavigated", lambda frame: shown.append(frame.url))
    page.get_by_label("您的问题").fill("备案队伍能不能申报？")
    walker.press("提交问题")
    walker.says("问题已收到")
    expect(page.locator("#questions")).to_be_in_viewport()
    url = f"{live_server.url}/calls/{here.round.pk}/"
    assert asked == [("POST", url), ("GET", url)]
    assert shown == [url, f"{url}#questions"]  # one page, then the place in it
    page.reload()
    assert page.evaluate("sessionStorage.length") == 0
    assert walker.faults == []


def test_a_refusal_after_another_place_stays_where_it_is(chromium, live_server, here):
    walker = Walker(chromium, live_server.url)
    page = walker.page
    walker.sign_in("member_a", PASSWORD)
    page.goto(f"{live_server.url}/calls/{here.round.pk}/#questions")
    walker.press("提交问题")
    expect(page.locator("[data-error-summary]")).to_be_focused()
    assert [f for f in walker.faults if "400" not in f] == []
