"""Staff change: successors are invited, those who left are out at once, the last manager stays until somebody takes over."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from audit.models import Event
from core.errors import NotAllowed
from organizations import rules, services
from organizations.models import FormerMember, Invitation, Membership
from tests.judging.make import signed_in
from tests.world import PASSWORD, person


@pytest.fixture
def head(world, at):
    user = person("head_a", at)
    Membership.objects.create(organization=world.here.organization, user=user, duty="head", since=at)
    return user


def ask(world, at, by, **more):
    facts = {"name": "赵某", "duty": "clerk"} | more
    return services.invite(organization_id=world.here.organization.pk, by=by, at=at, **facts)


def test_an_invited_person_makes_an_account_and_joins_once(world, at, head, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    org = world.here.organization
    answer = signed_in(head).post(f"/organizations/{org.pk}/invite/", {"invite-name": "赵某", "invite-duty": "finance"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    link = answer.context["link"].removeprefix("http://testserver")
    secret = link.rstrip("/").rsplit("/", 1)[1]
    assert secret not in str(list(Invitation.objects.values()))
    visitor = Client()
    page = visitor.get(link)
    assert "赵某" in page.content.decode()
    wrong = visitor.post(link, {"username": "zhao_x", "password": PASSWORD, "again": "别的"})
    assert list(wrong.context["form"].errors) == ["again"]
    taken = visitor.post(link, {"username": "OFFICE_a", "password": PASSWORD, "again": PASSWORD})
    assert list(taken.context["form"].errors) == ["username"]
    done = visitor.post(link, {"username": "zhao_x", "password": PASSWORD, "again": PASSWORD})
    assert done.status_code == 302
    user = User.objects.get(username="zhao_x")
    assert (user.display_name, user.street) == ("赵某", world.here.area)
    assert org.members.get(user=user).duty == "finance"
    again = visitor.post(link, {"username": "zhao_y", "password": PASSWORD, "again": PASSWORD})
    assert again.status_code == 409
    assert not User.objects.filter(username="zhao_y").exists()
    assert "已经用过" in visitor.get(link).content.decode()
    assert visitor.get("/organizations/join/NOTACODE/").status_code == 404
    verbs = ["organizations.member_asked", "organizations.member_added", "organizations.invitation_accepted"]
    assert [Event.objects.filter(verb=v).count() for v in verbs] == [1, 1, 1]


def test_somebody_with_an_account_accepts_after_signing_in(world, at, head, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    _, secret = ask(world, at, head)
    guest = world.here.people["third_judge"]
    client = signed_in(guest)
    assert "以" in client.get(f"/organizations/join/{secret}/").content.decode()
    assert client.post(f"/organizations/join/{secret}/").status_code == 302
    assert rules.acts_for(User.objects.get(pk=guest.pk), world.here.organization.pk)
    _, second = ask(world, at, head)
    with pytest.raises(services.AlreadyMember):
        services.accept_invitation(link_code=second, user=guest, at=at)


def test_a_link_ends_with_its_week_its_withdrawal_and_its_inviter(world, at, head):
    guest = world.here.people["third_judge"]
    _, late = ask(world, at, head)
    with pytest.raises(services.InvitationGone):
        services.accept_invitation(link_code=late, user=guest, at=at + timedelta(days=7))
    row, back = ask(world, at, head)
    with pytest.raises(NotAllowed):
        services.withdraw_invitation(invitation_id=row.pk, by=world.here.people["member"], at=at)
    services.withdraw_invitation(invitation_id=row.pk, by=head, at=at)
    for _ in range(2):
        with pytest.raises(services.InvitationGone):
            services.withdraw_invitation(invitation_id=row.pk, by=head, at=at)
    with pytest.raises(services.InvitationGone):
        services.accept_invitation(link_code=back, user=guest, at=at)
    _, orphan = ask(world, at, head)
    Membership.objects.filter(user=head).update(duty="clerk")
    with pytest.raises(services.InvitationGone):
        services.accept_invitation(link_code=orphan, user=guest, at=at)
    assert not Membership.objects.filter(user=guest).exists()


def test_only_managers_and_the_office_invite(world, at, head):
    for who in (world.here.people["member"], world.here.people["leader"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            ask(world, at, who)
    with pytest.raises(services.NameMissing):
        ask(world, at, head, name=" ")
    for _ in range(10):
        ask(world, at, world.here.people["office"])
    with pytest.raises(services.TooManyInvitations):
        ask(world, at, head)


def test_the_last_manager_stays_until_the_successor_accepts(world, at, head, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    org, old = world.here.organization, head
    mine = org.members.get(user=old)
    url = f"/organizations/{org.pk}/members/{mine.pk}/leave/"
    client = signed_in(old)
    alone = client.post(url, {"successor": "", "invitee": "", "reason": "调离"})
    assert list(alone.context["form"].errors) == ["successor"]
    both = client.post(url, {"successor": "member_a", "invitee": "赵某", "reason": "调离"})
    assert list(both.context["form"].errors) == ["invitee"]
    stranger = client.post(url, {"successor": "judge_a", "invitee": "", "reason": "调离"})
    assert list(stranger.context["form"].errors) == ["successor"]
    asked = client.post(url, {"successor": "", "invitee": "赵某", "reason": "调离"})
    secret = asked.context["link"].rstrip("/").rsplit("/", 1)[1]
    assert rules.has_duty(User.objects.get(pk=old.pk), org, "head")
    assert client.get(f"/organizations/{org.pk}/").status_code == 200
    new = services.join_by_invitation(link_code=secret, username="zhao_x", password=PASSWORD, at=at)
    assert [(m.user, m.duty) for m in org.members.order_by("pk") if m.duty == "head"] == [(new, "head")]
    former = FormerMember.objects.get()
    assert (former.user, former.successor, former.reason, former.ended_by) == (old, new, "调离", old)
    # out at once, in the same session
    assert client.get(f"/organizations/{org.pk}/").status_code == 404
    assert client.get(f"/organizations/{org.pk}/account/").status_code == 404
    assert client.post(url, {"successor": "", "reason": "再来"}).status_code == 404
    verbs = ["organizations.member_left", "organizations.member_invited_in", "organizations.invitation_accepted"]
    assert [Event.objects.filter(verb=v).count() for v in verbs] == [1, 1, 1]


def test_a_member_who_takes_over_from_the_last_manager_is_the_manager(world, at, head):
    org, clerk = world.here.organization, world.here.people["member"]
    mine = org.members.get(user=head)
    with pytest.raises(services.LastHead):
        services.hand_over(membership_id=mine.pk, successor=None, reason="退休", by=world.here.people["office"], at=at)
    with pytest.raises(NotAllowed):
        services.hand_over(membership_id=mine.pk, successor=world.here.people["judge"], reason="退休", by=head, at=at)
    services.hand_over(membership_id=mine.pk, successor=clerk, reason="退休", by=head, at=at)
    assert [(m.user, m.duty) for m in org.members.all()] == [(clerk, "head")]
    assert Event.objects.filter(verb="organizations.member_promoted").count() == 1


def test_the_office_hands_over_by_invitation_too(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    org, old = world.here.organization, world.here.people["member"]
    url = f"/organizations/{org.pk}/members/{org.members.get().pk}/leave/"
    answer = signed_in(world.here.people["office"]).post(url, {"successor": "", "invitee": "赵某", "reason": "调离"})
    secret = answer.context["link"].rstrip("/").rsplit("/", 1)[1]
    with pytest.raises(services.SamePerson):
        services.accept_invitation(link_code=secret, user=old, at=at)
    services.accept_invitation(link_code=secret, user=world.here.people["third_judge"], at=at)
    assert [(m.user, m.duty) for m in org.members.all()] == [(world.here.people["third_judge"], "clerk")]
    page = signed_in(world.here.people["office"]).get(f"/organizations/{org.pk}/").content.decode()
    assert "离任成员" in page


def test_a_page_of_an_organization_shows_what_waits(world, at, head, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    row, _ = ask(world, at, head)
    org = world.here.organization
    page = signed_in(head).get(f"/organizations/{org.pk}/").content.decode()
    assert "等待接受的邀请" in page
    assert (
        "等待接受的邀请" not in signed_in(world.here.people["member"]).get(f"/organizations/{org.pk}/").content.decode()
    )
    assert signed_in(head).post(f"/organizations/{org.pk}/invitations/{row.pk}/withdraw/").status_code == 302
    assert signed_in(head).post(f"/organizations/{org.pk}/invitations/{row.pk}/withdraw/").status_code == 409
    foreign = services.invite(
        organization_id=world.there.organization.pk, name="钱某", duty="clerk", by=world.there.people["office"], at=at
    )[0]
    assert signed_in(head).post(f"/organizations/{org.pk}/invitations/{foreign.pk}/withdraw/").status_code == 404
    bad = signed_in(head).post(f"/organizations/{org.pk}/invite/", {"invite-name": "", "invite-duty": "clerk"})
    assert (bad.status_code, list(bad.context["invite"].errors)) == (400, ["name"])


def test_an_invitation_keeps_whole(world, at, head):
    row, _ = ask(world, at, head)
    from django.db import IntegrityError

    for change in ({"accepted_at": at}, {"replaces": head}, {"reason": "离任"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.filter(pk=row.pk).update(**change)
