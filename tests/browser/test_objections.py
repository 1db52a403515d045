"""A resident objects on a phone; the office answers on its own screen; the answer comes back by the code."""

from datetime import timedelta

import pytest

from core import clock
from funding import services
from tests.browser.walker import Walker
from tests.funding.test_services import approved
from tests.world import PASSWORD, build
from workdays.domain import is_workday

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def notice(live_server):
    """A notice that runs today; begun on the last working day."""
    at = clock.now()
    world = build(at)
    day = clock.local(at).date()
    while not is_workday(day, {}):
        day -= timedelta(days=1)
    return services.publish_notice(plan_id=approved(world, at).pk, by=world.here.people["office"], starts_on=day, at=at)


def test_from_the_phone_to_the_answer(chromium, live_server, notice):
    resident = Walker(chromium, live_server.url, phone=True)
    office, leader = (Walker(chromium, live_server.url) for _ in range(2))
    try:
        resident.go(f"/notices/{notice.pk}/", "公示")
        resident.follow("对公示提出异议", "提出异议")
        resident.press("提交异议", "异议未填写")
        resident.says("请填写异议内容")
        page = resident.page
        page.get_by_label("针对的项目").select_option(index=1)
        page.get_by_label("异议内容").fill("场地费重复申报，附发票。")
        page.get_by_label("证据材料").set_input_files(
            {"name": "发票.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 x"}
        )
        page.get_by_label("姓名或单位").fill("某居民")
        page.get_by_label("联系电话").fill("138 0000 1234")
        page.get_by_label("同意受理单位").check()
        resident.press("提交异议", "异议已受理")
        resident.says("请记下查询码")
        track = page.url.removeprefix(live_server.url)
        office.sign_in("office_a", PASSWORD)
        office.go("/objections/", "异议登记")
        office.page.get_by_role("link", name="YY-").first.click()
        office.page.get_by_label("核查情况").fill("核对了两张发票，不是同一笔。")
        office.page.get_by_label("异议不成立").check()
        office.page.get_by_label("书面答复").fill("经核查，两张发票对应两次活动，没有重复。")
        office.look("核查异议")
        office.press("提请领导审批答复", "异议待审批")
        leader.sign_in("leader_a", PASSWORD)
        leader.go(office.page.url.removeprefix(live_server.url), "审批异议答复")
        leader.press("批准并答复")
        leader.says("已答复")
        resident.go(track, "异议答复")
        resident.says("没有重复")
        faults = [f for w in (resident, office, leader) for f in w.faults]
        assert not faults, faults
    finally:
        for walker in (resident, office, leader):
            walker.context.close()
