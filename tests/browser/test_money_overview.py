"""资金总览 in a real browser: charts from tables under the strict policy, on a phone, a desk and paper, without script."""

import pytest

from core import clock
from funding.models import Instalment
from tests.browser.walker import SCREENS, Walker
from tests.funding.money import LATER, ask, paid, signed
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def money(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    at = clock.now()
    world = build(at)
    agreement = signed(world, at)
    paid(world, ask(world, agreement, at + LATER), at + LATER)
    Instalment.objects.filter(agreement=agreement).update(due_on=at.date())
    return world


def test_overview_on_phone_desk_and_paper(live_server, chromium, money):
    for phone in (True, False):
        walker = Walker(chromium, live_server.url, phone=phone)
        walker.sign_in("leader_a", PASSWORD)
        walker.go("/money/", "资金总览")
        assert walker.page.locator(".chart svg").count() == walker.page.locator("table[data-chart]").count() == 4
        assert walker.page.locator(".chart svg text").count() > 10
        assert walker.page.locator(".chart svg pattern").count() > 0
        if not phone:
            walker.page.pdf(path=str(SCREENS / "资金总览.pdf"), prefer_css_page_size=True, print_background=True)
        walker.go("/gallery/", "组件陈列图表")
        assert walker.page.locator(".chart svg").count() == 2
        assert walker.page.locator(".heat-5").count() == 1
        assert walker.faults == []
        walker.context.close()
