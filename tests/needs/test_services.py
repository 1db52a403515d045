"""Needs, orders and claims: twice sent, floods, masking, races."""

import threading
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from audit.models import Event
from core.errors import NotAllowed
from delivery.models import Rating
from delivery.services import NotRateable, RatedBefore, rate_project
from needs import services
from needs.models import Claim, Need, ServiceOrder
from needs.services import (
    AlreadyClaimed,
    ClaimAlreadyDecided,
    NeedAlreadyHandled,
    NeedsOfAnotherStreet,
    NotClaimable,
    OrderNotDraft,
    PriceAboveCeiling,
    ReasonMissing,
    RoundNotOpenForOrders,
    TooManyNeeds,
)
from rounds.models import Round
from tests.house.scene import play
from tests.world import build

PHONE = "13712345678"


def post(world, at, **changes):
    facts = {
        "community": world.here.communities[0], "channel": "visit", "category": "culture", "words": "想有个活动的地方。", "people_count": 9,
        "urgency": "low", "at": at, "by": world.here.people["community"],
    } | changes  # fmt: skip
    return services.post_need(**facts)


def order(world, at, needs=None, *, who="community", listed=False, mode="scoring"):
    needs = needs or [post(world, at).pk]
    row = services.draft_order(
        community=world.here.communities[0],
        need_ids=needs,
        title="文艺角",
        target="居民",
        content="每周一次。",
        price_ceiling=Decimal(5000),
        by=world.here.people[who],
        at=at,
    )
    if listed:
        round_ = world.here.round
        if mode == "claiming":
            facts = {
                f.name: getattr(round_, f.name)
                for f in Round._meta.concrete_fields
                if f.name not in ("id", "title", "mode")
            }
            round_ = Round.objects.create(title="认领期", mode="claiming", **facts)
        row = services.list_order(order_id=row.pk, round_id=round_.pk, by=world.here.people[who], at=at)
    return row


def form(world, **changes):
    return {
        "community": world.here.communities[0].pk,
        "category": "culture",
        "words": "想跳舞",
        "website": "",
        "once_key": str(uuid.uuid4()),
    } | changes


def test_a_resident_asks_without_an_account_and_twice_is_once(world):
    client, sent = Client(), form(world)
    first, second = client.post("/ask/", sent), client.post("/ask/", sent)
    assert first["Location"] == second["Location"]
    need = Need.objects.get()
    assert (need.channel, need.posted_by, len(need.tracking_code)) == ("online", None, 10)
    assert need.tracking_code in client.get(first["Location"]).content.decode()
    assert "已收到" in client.get(f"/track/{need.tracking_code.lower()}/").content.decode()


def test_contact_needs_consent_and_typed_words_stay(world):
    page = Client().post("/ask/", form(world, contact_phone="137 1234 5678")).content.decode()
    assert "须先勾选同意" in page
    assert "想跳舞" in page
    assert not Need.objects.exists()


def test_robots_that_fill_the_trap_leave_nothing(world):
    assert Client().post("/ask/", form(world, website="http://x")).status_code == 302
    assert not Need.objects.exists()


def test_a_flooded_community_asks_for_patience(world, at):
    for i in range(30):
        post(world, at, by=None, channel="online", words=f"{i}")
    with pytest.raises(TooManyNeeds):
        post(world, at, by=None, channel="online")
    assert post(world, at, by=None, channel="online", community=world.here.communities[1]).pk


def test_workers_post_for_their_own_place_only(world, at):
    for who in ("leader", "supervisor", "finance", "judge"):
        with pytest.raises(NotAllowed):
            post(world, at, by=world.here.people[who])
    with pytest.raises(NotAllowed):
        post(world, at, by=world.there.people["community"])
    with pytest.raises(NotAllowed):
        post(world, at, community=world.here.communities[1])
    assert post(world, at, by=world.here.people["grid"]).posted_by == world.here.people["grid"]


def test_contact_is_masked_everywhere_and_shown_once_as_an_act(world, at):
    need = post(world, at, contact_name="王某某", contact_phone=PHONE, consented=True)
    for role in ("community", "grid", "office", "leader", "supervisor"):
        client = Client()
        client.force_login(world.here.people[role])
        for page in ("/needs/", f"/needs/{need.pk}/"):
            body = client.get(page).content.decode()
            assert PHONE not in body
            assert "王某某" not in body
    for page in (f"/track/{need.tracking_code}/", f"/ask/{need.tracking_code}/", "/market/"):
        assert PHONE not in Client().get(page).content.decode()
    with pytest.raises(ReasonMissing):
        services.show_contact(need_id=need.pk, reason=" ", by=world.here.people["community"], at=at)
    with pytest.raises(NotAllowed):
        services.show_contact(need_id=need.pk, reason="看看", by=world.here.people["office"], at=at)
    assert services.show_contact(need_id=need.pk, reason="上门核实", by=world.here.people["community"], at=at) == (
        "王某某",
        PHONE,
    )
    assert Event.objects.filter(verb="needs.contact_shown", reason="上门核实").count() == 1


def test_script_in_words_is_shown_as_text(world, at):
    need = post(world, at, words="<script>alert(1)</script><img src=x onerror=alert(2)>")
    client = Client()
    client.force_login(world.here.people["office"])
    for page in ("/needs/", f"/needs/{need.pk}/", f"/track/{need.tracking_code}/"):
        body = client.get(page).content.decode()
        assert "<script>alert" not in body
        assert "<img src=x" not in body


def test_refusing_needs_a_reason_and_the_resident_reads_it(world, at):
    need = post(world, at)
    with pytest.raises(ReasonMissing):
        services.refuse_need(need_id=need.pk, reason="", by=world.here.people["community"], at=at)
    services.refuse_need(need_id=need.pk, reason="属于物业职责", by=world.here.people["community"], at=at)
    assert "属于物业职责" in Client().get(f"/track/{need.tracking_code}/").content.decode()
    with pytest.raises(NeedAlreadyHandled):
        order(world, at, [need.pk])


def test_an_order_takes_needs_of_one_street_and_is_listed_once(world, at):
    mine = [post(world, at).pk, post(world, at).pk]
    foreign = services.post_need(
        community=world.there.communities[0],
        channel="visit",
        category="culture",
        words="x",
        people_count=1,
        urgency="low",
        at=at,
        by=world.there.people["community"],
    )
    with pytest.raises((NeedsOfAnotherStreet, NotAllowed)):
        order(world, at, [*mine, foreign.pk])
    row = order(world, at, mine)
    assert set(Need.objects.filter(pk__in=mine).values_list("state", flat=True)) == {"handling"}
    with pytest.raises(RoundNotOpenForOrders):
        services.list_order(order_id=row.pk, round_id=world.there.round.pk, by=world.here.people["community"], at=at)
    services.list_order(order_id=row.pk, round_id=world.here.round.pk, by=world.here.people["community"], at=at)
    with pytest.raises(OrderNotDraft):
        services.list_order(order_id=row.pk, round_id=world.here.round.pk, by=world.here.people["community"], at=at)
    assert "文艺角" in Client().get("/market/").content.decode()


def claim(world, row, who, org, at, price="4000"):
    return services.offer_claim(
        order_id=row.pk, organization=org, plan="我们来。", price=Decimal(price), by=world.here.people[who], at=at
    )


def test_claims_follow_the_rules_of_the_round(world, at):
    here = world.here
    with pytest.raises(NotClaimable):
        claim(world, order(world, at, listed=True), "member", here.organization, at)
    row = order(world, at, listed=True, mode="claiming")
    with pytest.raises(PriceAboveCeiling):
        claim(world, row, "member", here.organization, at, "5000.01")
    claim(world, row, "member", here.organization, at)
    with pytest.raises(AlreadyClaimed):
        claim(world, row, "member", here.organization, at)
    with pytest.raises(NotAllowed):
        claim(world, row, "member", here.other_organization, at)


@pytest.mark.django_db(transaction=True)
def test_two_confirmations_at_once_leave_one(at):
    world = build(at)
    here = world.here
    row = order(world, at, listed=True, mode="claiming")
    claims = [
        claim(world, row, "member", here.organization, at),
        claim(world, row, "other_member", here.other_organization, at),
    ]
    start, seen = threading.Barrier(2), []

    def confirm(pk, who):
        try:
            start.wait()
            services.confirm_claim(claim_id=pk, reason="更合适", by=here.people[who], at=at)
            seen.append("confirmed")
        except ClaimAlreadyDecided:
            seen.append("refused")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=confirm, args=(c.pk, who))
        for c, who in zip(claims, ("community", "office"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["confirmed", "refused"]
    assert sorted(Claim.objects.values_list("state", flat=True)) == ["confirmed", "declined"]
    assert ServiceOrder.objects.get().state == "claimed"


def test_rating_waits_for_the_notice_and_is_given_once(world, at):
    early = post(world, at)
    with pytest.raises(NotRateable):
        rate_project(need=early, proposal_id=1, stars=5, words="", at=at)
    scene = play(world, at)
    need = Need.objects.get(pk=scene.ids["need_id"])
    assert Rating.objects.get().stars == 5
    with pytest.raises(RatedBefore):
        rate_project(need=need, proposal_id=scene.ids["proposal_id"], stars=1, words="", at=at)


def test_reading_writes_nothing(world, at):
    need = post(world, at)
    client = Client()
    client.force_login(world.here.people["community"])
    before = (Event.objects.count(), Need.objects.values_list("state", flat=True).get())
    for page in (
        "/needs/",
        f"/needs/{need.pk}/",
        "/needs/new/",
        f"/orders/new/?need={need.pk}",
        "/orders/",
        "/ask/",
        f"/track/{need.tracking_code}/",
        "/market/",
    ):
        assert client.get(page).status_code == 200
    assert (Event.objects.count(), Need.objects.values_list("state", flat=True).get()) == before


@pytest.mark.parametrize("page", ["/needs/", "/orders/", "/market/"])
def test_lists_cost_the_same_at_any_length(world, at, page):
    from django.test.utils import CaptureQueriesContext

    client = Client()
    client.force_login(world.here.people["office"])

    def count():
        client.get(page)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page).status_code == 200
        return len(seen)

    for _ in range(3):
        order(world, at, listed=True)
    few = count()
    for _ in range(25):
        order(world, at, listed=True)
    assert count() == few
