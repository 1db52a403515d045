"""办理记录 of a record as the office sees it, on a desk and on a phone; a demonstration street taken away."""

import pytest
from playwright.sync_api import expect

from accounts.services import add_area
from audit.services import mark_demonstration
from core import clock
from organizations.models import Organization
from organizations.services import change_profile
from tests.browser.test_organizations import no_faults
from tests.browser.walker import Walker
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(db):
    return build(clock.now())


@pytest.mark.parametrize("phone", [False, True])
def test_the_office_reads_what_was_changed(chromium, live_server, world, phone):
    row, office = world.here.organization, world.here.people["office"]
    facts = {"legal_name": "赵某", "grade": "3A", "business": "助老、邻里互助"}
    change_profile(organization_id=row.pk, facts=facts, revision=row.revision, by=office, at=clock.now())
    revision = Organization.objects.get(pk=row.pk).revision
    change_profile(organization_id=row.pk, facts={"grade": "4A"}, revision=revision, by=office, at=clock.now())
    her = Walker(chromium, live_server.url, phone=phone)
    her.sign_in("office_a", PASSWORD)
    her.go(f"/organizations/{row.pk}/", "组织页")
    her.follow("办理记录", "办理记录")
    main = her.page.locator("main")
    expect(main).to_contain_text("民政评估等级")
    expect(main.locator("tbody tr")).to_have_count(2)
    expect(main.locator("tbody tr").first).to_contain_text("3A")
    expect(main.locator("tbody tr").first).to_contain_text("4A")
    her.page.get_by_label("操作人").select_option(label=office.display_name)
    her.press("筛选", "办理记录筛选")
    expect(main.locator("tbody tr")).to_have_count(2)
    if phone:
        her.page.get_by_role("button", name="更多条件").click()
    her.page.get_by_label("从", exact=True).fill("2099-01-01")
    her.press("筛选", "办理记录没有")
    expect(main).to_contain_text("没有符合条件的记录")
    her.go(f"/history/organization/{row.pk}/", "")
    her.press("导出 Excel", "")
    assert "/jobs/" in her.page.url
    her.go("/organizations/?q=cs", "组织查找")
    no_faults(her)


def test_the_demonstration_page(chromium, live_server, world):
    street = add_area(kind="street", name="演示街道", parent=world.district)
    mark_demonstration(street_id=street.pk, at=clock.now())
    her = Walker(chromium, live_server.url)
    her.sign_in("system_admin_a", PASSWORD)
    her.go("/operations/demonstration/", "演示街道")
    her.page.get_by_label("照写街道名").fill("演示")
    her.press("删除这个演示街道", "演示街道名字不对")
    her.says("街道名写得不对")
    her.page.get_by_label("照写街道名").fill("演示街道")
    her.press("删除这个演示街道", "演示街道已删除")
    her.says("还没有演示街道")
    her.faults = [fault for fault in her.faults if "status of 400" not in fault]  # the refused name
    no_faults(her)
