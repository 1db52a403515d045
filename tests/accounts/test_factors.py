"""The second factor: who must, binding, both kinds of codes, throttling, taking off, the street's policy."""

import re
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Authenticator, FactorPolicy, RecoveryCode, Role, SignInAttempt, User
from accounts.services import (
    AlreadyBound,
    CodeWrong,
    NotBound,
    ResetsOneself,
    begin_binding,
    confirm_binding,
    must_have_factor,
    reset_factor,
    set_policy,
    use_code,
)
from audit.models import Event
from messaging.models import Notice
from tests.accounts.make import URL, bind, came, code_of, demand, sign_in
from tests.world import PASSWORD, build

STEP = "/account/sign-in/code/"


def verbs():
    return list(Event.objects.filter(verb__startswith="accounts.").order_by("id").values_list("verb", flat=True))


def test_default_roles_must_and_others_need_not(world):
    demand(world.here.area)
    must = {name for name, user in world.here.people.items() if must_have_factor(user)}
    assert must == {"office", "leader", "finance"}
    assert not any(must_have_factor(user) for user in world.there.people.values())


def test_a_key_stands_sealed_in_the_database(world, at):
    row = begin_binding(user=world.here.people["office"], at=at)
    with connection.cursor() as cursor:
        cursor.execute("SELECT key FROM accounts_authenticator")
        (stored,) = cursor.fetchone()
    assert row.key not in stored
    assert Authenticator.objects.get().key == row.key


def test_binding_wants_the_right_code_and_gives_ten_recovery_codes_once(world, at):
    user = world.here.people["office"]
    with pytest.raises(NotBound):
        confirm_binding(user=user, code="000000", at=at)
    begin_binding(user=user, at=at)
    for wrong in ("", "12345", "abcdef", "１２３", code_of(user, at, steps=5)):
        with pytest.raises(CodeWrong):
            confirm_binding(user=user, code=wrong, at=at)
    found = confirm_binding(user=user, code=f" {code_of(user, at)[:3]} {code_of(user, at)[3:]} ", at=at)
    assert len(set(found)) == 10
    stored = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(stored) == 10
    assert not stored & set(found)
    for again in (lambda: begin_binding(user=user, at=at), lambda: confirm_binding(user=user, code="1", at=at)):
        with pytest.raises(AlreadyBound):
            again()


def test_no_code_is_used_twice_nor_one_older_than_the_last(world, at):
    user = world.here.people["office"]
    begin_binding(user=user, at=at)
    first = code_of(user, at)
    confirm_binding(user=user, code=first, at=at)
    with pytest.raises(CodeWrong):
        use_code(user=user, code=first, at=at)
    later = at + timedelta(seconds=60)
    assert use_code(user=user, code=code_of(user, later), at=later) == "app"
    for stale in (code_of(user, later), code_of(user, later, steps=-1)):
        with pytest.raises(CodeWrong):
            use_code(user=user, code=stale, at=later)


def test_a_phone_half_a_minute_off_gets_in_and_one_further_off_does_not(world, at):
    user = world.here.people["office"]
    bind(user)
    for steps, gets_in in ((-2, False), (2, False), (-1, True), (1, True)):
        moment = at + timedelta(hours=1 + steps)
        Authenticator.objects.update(last_step=0)
        if gets_in:
            assert use_code(user=user, code=code_of(user, moment, steps), at=moment) == "app"
        else:
            with pytest.raises(CodeWrong):
                use_code(user=user, code=code_of(user, moment, steps), at=moment)


def test_a_recovery_code_works_once_however_it_is_typed(world, at):
    user = world.here.people["office"]
    first, second, *_ = bind(user)
    assert use_code(user=user, code=f"{first[:4]}-{first[4:8]} {first[8:]}".lower(), at=at) == "recovery"
    with pytest.raises(CodeWrong):
        use_code(user=user, code=first, at=at)
    other = world.here.people["leader"]
    bind(other)
    with pytest.raises(CodeWrong):
        use_code(user=other, code=second, at=at)
    assert Notice.objects.filter(recipient=user, kind="accounts.security").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_code_at_two_doors_opens_one(at):
    world = build(at)
    user = world.here.people["office"]
    bind(user)
    code, answers, gate = code_of(user, at + timedelta(hours=1)), [], threading.Barrier(2)

    def enter():
        gate.wait()
        try:
            answers.append(use_code(user=user, code=code, at=at + timedelta(hours=1)))
        except CodeWrong:
            answers.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["app", "refused"]


def test_the_password_alone_opens_nothing_where_a_factor_is_bound(world):
    user = world.here.people["office"]
    bind(user)
    client = Client()
    assert sign_in(client, "office_a", next="/needs/?q=1")["Location"] == STEP
    assert client.get("/home/").status_code == 302
    assert not Event.objects.filter(verb="accounts.signed_in").exists()
    page = client.post(STEP, {"code": "000000"})
    assert "动态码不对" in page.content.decode()
    assert client.get("/home/").status_code == 302
    key = client.session.session_key
    assert client.post(STEP, {"code": code_of(user)})["Location"] == "/needs/?q=1"
    assert client.session.session_key != key
    assert client.get("/home/").status_code == 200
    assert verbs()[-2:] == ["accounts.step_refused", "accounts.signed_in"]


def test_five_wrong_codes_lock_the_step_and_a_code_in_time_unlocks(world):
    user = world.here.people["office"]
    codes = bind(user)
    client = Client()
    sign_in(client, "office_a")
    for _ in range(4):
        assert client.post(STEP, {"code": "000000"}).status_code == 200
    assert client.post(STEP, {"code": codes[0]}).status_code == 302
    assert not SignInAttempt.objects.exists()
    other = Client()
    sign_in(other, "office_a")
    for _ in range(5):
        other.post(STEP, {"code": "000000"})
    for late in (code_of(user), codes[1]):
        answer = other.post(STEP, {"code": late})
        assert (answer.status_code, "输错次数过多" in answer.content.decode()) == (429, True)
    sign_in(Client(), "leader_a")
    SignInAttempt.objects.all().delete()
    assert other.post(STEP, {"code": codes[1]}).status_code == 302


def test_the_step_cannot_be_locked_by_typing_its_key_as_a_user_name(world):
    user = world.here.people["office"]
    bind(user)
    for _ in range(6):
        sign_in(Client(), f"step:{user.pk}", "x")
        sign_in(Client(), f"\0step:{user.pk}", "x")
    client = Client()
    sign_in(client, "office_a")
    assert client.post(STEP, {"code": code_of(user)}).status_code == 302


def test_the_step_is_over_after_ten_minutes_and_for_a_disabled_account(world):
    user = world.here.people["office"]
    bind(user)
    assert Client().get(STEP)["Location"] == URL
    client = Client()
    sign_in(client, "office_a")
    session = client.session
    session["second_step"] |= {"at": int(time.time()) - 601}
    session.save()
    assert client.post(STEP, {"code": code_of(user)})["Location"] == URL
    assert "重新登录" in client.get(URL).content.decode()
    sign_in(client, "office_a")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.post(STEP, {"code": code_of(user)})["Location"] == URL


def test_who_must_and_has_none_can_do_nothing_but_bind(world):
    demand(world.here.area)
    client = Client()
    sign_in(client, "office_a")
    for url in ("/home/", "/needs/", "/account/", "/account/password/", "/inbox/", "/rounds/"):
        assert client.get(url)["Location"] == "/account/factor/", url
    assert client.post("/account/devices/end/")["Location"] == "/account/factor/"
    assert client.get("/account/factor/").status_code == 200
    assert client.get("/").status_code == 200
    user = world.here.people["office"]
    client.post("/account/factor/", {"part": "begin"})
    page = client.get("/account/factor/").content.decode()
    key = Authenticator.objects.get(user=user).key
    assert " ".join(re.findall("....", key)) in page
    assert "<svg" in page
    assert "动态码不对" in client.post("/account/factor/", {"part": "confirm", "code": "000000"}).content.decode()
    assert client.get("/home/").status_code == 302
    done = client.post("/account/factor/", {"part": "confirm", "code": code_of(user)}).content.decode()
    assert len(re.findall(r'<li class="code">', done)) == 10
    assert client.post("/account/factor/done/")["Location"] == "/home/"
    assert client.get("/home/").status_code == 200
    assert key not in client.get("/account/factor/").content.decode()


def test_who_need_not_goes_on_with_a_password_and_may_bind(world):
    client = Client()
    assert sign_in(client, "community_a")["Location"] == "/home/"
    assert client.get("/account/factor/").status_code == 200
    client.post("/account/factor/", {"part": "begin"})
    user = world.here.people["community"]
    client.post("/account/factor/", {"part": "confirm", "code": code_of(user)})
    assert Authenticator.objects.get(user=user).confirmed_at is not None


def test_long_after_the_sign_in_binding_asks_for_the_password(world):
    user = world.here.people["community"]
    client = came(user)
    session = client.session
    session["signed_at"] -= 700
    session.save()
    for wrong in ({}, {"password": "wrong"}):
        page = client.post("/account/factor/", {"part": "begin"} | wrong).content.decode()
        assert "error-summary" in page
    assert not Authenticator.objects.exists()
    assert client.post("/account/factor/", {"part": "begin", "password": PASSWORD}).status_code == 302
    assert Authenticator.objects.exists()


def test_taking_off_asks_for_password_and_code(world):
    user = world.here.people["community"]
    codes = bind(user)
    client = came(user)
    tries = ({"password": "x", "code": codes[0]}, {"password": PASSWORD, "code": "000000"}, {"password": PASSWORD})
    for wrong in tries:
        page = client.post("/account/factor/", {"part": "remove"} | wrong).content.decode()
        assert "error-summary" in page
        assert Authenticator.objects.filter(user=user).exists()
    assert (
        client.post("/account/factor/", {"part": "remove", "password": PASSWORD, "code": codes[0]})["Location"]
        == "/account/"
    )
    assert not Authenticator.objects.exists()
    assert "accounts.factor_removed" in verbs()
    assert client.get("/home/").status_code == 200


def test_who_must_have_one_binds_the_next_at_once(world):
    demand(world.here.area)
    user = world.here.people["office"]
    codes = bind(user)
    client = came(user)
    assert client.get("/home/").status_code == 200
    client.post("/account/factor/", {"part": "remove", "password": PASSWORD, "code": codes[0]})
    assert client.get("/home/")["Location"] == "/account/factor/"


def test_new_recovery_codes_void_the_old(world, at):
    user = world.here.people["community"]
    old = bind(user)
    page = came(user).post("/account/factor/", {"part": "renew", "password": PASSWORD, "code": code_of(user)})
    new = [c.replace(" ", "") for c in re.findall(r'<li class="code">([^<]+)</li>', page.content.decode())]
    assert len(new) == 10
    with pytest.raises(CodeWrong):
        use_code(user=user, code=old[1], at=at)
    assert use_code(user=user, code=new[1], at=at) == "recovery"


def test_the_security_administrator_resets_with_a_reason(world, at):
    user, admin = world.here.people["finance"], world.here.people["security_admin"]
    bind(user)
    hers, client = came(user), came(admin)
    url = f"/people/{user.pk}/factor/"
    assert "请填写理由" in client.post(url, {"reason": ""}).content.decode()
    assert hers.get("/home/").status_code == 200
    assert client.post(url, {"reason": "手机丢失，已当面核实"})["Location"] == f"/people/{user.pk}/"
    assert not Authenticator.objects.exists()
    assert hers.get("/home/").status_code == 302
    event = Event.objects.get(verb="accounts.factor_reset")
    assert (event.actor, event.object_id, event.reason) == (admin, user.pk, "手机丢失，已当面核实")
    assert Notice.objects.filter(recipient=user, subject__contains="重置").exists()
    with pytest.raises(NotBound):
        reset_factor(user_id=user.pk, by=admin, at=at, reason="再来", scope_id=world.here.area.pk)
    bind(admin)
    with pytest.raises(ResetsOneself):
        reset_factor(user_id=admin.pk, by=admin, at=at, reason="自己", scope_id=world.here.area.pk)


def test_switching_on_signs_out_who_must_bind_and_nobody_else(world):
    office, leader, host, there = (
        came(world.here.people["office"]), came(world.here.people["leader"]), came(world.here.people["host"]),
        came(world.there.people["office"]),
    )  # fmt: skip
    bind(world.here.people["leader"])
    admin = came(world.here.people["security_admin"])
    assert "至少选择一个角色" in admin.post("/factors/", {"is_required": "1", "reason": "试点"}).content.decode()
    form = {"is_required": "1", "roles": ["office", "leader"], "reason": "试点结束"}
    assert admin.post("/factors/", form).status_code == 302
    assert [c.get("/home/").status_code for c in (office, leader, host, there)] == [302, 200, 200, 200]
    policy = FactorPolicy.objects.get(street=world.here.area)
    assert (policy.is_required, policy.roles, policy.reason) == (True, ["office", "leader"], "试点结束")
    assert must_have_factor(world.here.people["office"])
    assert not must_have_factor(world.here.people["finance"])
    event = Event.objects.get(verb="accounts.factor_policy_set")
    assert (event.reason, event.facts) == ("试点结束", {"is_required": True, "roles": ["office", "leader"]})
    page = admin.get("/factors/").content.decode()
    assert page.index("测试office_a") < page.index("测试leader_a")


def test_a_policy_of_one_street_says_nothing_about_another(world, at):
    set_policy(
        street=world.there.area, is_required=True, roles=[Role.OFFICE], reason="乙街道", by=world.there.people["security_admin"], at=at
    )  # fmt: skip
    assert must_have_factor(world.there.people["office"])
    assert not must_have_factor(world.here.people["office"])
