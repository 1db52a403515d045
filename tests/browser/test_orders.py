"""From a point of a salon to the order, the claim, the confirmation; the resident follows it on a phone."""

from datetime import timedelta

import pytest

from core import clock
from core.clock import local
from needs import services
from needs.models import Claim, Need, Pledge, Resource, ServiceOrder
from portal.invariants import broken
from tests.needs.make import post
from tests.needs.trade import claim, claim_round, listed
from tests.world import build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(live_server):
    return build(clock.now())


def moment(at):
    return f"{local(at):%Y-%m-%d %H:%M}"


def over(order):
    """The deadline has come: as if it had been set in the past, guards apart."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE needs_serviceorder DISABLE TRIGGER needs_order_guard")
        ServiceOrder.objects.filter(pk=order.pk).update(claims_close_at=clock.now())
        cursor.execute("ALTER TABLE needs_serviceorder ENABLE TRIGGER needs_order_guard")


def test_from_a_salons_point_to_the_finished_service(world, walk):
    at, here = clock.now(), world.here
    need = post(world, at, category="culture", words="想有个跳舞唱歌的地方。")
    claim_round(here, at)
    by = here.people["community"]
    salon = services.plan_salon(
        community=here.communities[0], series="书记沙龙", number=None, subject="文艺角", held_on=local(at).date(), begins=local(at).time(),
        venue="议事厅", convener="社区书记", by=by, at=at,
    )  # fmt: skip
    services.add_item(salon_id=salon.pk, title="邻里文艺角", need_ids=[need.pk], by=by, at=at)
    phone = walk(phone=True)
    phone.go(f"/track/{need.tracking_code}/")

    desk = walk(who="community_a")
    desk.go(f"/salons/{salon.pk}/")
    desk.follow("制成服务项目单", "制单-从沙龙议题")
    desk.page.get_by_label("服务对象").fill("溡源社区居民")
    desk.page.get_by_label("实施点").fill("溡源 活动室")
    desk.page.get_by_label("最高限价（元）").fill("5000")
    desk.page.get_by_label("怎样选承接单位").select_option(label="认领")
    desk.press("制单", "服务项目单-待上单")
    order = ServiceOrder.objects.get()
    phone.go(f"/track/{need.tracking_code}/", "查进度-在书记沙龙")
    phone.says("书记沙龙")
    phone.says("社区正在制作服务项目单")
    desk.go(f"/orders/{order.pk}/edit/", "服务项目单-修改")
    desk.page.get_by_label("资金来源").fill("党组织服务群众经费")
    desk.press("保存")
    desk.page.get_by_label("上到哪一期").select_option(label="认领期")
    desk.page.get_by_label("认领截止").fill(moment(at + timedelta(days=7)))
    desk.press("上到项目超市", "服务项目单-已上单")

    phone.go(f"/track/{need.tracking_code}/", "查进度-已上单")
    phone.says("等社会组织来认领")
    phone.go("/market/", "项目超市-手机")
    phone.follow("邻里文艺角", "项目超市-项目-手机")
    member = walk(who="member_a")
    member.go("/market/?q=文艺&mode=claiming&state=open", "项目超市-筛选")
    member.follow("邻里文艺角")
    member.follow("认领这个项目")
    member.page.get_by_label("打算怎么做").fill("每周六排练，月末演出。")
    member.page.get_by_label("什么时候做").fill("12 月起每周六上午")
    member.page.get_by_label("投入人数").fill("6")
    member.page.get_by_label("认领价（元）").fill("4500")
    member.press("提交认领", "项目超市-已认领")
    member.go("/claims/", "我的认领")
    member.go(f"/claims/{Claim.objects.get().pk}/edit/", "我的认领-修改")
    phone.go(f"/track/{need.tracking_code}/", "查进度-有单位响应")
    phone.says("已有 1 家单位愿意承接")

    desk.go(f"/claims/{Claim.objects.get().pk}/", "处理认领-未截止")
    desk.says("截止后才能确定")
    over(order)
    desk.go(f"/claims/{Claim.objects.get().pk}/", "处理认领")
    desk.page.get_by_label("确定这一家的理由").fill("队伍就在本社区，价格在限价以内。")
    desk.press("确认由该单位承接", "服务项目单-已认领")
    phone.go(f"/track/{need.tracking_code}/", "查进度-已确定单位")
    phone.says("队伍就在本社区")
    desk.page.locator("summary", has_text="登记开始服务").click()
    desk.press("登记开始服务")
    desk.page.locator("summary", has_text="登记服务完成").click()
    desk.page.locator("form[action$='/finish/']").get_by_label("说明").fill("办了 12 场活动，来了 300 人次。")
    desk.press("登记服务完成", "服务项目单-已完成")
    phone.go(f"/track/{need.tracking_code}/", "查进度-服务完成")
    phone.says("办了 12 场活动")
    phone.page.set_viewport_size({"width": 320, "height": 700})
    phone.size = {"width": 320, "height": 700}
    phone.go(f"/track/{need.tracking_code}/")
    phone.go(f"/market/{order.pk}/")
    phone.go("/market/")
    assert Need.objects.get(pk=need.pk).state == "handling"
    assert list(broken()) == []


def test_several_claims_are_compared(world, walk):
    at = clock.now()
    order = listed(world, at)
    claim(world, order, at)
    claim(world, order, at, "other_member")
    over(order)
    services.sweep_orders(at=clock.now())
    desk = walk(who="community_a")
    desk.go(f"/orders/{order.pk}/", "服务项目单-比选")
    desk.says("请比较后确定一家")
    desk.page.locator("summary", has_text="转入竞评").click()
    desk.page.get_by_label("转入哪一期竞评").select_option(label="第一期公益创投")
    desk.press("转入竞评", "服务项目单-转入竞评")
    order.refresh_from_db()
    assert (order.mode, order.round_id) == ("scoring", world.here.round.pk)
    phone = walk(phone=True, who="community_a")
    phone.go(f"/orders/{order.pk}/", "服务项目单-手机")
    phone.go("/orders/")


def test_a_resource_is_registered_suggested_pledged_and_confirmed(world, walk):
    at = clock.now()
    order = listed(world, at)
    member = walk(phone=True, who="member_a")
    member.go("/resources/", "资源清单-空-手机")
    member.go("/resources/new/", "登记资源-手机")
    member.page.get_by_label("场地", exact=True).check()
    member.page.get_by_label("资源名称").fill("二楼活动室")
    member.page.get_by_label("适合的服务类别").select_option(label="文体娱乐")
    member.press("登记", "资源-手机")
    member.go("/resources/units/")
    row = Resource.objects.get()
    desk = walk(who="community_a")
    desk.go("/resources/", "资源清单")
    desk.go("/resources/new/", "登记资源")
    desk.go(f"/orders/{order.pk}/")
    desk.follow("找资源", "找资源")
    desk.says("正是场地")
    desk.follow("登记承诺", "承诺资源")
    desk.page.get_by_label("承诺内容").fill("每周六上午借用。")
    desk.press("登记承诺", "资源-有承诺")
    desk.go(f"/pledges/{Pledge.objects.get().pk}/", "资源承诺")
    desk.press("确认承诺", "资源承诺-已确认")
    desk.press("登记已兑现")
    desk.go("/resources/units/", "资源合计")
    desk.go(f"/resources/{row.pk}/")
    assert Pledge.objects.get().state == "kept"
    assert list(broken()) == []
