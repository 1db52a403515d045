"""The box above each long list of the office: words, initials, part of a code or number; others are gone; as many queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import RoleGrant, User
from core.pinyin import initials, pinyin_key
from funding.models import Agreement, Objection, Payment
from needs.models import ServiceOrder
from organizations.models import Organization
from tests.house.scene import play
from tests.judging.make import signed_in


@pytest.fixture
def scene(world, at):
    return play(world, at)


def rows_of(page):
    """How many rows the list's table has."""
    below = page.split('role="search"')[-1]
    return below.split("<tbody>")[-1].split("</tbody>")[0].count("<tr") if "<tbody>" in below else 0


def asked(client, url, typed):
    answer = client.get(url, {"q": typed})
    assert answer.status_code == 200
    return answer.content.decode()


def test_organizations_by_name_initials_head_and_code(world, at):
    office = signed_in(world.here.people["office"])
    for name, code, head in (("心灯之家", "51370000MJD0012X91", "曾某"), ("暖阳苑", "91110000600037341L", "王某")):
        Organization.objects.create(
            street=world.here.area, kind="social", name=name, pinyin=pinyin_key(name), uscc=code, legal_name=head, created_at=at
        )  # fmt: skip
    for typed in ("心灯", "xdzj", "XDZ", "５１３７ 0000", "mjd0012", "曾某", "zm"):
        page = asked(office, "/organizations/", typed)
        assert (rows_of(page), "心灯之家" in page, "暖阳苑" in page) == (1, True, False), typed
    page = asked(office, "/organizations/", "没有这个")
    assert "没有符合条件的社会组织" in page
    kinds = office.get("/organizations/", {"kind": "social", "q": "苑"}).content.decode()
    assert (rows_of(kinds), "暖阳苑" in kinds) == (1, True)


def test_the_list_of_organizations_is_in_chinese_order(world, at):
    names = [
        "阿里社",
        "北街社",
        "长青社",
        "重阳社",
        "儿童社",
        "梨园社",
        "李家社",
        "丽景社",
        "林家社",
        "灵山社",
        "绿地社",
        "女子社",
    ]
    for name in reversed(names):
        Organization.objects.create(
            street=world.here.area, kind="team", name=name, pinyin=pinyin_key(name), community=world.here.communities[0], created_at=at,
        )  # fmt: skip
    page = asked(signed_in(world.here.people["office"]), "/organizations/", "社")
    found = sorted((page.index(f">{name}<"), name) for name in names)
    assert [name for _, name in found] == names


@pytest.mark.parametrize("typed", ["义诊", "yz", "YZ"])
def test_orders_by_title_initials_and_number(scene, typed):
    office = signed_in(scene.world.here.people["office"])
    page = asked(office, "/orders/", typed)
    assert (rows_of(page) >= 1, "义诊" in page, "文艺角" in page) == (True, True, False)
    order = ServiceOrder.objects.filter(title="文艺角").order_by("pk").first()
    page = asked(office, "/orders/", order.number.lower()[3:])
    assert (rows_of(page), "文艺角" in page) == (1, True)
    assert "没有符合条件的服务项目单" in asked(office, "/orders/", "没有这个")


@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("office", "/organizations/"), ("office", "/orders/"), ("office", "/proposals/"), ("office", "/agreements/"), ("office", "/payments/"),
        ("office", "/spending/"), ("office", "/objections/"), ("office", "/organizations/applications/"), ("office", "/organizations/accounts/"),
        ("office", "/judges/"), ("office", "/needs/"), ("system_admin", "/people/"), ("security_admin", "/grants/"),
    ],
)  # fmt: skip
def test_every_long_list_has_a_box_that_narrows_it(scene, who, url):
    client = signed_in(scene.world.here.people[who])
    whole = client.get(url).content.decode()
    assert 'name="q"' in whole
    words = asked(client, url, "查无此事")
    assert rows_of(words) == 0
    assert 'value="查无此事"' in words
    with CaptureQueriesContext(connection) as one:
        asked(client, url, "qqqq")
    with CaptureQueriesContext(connection) as other:
        asked(client, url, "zzzz")
    assert len(one) == len(other)


def test_agreements_payments_and_spending_by_project_initials_and_number(scene):
    office = signed_in(scene.world.here.people["office"])
    agreement = Agreement.objects.order_by("pk").first()
    title = agreement.proposal.title
    for url in ("/agreements/", "/spending/"):
        for typed in (title, initials(title), agreement.number[-6:]):
            assert rows_of(asked(office, url, typed)) >= 1, (url, typed)
    payment = Payment.objects.order_by("pk").first()
    for typed in (title, initials(title), payment.number):
        assert title in asked(office, "/payments/", typed)
    assert Objection.objects.exists()
    assert rows_of(asked(office, "/objections/", Objection.objects.first().number)) >= 1


def test_people_and_roles_by_initials_in_any_reading(world, at):
    user = User.objects.create(username="someone", display_name="曾小小", phone="13811112222", street=world.here.area)
    RoleGrant.objects.create(
        user=user, role="office", area=world.here.area, granted_at=at, granted_by=world.here.people["system_admin"]
    )
    for who, url in (("system_admin", "/people/"), ("security_admin", "/grants/")):
        client = signed_in(world.here.people[who])
        for typed in ("曾小小", "zxx", "cxx", "SOMEONE"):
            page = asked(client, url, typed)
            assert (rows_of(page), "someone" in page) == (1, True), (url, typed)
    assert rows_of(asked(signed_in(world.here.people["system_admin"]), "/people/", "138 1111")) == 1


def test_queries_do_not_grow(world, at):
    office, counts = signed_in(world.here.people["office"]), []
    for count, start in ((3, 0), (300, 1000)):
        Organization.objects.bulk_create(
            [
                Organization(
                    street=world.here.area, kind="team", name=f"心灯{start + n}社", pinyin=pinyin_key("心灯社"),
                    community=world.here.communities[0], created_at=at,
                )
                for n in range(count)
            ]
        )  # fmt: skip
        with CaptureQueriesContext(connection) as caught:
            assert "心灯" in asked(office, "/organizations/", "xds")
        counts.append(len(caught))
    assert counts[0] == counts[1]
