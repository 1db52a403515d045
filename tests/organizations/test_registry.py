"""Self-registration, the registry's facts, and people who come and go."""

import uuid
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core import clock
from core.errors import NotAllowed
from messaging.models import Notice
from organizations import rules, services
from organizations.models import Application, FormerMember, Membership, Organization
from organizations.services import application as module
from tests.judging.make import signed_in
from tests.world import PASSWORD

USCC, OTHER = "91110000600037341L", "911101085923662400"
FACTS = {
    "kind": "social", "name": "晴天公益服务中心", "uscc": USCC, "community": None, "legal_name": "张某", "secretary": "", "licence_until": date(2028, 5, 1),
    "business": "助老", "applicant": "李某", "duty": "clerk", "phone": "13800001234",
}  # fmt: skip


def ask(world, at, **changed):
    facts = {"street": world.here.area, "once_key": uuid.uuid4(), **FACTS, **changed}
    return services.apply(at=at, **facts)


def sent(world, **changed):
    facts = {
        **FACTS,
        "community": "",
        "licence_until": "2028-05-01",
        "street": world.here.area.pk,
        "consented": "on",
        "website": "",
    }
    return {**facts, "once_key": str(uuid.uuid4()), **changed}


def test_from_the_public_form_to_the_first_sign_in(world, at):
    visitor = Client()
    answer = visitor.post("/organizations/apply/", sent(world, uscc="9111 0000 6000 3734 1l"))
    assert answer.status_code == 302
    row = Application.objects.get()
    assert row.uscc == USCC
    assert row.code in visitor.get(answer["Location"]).content.decode()
    assert not User.objects.filter(display_name="李某").exists()
    assert set(Notice.objects.filter(kind="organizations.applied").values_list("recipient", flat=True)) == {
        world.here.people["office"].pk
    }
    assert (
        visitor.post(answer["Location"], {"username": "liyi", "password": PASSWORD, "again": PASSWORD}).status_code
        == 200
    )
    assert not User.objects.filter(username="liyi").exists()
    office = signed_in(world.here.people["office"])
    assert "（1）" in office.get("/organizations/").content.decode()
    page = f"/organizations/applications/{row.pk}/"
    assert "13800001234" in office.get(page).content.decode()
    assert office.post(page, {"decision": "approve"}).status_code == 302
    made = Organization.objects.get(uscc=USCC)
    assert (made.street, made.legal_name, made.licence_until) == (world.here.area, "张某", date(2028, 5, 1))
    taken = visitor.post(answer["Location"], {"username": "OFFICE_a", "password": PASSWORD, "again": PASSWORD})
    assert taken.context["form"].errors == {"username": ["该用户名已被使用，请换一个。"]}
    assert (
        visitor.post(answer["Location"], {"username": "liyi", "password": PASSWORD, "again": PASSWORD}).status_code
        == 302
    )
    user = User.objects.get(username="liyi")
    assert user.check_password(PASSWORD)
    assert (user.street, user.phone) == (world.here.area, "13800001234")
    assert [(m.user, m.duty) for m in made.members.all()] == [(user, "clerk")]
    assert signed_in(user).get(f"/organizations/{made.pk}/").status_code == 200
    again = visitor.post(answer["Location"], {"username": "liyi2", "password": PASSWORD, "again": PASSWORD})
    assert "账号也已设置" in again.content.decode()
    assert not User.objects.filter(username="liyi2").exists()


def test_bad_input_is_said_at_its_field_and_nothing_is_lost(world):
    visitor = Client()
    for changed, field, words in (
        ({"uscc": "91110000600037341X"}, "uscc", "统一社会信用代码不正确"), ({"uscc": ""}, "uscc", "必须填写统一社会信用代码"),
        ({"phone": "12"}, "phone", "请填写 11 位手机号"), ({"community": world.there.communities[0].pk}, "community", "不属于这个街道"),
        ({"consented": ""}, "consented", "请勾选"), ({"licence_until": "明年"}, "licence_until", "请填写日期"),
        ({"street": "999999999999999999999"}, "street", ""),
    ):  # fmt: skip
        answer = visitor.post("/organizations/apply/", sent(world, **changed))
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == [field]
        assert words in answer.context["form"].errors[field][0]
        assert "晴天公益服务中心" in answer.content.decode()
    assert visitor.post("/organizations/apply/", sent(world, website="http://x.test")).status_code == 302
    assert not Application.objects.exists()


def test_a_code_or_name_that_is_known_is_refused_kindly(world, at):
    first = ask(world, at)
    with pytest.raises(services.CodeKnown, match="不用重复申请"):
        ask(world, at, name="另一个名字")
    with pytest.raises(services.NameKnown):
        ask(world, at, uscc=OTHER)
    with pytest.raises(services.NameKnown):
        ask(world, at, uscc=OTHER, name=world.here.organization.name)
    services.refuse_application(application_id=first.pk, reason="证书已过期", by=world.here.people["office"], at=at)
    second = ask(world, at)
    services.approve_application(application_id=second.pk, by=world.here.people["office"], at=at)
    with pytest.raises(services.CodeKnown):
        ask(world, at, name="再来", street=world.there.area)
    answer = Client().post("/organizations/apply/", sent(world))
    assert list(answer.context["form"].errors) == ["uscc"]
    assert answer.status_code == 409


def test_sent_twice_is_one_application(world, at):
    key = uuid.uuid4()
    assert ask(world, at, once_key=key) == ask(world, at, once_key=key)
    assert Application.objects.count() == 1


def test_a_flood_is_stopped_for_ten_minutes(world, at, monkeypatch):
    for i in range(module.FLOOD):
        ask(world, at, kind="team", uscc="", name=f"第{i}队")
    with pytest.raises(services.TooManyApplications):
        ask(world, at)
    monkeypatch.setattr(clock, "now", lambda: at)
    refused = Client().post("/organizations/apply/", sent(world))
    assert refused.status_code == 429
    assert "晴天公益服务中心" in refused.content.decode()
    ask(world, at, street=world.there.area, uscc=OTHER)
    ask(world, at + timedelta(minutes=11))


def test_only_the_office_of_the_street_decides_and_once(world, at):
    row = ask(world, at)
    for person in (world.here.people["leader"], world.there.people["office"], world.here.people["member"]):
        with pytest.raises(NotAllowed):
            services.approve_application(application_id=row.pk, by=person, at=at)
        with pytest.raises(NotAllowed):
            services.refuse_application(application_id=row.pk, reason="不", by=person, at=at)
    office = world.here.people["office"]
    with pytest.raises(services.ReasonMissing):
        services.refuse_application(application_id=row.pk, reason=" ", by=office, at=at)
    page = signed_in(office).post(f"/organizations/applications/{row.pk}/", {"decision": "refuse", "reason": ""})
    assert "请填写不予登记的原因" in page.content.decode()
    services.refuse_application(application_id=row.pk, reason="名称与证书不一致", by=office, at=at)
    with pytest.raises(services.ApplicationDecided):
        services.approve_application(application_id=row.pk, by=office, at=at)
    assert "名称与证书不一致" in Client().get(f"/organizations/apply/{row.code}/").content.decode()
    with pytest.raises(services.ApplicationNotApproved):
        services.make_account(application_id=row.pk, username="liyi", password=PASSWORD, at=at)
    assert Client().get("/organizations/apply/ABCDEFGHJKMN/").status_code == 404


def test_an_applicant_is_forgotten_sixty_days_after_the_decision(world, at):
    office = world.here.people["office"]
    refused = ask(world, at)
    services.refuse_application(application_id=refused.pk, reason="名称与证书不一致", by=office, at=at)
    waiting = ask(world, at, uscc=OTHER, name="晴空公益服务中心")
    assert services.forget_applicants(at=at + timedelta(days=59)) == 0
    assert [services.forget_applicants(at=at + timedelta(days=60)) for _ in range(2)] == [1, 0]
    rows = dict(Application.objects.values_list("pk", "phone"))
    assert rows[refused.pk] == ""
    assert rows[waiting.pk] == waiting.phone != ""
    assert not Application.objects.exclude(pk=waiting.pk).exclude(applicant="").exists()
    page = signed_in(office).get(f"/organizations/applications/{refused.pk}/").content.decode()
    assert "姓名和电话已删除" in page
    assert "名称与证书不一致" in Client().get(f"/organizations/apply/{refused.code}/").content.decode()


def test_the_account_can_be_made_for_a_while_only(world, at):
    row = ask(world, at)
    services.approve_application(application_id=row.pk, by=world.here.people["office"], at=at)
    with pytest.raises(services.LinkExpired):
        services.make_account(application_id=row.pk, username="liyi", password=PASSWORD, at=at + timedelta(days=61))
    services.make_account(application_id=row.pk, username="liyi", password=PASSWORD, at=at + timedelta(days=59))
    with pytest.raises(services.AccountMade):
        services.make_account(application_id=row.pk, username="liyi2", password=PASSWORD, at=at)


def test_approving_what_was_registered_meanwhile_is_refused(world, at):
    row = ask(world, at)
    office = world.here.people["office"]
    services.register_organization(
        street=world.here.area, kind="social", name=row.name, uscc=OTHER, community=None, at=at, by=office
    )
    answer = signed_in(office).post(f"/organizations/applications/{row.pk}/", {"decision": "approve"})
    assert answer.status_code == 409
    assert "已有同名组织" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "waiting"


def test_the_office_corrects_the_registry_and_no_change_is_lost(world, at):
    row, office = world.here.organization, signed_in(world.here.people["office"])
    url = f"/organizations/{row.pk}/edit/"
    facts = {"legal_name": "赵某", "secretary": "钱某", "moved_in_on": "2026年1月15日", "licence_until": "2026-11-01", "grade": "4A", "inspection": "passed", "business": "", "revision": "0"}  # fmt: skip
    refused = office.post(url, facts | {"moved_out_on": "2026-01-01"})
    assert list(refused.context["form"].errors) == ["moved_out_on"]
    assert office.post(url, facts).status_code == 302
    row.refresh_from_db()
    assert (row.legal_name, row.moved_in_on, row.grade, row.revision) == ("赵某", date(2026, 1, 15), "4A", 1)
    stale = office.post(url, facts | {"legal_name": "孙某"})
    assert stale.status_code == 409
    assert "孙某" in stale.content.decode()
    assert office.post(url, stale.context["form"].data).status_code == 302
    row.refresh_from_db()
    assert row.legal_name == "孙某"
    assert signed_in(world.here.people["member"]).post(url, facts).status_code == 403
    assert signed_in(world.there.people["office"]).post(url, facts).status_code == 404
    with pytest.raises(IntegrityError), transaction.atomic():
        Organization.objects.filter(pk=row.pk).update(moved_in_on=None, moved_out_on=date(2026, 1, 1))


def test_a_member_is_replaced_and_it_stays_known(world, at):
    row, office = world.here.organization, world.here.people["office"]
    old, new = world.here.people["member"], world.here.people["third_judge"]
    membership = row.members.get()
    url = f"/organizations/{row.pk}/members/{membership.pk}/leave/"
    alone = signed_in(office).post(url, {"successor": "", "reason": "调离"})
    assert list(alone.context["form"].errors) == ["successor"]
    unknown = signed_in(office).post(url, {"successor": "nobody", "reason": "调离"})
    assert list(unknown.context["form"].errors) == ["successor"]
    with pytest.raises(services.SamePerson):
        services.hand_over(membership_id=membership.pk, successor=old, reason="调离", by=office, at=at)
    with pytest.raises(NotAllowed):
        services.hand_over(membership_id=membership.pk, successor=new, reason="调离", by=old, at=at)
    assert signed_in(office).post(url, {"successor": new.username, "reason": "调离"}).status_code == 302
    assert [(m.user, m.duty) for m in row.members.all()] == [(new, "clerk")]
    former = FormerMember.objects.get()
    assert (former.user, former.successor, former.reason, former.since) == (old, new, "调离", membership.since)
    assert not rules.acts_for(User.objects.get(pk=old.pk), row.pk)
    assert "调离" in signed_in(new).get(f"/organizations/{row.pk}/").content.decode()
    assert signed_in(old).get(f"/organizations/{row.pk}/").status_code == 404
    with pytest.raises(services.NotMember):
        services.hand_over(membership_id=membership.pk, successor=new, reason="再来", by=office, at=at)
    with pytest.raises(DatabaseError), transaction.atomic():
        FormerMember.objects.update(reason="改")


def test_of_several_one_may_leave_without_successor(world, at):
    row, office = world.here.organization, world.here.people["office"]
    second = world.here.people["third_judge"]
    with transaction.atomic():
        services.add_member(organization=row, user=second, duty="head", at=at, by=office)
    services.hand_over(
        membership_id=row.members.get(duty="clerk").pk, successor=second, reason="退休", by=office, at=at
    )
    assert [(m.user, m.duty) for m in Membership.objects.filter(organization=row)] == [(second, "head")]


def test_the_list_of_applications_costs_the_same_at_any_length(world, at, django_assert_num_queries):
    office = signed_in(world.here.people["office"])
    ask(world, at)
    office.get("/organizations/applications/")
    with CaptureQueriesContext(connection) as first:
        office.get("/organizations/applications/")
    for i in range(25):
        ask(world, at, kind="team", uscc="", name=f"第{i}队")
    with django_assert_num_queries(len(first)):
        assert "第24队" in office.get("/organizations/applications/").content.decode()
