"""Three administrators: nobody is two of them, none sees business data, all they do is in the record."""

import itertools
import json
from pathlib import Path

import pytest

from accounts.models import Role, RoleGrant, User
from accounts.services import RolesExclude, decide_request, grant_role, invite, set_active
from audit.models import Event
from audit.words import VERBS
from core import clock
from tests.accounts.make import came
from tests.world import person

ADMINS = (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN)
HOUSE = Path(__file__).parent.parent / "house"
# What any of the three may open: their own pages, the machine's, and what everybody signed in has.
OWN = {"accounts", "messaging", "reminders", "jobs", "audit"}
COMMON = {"portal:home", "needs:theme"}  # the library of themes is printed matter
MACHINE = {
    "portal:operations",
    "portal:demonstration",
    "portal:demonstration_load",
    "portal:workdays",
    "portal:self_checks",
    "portal:self_check",
}


@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(ADMINS, 2)))
def test_nobody_is_two_administrators(world, at, one, other):
    user, by = person("double", at), world.here.people["security_admin"]
    grant_role(user=user, role=one, area=world.here.area, at=at, by=by)
    for area in (world.here.area, world.there.area):
        with pytest.raises(RolesExclude):
            grant_role(user=user, role=other, area=area, at=at, by=by)
    assert RoleGrant.objects.filter(user=user).count() == 1


def test_not_even_by_a_request_that_was_asked_before(world, at):
    asked = invite(
        street=world.here.area, display_name="王", username="wang", phone="", email="", role=Role.AUDIT_ADMIN, area=None,
        by=world.here.people["system_admin"], at=at,
    )  # fmt: skip
    by = world.here.people["security_admin"]
    grant_role(user=asked.user, role=Role.SYSTEM_ADMIN, area=world.here.area, at=at, by=by)
    request = asked.user.role_requests.get()
    with pytest.raises(RolesExclude):
        decide_request(request_id=request.pk, is_granted=True, by=by, at=at)
    request.refresh_from_db()
    assert request.decided_at is None


def test_the_pages_of_the_three_are_apart(world):
    pages = {
        "system_admin": {"/people/", "/people/new/", "/people/invite/", "/people/import/"},
        "security_admin": {"/grants/", "/factors/"},
        "audit_admin": {"/records/"},
    }
    for who in pages:
        client = came(world.here.people[who])
        for owner, urls in pages.items():
            for url in urls:
                assert (who, url, client.get(url).status_code) == (who, url, 200 if who == owner else 403)


def test_none_of_the_three_opens_a_page_of_business():
    matrix = json.loads((HOUSE / "matrix.json").read_text())
    open_to_all = {name for name, row in matrix.items() if set(row) == {"2"}}
    business = {}
    for name, row in matrix.items():
        app = name.split(":")[0]
        if name in open_to_all or app in OWN or name in MACHINE:
            continue
        seen = {who for who, code in zip(("system", "security", "audit"), row[7:10], strict=True) if code == "2"}
        if seen and name not in COMMON:
            business[name] = seen
    assert business == {}


def test_the_system_administrator_grants_nothing_and_the_security_administrator_makes_nobody(world):
    system, security = came(world.here.people["system_admin"]), came(world.here.people["security_admin"])
    target, count = world.here.people["judge"], User.objects.count()
    form = {"user": target.pk, "role": "office", "area": world.here.area.pk}
    assert system.post("/grants/", form).status_code == 403
    assert not RoleGrant.objects.filter(user=target).exists()
    for url in ("/people/new/", "/people/invite/", "/people/import/"):
        assert security.post(url, {"username": "x", "display_name": "x"}).status_code == 403
    assert User.objects.count() == count


def test_what_the_three_do_has_a_word_and_is_shown_to_the_auditor(world):
    at, system = clock.now(), came(world.here.people["system_admin"])
    system.post("/people/invite/", {"display_name": "王小明", "username": "wang", "role": "host"})
    user = User.objects.get(username="wang")
    system.post(f"/people/{user.pk}/link/", {"act": "send"})
    system.post(f"/people/{user.pk}/link/", {"act": "revoke"})
    security = came(world.here.people["security_admin"])
    security.post(f"/grants/requests/{user.role_requests.get().pk}/", {"act": "grant"})
    security.post("/factors/", {"is_required": "0", "roles": ["office"], "reason": "试用"})
    set_active(
        user_id=user.pk,
        active=False,
        by=world.here.people["system_admin"],
        at=at,
        reason="离岗",
        scope_id=world.here.area.pk,
    )
    seen = Event.objects.filter(scope_id=world.here.area.pk, at__gte=at).values_list("verb", flat=True)
    assert set(seen) >= {
        "accounts.added", "accounts.invited", "accounts.role_asked", "accounts.invitation_revoked", "accounts.role_granted",
        "accounts.factor_policy_set", "accounts.disabled",
    }  # fmt: skip
    page = came(world.here.people["audit_admin"]).get("/records/").content.decode()
    for verb in set(seen):
        assert VERBS[verb] in page
    assert set(VERBS) >= set(Event.objects.values_list("verb", flat=True))
