"""资源清单: registered by staff or members, matched with reasons, pledged, confirmed, kept; contacts masked; money never twice."""

import uuid
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core.errors import NotAllowed
from messaging.models import Notice
from needs import rules, services
from needs.domain.match import Offer, Wanted, called_kinds, common, fit, ranked
from needs.models import PartnerUnit, Pledge, Resource
from needs.services.resources import FIELDS
from tests.judging.make import signed_in
from tests.needs.test_orders import both
from tests.needs.trade import DAY, claim, draft, listed
from tests.world import build

PHONE = "13800001234"


def resource(world, at, who="community", **changes):
    here = world.here
    facts = {
        "community": here.communities[0], "kind": "venue", "title": "二楼活动室", "details": "可以排练文艺节目", "contact_name": "李某某", "contact_phone": PHONE,
    } | {k: v for k, v in changes.items() if k in FIELDS}  # fmt: skip
    more = {k: v for k, v in changes.items() if k not in FIELDS}
    given = {
        "street": here.area,
        "unit_name": "区供电公司",
        "unit_kind": "registered",
        "by": here.people[who],
        "at": at,
    } | more
    return services.register_resource(facts=facts, **given)


def money(world, at, amount="1000", **changes):
    return resource(world, at, kind="money", title="爱心款", amount=Decimal(amount), **changes)


def pledge(world, row, order, at, who="community", **changes):
    facts = {
        "resource_id": row.pk,
        "order_id": order.pk,
        "words": "每周六借用",
        "amount": None,
        "by": world.here.people[who],
        "at": at,
    }
    return services.offer_pledge(**facts | changes)


# ---- registering


def test_staff_register_for_units_and_members_for_their_own(world, at):
    here, there = world.here, world.there
    first = resource(world, at)
    second = resource(world, at, unit_name=" 区供电公司 ", title="电工")
    assert (first.unit_id, PartnerUnit.objects.count()) == (second.unit_id, 1)
    own = {"organization": here.organization, "unit_name": "", "unit_kind": "organization"}
    mine = resource(world, at, "member", **own, community=None)
    assert (mine.unit.organization, mine.unit.kind) == (here.organization, "organization")
    named = resource(world, at, unit_name=here.organization.name)  # staff name a registered organization
    assert named.unit_id == mine.unit_id
    refused = [
        {"who": "community", "community": here.communities[1]}, {"who": "community", "community": None}, {"who": "leader"}, {"who": "member"},
        {"who": "judge"}, {"who": "other_member", **own}, {"by": there.people["community"]}, {"by": there.people["office"]},
        {"community": there.communities[0], "who": "office"}, {"organization": there.organization, "by": there.people["member"]},
    ]  # fmt: skip
    for facts in refused:
        with pytest.raises(NotAllowed):
            resource(world, at, **facts)
    assert Resource.objects.count() == 4


def test_the_same_form_twice_is_one_resource(world, at):
    key = str(uuid.uuid4())
    assert resource(world, at, once_key=key).pk == resource(world, at, once_key=key).pk


def test_a_stale_page_does_not_overwrite(world, at):
    row, by = resource(world, at), world.here.people["office"]
    facts = {"title": "三楼", "community": world.here.communities[0]}
    assert services.edit_resource(resource_id=row.pk, facts=facts, by=by, at=at, seen=1).title == "三楼"
    with pytest.raises(services.ResourceMoved):
        services.edit_resource(resource_id=row.pk, facts=facts, by=by, at=at, seen=1)
    with pytest.raises(NotAllowed):
        services.edit_resource(resource_id=row.pk, facts=facts, by=world.here.people["member"], at=at)
    with pytest.raises(services.ReasonMissing):
        services.set_active(resource_id=row.pk, is_active=False, by=by, at=at)
    services.set_active(resource_id=row.pk, is_active=False, reason="装修", by=by, at=at)
    with pytest.raises(services.NotPledgeable):
        pledge(world, row, listed(world, at), at)


def test_the_contact_is_masked_and_shown_once_as_an_act(world, at):
    here, row = world.here, resource(world, at, organization=world.here.organization, who="office")
    for who in ("community", "office", "leader", "supervisor", "member"):
        client = signed_in(here.people[who])
        for page in ("/resources/", f"/resources/{row.pk}/", "/resources/units/"):
            body = client.get(page).content.decode()
            assert PHONE not in body
            assert "李某某" not in body
    client = signed_in(here.people["community"])
    assert PHONE not in client.get(f"/resources/{row.pk}/edit/").content.decode()
    assert client.post(f"/resources/{row.pk}/contact/", {"contact-reason": " "}).status_code == 400
    assert PHONE in client.post(f"/resources/{row.pk}/contact/", {"contact-reason": "约时间"}).content.decode()
    assert Event.objects.filter(verb="needs.resource_contact_shown", reason="约时间").count() == 1
    for who in ("leader", "supervisor", "member"):
        assert (
            signed_in(here.people[who]).post(f"/resources/{row.pk}/contact/", {"contact-reason": "x"}).status_code
            == 403
        )
    assert signed_in(world.there.people["office"]).get(f"/resources/{row.pk}/").status_code == 404
    assert Client().get(f"/resources/{row.pk}/").status_code == 302


# ---- matching

WANTED = Wanted(
    "culture",
    "文体娱乐",
    frozenset({1}),
    "文艺角，居民，每周一次文艺活动，需要活动室",
    date(2026, 12, 1),
    date(2026, 12, 31),
)


def offer(key=1, kind="venue", category="", community=None, words="二楼多功能厅", begins=None, ends=None):
    return Offer(key, kind, category, community, "溡源社区", words, begins, ends)


@pytest.mark.parametrize(
    ("one", "reasons"),
    [
        (offer(), None),
        (offer(category="culture"), ("适合文体娱乐", "项目提到“活动室”，正是场地")),
        (offer(words="文艺排练厅"), ("项目提到“活动室”，正是场地", "都提到“文艺”")),
        (
            offer(kind="people", words="文艺志愿队", category="culture", community=1),
            ("适合文体娱乐", "都提到“文艺”", "就在溡源社区"),
        ),
        (offer(category="culture", community=2), None),
        (offer(category="culture", begins=date(2027, 1, 1)), None),
        (offer(category="culture", ends=date(2026, 11, 30)), None),
        (
            offer(category="culture", ends=date(2026, 12, 1)),
            ("适合文体娱乐", "项目提到“活动室”，正是场地", "时间对得上"),
        ),
    ],
)
def test_a_resource_fits_for_these_reasons(one, reasons):
    found = fit(WANTED, one)
    assert (found.reasons if found else None) == reasons


def test_neighbouring_pairs_are_one_word():
    assert common("需要活动室，义诊", "二楼活动室，活动") == ["活动室"]
    assert common("理发", "磨剪子") == []


def test_the_best_come_first_and_no_more_than_asked():
    rows = [offer(i, category="culture", community=1 if i == 7 else None) for i in range(1, 15)]
    assert [f.key for f in ranked(WANTED, rows, most=3)] == [7, 1, 2]
    assert called_kinds("每月义诊，需要志愿者") == {"people": "志愿者", "skills": "义诊"}


def test_suggestions_cost_the_same_at_any_number_and_leave_out_what_is_pledged(world, at):
    order = listed(world, at)
    rows = [resource(world, at, title=f"活动室{i}") for i in range(3)]

    def count():
        with CaptureQueriesContext(connection) as seen:
            found = [s.resource.pk for s in rules.suggestions(order)]
        return len(seen), found

    few, found = count()
    assert set(found) == {r.pk for r in rows}
    for i in range(12):
        resource(world, at, title=f"排练厅{i}")
    resource(world, at, title="停用的活动室", unit_name="甲")
    many, found = count()
    assert (many, len(found)) == (few, 10)
    pledge(world, rows[0], order, at)
    assert rows[0].pk not in {s.resource.pk for s in rules.suggestions(order, most=50)}
    page = signed_in(world.here.people["community"]).get(f"/orders/{order.pk}/resources/").content.decode()
    assert "项目提到“活动室”，正是场地" in page


# ---- pledging


def test_a_pledge_goes_from_offer_to_kept_and_counts_for_its_unit(world, at):
    here, order = world.here, listed(world, at)
    row = resource(world, at, "member", organization=here.organization, community=None)
    made = pledge(world, row, order, at, "member")
    assert Notice.objects.filter(recipient=here.people["community"], subject__startswith="资源承诺待确认").count() == 1
    with pytest.raises(services.PledgedAlready):
        pledge(world, row, order, at, "member")
    with pytest.raises(services.PledgeDecided):
        services.keep_pledge(pledge_id=made.pk, by=here.people["community"], at=at)
    services.confirm_pledge(pledge_id=made.pk, by=here.people["community"], at=at)
    with pytest.raises(services.PledgeDecided):
        services.confirm_pledge(pledge_id=made.pk, by=here.people["office"], at=at)
    assert "共建单位支持" in Client().get(f"/market/{order.pk}/").content.decode()
    services.keep_pledge(pledge_id=made.pk, by=here.people["community"], at=at + DAY)
    assert Notice.objects.filter(recipient=here.people["member"], kind="needs.pledge").count() == 2
    totals = rules.unit_totals(here.people["office"]).get()
    assert (totals.offers, totals.pledged, totals.kept, totals.money) == (1, 1, 1, None)


def test_money_is_never_promised_twice(world, at):
    row, orders = money(world, at), [listed(world, at) for _ in range(3)]
    with pytest.raises(services.PledgeAmount):
        pledge(world, row, orders[0], at)
    first = pledge(world, row, orders[0], at, amount=Decimal(700))
    with pytest.raises(services.PledgeTooMuch, match=r"300\.00"):
        pledge(world, row, orders[1], at, amount=Decimal("300.01"))
    pledge(world, row, orders[1], at, amount=Decimal(300))
    with pytest.raises(services.PledgeTooMuch):
        services.edit_resource(
            resource_id=row.pk, facts={"amount": Decimal(900)}, by=world.here.people["office"], at=at
        )
    with pytest.raises(IntegrityError), transaction.atomic():  # the database says so too
        Pledge.objects.create(
            resource=row,
            order=orders[2],
            words="x",
            amount=Decimal(1),
            offered_by=world.here.people["office"],
            offered_at=at,
        )
    services.decline_pledge(pledge_id=first.pk, reason="用不上", by=world.here.people["community"], at=at)
    assert pledge(world, row, orders[2], at, amount=Decimal(700)).state == "offered"
    assert rules.money_left(row) == 0
    services.confirm_pledge(pledge_id=Pledge.objects.get(amount=300).pk, by=world.here.people["community"], at=at)
    assert rules.unit_totals(world.here.people["office"]).get().money == Decimal(300)


@pytest.mark.django_db(transaction=True)
def test_two_promises_of_the_same_money_at_once_leave_one(at):
    world = build(at)
    row, orders = money(world, at), [listed(world, at) for _ in range(2)]
    seen = both(*[lambda o=o: pledge(world, row, o, at, amount=Decimal(600)) for o in orders])
    assert seen == ["PledgeTooMuch", "done"]


@pytest.mark.django_db(transaction=True)
def test_a_confirmation_and_a_withdrawal_at_once_end_in_one_state(at):
    world = build(at)
    here = world.here
    made = pledge(world, resource(world, at), listed(world, at), at)
    seen = both(
        lambda: services.confirm_pledge(pledge_id=made.pk, by=here.people["community"], at=at),
        lambda: services.decline_pledge(pledge_id=made.pk, reason="x", by=here.people["office"], at=at),
    )
    assert seen == ["PledgeDecided", "done"]


def test_who_may_not_pledge_or_decide(world, at):
    here, there = world.here, world.there
    order, row = listed(world, at), resource(world, at, "member", organization=here.organization)
    for who in (
        here.people["leader"],
        here.people["other_member"],
        here.people["judge"],
        there.people["office"],
        there.people["member"],
    ):
        with pytest.raises(NotAllowed):
            pledge(world, row, order, at, by=who)
    with pytest.raises(services.NotPledgeable):
        pledge(world, row, draft(world, at), at)
    with pytest.raises(services.PersonalNumber):
        pledge(world, row, order, at, words=f"打 {PHONE}")
    made = pledge(world, row, order, at, "member")
    for who in (here.people["member"], here.people["leader"], there.people["community"]):
        with pytest.raises(NotAllowed):
            services.confirm_pledge(pledge_id=made.pk, by=who, at=at)
    with pytest.raises(services.ReasonMissing):
        services.decline_pledge(pledge_id=made.pk, reason=" ", by=here.people["community"], at=at)
    with pytest.raises(NotAllowed):
        services.withdraw_pledge(pledge_id=made.pk, reason="x", by=here.people["other_member"], at=at)
    assert (
        services.withdraw_pledge(pledge_id=made.pk, reason="另有安排", by=here.people["member"], at=at).state
        == "withdrawn"
    )
    for run in (
        lambda: Pledge.objects.filter(pk=made.pk).update(state="offered", decided_at=None),
        lambda: Pledge.objects.filter(pk=made.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            run()


def test_what_is_done_takes_no_more_pledges(world, at):
    by, order = world.here.people["community"], listed(world, at)
    made = claim(world, order, at)
    services.confirm_claim(claim_id=made.pk, reason="好", by=by, at=at + 8 * DAY)
    services.begin_order(order_id=order.pk, words="", by=by, at=at + 8 * DAY)
    row = resource(world, at)
    pledge(world, row, order, at + 8 * DAY)
    services.finish_order(order_id=order.pk, words="做完了", by=by, at=at + 9 * DAY)
    with pytest.raises(services.NotPledgeable):
        pledge(world, resource(world, at, title="另一间"), order, at + 9 * DAY)


# ---- pages


def test_pages_of_registering_and_pledging(world, at):
    here, order = world.here, listed(world, at)
    client = signed_in(here.people["community"])
    sent = {
        "unit_name": "区供电公司", "unit_kind": "registered", "community": here.communities[0].pk, "kind": "money", "title": "爱心款", "category": "",
        "details": "", "capacity": "", "amount": "", "times": "", "available_from": "2026-12-31", "available_until": "2026-12-01", "contact_name": "李某",
        "contact_phone": "138 0000 1234", "once_key": str(uuid.uuid4()),
    }  # fmt: skip
    body = client.post("/resources/new/", sent).content.decode()
    assert "资金请填写金额" in body
    assert "不能早于可用开始" in body
    assert "区供电公司" in body
    sent |= {"amount": "１，０００", "available_until": ""}
    first, second = client.post("/resources/new/", sent), client.post("/resources/new/", sent)
    assert (first["Location"], Resource.objects.count()) == (second["Location"], 1)
    row = Resource.objects.get()
    assert (row.amount, row.contact_phone) == (Decimal(1000), PHONE)
    too_much = client.post(f"/resources/{row.pk}/pledge/", {"order": order.pk, "words": "买道具", "amount": "1001"})
    assert (too_much.status_code, "还可承诺 1,000.00 元" in too_much.content.decode()) == (400, True)
    assert (
        client.post(f"/resources/{row.pk}/pledge/", {"order": order.pk, "words": "买道具", "amount": "400"}).status_code
        == 302
    )
    made = Pledge.objects.get()
    assert client.post(f"/pledges/{made.pk}/", {"answer": "decline"}).status_code == 400
    assert client.post(f"/pledges/{made.pk}/", {"answer": "nonsense"}).status_code == 400
    assert client.post(f"/pledges/{made.pk}/", {"answer": "confirm"}).status_code == 302
    twice = client.post(f"/pledges/{made.pk}/", {"answer": "confirm"})
    assert (twice.status_code, "这项承诺已处理" in twice.content.decode()) == (409, True)
    assert (
        client.post(
            f"/resources/{row.pk}/edit/",
            sent | {"title": "改名", "contact_name": "", "contact_phone": "", "seen": row.version},
        ).status_code
        == 302
    )
    row.refresh_from_db()
    assert (row.title, row.contact_phone) == ("改名", PHONE)


def test_a_member_registers_her_own_organizations_room(world, at):
    here = world.here
    client = signed_in(here.people["member"])
    sent = {
        "organization": here.organization.pk,
        "community": "",
        "kind": "venue",
        "title": "排练厅",
        "once_key": str(uuid.uuid4()),
    }
    assert client.post("/resources/new/", sent).status_code == 302
    assert Resource.objects.get().unit.organization == here.organization
    assert (
        client.post(
            "/resources/new/", sent | {"organization": here.other_organization.pk, "once_key": str(uuid.uuid4())}
        ).status_code
        == 200
    )
    assert Resource.objects.count() == 1
    assert "排练厅" not in signed_in(here.people["other_member"]).get("/resources/").content.decode()


@pytest.mark.parametrize("page", ["/resources/", "/resources/units/"])
def test_lists_cost_the_same_at_any_length(world, at, page):
    client = signed_in(world.here.people["office"])

    def count():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(page).status_code == 200
        return len(seen)

    for i in range(3):
        resource(world, at, unit_name=f"单位{i}")
    count()
    few = count()
    for i in range(20):
        resource(world, at, unit_name=f"另一单位{i}")
    assert count() == few
