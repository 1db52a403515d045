"""Service orders and claims: the whole life, deadlines by the clock, two at once, and who may not."""

import threading
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core import clock
from core.errors import NotAllowed
from messaging.models import Notice
from needs import services
from needs.domain import orders
from needs.domain.orders import BadSite, read_sites
from needs.models import Claim, Need, NeedStep, OrderSite, OrderStep, ServiceOrder
from needs.rules import found_orders, listed_orders
from organizations.models import Standing
from portal.invariants import broken
from portal.track import steps_of
from tests.judging.make import signed_in
from tests.needs.make import post
from tests.needs.trade import DAY, claim, claim_round, draft, listed
from tests.world import build

SECOND = timedelta(seconds=1)


def acts(order):
    return list(OrderStep.objects.filter(order=order).order_by("id").values_list("act", flat=True))


def titles(need):
    return [(s["title"], s["state"]) for s in steps_of(Need.objects.get(pk=need.pk))]


def both(*runs):
    """Run these at the same time, each in a thread of its own; what they returned or raised, by name."""
    start, seen = threading.Barrier(len(runs)), []

    def one(run):
        try:
            start.wait()
            run()
            seen.append("done")
        except Exception as error:  # noqa: BLE001 - its name is what the test asks for
            seen.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(seen)


# ---- the whole life


def test_an_order_goes_from_draft_to_done_and_the_askers_see_each_step(world, at):
    here, by = world.here, world.here.people["community"]
    need = post(world, at, category="culture", by=here.people["grid"])
    order = draft(world, at, [need.pk], fund_source="党组织服务群众经费", buyer="community", mode="claiming")
    assert (order.category, order.sites.get().community_id) == ("culture", here.communities[0].pk)
    assert titles(need)[-1] == ("社区制单", "now")
    order = services.list_order(
        order_id=order.pk, round_id=claim_round(here, at).pk, closes_at=at + 7 * DAY, by=by, at=at
    )
    assert titles(need)[:3] == [("已收到", "done"), ("社区制单", "done"), ("社会组织承单", "now")]
    made = claim(world, order, at + DAY)
    assert ("社会组织承单", "done") in titles(need)
    assert "已有 1 家单位愿意承接" in Client().get(f"/track/{need.tracking_code}/").content.decode()
    services.confirm_claim(claim_id=made.pk, reason="队伍就在本社区", by=by, at=at + 8 * DAY)
    page = Client().get(f"/track/{need.tracking_code}/").content.decode()
    assert f"已确认由{here.organization.name}承接。理由：队伍就在本社区" in page
    services.begin_order(order_id=order.pk, words="", by=by, at=at + 9 * DAY)
    assert titles(need)[-3:] == [("服务中", "done"), ("服务完成", "now"), ("反馈和评议", "todo")]
    services.finish_order(order_id=order.pk, words="办了 12 场活动。", by=by, at=at + 90 * DAY)
    assert titles(need)[-2:] == [("服务完成", "done"), ("反馈和评议", "now")]
    assert "办了 12 场活动。" in Client().get(f"/track/{need.tracking_code}/").content.decode()
    assert acts(order) == ["draft", "list", "offer", "confirm", "begin", "finish"]
    told = Notice.objects.filter(kind="needs.order_news", recipient=here.people["grid"]).values_list(
        "occasion", flat=True
    )
    assert len(told) == 5
    verbs = set(Event.objects.about("needs.serviceorder", order.pk).values_list("verb", flat=True))
    assert verbs == {"needs.order_drafted", "needs.order_listed", "needs.order_begun", "needs.order_finished"}
    assert list(broken()) == []


def test_a_salon_point_is_on_the_tracking_page(world, at):
    from tests.needs.test_salons import call

    by, need = world.here.people["community"], post(world, at)
    salon = call(world, at)
    item = services.add_item(salon_id=salon.pk, title="停车自治", need_ids=[need.pk], by=by, at=at)
    draft(world, at, [need.pk], salon_item_id=item.pk)
    assert titles(need) == [("已收到", "done"), ("书记沙龙", "done"), ("社区制单", "now")]
    assert (
        "已列入 2026年11月20日 书记沙龙第1期 的议题“停车自治”"
        in Client().get(f"/track/{need.tracking_code}/").content.decode()
    )


def test_a_draft_is_changed_and_a_stale_page_is_told(world, at):
    here, by = world.here, world.here.people["community"]
    order = draft(world, at)
    facts = {
        "title": "新名字",
        "mode": "claiming",
        "buyer": "street",
        "fund_source": "专项",
        "service_from": date(2026, 12, 1),
        "service_until": date(2026, 12, 31),
    }
    places = [(here.communities[0].pk, "1号楼"), (here.communities[0].pk, "2号楼"), (here.communities[1].pk, "")]
    changed = services.edit_order(order_id=order.pk, facts=facts, sites=places, by=by, at=at, seen=1)
    assert (changed.title, changed.buyer, changed.sites.count(), changed.version) == ("新名字", "street", 3, 2)
    with pytest.raises(services.OrderMoved):
        services.edit_order(order_id=order.pk, facts=facts, sites=[], by=here.people["office"], at=at, seen=1)
    with pytest.raises(services.SiteElsewhere):
        services.edit_order(order_id=order.pk, facts=facts, sites=[(world.there.communities[0].pk, "")], by=by, at=at)
    assert OrderSite.objects.filter(order=order).count() == 3


def test_directed_orders_name_one_organization_with_a_reason_and_nobody_else_claims(world, at):
    here = world.here
    for facts in (
        {"mode": "direct", "directed_to": here.organization}, {"mode": "direct", "directed_reason": "只此一家"},
        {"mode": "claiming", "directed_to": here.organization, "directed_reason": "x"},
        {"mode": "direct", "directed_to": world.there.organization, "directed_reason": "x"},
    ):  # fmt: skip
        with pytest.raises(services.DirectedElsewhere):
            draft(world, at, **facts)
    order = listed(world, at, mode="direct", directed_to=here.organization, directed_reason="本社区唯一的养老机构")
    assert Notice.objects.filter(recipient=here.people["member"], kind="needs.claim_answer").count() == 1
    with pytest.raises(services.DirectedToAnother):
        claim(world, order, at, "other_member")
    made = claim(world, order, at)
    services.confirm_claim(
        claim_id=made.pk, reason="如约", by=here.people["community"], at=at
    )  # no need to wait for others
    assert "本社区唯一的养老机构" in Client().get(f"/market/{order.pk}/").content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceOrder.objects.filter(pk=order.pk).update(directed_reason="")


def test_listing_needs_what_the_round_does_not_say(world, at):
    here, by = world.here, world.here.people["community"]
    order = draft(world, at)
    with pytest.raises(services.BadDeadline):
        services.list_order(order_id=order.pk, round_id=claim_round(here, at).pk, closes_at=at, by=by, at=at)
    assert ServiceOrder.objects.get(pk=order.pk).state == "draft"
    bare = claim_round(here, at, title="无资金来源", fund_source="")
    with pytest.raises(services.OrderUnfinished, match="资金来源"):
        services.list_order(order_id=order.pk, round_id=bare.pk, closes_at=at + DAY, by=by, at=at)
    done = services.list_order(order_id=order.pk, round_id=claim_round(here, at).pk, closes_at=at + DAY, by=by, at=at)
    assert (done.mode, done.buyer, done.fund_source) == ("claiming", "community", "党组织服务群众经费")


# ---- the deadline


def test_a_claim_is_late_from_the_closing_second_on(world, at):
    order = listed(world, at, days=1)
    made = claim(world, order, at + DAY - SECOND)
    for late in (at + DAY, at + DAY + SECOND):
        with pytest.raises(services.ClaimsClosed):
            claim(world, order, late, "other_member")
        with pytest.raises(services.ClaimsClosed):
            services.edit_claim(
                claim_id=made.pk, plan="x", schedule="", people=1, price=None, by=world.here.people["member"], at=late
            )
        with pytest.raises(services.ClaimsClosed):
            services.withdraw_claim(claim_id=made.pk, reason="x", by=world.here.people["member"], at=late)
    with pytest.raises(IntegrityError), transaction.atomic():  # the database says so too
        Claim.objects.create(
            order=order, organization=world.here.other_organization, plan="x", offered_by=world.here.people["other_member"], offered_at=at + DAY
        )  # fmt: skip


def test_claims_are_changed_and_taken_back_until_the_deadline(world, at):
    by, order = world.here.people["member"], listed(world, at)
    made = claim(world, order, at)
    facts = {"plan": "换个做法", "schedule": "周日", "people": 9, "price": Decimal(3000), "by": by, "at": at}
    assert services.edit_claim(claim_id=made.pk, seen=1, **facts).price == Decimal(3000)
    with pytest.raises(services.OrderMoved):
        services.edit_claim(claim_id=made.pk, seen=1, **facts)
    with pytest.raises(services.PriceAboveCeiling):
        services.edit_claim(claim_id=made.pk, **facts | {"price": Decimal("5000.01")})
    with pytest.raises(NotAllowed):
        services.edit_claim(claim_id=made.pk, **facts | {"by": world.here.people["other_member"]})
    with pytest.raises(services.ReasonMissing):
        services.withdraw_claim(claim_id=made.pk, reason=" ", by=by, at=at)
    assert services.withdraw_claim(claim_id=made.pk, reason="人手不够", by=by, at=at).state == "withdrawn"
    again = claim(world, order, at)
    assert (again.pk != made.pk, order.claims.count()) == (True, 2)
    with pytest.raises(services.AlreadyClaimed):
        claim(world, order, at)


def test_nobody_is_chosen_before_the_deadline(world, at):
    order = listed(world, at)
    made = claim(world, order, at)
    with pytest.raises(services.ClaimsStillOpen):
        services.confirm_claim(
            claim_id=made.pk, reason="快", by=world.here.people["community"], at=at + 7 * DAY - SECOND
        )
    with pytest.raises(services.ReasonMissing):
        services.confirm_claim(claim_id=made.pk, reason=" ", by=world.here.people["community"], at=at + 7 * DAY)
    assert Claim.objects.get().state == "offered"


def test_the_deadline_is_extended_with_a_reason_but_never_shortened(world, at):
    by, order = world.here.people["community"], listed(world, at)
    claim(world, order, at)
    for until in (at + 6 * DAY, at + 7 * DAY, at + 400 * DAY):
        with pytest.raises(services.BadDeadline):
            services.extend_order(order_id=order.pk, closes_at=until, reason="再等等", by=by, at=at)
    with pytest.raises(services.ReasonMissing):
        services.extend_order(order_id=order.pk, closes_at=at + 9 * DAY, reason="", by=by, at=at)
    services.extend_order(order_id=order.pk, closes_at=at + 9 * DAY, reason="有单位要准备", by=by, at=at)
    assert claim(world, order, at + 8 * DAY, "other_member").state == "offered"
    with pytest.raises(services.DeadlineOver):
        services.extend_order(order_id=order.pk, closes_at=at + 20 * DAY, reason="x", by=by, at=at + 9 * DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceOrder.objects.filter(pk=order.pk).update(claims_close_at=at + DAY)
    assert Notice.objects.filter(recipient=world.here.people["member"], subject__startswith="认领期限延长").exists()


def test_nobody_came_and_the_order_is_offered_again(world, at):
    by, need = world.here.people["community"], post(world, at, by=world.here.people["grid"])
    order = listed(world, at, days=1, needs=[need.pk])
    assert services.sweep_orders(at=at + DAY - SECOND) == 0
    assert services.sweep_orders(at=at + DAY) == 1
    assert services.sweep_orders(at=at + DAY) == 0
    order.refresh_from_db()
    need.refresh_from_db()
    assert (order.state, need.due_on is not None) == ("lapsed", True)
    assert NeedStep.objects.filter(need=need).latest("id").act == "order_over"
    assert [t for t, _ in titles(need)] == ["已收到", "流标", "重新安排"]
    assert Notice.objects.filter(recipient=by, subject__startswith="流标").count() == 1
    assert "没有单位承接" in Notice.objects.filter(recipient=world.here.people["grid"]).latest("id").body
    services.relist_order(order_id=order.pk, closes_at=at + 9 * DAY, by=by, at=at + 2 * DAY)
    need.refresh_from_db()
    assert need.due_on is None
    assert claim(world, order, at + 3 * DAY).state == "offered"


def test_several_came_the_community_compares(world, at):
    here, by = world.here, world.here.people["community"]
    order = listed(world, at)
    first, second = claim(world, order, at), claim(world, order, at, "other_member", price=Decimal(3000))
    assert services.sweep_orders(at=at + 7 * DAY) == 1
    order.refresh_from_db()
    assert order.state == "comparing"
    services.confirm_claim(claim_id=second.pk, reason="价格更低，做法更细", by=by, at=at + 8 * DAY)
    first.refresh_from_db()
    assert (first.state, "价格更低" in first.reason) == ("declined", True)
    lost = Notice.objects.get(recipient=here.people["member"], subject__startswith="未选中")
    assert f"已确认由{here.other_organization.name}承接。理由：价格更低，做法更细" in lost.body
    assert (
        Notice.objects.filter(recipient=here.people["other_member"], subject__startswith="已确认由贵单位").count() == 1
    )
    assert "compare" in acts(order)
    assert list(broken()) == []


def test_several_came_and_a_jury_decides(world, at):
    here, order = world.here, listed(world, at)
    claim(world, order, at), claim(world, order, at, "other_member")
    late = at + 7 * DAY
    with pytest.raises(services.RoundNotOpenForOrders):
        services.send_to_round(
            order_id=order.pk, round_id=here.round.pk, by=here.people["office"], at=late
        )  # its window is over
    jury = claim_round(here, at, title="路演期", mode="scoring")
    with pytest.raises(services.RoundNotOpenForOrders):
        services.send_to_round(order_id=order.pk, round_id=world.there.round.pk, by=here.people["office"], at=late)
    with pytest.raises(services.OrderNotNow):
        services.send_to_round(order_id=order.pk, round_id=jury.pk, by=here.people["office"], at=at)
    sent = services.send_to_round(order_id=order.pk, round_id=jury.pk, by=here.people["office"], at=late)
    assert (sent.mode, sent.round_id, sent.state, sent.claims_close_at) == ("scoring", jury.pk, "listed", None)
    assert set(order.claims.values_list("state", flat=True)) == {"moved"}
    assert sent.pk in set(ServiceOrder.objects.filter(round=jury).listed().values_list("pk", flat=True))
    page = signed_in(here.people["member"]).get(f"/market/{order.pk}/")
    assert "claim/" not in page.content.decode()


def test_the_last_claim_declined_after_the_deadline_lets_the_order_lapse(world, at):
    order = listed(world, at)
    made = claim(world, order, at)
    services.decline_claim(claim_id=made.pk, reason="人手不足", by=world.here.people["community"], at=at + 8 * DAY)
    assert ServiceOrder.objects.get(pk=order.pk).state == "lapsed"


def test_who_was_declined_does_not_come_again_in_the_same_listing(world, at):
    order = listed(world, at)
    made = claim(world, order, at)
    services.decline_claim(claim_id=made.pk, reason="人手不足", by=world.here.people["community"], at=at)
    with pytest.raises(services.AlreadyClaimed):
        claim(world, order, at + DAY)


def test_withdrawing_tells_claimants_and_askers_why(world, at):
    here, by = world.here, world.here.people["community"]
    need = post(world, at, by=here.people["grid"])
    order = listed(world, at, needs=[need.pk])
    claim(world, order, at)
    with pytest.raises(services.ReasonMissing):
        services.withdraw_order(order_id=order.pk, reason="", by=by, at=at)
    services.withdraw_order(order_id=order.pk, reason="改由物业办", by=by, at=at)
    assert Claim.objects.get().state == "declined"
    assert "改由物业办" in Notice.objects.get(recipient=here.people["member"], subject__startswith="项目已撤回").body
    assert "改由物业办" in Client().get(f"/track/{need.tracking_code}/").content.decode()
    assert Client().get(f"/market/{order.pk}/").status_code == 404
    need.refresh_from_db()
    assert need.due_on is not None
    with pytest.raises(services.OrderNotNow):
        services.withdraw_order(order_id=order.pk, reason="x", by=by, at=at)
    with pytest.raises(services.NotClaimable):
        claim(world, order, at, "other_member")


def test_work_needs_a_chosen_organization(world, at):
    by, order = world.here.people["community"], listed(world, at)
    with pytest.raises(services.NotChosenYet):
        services.begin_order(order_id=order.pk, words="", by=by, at=at)
    with pytest.raises(services.NotInWork):
        services.finish_order(order_id=order.pk, words="做完了", by=by, at=at)
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceOrder.objects.filter(pk=order.pk).update(begun_at=at)


def test_the_home_page_says_what_waits(world, at):
    from needs.rules import open_tasks

    def waits(moment):
        by = type(world.here.people["community"]).objects.get(pk=world.here.people["community"].pk)
        return {t["title"]: t["count"] for t in open_tasks(by, moment) if "需求" not in t["title"]}

    order = listed(world, at)
    claim(world, order, at)
    draft(world, at)
    listed(world, at, days=1)
    assert waits(at) == {"服务项目单待上单": 1}
    assert waits(at + 7 * DAY) == {"服务项目单待上单": 1, "认领待确认": 1}
    services.sweep_orders(at=at + 2 * DAY)
    assert waits(at) == {"服务项目单待上单": 1, "流标的项目待安排": 1}
    page = signed_in(world.here.people["community"]).get("/orders/?waiting=claims").content.decode()
    assert page.count("FW-2026-") == 1


# ---- who may not


def test_only_the_buyers_side_writes_and_decides(world, at):
    here, order = world.here, listed(world, at)
    made = claim(world, order, at)
    people = [
        here.people[w] for w in ("leader", "supervisor", "finance", "host", "grid", "member", "judge", "system_admin")
    ]
    people += [world.there.people["community"], world.there.people["office"]]
    verbs = {
        "extend": lambda by: services.extend_order(order_id=order.pk, closes_at=at + 9 * DAY, reason="x", by=by, at=at),
        "withdraw": lambda by: services.withdraw_order(order_id=order.pk, reason="x", by=by, at=at),
        "relist": lambda by: services.relist_order(order_id=order.pk, closes_at=at + DAY, by=by, at=at),
        "begin": lambda by: services.begin_order(order_id=order.pk, words="", by=by, at=at),
        "finish": lambda by: services.finish_order(order_id=order.pk, words="x", by=by, at=at),
        "edit": lambda by: services.edit_order(order_id=order.pk, facts={}, sites=[], by=by, at=at),
        "send": lambda by: services.send_to_round(order_id=order.pk, round_id=here.round.pk, by=by, at=at),
        "confirm": lambda by: services.confirm_claim(claim_id=made.pk, reason="x", by=by, at=at + 8 * DAY),
        "decline": lambda by: services.decline_claim(claim_id=made.pk, reason="x", by=by, at=at),
    }
    before = ServiceOrder.objects.filter(pk=order.pk).values().get()
    for who in people:
        for run in verbs.values():
            with pytest.raises(NotAllowed):
                run(who)
    assert ServiceOrder.objects.filter(pk=order.pk).values().get() == before
    assert Claim.objects.get().state == "offered"


def test_a_foreign_or_barred_organization_does_not_claim(world, at):
    here, there = world.here, world.there
    order = listed(world, at)
    with pytest.raises(NotAllowed):
        claim(world, order, at, organization=there.organization, by=there.people["member"])
    with pytest.raises(NotAllowed):
        claim(world, order, at, by=there.people["member"])
    failed = {
        "organization": here.organization,
        "held_on": date(2025, 12, 1),
        "evidence": "述职会",
        "entered_by": here.people["office"],
        "entered_at": at,
    }
    Standing.objects.create(year=2025, number=1, hearing="failed", **failed)
    with pytest.raises(services.OrganizationBarred, match="2025"):
        claim(world, order, at)
    Standing.objects.create(year=2025, number=2, hearing="basic", correction_reason="更正", **failed)
    assert claim(world, order, at).state == "offered"


def test_who_belongs_to_the_organization_does_not_confirm_it(world, at):
    from organizations.models import Membership

    here, order = world.here, listed(world, at)
    made = claim(world, order, at)
    worker = here.people["community"]
    Membership.objects.create(organization=here.organization, user=worker, duty="clerk", since=at)
    with pytest.raises(services.OwnClaim):
        services.confirm_claim(
            claim_id=made.pk, reason="自己人", by=type(worker).objects.get(pk=worker.pk), at=at + 8 * DAY
        )


# ---- the database holds it


def test_what_is_listed_stays_and_history_only_grows(world, at):
    order = listed(world, at)
    made = claim(world, order, at)
    services.confirm_claim(claim_id=made.pk, reason="好", by=world.here.people["community"], at=at + 8 * DAY)
    for run in (
        lambda: ServiceOrder.objects.filter(pk=order.pk).update(title="改名"),
        lambda: ServiceOrder.objects.filter(pk=order.pk).update(price_ceiling=Decimal(9)),
        lambda: ServiceOrder.objects.filter(pk=order.pk).update(state="draft", listed_at=None),
        lambda: OrderSite.objects.filter(order=order).update(unit="别处"),
        lambda: OrderStep.objects.filter(order=order).update(words="x"),
        lambda: OrderStep.objects.filter(order=order).delete(),
        lambda: Claim.objects.filter(pk=made.pk).update(state="declined"),
        lambda: Claim.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            run()


def test_the_trigger_knows_the_same_table(world, at):
    """Every move of the table is allowed by the trigger, every other one is not."""
    allowed = {(a, b) for moves in orders.TABLE.values() for a, b in moves.items() if a != b}
    for before in orders.STATES:
        for after in orders.STATES:
            if before == after:
                continue
            row = ServiceOrder.objects.create(
                number=f"{before}-{after}", street=world.here.area, community=world.here.communities[0], round=claim_round(world.here, at),
                title="x", target="x", content="x", mode="claiming", state=before, listed_at=None if before == "draft" else at,
                withdrawn_reason="x" if before == "withdrawn" else "", drafted_by=world.here.people["office"], drafted_at=at,
            )  # fmt: skip
            try:
                with transaction.atomic():
                    ServiceOrder.objects.filter(pk=row.pk).update(
                        state=after,
                        withdrawn_reason="x" if after == "withdrawn" else "",
                        listed_at=None if after == "draft" else at,
                    )
                moved = True
            except IntegrityError:
                moved = False
            assert moved == ((before, after) in allowed), (before, after)


# ---- two at once


@pytest.mark.django_db(transaction=True)
def test_two_claims_of_one_organization_at_once_leave_one(at):
    world = build(at)
    order = listed(world, at)
    assert both(*[lambda: claim(world, order, at)] * 2) == ["AlreadyClaimed", "done"]
    assert Claim.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_gives_the_same_claim(at):
    world, key = build(at), str(uuid.uuid4())
    order = listed(world, at)
    assert both(*[lambda: claim(world, order, at, once_key=key)] * 2) == ["done", "done"]
    assert (Claim.objects.count(), OrderStep.objects.filter(act="offer").count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_confirming_two_claims_at_once_leaves_one(at):
    world = build(at)
    order = listed(world, at)
    ids = [claim(world, order, at).pk, claim(world, order, at, "other_member").pk]
    by, late = world.here.people, at + 8 * DAY
    seen = both(
        lambda: services.confirm_claim(claim_id=ids[0], reason="甲好", by=by["community"], at=late),
        lambda: services.confirm_claim(claim_id=ids[1], reason="乙好", by=by["office"], at=late),
    )
    assert seen == ["ClaimAlreadyDecided", "done"]
    assert sorted(Claim.objects.values_list("state", flat=True)) == ["confirmed", "declined"]
    assert list(broken()) == []


@pytest.mark.django_db(transaction=True)
def test_a_withdrawal_and_a_claim_at_once_leave_no_open_claim(at):
    world = build(at)
    order = listed(world, at)
    seen = both(
        lambda: services.withdraw_order(order_id=order.pk, reason="不办了", by=world.here.people["community"], at=at),
        lambda: claim(world, order, at),
    )
    assert seen in (["NotClaimable", "done"], ["done", "done"])
    assert not Claim.objects.filter(state="offered").exists()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_settle_once(at):
    world = build(at)
    order = listed(world, at, days=1)
    both(*[lambda: services.sweep_orders(at=at + DAY)] * 2)
    assert acts(order).count("lapse") == 1


# ---- pages


def test_the_market_is_found_by_place_kind_mode_words_and_openness(world, at):
    here = world.here
    one = listed(world, at)
    two = listed(
        world,
        at,
        days=1,
        title="义诊",
        community=here.communities[0],
        by=here.people["office"],
        sites=[(here.communities[1].pk, "")],
    )
    scored = draft(world, at, title="路演项目")
    services.list_order(order_id=scored.pk, round_id=here.round.pk, by=here.people["office"], at=at)

    def ids(**chosen):
        return set(
            found_orders(listed_orders(), {k: str(v) for k, v in chosen.items()}, at + 2 * DAY).values_list(
                "pk", flat=True
            )
        )

    assert ids() == {one.pk, two.pk, scored.pk}
    assert ids(community=here.communities[1].pk) == {two.pk}
    assert ids(mode="scoring") == {scored.pk}
    assert ids(state="open") == {one.pk, scored.pk}
    assert ids(q="义诊") == {two.pk}
    assert ids(category="culture") == {one.pk, two.pk, scored.pk}
    assert ids(category="nonsense", community="x", mode="?", state="!") == ids()
    body = Client().get("/market/", {"q": "义诊", "state": "over"}).content.decode()
    assert "没有符合条件的项目" in body


def test_the_market_costs_the_same_at_any_length_and_pages(world, at):
    def count():
        with CaptureQueriesContext(connection) as seen:
            assert Client().get("/market/").status_code == 200
        return len(seen)

    for _ in range(3):
        claim(world, listed(world, at), at)
    count()
    few = count()
    for _ in range(22):
        listed(world, at)
    assert count() == few
    assert "共 25 条" in Client().get("/market/?page=2").content.decode()


FORM = {
    "title": "文艺角", "category": "", "target": "居民", "content": "每周一次", "sites": "溡源 1号楼\n溡源社区　2号楼", "price_ceiling": "５，000", "buyer": "street",
    "fund_source": "专项", "service_from": "2026-12-01", "service_until": "2026-12-31", "mode": "claiming", "directed_to": "", "directed_reason": "",
}  # fmt: skip


def test_pages_from_draft_to_listing_keep_what_was_typed(world, at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    here = world.here
    client, need = signed_in(here.people["community"]), post(world, at)
    sent = FORM | {"need": need.pk, "community": here.communities[0].pk, "once_key": str(uuid.uuid4())}
    for bad, words in (
        ({"sites": "火星 1号楼"}, "不是本街道的社区"), ({"service_until": "2026-11-01"}, "不能早于"), ({"mode": "direct"}, "必须写明理由"),
        ({"directed_reason": "只此一家"}, "只有“定向”才填"), ({"price_ceiling": "很多"}, "请填写金额"),
    ):  # fmt: skip
        body = client.post("/orders/new/", sent | bad).content.decode()
        assert words in body
        assert "文艺角" in body
    first, second = client.post("/orders/new/", sent), client.post("/orders/new/", sent)
    assert (first["Location"], ServiceOrder.objects.count()) == (second["Location"], 1)
    order = ServiceOrder.objects.get()
    assert set(order.sites.values_list("unit", flat=True)) == {"1号楼", "2号楼"}
    changed = sent | {"title": "新文艺角", "seen": order.version, "need": ""}
    assert client.post(f"/orders/{order.pk}/edit/", changed).status_code == 302
    stale = client.post(f"/orders/{order.pk}/edit/", changed)
    assert (stale.status_code, "刚刚由别人处理过" in stale.content.decode()) == (409, True)
    round_ = claim_round(here, at)
    missing = client.post(f"/orders/{order.pk}/list/", {"round": round_.pk, "closes_at": ""})
    assert "请填写认领截止" in missing.content.decode()
    assert (
        client.post(f"/orders/{order.pk}/list/", {"round": round_.pk, "closes_at": "2026-12-01 17:00"}).status_code
        == 302
    )
    assert client.get(f"/orders/{order.pk}/edit/").status_code == 302
    bad = client.post(
        f"/orders/{order.pk}/do/extend/", {"extend-closes_at": "2026-11-30 17:00", "extend-reason": "等等"}
    )
    assert (bad.status_code, "延长时要晚于原来的截止" in bad.content.decode()) == (400, True)
    assert client.post(f"/orders/{order.pk}/do/nonsense/", {}).status_code == 404
    assert client.post(f"/orders/{order.pk}/do/withdraw/", {"withdraw-reason": "不办了"}).status_code == 302


def test_pages_of_an_organization(world, at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    here, order = world.here, listed(world, at)
    client = signed_in(here.people["member"])
    assert "认领这个项目" in client.get(f"/market/{order.pk}/").content.decode()
    sent = {
        "organization": here.organization.pk,
        "plan": "我们来",
        "schedule": "周六",
        "people": "5",
        "price": "9000",
        "once_key": str(uuid.uuid4()),
    }
    assert "不能高于最高限价 5,000.00 元" in client.post(f"/market/{order.pk}/claim/", sent).content.decode()
    assert client.post(f"/market/{order.pk}/claim/", sent | {"price": "4000"}).status_code == 302
    made = Claim.objects.get()
    assert "文艺角" in client.get("/claims/").content.decode()
    edited = {"plan": "改了", "schedule": "", "people": "", "price": "", "seen": made.version}
    assert client.post(f"/claims/{made.pk}/edit/", edited).status_code == 302
    stale = client.post(f"/claims/{made.pk}/edit/", edited)
    assert (stale.status_code, "刚刚由同事改过" in stale.content.decode()) == (409, True)
    assert client.post(f"/claims/{made.pk}/edit/", {"do": "withdraw", "back-reason": ""}).status_code == 400
    assert signed_in(here.people["other_member"]).get(f"/claims/{made.pk}/edit/").status_code == 404
    assert "我们来" not in Client().get(f"/market/{order.pk}/").content.decode()
    assert client.post(f"/claims/{made.pk}/edit/", {"do": "withdraw", "back-reason": "没人手"}).status_code == 302
    monkeypatch.setattr(clock, "now", lambda: at + 8 * DAY)
    late = client.post(
        f"/market/{order.pk}/claim/", sent | {"price": "4000", "once_key": str(uuid.uuid4())}
    ).content.decode()
    assert "认领已于 2026-11-30 12:00 截止" in late


def test_lines_of_sites_are_read_as_people_type_them():
    known = {"溡源社区": 1, "云秀社区": 2}
    assert read_sites("溡源社区 1号楼\n\n云秀　活动室 \n云秀 活动室", known) == [(1, "1号楼"), (2, "活动室")]
    with pytest.raises(BadSite, match="火星"):
        read_sites("火星 1", known)
    with pytest.raises(BadSite, match="太长"):
        read_sites("溡源 " + "长" * 61, known)


def test_an_act_of_the_table_is_named_in_the_history():
    assert set(orders.TABLE) <= set(OrderStep.Act.values)
    assert set(OrderStep.Act.values) >= orders.PUBLIC
    with pytest.raises(orders.NotNow):
        orders.target("list", "listed")
    assert [
        orders.after_deadline(m, n) for m, n in (("claiming", 0), ("claiming", 1), ("claiming", 2), ("direct", 1))
    ] == ["lapse", "", "compare", ""]
