"""Sign-in, throttle, three administrators."""

import re

import pytest
from django.test import Client

from accounts.models import Role, RoleGrant, User
from accounts.services import GrantToOneself, RolesExclude, grant_role, set_active
from audit.models import Event
from tests.world import PASSWORD, person

URL = "/account/sign-in/"


def sign_in(client, name, password=PASSWORD, **more):
    return client.post(URL, {"username": name, "password": password} | more)


def test_name_or_phone_with_password(world):
    User.objects.filter(username="office_a").update(phone="13900000000")
    for typed in ("office_a", "13900000000"):
        client = Client()
        assert sign_in(client, typed)["Location"] == "/home/"
        assert client.get("/home/").status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "\\\\evil.example", "javascript:alert(1)", "http:///evil"]
)
def test_next_stays_at_home(world, target):
    assert sign_in(Client(), "office_a", next=target)["Location"] == "/home/"


def test_next_of_our_own_is_followed(world):
    assert sign_in(Client(), "office_a", next="/needs/?q=1")["Location"] == "/needs/?q=1"


def test_unknown_wrong_and_disabled_read_the_same(world):
    User.objects.filter(username="leader_a").update(is_active=False)
    pages = [sign_in(Client(), *pair) for pair in (("nobody", "x"), ("office_a", "x"), ("leader_a", PASSWORD))]
    texts = [p.content.decode().split("error-summary")[1].split("</ul>")[0] for p in pages]
    assert [p.status_code for p in pages] == [200, 200, 200]
    assert len(set(texts)) == 1


def test_five_failures_lock_the_account_for_strange_devices_only(world):
    known = Client()
    sign_in(known, "office_a")
    known.post("/account/sign-out/")
    stranger = Client()
    for _ in range(5):
        sign_in(stranger, "office_a", "wrong")
    assert sign_in(Client(), "office_a").status_code == 429
    assert sign_in(known, "office_a").status_code == 302
    assert sign_in(Client(), "leader_a").status_code == 302


def test_a_whole_jury_behind_one_address_gets_in(world, at):
    for i in range(30):
        person(f"jury{i}", at)
        assert sign_in(Client(REMOTE_ADDR="10.0.0.1"), f"jury{i}").status_code == 302


def test_session_key_changes_and_a_disabled_account_is_out_at_once(world, at):
    client = Client()
    client.get("/")
    sign_in(client, "office_a")
    assert client.get("/home/").status_code == 200
    set_active(
        user_id=world.here.people["office"].pk, active=False, by=world.here.people["system_admin"], at=at, reason="离岗"
    )
    assert client.get("/home/").status_code == 302


def test_signing_in_is_recorded_without_what_was_typed(world):
    sign_in(Client(), "office_a")
    sign_in(Client(), "13912345678", "geheim")
    events = list(
        Event.objects.filter(verb__startswith="accounts.sign").order_by("id").values_list("verb", "actor__username")
    )
    assert events == [("accounts.signed_in", "office_a"), ("accounts.sign_in_refused", None)]
    assert not Event.objects.filter(facts__icontains="139").exists()


def test_password_change_ends_other_sessions(world):
    one, two = Client(), Client()
    sign_in(one, "office_a")
    sign_in(two, "office_a")
    weak = one.post("/account/password/", {"old": PASSWORD, "new": "aaaaaaaaaaaa", "again": "aaaaaaaaaaaa"})
    assert "至少三种" in weak.content.decode()
    assert (
        one.post("/account/password/", {"old": PASSWORD, "new": "New-pass-2027", "again": "New-pass-2027"}).status_code
        == 302
    )
    assert one.get("/home/").status_code == 200
    assert two.get("/home/").status_code == 302


def test_nobody_grants_to_oneself_and_exclusive_roles_stay_apart(world, at):
    admin, area = world.here.people["security_admin"], world.here.area
    with pytest.raises(GrantToOneself):
        grant_role(user=admin, role=Role.OFFICE, area=area, at=at, by=admin)
    with pytest.raises(RolesExclude):
        grant_role(user=world.here.people["office"], role=Role.LEADER, area=area, at=at, by=admin)
    with pytest.raises(RolesExclude):
        grant_role(user=world.here.people["system_admin"], role=Role.AUDIT_ADMIN, area=area, at=at, by=admin)
    assert RoleGrant.objects.filter(user=world.here.people["office"]).count() == 1


def test_a_new_account_shows_its_first_password_once(world):
    client = Client()
    sign_in(client, "system_admin_a")
    page = client.post(
        "/people/new/", {"username": "new_one", "display_name": "新人", "phone": "139 0000 0001", "email": ""}
    ).content.decode()
    first = page.split('class="code">')[1].split("<")[0]
    assert sign_in(Client(), "new_one", first).status_code == 302
    assert User.objects.get(username="new_one").phone == "13900000001"
    assert first not in client.get("/people/").content.decode()
    again = client.post("/people/new/", {"username": "NEW_ONE", "display_name": "新人"}).content.decode()
    assert "该用户名已被使用" in again


def test_a_grant_reaches_only_into_ones_own_street(world):
    client = Client()
    sign_in(client, "security_admin_a")
    form = {"user": world.there.people["third_judge"].pk, "role": "office", "area": world.here.area.pk}
    assert "error-summary" in client.post("/grants/", form).content.decode()
    assert not RoleGrant.objects.filter(user=world.there.people["third_judge"]).exists()


def test_the_record_shows_the_street_only_and_no_phone(world):
    client = Client()
    sign_in(client, "audit_admin_a")
    page = client.get("/records/").content.decode()
    assert "测试office_a" in page or "授予角色" in page
    assert not re.search(r"\w_b\b", page)
