"""A need from asking to closing: the resident's phone and the clerk's screen."""

import pytest
from playwright.sync_api import expect

from core import clock
from needs import services
from needs.models import Need, NeedSecond
from portal.invariants import broken
from tests.needs.make import handled, post
from tests.world import build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    return build(clock.now())


def test_asked_followed_handled_rated_and_closed(world, walk):
    phone = walk(phone=True)
    phone.go("/ask/")
    phone.page.get_by_label("您在哪个社区").select_option(label="甲街道 溡源社区")
    phone.page.get_by_label("环境卫生").check()
    phone.page.get_by_label("您想解决什么").fill("楼道灯坏了，晚上看不见。")
    phone.press("提交")
    need = Need.objects.get()
    phone.go(f"/track/{need.tracking_code}/", "需求查进度-刚收到")
    phone.says("已收到")

    desk = walk(who="community_a")
    desk.go("/needs/", "需求台账")
    desk.go(f"/needs/{need.pk}/", "需求详情-待分析")
    first = desk.page.locator(".next-step")
    first.get_by_label("马上办").check()
    desk.press("分析")
    desk.says("待处置")
    desk.press("开始处置")
    desk.page.locator(".next-step").get_by_label("办了什么").fill("换了灯泡")
    desk.press("处置完毕", "需求详情-待反馈")
    desk.page.get_by_label("告诉居民什么").fill("灯修好了，请您看看。")
    desk.press("反馈", "需求详情-待评议")
    desk.says("待评议")

    phone.go(f"/track/{need.tracking_code}/", "需求查进度-可评议")
    phone.says("灯修好了，请您看看。")
    phone.page.get_by_label("很满意", exact=True).check()
    phone.press("提交评议", "需求查进度-已评议")
    phone.says("您已评议：很满意")

    desk.go(f"/needs/{need.pk}/")
    desk.press("办结", "需求详情-已办结")
    need.refresh_from_db()
    assert need.state == "closed"
    assert list(broken()) == []


def test_suggestions_while_typing_seconding_and_merging(world, walk):
    at = clock.now()
    need = handled(world, at, words="楼道灯坏了，晚上看不见。")
    services.publish_words(need_id=need.pk, words="3栋楼道灯坏了", by=world.here.people["community"], at=at)
    phone = walk(phone=True)
    phone.go("/ask/")
    phone.page.get_by_label("您在哪个社区").select_option(label="甲街道 溡源社区")
    phone.page.get_by_label("您想解决什么").fill("楼道的灯坏了好久")
    expect(phone.page.locator("[data-similar-box]")).to_contain_text("3栋楼道灯坏了")
    phone.look("提需求-可能是同一件事")
    phone.follow("去看看、附议", "需求公开-一件")
    phone.press("附议")
    phone.says("已附议")
    assert NeedSecond.objects.count() == 1
    phone.go("/open/", "需求公开-选社区")
    phone.go(f"/open/?community={need.community_id}", "需求公开-列表")

    other = post(world, at, words="楼道里的灯坏了，摔了人")
    desk = walk(who="community_a")
    desk.go("/needs/new/")
    desk.page.get_by_label("居民的原话").fill("楼道灯坏了要修")
    expect(desk.page.locator("[data-similar-box]")).to_contain_text(need.number)
    desk.look("登记需求-可能是同一件事")
    desk.go(f"/needs/{need.pk}/merge/", "合并同类需求")
    desk.page.get_by_label(f"选择 {other.number}").check()
    desk.press("合并到", "需求详情-合并后")
    other.refresh_from_db()
    assert other.merged_into_id == need.pk


def test_pages_of_settings_and_slips(world, walk):
    need = handled(world, clock.now(), "rating")
    services.print_slips(need_id=need.pk, count=4, by=world.here.people["community"], at=clock.now())
    office = walk(who="office_a")
    office.go("/needs/terms/", "需求办理期限")
    office.go("/needs/duties/", "包片责任")
    office.go("/needs/?q=ldd", "需求台账-查首字母")
    desk = walk(who="community_a")
    desk.go(f"/needs/{need.pk}/slips/", "评议单")
    phone = walk(phone=True)
    phone.go(f"/slip/{need.slips.first().code}/", "评议单-手机")
    narrow = walk(phone=True, who="grid_a")
    narrow.go("/needs/", "需求台账-手机")
    narrow.go(f"/needs/{need.pk}/", "需求详情-手机")
