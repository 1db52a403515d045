"""A round set up by clicks: from a ready configuration to a published call, a question asked and answered."""

import pytest

from core import clock
from rounds.models import Question, Round
from tests.browser.walker import SCREENS, Walker
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CLICKS = 5  # from the list of rounds to the published call


def chosen(walker, place, name):
    """Follow the link of one row, whose words other rows have too."""
    with walker.page.expect_navigation():
        walker.page.locator(place).click()
    walker.look(name)


def test_from_a_configuration_to_a_published_call(chromium, live_server):
    build(clock.now())
    office = Walker(chromium, live_server.url)
    office.sign_in("office_a", PASSWORD)
    office.go("/rounds/", "期次列表")
    clicks = 0

    def click(act, words, name):
        nonlocal clicks
        clicks += 1
        act(words, name)

    click(office.follow, "新建期次", "新建期次起点")
    page = office.page
    click(lambda place, name: chosen(office, place, name), 'a[href$="with=micro"]', "新建期次表单")
    assert page.get_by_label("单个项目上限").input_value() == "5000.00"
    page.get_by_label("名称").fill("楼道微项目")
    page.get_by_label("异议受理方式").fill("街道创投办窗口")
    click(office.press, "保存", "期次核对")
    office.says("微项目快办")
    click(office.press, "开启期次并公布", "期次已开启")
    row = Round.objects.get(title="楼道微项目")
    office.says(row.rules_digest)
    click(office.follow, "查看公开的征集公告", "征集公告新")
    office.says(row.rules_digest)
    assert clicks == CLICKS
    page.pdf(path=str(SCREENS / "征集公告.pdf"), prefer_css_page_size=True)
    page.emulate_media(media="print")
    assert page.eval_on_selector(".call-sheet", "e => getComputedStyle(e).breakInside") == "auto"  # longer than a page
    assert not page.get_by_role("button", name="提交问题").is_visible()
    assert page.get_by_text(row.rules_digest).is_visible()
    page.emulate_media(media="screen")

    visitor = Walker(chromium, live_server.url, phone=True)
    visitor.go(f"/calls/{row.pk}/", "征集公告手机")
    visitor.page.get_by_label("您的问题").fill("居民小组能申报吗？")
    visitor.press("提交问题", "已提问")
    visitor.says("问题已收到")
    office.go(f"/rounds/{row.pk}/questions/", "答疑")
    chosen(office, f'a[href="/rounds/questions/{Question.objects.get().pk}/"]', "答复提问")
    page.locator("#id_answer").fill("能，由社区推荐。")
    office.press("公布问题和答复", "已公布问答")
    visitor.go(f"/calls/{row.pk}/", "公告问答手机")
    visitor.says("能，由社区推荐。")
    assert Question.objects.get().state == "answered"

    phone = Walker(chromium, live_server.url, phone=True)
    phone.sign_in("office_a", PASSWORD)
    for path, name in (
        ("/rounds/", ""), ("/rounds/new/", "起点手机"), (f"/rounds/new/?from={row.pk}", "照往期手机"), (f"/rounds/{row.pk}/", "期次手机"), (f"/rounds/{row.pk}/questions/", "答疑手机"),
    ):  # fmt: skip
        phone.go(path, name)
    office.go(f"/rounds/new/?from={row.pk}", "照往期新建")
    office.says("已按“楼道微项目”填好")
    faults = [f for walker in (office, visitor, phone) for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))
    for walker in (office, visitor, phone):
        walker.context.close()
