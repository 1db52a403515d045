"""The papers of the result, printed by a real browser."""

import pytest

from core import clock
from tests.browser.walker import SCREENS, Walker
from tests.judging.test_prints import judged
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_tally_and_sheets_print_on_whole_pages(live_server, chromium):
    world = build(clock.now())
    session, entries, people = judged(world, clock.now(), entries=12, judges=9)
    walker = Walker(chromium, live_server.url, phone=False)
    walker.sign_in("office_a", PASSWORD)
    walker.go(f"/sessions/{session.pk}/print/e6/", "打印汇总表")
    walker.page.pdf(path=str(SCREENS / "汇总表.pdf"), prefer_css_page_size=True, print_background=True)
    walker.go(f"/sessions/{session.pk}/print/e5/", "打印评分表")
    pdf = walker.page.pdf(path=str(SCREENS / "评委评分表.pdf"), prefer_css_page_size=True, print_background=True)
    assert pdf.count(b"/Type /Page\n") in (0, len(people))  # a page a judge, where the writer says it in plain words
    walker.go(f"/sessions/{session.pk}/why/{entries[1].pk}/", "得分说明")
    assert walker.faults == []
    walker.context.close()
