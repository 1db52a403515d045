"""Bank accounts: sealed, masked, looked at on record, confirmed by a second person; what agreements take from them."""

import logging

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from core.errors import NotAllowed
from messaging.models import Notice
from organizations import rules, services
from organizations.domain.account import clean_account, doubts, holds_number, luhn_fits
from organizations.models import BankAccount, Membership
from tests.judging.make import signed_in
from tests.world import organization, person

PLAIN = "6222000000000000000"
OTHER = "6222999988887777001"


def member(world, at, duty, name="head_a"):
    user = person(name, at)
    Membership.objects.create(organization=world.here.organization, user=user, duty=duty, since=at)
    return user


def enter(world, at, by, account=PLAIN, shown=0, reason="", **more):
    facts = {"holder": world.here.organization.name, "bank": "测试银行新区支行"} | more
    return services.change_account(
        organization_id=world.here.organization.pk, account=account, shown=shown, reason=reason, by=by, at=at, **facts
    )


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("6222 0000 0000 0000 000", PLAIN),
        ("６２２２　００００00000000000", PLAIN),
        ("1234-5678", "12345678"),
        ("0" * 30, "0" * 30),
    ],
)
def test_what_people_type_is_understood(typed, plain):
    assert clean_account(typed) == plain


@pytest.mark.parametrize("typed", ["", "1234567", "1" * 31, "6222x00000000", "六二二二", "٦٢٢٢٠٠٠٠٠٠"])
def test_what_is_no_account_is_refused_with_a_sentence(typed):
    with pytest.raises(ValueError, match=r"。$"):
        clean_account(typed)


@given(st.text("0123456789", min_size=18, max_size=18))
def test_the_check_digit_of_a_card_finds_every_wrong_digit(body):
    right = next(body + d for d in "0123456789" if luhn_fits(body + d))
    for n, digit in enumerate(right):
        wrong = right[:n] + str((int(digit) + 1) % 10) + right[n + 1 :]
        assert not luhn_fits(wrong)


def test_doubts_are_said_and_words_with_numbers_found():
    assert doubts(holder="甲", expected="乙", account="12345678") == ["户名与“乙”不一致"]
    assert doubts(holder="甲", expected="甲", account=OTHER) == ["19 位账号如果是银行卡号，校验位不对，请再核对一遍"]
    assert holds_number("账号6222 0000 1111")
    assert not holds_number("2026年3月5日前迁到新区支行")


def test_the_table_holds_no_plain_value_and_nothing_else_tells_it(world, at, caplog):
    caplog.set_level(logging.DEBUG)
    head = member(world, at, "head")
    enter(world, at, head)
    services.show_account(
        organization_id=world.here.organization.pk, reason="核对", shown=1, by=world.here.people["finance"], at=at
    )
    services.confirm_account(
        organization_id=world.here.organization.pk, how="电话核实", shown=1, by=world.here.people["finance"], at=at
    )
    with connection.cursor() as cursor:
        for table in ("organizations_bankaccount", "audit_event", "messaging_notice", "organizations_organization"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            dump = "\n".join(row for (row,) in cursor.fetchall())
            assert dump
            assert PLAIN not in dump.replace(" ", "")
    assert PLAIN not in caplog.text
    assert BankAccount.objects.get().account == PLAIN


def test_who_enters_and_what_is_refused(world, at):
    clerk, finance = world.here.people["member"], world.here.people["finance"]
    for who in (clerk, finance, world.there.people["office"], world.here.people["leader"]):
        with pytest.raises(NotAllowed):
            enter(world, at, who)
    treasurer = member(world, at, "finance")
    with pytest.raises(services.BadAccount):
        enter(world, at, treasurer, account="12")
    with pytest.raises(services.NumberInWords):
        enter(world, at, treasurer, bank="测试银行 6222000011112222")
    first = enter(world, at, treasurer)
    assert (first.number, first.tail, first.reason) == (1, "0000", "")
    with pytest.raises(services.AccountMoved):
        enter(world, at, treasurer, account=OTHER, reason="迁户")
    with pytest.raises(services.AccountReasonMissing):
        enter(world, at, treasurer, account=OTHER, shown=1, reason=" ")
    with pytest.raises(services.AccountSame):
        enter(world, at, treasurer, shown=1, reason="迁户")
    with pytest.raises(services.NumberInWords):
        enter(world, at, treasurer, account=OTHER, shown=1, reason=f"换成 {OTHER}")
    second = enter(world, at, world.here.people["office"], account=OTHER, shown=1, reason="基本户迁行")
    assert (second.number, second.confirmed_at) == (2, None)
    assert Event.objects.filter(verb="organizations.account_changed").count() == 1
    for change in ({"holder": "别人"}, {"tail": "1111"}, {"number": 9}):
        with pytest.raises(DatabaseError), transaction.atomic():
            BankAccount.objects.filter(pk=first.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        first.delete()


def test_a_change_is_flagged_until_a_second_person_confirms(world, at):
    head, finance = member(world, at, "head"), world.here.people["finance"]
    org = world.here.organization
    enter(world, at, head)
    told = Notice.objects.filter(kind="organizations.account").values_list("recipient", flat=True)
    assert list(told) == [finance.pk]
    facts = {"organization_id": org.pk, "how": "用登记册电话核实", "at": at}
    for who in (head, world.here.people["office"], world.there.people["finance"]):
        with pytest.raises(NotAllowed):
            services.confirm_account(by=who, shown=1, **facts)
    with pytest.raises(services.HowMissing):
        services.confirm_account(by=finance, shown=1, **facts | {"how": " "})
    with pytest.raises(services.AccountMoved):
        services.confirm_account(by=finance, shown=2, **facts)
    services.confirm_account(by=finance, shown=1, **facts)
    with pytest.raises(services.AccountConfirmed):
        services.confirm_account(by=finance, shown=1, **facts)
    office = world.here.people["office"]
    enter(world, at, office, account=OTHER, shown=1, reason="迁户")
    # whoever did it, the manager hears of it
    assert Notice.objects.filter(kind="organizations.account", recipient=head).count() == 2
    page = signed_in(finance).get(f"/organizations/{org.pk}/account/").content.decode()
    assert "账户有变更，待财务核实" in page
    assert "校验位不对" in page
    assert rules.waiting_accounts(finance) == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        BankAccount.objects.filter(number=1).update(how="改")


def test_finance_that_is_also_the_office_does_not_confirm_her_own_entry(world, at):
    from accounts.models import Role
    from accounts.services import grant_role

    both = world.here.people["office"]
    with transaction.atomic():
        grant_role(user=both, role=Role.FINANCE, area=world.here.area, at=at, by=None)
    both = type(both).objects.get(pk=both.pk)
    enter(world, at, both)
    with pytest.raises(services.OwnAccount):
        services.confirm_account(organization_id=world.here.organization.pk, how="核实", shown=1, by=both, at=at)
    with pytest.raises(DatabaseError), transaction.atomic():
        BankAccount.objects.update(confirmed_by=both, confirmed_at=at, how="自己")


def test_the_whole_number_is_seen_by_an_act_that_stays_on_record(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    head, org = member(world, at, "head"), world.here.organization
    enter(world, at, head)
    url, shown = f"/organizations/{org.pk}/account/", "6222 0000 0000 0000 000"
    sent = {"look-reason": "办理首款拨付", "look-shown": "1"}
    for who in ("office", "leader", "finance", "supervisor", "member"):
        page = signed_in(world.here.people[who]).get(url).content.decode()
        assert "**** 0000" in page
        assert shown not in page
        assert PLAIN not in page
    for who in ("office", "leader", "supervisor", "member"):
        assert signed_in(world.here.people[who]).post(f"{url}show/", sent).status_code == 403
    assert signed_in(world.here.people["other_member"]).post(f"{url}show/", sent).status_code == 404
    assert not Event.objects.filter(verb="organizations.account_seen").exists()
    for user in (head, world.here.people["finance"]):
        answer = signed_in(user).post(f"{url}show/", sent)
        assert shown in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
    seen = Event.objects.filter(verb="organizations.account_seen").order_by("pk")
    assert [(e.actor_id, e.reason, e.facts) for e in seen] == [
        (user.pk, "办理首款拨付", {"organization": org.pk, "number": 1})
        for user in (head, world.here.people["finance"])
    ]
    client = signed_in(head)
    assert client.post(f"{url}show/", {"look-reason": " ", "look-shown": "1"}).context["look"].errors
    assert client.post(f"{url}show/", sent | {"look-shown": "2"}).status_code == 409
    assert client.get(f"{url}show/").status_code == 405


def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    head = member(world, at, "head")
    client, url = signed_in(head), f"/organizations/{world.here.organization.pk}/account/"
    sent = {"holder": "甲街道义工协会", "bank": "测试银行", "account": "6222 00x", "reason": "", "shown": "0"}
    wrong = client.post(url, sent)
    assert list(wrong.context["form"].errors) == ["account"]
    assert "6222 00x" in wrong.content.decode()
    good = sent | {"account": "6222 0000 0000 0000 000"}
    assert client.post(url, good).status_code == 302
    # sent twice: the second finds the first and says so
    again = client.post(url, good | {"reason": "再发"})
    assert again.status_code == 409
    assert list(again.context["form"].errors) == ["__all__"]
    assert BankAccount.objects.count() == 1
    changed = client.post(url, good | {"account": OTHER, "shown": "1"})
    assert list(changed.context["form"].errors) == ["reason"]
    finance = signed_in(world.here.people["finance"])
    assert finance.post(f"{url}confirm/", {"confirm-how": "", "confirm-shown": "1"}).context["confirm"].errors
    assert finance.post(f"{url}confirm/", {"confirm-how": "电话核实", "confirm-shown": "1"}).status_code == 302
    assert "已核实" in finance.get(url).content.decode()


def test_a_group_of_residents_is_paid_through_its_supporter(world, at):
    with transaction.atomic():
        row = services.register(
            street=world.here.area, kind="group", name="楼道微更新小组", community=world.here.communities[0], legal_name="王某",
            supporter="溡源社区居民委员会", at=at, by=None,
        )  # fmt: skip
    facts = {
        "organization_id": row.pk,
        "bank": "测试银行",
        "account": "33050000000000001",
        "reason": "",
        "shown": 0,
        "at": at,
    }
    with pytest.raises(services.HolderNotSupporter, match="溡源社区居民委员会"):
        services.change_account(holder="王某", by=world.here.people["office"], **facts)
    made = services.change_account(holder="溡源社区居民委员会", by=world.here.people["office"], **facts)
    assert rules.account_doubts(row, made) == []


def test_the_list_costs_the_same_at_any_length(world, at, django_assert_num_queries):
    office = world.here.people["office"]

    def more(count, prefix):
        for n in range(count):
            row = organization(world.here.area, f"{prefix}{n}社", at)
            BankAccount.objects.create(
                organization=row, number=1, holder=row.name, bank="测试银行", account=PLAIN, tail="0000", entered_by=office, entered_at=at
            )  # fmt: skip

    client = signed_in(world.here.people["finance"])
    more(3, "甲")
    client.get("/organizations/accounts/")
    with CaptureQueriesContext(connection) as few:
        page = client.get("/organizations/accounts/").content.decode()
    assert "待核实" in page
    assert PLAIN not in page
    more(297, "乙")
    with django_assert_num_queries(len(few)):
        client.get("/organizations/accounts/")
    assert (
        signed_in(world.there.people["finance"]).get("/organizations/accounts/").content.decode().count("**** 0000")
        == 0
    )
    assert signed_in(world.here.people["member"]).get("/organizations/accounts/").status_code == 403
