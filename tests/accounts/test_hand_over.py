"""Somebody leaves: roles, messages and duties to the successor, the account ended, at one moment."""

import pytest
from django.db import transaction

from accounts.models import Role, RoleGrant, User
from accounts.services import GrantToOneself, HandOverRefused, RolesExclude, grant_role, hand_over
from audit.models import Event
from messaging.models import Notice
from messaging.services import notify
from tests.accounts.make import came
from tests.world import person


def over(world, at, frm="office", to="new", **facts):
    people = world.here.people
    facts = {
        "user_id": people[frm].pk, "successor_id": people[to].pk, "reason": "调离", "by": people["security_admin"], "at": at,
        "streets": [world.here.area.pk],
    } | facts  # fmt: skip
    return hand_over(**facts)


@pytest.fixture
def new(world, at):
    """A newcomer of the street without a role."""
    user = person("new_a", at)
    User.objects.filter(pk=user.pk).update(street=world.here.area)
    world.here.people["new"] = user
    return user


def test_roles_go_over_and_the_account_ends_in_one_step(world, at, new):
    old = world.here.people["office"]
    grant_role(user=old, role=Role.HOST, area=world.here.area, at=at, by=None)
    hers, theirs = came(old), came(new)
    assert theirs.get("/rounds/new/").status_code == 403
    admin = came(world.here.people["security_admin"])
    url = f"/people/{old.pk}/hand-over/"
    page = admin.get(url).content.decode()
    assert "创投办（甲街道）" in page
    assert "主持/计分员（甲街道）" in page
    answer = admin.post(url, {"successor": new.pk, "reason": "调离"})
    assert answer["Location"] == f"/people/{new.pk}/"
    assert set(RoleGrant.objects.filter(user=new).values_list("role", flat=True)) == {"office", "host"}
    assert not RoleGrant.objects.filter(user=old).exists()
    old.refresh_from_db()
    assert not old.is_active
    assert hers.get("/home/").status_code == 302
    assert theirs.get("/rounds/new/").status_code == 200
    verbs = Event.objects.filter(reason="调离").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == [
        "accounts.role_revoked", "accounts.role_revoked", "accounts.handed_over", "accounts.disabled",
    ]  # fmt: skip
    event = Event.objects.get(verb="accounts.handed_over")
    assert event.facts == {"to": new.pk, "roles": ["office", "host"]}


def test_the_page_counts_her_open_duties(world, at):
    from core import clock
    from needs.services import post_need

    community = world.here.communities[0]
    post_need(
        community=community, channel="visit", category="culture", words="想有个活动的地方。", people_count=9, urgency="low",
        at=clock.now(), by=world.here.people["community"],
    )  # fmt: skip
    worker = world.here.people["community"]
    page = came(world.here.people["security_admin"]).get(f"/people/{worker.pk}/hand-over/").content.decode()
    assert "手上的事（0 件）" not in page


def test_unread_messages_go_on_to_the_successor_without_mail(world, at, new):
    old, street = world.here.people["office"], world.here.area.pk
    for n, kind in enumerate(("general", "general", "accounts.security"), 1):
        notify(
            recipients=[old.pk], occasion=f"t:{n}", subject=f"第{n}条", body="请办理", link="/needs/", at=at, kind=kind, scope_id=street
        )  # fmt: skip
    notify(recipients=[old.pk], occasion="t:9", subject="别街", body="x", link="/", at=at, scope_id=world.there.area.pk)
    Notice.objects.filter(subject="第1条").update(read_at=at)
    over(world, at)
    found = Notice.objects.filter(recipient=new).order_by("pk")
    assert [n.subject for n in found] == ["第2条", "您接手了测试office_a的工作"]
    assert found[0].deliveries.count() == 0
    assert "转来未读消息 1 条" in found[1].body


def test_an_account_of_two_streets_stays_for_the_other(world, at, new):
    old = world.here.people["office"]
    grant_role(user=old, role=Role.OFFICE, area=world.there.area, at=at, by=None)
    over(world, at)
    old.refresh_from_db()
    assert old.is_active
    assert list(RoleGrant.objects.filter(user=old).values_list("area", flat=True)) == [world.there.area.pk]


def test_roles_that_exclude_each_other_stop_all(world, at):
    with pytest.raises(RolesExclude):
        over(world, at, frm="office", to="leader")
    assert world.here.people["office"].grants.count() == 1
    assert User.objects.get(username="office_a").is_active
    assert not Event.objects.filter(verb="accounts.handed_over").exists()


def test_nobody_hands_over_to_or_from_herself_or_to_who_is_gone(world, at, new):
    for frm, to in (("security_admin", "new"), ("office", "security_admin")):
        with pytest.raises(GrantToOneself):
            over(world, at, frm=frm, to=to)
    with pytest.raises(HandOverRefused, match="另一位"):
        over(world, at, frm="office", to="office")
    User.objects.filter(pk=new.pk).update(is_active=False)
    with pytest.raises(HandOverRefused, match="接手人的账号已停用"):
        over(world, at)
    User.objects.filter(pk=new.pk).update(is_active=True)
    over(world, at)
    with pytest.raises(HandOverRefused, match="这个账号已经停用"):
        over(world, at)
    assert RoleGrant.objects.filter(user=new).count() == 1


def test_a_successor_of_another_street_is_not_offered_nor_taken(world, at):
    old, other = world.here.people["office"], world.there.people["judge"]
    admin = came(world.here.people["security_admin"])
    url = f"/people/{old.pk}/hand-over/"
    assert "judge_b" not in admin.get(url).content.decode()
    page = admin.post(url, {"successor": other.pk, "reason": "调离"}).content.decode()
    assert "error-summary" in page
    assert 'value="调离"' in page
    assert admin.post(f"/people/{other.pk}/hand-over/", {}).status_code == 404
    assert User.objects.get(pk=old.pk).is_active


def test_twice_sent_is_once(world, at, new):
    old = world.here.people["office"]
    admin, url = came(world.here.people["security_admin"]), f"/people/{old.pk}/hand-over/"
    for _ in range(2):
        admin.post(url, {"successor": new.pk, "reason": "调离"})
    assert Event.objects.filter(verb="accounts.handed_over").count() == 1
    assert RoleGrant.objects.filter(user=new).count() == 1


def test_nothing_is_left_half_done(world, at, new, monkeypatch):
    def broken(**_):
        raise RuntimeError

    monkeypatch.setattr("accounts.services.handover.notify", broken)
    with pytest.raises(RuntimeError), transaction.atomic():
        hand_over.__wrapped__(
            user_id=world.here.people["office"].pk, successor_id=new.pk, reason="x", by=world.here.people["security_admin"], at=at,
            streets=[world.here.area.pk],
        )  # fmt: skip
    assert User.objects.get(username="office_a").is_active
    assert not RoleGrant.objects.filter(user=new).exists()
