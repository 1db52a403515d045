"""Invitations: one link, one use, one week; asked roles; first passwords; resets."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Invitation, Role, RoleGrant, RoleRequest, User
from accounts.services import InvitationOver, accept, decide_request, invite, link_token, open_invitation, send_again
from accounts.services.invitations import AccountDisabled, AlreadyThere, DecidesOwnRequest, PlaceDoesNotFit
from audit.models import Event
from core import clock
from messaging.models import Delivery, Notice
from messaging.services.send import send_due_deliveries
from tests.accounts.make import bind, came, sign_in
from tests.world import PASSWORD, build

NEW = "Xin-mima-2027"
FORM = {"display_name": "王小明", "username": "", "phone": "139 0000 0001", "email": "", "role": "", "area": ""}


def link_in(page):
    return re.search(r"http://testserver(/welcome/[^<\s]+)", page.content.decode())[1]


def asked(world, **facts):
    facts = {
        "display_name": "王小明", "username": "wang", "phone": "", "email": "", "role": None, "area": None, "street": world.here.area,
        "by": world.here.people["system_admin"], "at": clock.now(),
    } | facts  # fmt: skip
    return invite(**facts)


def test_invited_by_link_she_sets_her_own_password(world):
    admin = came(world.here.people["system_admin"])
    page = admin.post("/people/invite/", FORM)
    assert "<svg" in page.content.decode()
    link, user = link_in(page), User.objects.get(display_name="王小明")
    assert (user.username, user.phone, user.has_usable_password(), user.street) == (
        "wangxiaoming", "13900000001", False, world.here.area,
    )  # fmt: skip
    assert link not in admin.get("/people/").content.decode() + admin.get(f"/people/{user.pk}/").content.decode()
    her = Client()
    assert her.get(link).status_code == her.get(link).status_code == 200
    weak = her.post(link, {"new": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"}).content.decode()
    assert "至少三种" in weak
    assert "不一致" in her.post(link, {"new": NEW, "again": "Andere-mima-2027"}).content.decode()
    assert her.post(link, {"new": NEW, "again": NEW})["Location"] == "/account/sign-in/"
    assert her.post(link, {"new": "Andere-mima-2027", "again": "Andere-mima-2027"}).status_code == 410
    assert her.get(link).status_code == 410
    assert sign_in(her, "wangxiaoming", NEW)["Location"] == "/home/"
    assert her.get("/home/").status_code == 200
    events = Event.objects.filter(object_id=user.pk, object_label="accounts.user").order_by("id")
    assert list(events.values_list("verb", "actor__username")) == [
        ("accounts.added", "system_admin_a"),
        ("accounts.invited", "system_admin_a"),
        ("accounts.invitation_used", "wangxiaoming"),
        ("accounts.signed_in", "wangxiaoming"),
    ]


def test_the_link_stands_nowhere_in_the_database(world):
    row = asked(world, email="wang@test.invalid")
    token = link_token(row)
    for model in (Invitation, Notice, Event, Delivery):
        for values in model.objects.values():
            assert token not in str(values)
    assert token[32:] not in str(Notice.objects.values())


def test_the_mail_carries_the_link_and_a_used_one_is_not_sent(world):
    row = asked(world, email="wang@test.invalid")
    send_due_deliveries()
    (letter,) = mail.outbox
    assert letter.to == ["wang@test.invalid"]
    assert f"/welcome/{link_token(row)}/" in letter.body
    other = asked(world, username="li", display_name="李四", email="li@test.invalid")
    accept(token=link_token(other), new=NEW, at=clock.now())
    send_due_deliveries()
    assert len(mail.outbox) == 1


def test_a_second_mail_carries_the_second_link_only(world):
    first = asked(world, email="wang@test.invalid")
    second = send_again(
        user_id=first.user_id, by=world.here.people["system_admin"], at=clock.now(), scope_id=world.here.area.pk
    )
    send_due_deliveries()
    (letter,) = mail.outbox
    assert link_token(second) in letter.body
    with pytest.raises(InvitationOver):
        open_invitation(token=link_token(first), at=clock.now())


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é" * 64, "a" * 5000])
def test_a_forged_link_reads_like_one_that_is_over(world, token):
    asked(world)
    if token:
        assert Client().get(f"/welcome/{token}/").status_code == 410
    with pytest.raises(InvitationOver):
        open_invitation(token=token, at=clock.now())


def test_over_after_a_week_when_revoked_and_for_a_disabled_account(world):
    row = asked(world)
    token, at = link_token(row), row.invited_at
    assert open_invitation(token=token, at=at + timedelta(days=7, seconds=-1)) == row
    with pytest.raises(InvitationOver):
        open_invitation(token=token, at=at + timedelta(days=7))
    User.objects.filter(pk=row.user_id).update(is_active=False)
    assert Client().get(f"/welcome/{token}/").status_code == 410
    User.objects.filter(pk=row.user_id).update(is_active=True)
    admin = came(world.here.people["system_admin"])
    admin.post(f"/people/{row.user_id}/link/", {"act": "revoke"})
    assert Client().get(f"/welcome/{token}/").status_code == 410
    assert Event.objects.filter(verb="accounts.invitation_revoked").count() == 1
    assert (
        "已经用过或撤销" in admin.post(f"/people/{row.user_id}/link/", {"act": "revoke"}, follow=True).content.decode()
    )


def test_one_open_link_each(world):
    row = asked(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(
            user=row.user, purpose="new", nonce="0", digest="0", invited_at=row.invited_at, expires_at=row.expires_at
        )


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_link_set_one_password(at):
    import threading

    from django.db import connection

    world = build(at)
    token, answers, gate = link_token(asked(world)), [], threading.Barrier(2)

    def use(password):
        gate.wait()
        try:
            accept(token=token, new=password, at=clock.now())
            answers.append(password)
        except InvitationOver:
            answers.append("over")
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(p,)) for p in ("Eins-mima-2027", "Zwei-mima-2027")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("over") == 1
    (won,) = [a for a in answers if a != "over"]
    assert User.objects.get(username="wang").check_password(won)


def test_the_same_link_offers_a_reset_that_ends_her_sessions(world):
    user = world.here.people["community"]
    hers, admin = came(user), came(world.here.people["system_admin"])
    link = link_in(admin.post(f"/people/{user.pk}/link/", {"act": "send"}))
    assert sign_in(Client(), "community_a").status_code == 302
    assert Client().post(link, {"new": NEW, "again": NEW}).status_code == 302
    assert hers.get("/home/").status_code == 302
    assert sign_in(Client(), "community_a", PASSWORD).status_code == 200
    assert sign_in(Client(), "community_a", NEW).status_code == 302
    assert Event.objects.filter(verb="accounts.reset_offered").count() == 1


def test_no_link_for_a_disabled_account_and_none_of_another_street(world):
    user, admin = world.here.people["community"], world.here.people["system_admin"]
    User.objects.filter(pk=user.pk).update(is_active=False)
    with pytest.raises(AccountDisabled):
        send_again(user_id=user.pk, by=admin, at=clock.now(), scope_id=world.here.area.pk)
    theirs = world.there.people["community"]
    assert came(admin).post(f"/people/{theirs.pk}/link/", {"act": "send"}).status_code == 404
    assert (
        came(world.here.people["security_admin"]).post(f"/people/{user.pk}/link/", {"act": "send"}).status_code == 403
    )
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("who", ["security_admin", "audit_admin"])
def test_no_administrator_becomes_another_by_a_link(world, who, capsys):
    user, admin = world.here.people[who], came(world.here.people["system_admin"])
    url = f"/people/{user.pk}/link/"
    assert "还没有绑定动态码" in admin.post(url, {"act": "send"}, follow=True).content.decode()
    assert not Invitation.objects.exists()
    call_command("reset_link", user.username)
    path = re.search(r"https?://[^/\s]+(/welcome/\S+/)", capsys.readouterr().out)[1]
    assert Client().get(path).status_code == 200
    assert Event.objects.get(verb="accounts.reset_offered").actor is None
    bind(user)
    assert "/welcome/" in admin.post(url, {"act": "send"}).content.decode()


def test_the_command_says_what_it_cannot_do(world):
    User.objects.filter(username="office_a").update(is_active=False)
    for name, words in (("nobody", "没有这个账号"), ("office_a", "已停用")):
        with pytest.raises(CommandError, match=words):
            call_command("reset_link", name)


def test_a_name_that_was_taken_meanwhile_is_said_in_words(world):
    asked(world)
    with pytest.raises(AlreadyThere):
        asked(world)
    assert User.objects.filter(username="wang").count() == 1


def test_a_form_with_faults_keeps_what_was_typed(world):
    admin = came(world.here.people["system_admin"])
    grid = world.here.grid.pk
    cases = (
        ({"phone": ""}, "至少填一项"),
        ({"display_name": ""}, "请填写姓名"),
        ({"username": "office_a"}, "该用户名已被使用"),
        ({"phone": "12"}, "11 位手机号"),
        ({"role": "office", "area": grid}, "创投办的范围应是街道"),
        ({"role": "community"}, "社区工作者的范围应是社区"),
        ({"area": grid}, "填了范围，请选择角色"),
        ({"role": "office", "area": world.there.area.pk}, "error-summary"),
    )
    for wrong, words in cases:
        page = admin.post("/people/invite/", FORM | wrong).content.decode()
        assert words in page, words
        assert "王小明" in page or "display_name" in wrong
    assert not User.objects.filter(display_name="王小明").exists()
    assert not Event.objects.filter(verb="accounts.invited").exists()


def test_an_asked_role_is_granted_by_the_security_administrator_only(world):
    row = asked(world, role=Role.COMMUNITY, area=world.here.communities[0])
    assert not RoleGrant.objects.filter(user=row.user).exists()
    request = RoleRequest.objects.get()
    url = f"/grants/requests/{request.pk}/"
    assert came(world.here.people["system_admin"]).post(url, {"act": "grant"}).status_code == 403
    assert came(world.there.people["security_admin"]).post(url, {"act": "grant"}).status_code == 404
    admin = came(world.here.people["security_admin"])
    assert "王小明" in admin.get("/grants/").content.decode()
    assert admin.post(url, {"act": "grant"}).status_code == 302
    grant = RoleGrant.objects.get(user=row.user)
    assert (grant.role, grant.area, grant.granted_by.username) == (
        "community",
        world.here.communities[0],
        "security_admin_a",
    )
    page = admin.post(url, {"act": "refuse"}, follow=True).content.decode()
    assert "已经有人决定过了" in page
    assert RoleGrant.objects.filter(user=row.user).count() == 1


def test_a_role_not_granted_is_recorded_and_can_be_asked_again(world):
    row = asked(world, role=Role.HOST, area=world.here.area)
    request = RoleRequest.objects.get()
    came(world.here.people["security_admin"]).post(f"/grants/requests/{request.pk}/", {"act": "refuse"})
    assert not RoleGrant.objects.filter(user=row.user).exists()
    assert Event.objects.filter(verb="accounts.role_not_granted", object_id=row.user_id).count() == 1


def test_who_asked_does_not_decide_and_places_must_fit(world):
    row = asked(world, role=Role.HOST, area=world.here.area)
    with pytest.raises(DecidesOwnRequest):
        decide_request(
            request_id=RoleRequest.objects.get().pk,
            is_granted=True,
            by=world.here.people["system_admin"],
            at=clock.now(),
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleRequest.objects.update(
            decided_by=world.here.people["system_admin"], decided_at=row.invited_at, is_granted=True
        )
    with pytest.raises(PlaceDoesNotFit):
        asked(world, username="li", role=Role.OFFICE, area=world.here.grid)
    assert not User.objects.filter(username="li").exists()


def test_a_first_password_of_the_administrator_must_be_changed_first(world):
    page = came(world.here.people["system_admin"]).post(
        "/people/new/", {"username": "new_one", "display_name": "新人", "phone": "", "email": ""}
    )
    first = page.content.decode().split('class="code">')[1].split("<")[0]
    her = Client(headers={"accept": "text/html"})
    sign_in(her, "new_one", first, next="/needs/ask/?a=1")
    for url in ("/home/", "/inbox/", "/account/", "/account/factor/"):
        assert her.get(url)["Location"] == "/account/password/"
    assert "别人替您设的" in her.get("/account/password/").content.decode()
    same = her.post("/account/password/", {"old": first, "new": first, "again": first}).content.decode()
    assert "不能与原密码相同" in same
    assert her.get("/home/").status_code == 302
    done = her.post("/account/password/", {"old": first, "new": NEW, "again": NEW})
    assert done["Location"] == "/needs/ask/?a=1"
    assert her.get("/home/").status_code == 200
    assert not User.objects.get(username="new_one").must_change_password
    assert sign_in(Client(), "new_one", NEW)["Location"] == "/home/"
