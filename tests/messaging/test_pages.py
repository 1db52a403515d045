"""The office's desk: mass messages, what is held, what did not arrive, words, robots; and one's own wishes."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from audit.models import Event
from core import clock
from messaging import rules, services
from messaging.models import Delivery, Mass, Notice, Preference, Robot, Wording
from tests.messaging.make import make_delivery, make_mass, make_notice, make_posting, make_robot
from tests.world import person

ADDRESS = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc"


def as_(user):
    client = Client()
    client.force_login(user)
    return client


def text(answer):
    return answer.content.decode()


# --- mass messages


def test_a_message_to_few_is_drafted_seen_held_and_recalled(world):
    office = as_(world.here.people["office"])
    form = {"audiences": ["organizations.members"], "subject": "停电", "body": "周三停电。", "revision": "0"}
    key = "6f6c0d0a-0000-4000-8000-000000000001"
    first = office.post("/messages/new/", form | {"once_key": key})
    again = office.post("/messages/new/", form | {"once_key": key})
    row = Mass.objects.get()
    assert first["Location"] == again["Location"] == f"/messages/{row.pk}/"
    page = text(office.get(f"/messages/{row.pk}/"))
    assert ("收件人：2 人" in page, "测试member_a、测试other_member_a" in page, "发给 2 人" in page) == (
        True,
        True,
        True,
    )
    assert office.post(f"/messages/{row.pk}/", {"act": "release", "revision": "0"}).status_code == 302
    row.refresh_from_db()
    assert (row.state, Notice.objects.count(), Delivery.objects.count()) == ("approved", 2, 2)
    assert services.send_due_deliveries() == 0
    member = as_(world.here.people["member"])
    assert "周三停电" not in text(member.get("/inbox/"))
    assert rules.unread_count(world.here.people["member"]) == 0
    assert "停电" in text(office.get("/messages/held/"))
    notice = Notice.objects.order_by("pk").first()
    assert office.post(f"/messages/held/{notice.pk}/recall/")["Location"] == "/messages/held/"
    row.refresh_from_db()
    assert (row.state, set(Delivery.objects.values_list("state", flat=True))) == ("withdrawn", {"recalled"})
    assert office.post(f"/messages/held/{notice.pk}/recall/").status_code == 409
    assert office.post(f"/messages/{row.pk}/", {"act": "release", "revision": "0"}).status_code == 409
    assert (Notice.objects.shown().count(), mail.outbox) == (0, [])


def test_after_the_hold_everybody_gets_it_and_it_is_too_late_to_recall(world):
    row = make_mass(world.here, clock.now())
    services.release_mass(
        mass_id=row.pk, revision=0, by=world.here.people["office"], at=clock.now() - timedelta(minutes=6)
    )
    assert services.send_due_deliveries() == 2
    office = as_(world.here.people["office"])
    answer = office.post(f"/messages/{row.pk}/", {"act": "recall"})
    assert (answer.status_code, "消息已经发出，不能撤回" in text(answer)) == (409, True)
    assert sorted(m.to[0] for m in mail.outbox) == ["member_a@test.invalid", "other_member_a@test.invalid"]
    assert "停电通知" in text(as_(world.here.people["member"]).get("/inbox/"))


def test_what_a_sender_has_taken_is_not_recalled_by_half(world):
    at = clock.now()
    row = make_mass(world.here, at)
    services.release_mass(mass_id=row.pk, revision=0, by=world.here.people["office"], at=at)
    taken = Delivery.objects.order_by("pk").first()
    Delivery.objects.filter(pk=taken.pk).update(state="claimed", claimed_at=at)
    answer = as_(world.here.people["office"]).post(f"/messages/{row.pk}/", {"act": "recall"})
    assert (answer.status_code, Notice.objects.filter(recalled_at=None).count()) == (409, 2)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"claimed", "due"}


def test_what_an_officer_triggers_may_wait_and_be_recalled(world):
    at, here = clock.now(), world.here
    robot = make_robot(here, at)
    services.notify(
        recipients=[here.people["member"].pk], occasion="officer:1", subject="结果", body="文", link="", at=at, hold_minutes=3,
        scope_id=here.area.pk,
    )  # fmt: skip
    notice = Notice.objects.get()
    assert (services.send_due_deliveries(), robot.postings.get().not_before) == (0, notice.held_until)
    assert as_(world.there.people["office"]).post(f"/messages/held/{notice.pk}/recall/").status_code == 404
    assert as_(here.people["leader"]).post(f"/messages/held/{notice.pk}/recall/").status_code == 404
    as_(here.people["office"]).post(f"/messages/held/{notice.pk}/recall/")
    assert (robot.postings.get().state, Delivery.objects.get().state, Notice.objects.shown().count()) == (
        "recalled", "recalled", 0,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["projects.decision", "projects.cut", "funding.payment", "rounds.answered"])
def test_messages_of_decisions_wait_as_long_as_the_settings_say(world, settings, kind):
    at, here = clock.now(), world.here
    settings.OFFICER_HOLD_MINUTES = 10
    facts = {"subject": "结果", "body": "文", "link": "", "at": at, "scope_id": here.area.pk}
    services.notify(recipients=[here.people["member"].pk], occasion="decided", kind=kind, **facts)
    services.notify(recipients=[here.people["member"].pk], occasion="other", **facts)
    held = Notice.objects.get(occasion="decided")
    assert held.held_until == at + timedelta(minutes=10)
    assert rules.unread_count(here.people["member"]) == 1
    page = as_(here.people["office"]).get("/messages/held/").content.decode()
    assert "结果" in page
    as_(here.people["office"]).post(f"/messages/held/{held.pk}/recall/")
    assert Delivery.objects.get(notice=held).state == "recalled"
    settings.OFFICER_HOLD_MINUTES = 0
    services.notify(recipients=[here.people["member"].pk], occasion="at once", kind=kind, **facts)
    assert Notice.objects.get(occasion="at once").held_until is None


def test_a_message_to_many_needs_a_second_person(world, settings, at):
    settings.MASS_REVIEW_OVER = 1
    row = make_mass(world.here, at)
    office, leader = as_(world.here.people["office"]), as_(world.here.people["leader"])
    url = f"/messages/{row.pk}/"
    refused = office.post(url, {"act": "release", "revision": "0"})
    assert (refused.status_code, "请点“送复核”" in text(refused)) == (409, True)
    assert office.post(url, {"act": "submit", "revision": "0"}).status_code == 302
    assert office.post(url, {"act": "approve", "revision": "0"}).status_code == 409
    assert leader.post(url, {"act": "submit", "revision": "0"}).status_code == 403
    assert [t["title"] for t in rules.open_tasks(world.here.people["leader"], at)] == ["复核群发消息"]
    assert leader.post(url, {"act": "return", "revision": "0", "words": " "}).status_code == 409
    assert leader.post(url, {"act": "return", "revision": "0", "words": "写清时间"}).status_code == 302
    assert "写清时间" in text(office.get(url))
    edited = {
        "audiences": ["organizations.members"], "subject": "停电", "body": "周三 9 点停电。", "revision": "0",
        "once_key": str(row.once_key),
    }  # fmt: skip
    assert office.post(f"{url}edit/", edited).status_code == 302
    assert "状态已经变了" in text(office.post(f"{url}edit/", edited))
    assert office.post(url, {"act": "submit", "revision": "1"}).status_code == 302
    late = person("late_member", at)
    world.here.organization.members.create(user=late, duty="clerk", since=at)
    assert "收件人：2 人" in text(leader.get(url))
    assert leader.post(url, {"act": "approve", "revision": "0"}).status_code == 409
    assert leader.post(url, {"act": "approve", "revision": "1"}).status_code == 302
    assert (Notice.objects.count(), Mass.objects.get().reviewer) == (2, world.here.people["leader"])
    acts = Event.objects.filter(verb__startswith="messaging.").order_by("pk").values_list("verb", flat=True)
    assert list(acts) == [
        "messaging.mass_drafted", "messaging.mass_submitted", "messaging.mass_returned", "messaging.mass_submitted",
        "messaging.mass_released",
    ]  # fmt: skip


def test_nobody_to_tell_is_refused(world, at):
    row = make_mass(world.here, at, audiences=("organizations.heads",))
    office = as_(world.here.people["office"])
    assert office.post(f"/messages/{row.pk}/", {"act": "release", "revision": "0"}).status_code == 409
    assert office.post(f"/messages/{row.pk}/", {"act": "no"}).status_code == 400
    assert office.post(f"/messages/{row.pk}/", {"act": "release", "revision": "²"}).status_code == 409
    assert Mass.objects.get().state == "draft"


# --- what did not arrive


def test_trouble_is_shown_with_its_reason_and_sent_again_by_a_deliberate_act(world, at):
    row = make_delivery(world.here.people["member"], at, "unknown")
    office, admin = as_(world.here.people["office"]), as_(world.here.people["system_admin"])
    page = text(office.get("/messages/deliveries/"))
    assert ("送达未知" in page, "邮件服务器拒收（550）" in page) == (True, True)
    assert "请看一看。" in text(office.get(f"/messages/deliveries/{row.pk}/"))
    assert "请看一看。" not in text(admin.get(f"/messages/deliveries/{row.pk}/"))
    assert services.send_due_deliveries() == 0
    url = f"/messages/deliveries/{row.pk}/"
    assert "请填写为什么重发" in text(admin.post(url, {"reason": ""}))
    assert admin.post(url, {"reason": "电话确认没有收到"})["Location"] == url
    assert "现在不需要重发" in text(admin.post(url, {"reason": "再来"}))
    assert services.send_due_deliveries() == 1
    row.refresh_from_db()
    assert (row.state, row.resends, [m.extra_headers["Message-ID"] for m in mail.outbox]) == (
        "sent", 1, [row.message_id],
    )  # fmt: skip
    event = Event.objects.get(verb="messaging.sent_again")
    assert (event.reason, event.facts, event.scope_id) == (
        "电话确认没有收到", {"was": "unknown"}, world.here.area.pk,
    )  # fmt: skip


def test_the_list_can_be_narrowed(world, at):
    make_delivery(world.here.people["member"], at)
    make_delivery(world.here.people["other_member"], at, "unknown")
    make_notice(world.here.people["judge"], at)
    office = as_(world.here.people["office"])

    def names(query):
        return [r.notice.recipient.username for r in office.get(f"/messages/deliveries/{query}").context["page"]]

    assert names("") == ["other_member_a", "member_a"]
    assert names("?state=unknown") == ["other_member_a"]
    assert names("?state=due") == []  # a judge without a session has no street: nobody's business here
    assert names("?channel=sms") == []
    assert names("?kind=general&channel=email") == ["other_member_a", "member_a"]


@pytest.mark.parametrize("path", ["/messages/", "/messages/held/", "/messages/deliveries/", "/messages/robots/"])
def test_lists_take_the_same_number_of_queries_for_3_and_30(world, path):
    at = clock.now()
    office = as_(world.here.people["office"])
    robot = make_robot(world.here, at)

    def fill(low, high):
        for i in range(low, high):
            make_delivery(world.here.people["member"], at, occasion=f"t:{i}")
            make_mass(world.here, at)
            Notice.objects.create(
                recipient=world.here.people["member"], occasion=f"h:{i}", subject="x", body="x", created_at=at,
                scope_id=world.here.area.pk, held_until=at + timedelta(minutes=5),
            )  # fmt: skip
            robot.postings.create(occasion=f"p:{i}", kind="general", count=1, created_at=at)

    def count():
        office.get(path)
        with CaptureQueriesContext(connection) as found:
            assert office.get(path).status_code == 200
        return len(found)

    fill(0, 3)
    few = count()
    fill(3, 31)
    assert count() == few
    assert len(office.get(path).context["page"]) == 30


# --- words


def test_words_of_a_street_are_previewed_checked_kept_and_reset(world, at):
    office = as_(world.here.people["office"])
    url = f"/messages/wordings/{world.here.area.pk}/projects.decision/"
    words = {"subject": "【{结论}】{项目}", "body": "您的“{项目}”{结论}。{说明}", "base_version": "0"}
    page = text(office.post(url, words | {"act": "preview"}))
    assert ("【需要补正】邻里文艺角" in page, "预览（还没有保存）" in page, Wording.objects.count()) == (True, True, 0)
    wrong = text(office.post(url, words | {"act": "save", "subject": "{名字}：{项目"}))
    assert ("没有这样的变量：“名字”、“{”" in wrong, Wording.objects.count()) == (True, 0)
    page = text(office.post(url, words | {"act": "save"}, follow=True))
    assert "新模板没有用到“受理编号”" in page
    assert "刚被别人修改过" in text(office.post(url, words | {"act": "save"}))
    data = {"outcome": "初审通过", "title": "甲{项目}", "receipt": "SB1", "words": ""}
    facts = {"subject": "", "body": "", "link": "", "at": at, "kind": "projects.decision", "data": data}
    services.notify(recipients=[world.here.people["member"].pk], occasion="d:1", **facts)
    services.notify(recipients=[world.there.people["member"].pk], occasion="d:1", **facts)
    here, there = Notice.objects.order_by("pk")
    assert (here.subject, here.body, here.wording_version) == (
        "【初审通过】甲{项目}", "您的“甲{项目}”初审通过。", 1,
    )  # fmt: skip
    assert (there.subject, there.body, there.wording_version) == (
        "初审通过：甲{项目}", "“甲{项目}”（SB1）初审通过。", None,
    )  # fmt: skip
    assert office.post(url, {"act": "reset", "base_version": "1"})["Location"] == "/messages/wordings/"
    services.notify(recipients=[world.here.people["member"].pk], occasion="d:2", **facts)
    assert Notice.objects.get(occasion="d:2").subject == "初审通过：甲{项目}"
    assert list(Wording.objects.order_by("version").values_list("version", "is_reset")) == [(1, False), (2, True)]
    assert as_(world.there.people["office"]).get(url).status_code == 404
    assert "默认模板" in text(as_(world.there.people["office"]).get("/messages/wordings/"))
    assert "刚被别人修改过" in text(office.post(url, {"act": "reset", "base_version": "x"}))
    with pytest.raises(IntegrityError), transaction.atomic():
        Wording.objects.update(body="改了")


def test_a_message_with_a_hole_is_never_made(world, at):
    with pytest.raises(KeyError):
        services.notify(
            recipients=[world.here.people["member"].pk], occasion="d:1", subject="", body="", link="", at=at,
            kind="projects.decision", data={"title": "甲"},
        )  # fmt: skip


# --- robots


def test_a_robot_is_added_without_showing_its_address_again(world):
    office = as_(world.here.people["office"])
    form = {"channel": "wecom", "name": "工作群", "address": ADDRESS, "kinds": ["general"], "is_active": "on"}
    bad = text(
        office.post("/messages/robots/new/", form | {"address": "https://evil.example/cgi-bin/webhook/send?key=a"})
    )
    assert ("地址不是允许的平台地址" in bad, Robot.objects.count()) == (True, 0)
    assert "钉钉群机器人必须填写加签密钥" in text(office.post("/messages/robots/new/", form | {"channel": "dingtalk"}))
    assert office.post("/messages/robots/new/", form)["Location"] == "/messages/robots/"
    robot = Robot.objects.get()
    assert "key=abc" not in text(office.get(f"/messages/robots/{robot.pk}/"))
    assert office.post(f"/messages/robots/{robot.pk}/", form | {"address": "", "name": "新群"}).status_code == 302
    robot.refresh_from_db()
    assert (robot.name, robot.address) == ("新群", ADDRESS)
    assert "已有同名" in text(office.post("/messages/robots/new/", form | {"name": "新群"}))
    assert not Event.objects.filter(facts__icontains="key=").exists()
    line = make_posting(robot, clock.now())
    assert office.post(f"/messages/robots/lines/{line.pk}/", {"reason": "群里没有"}).status_code == 302
    line.refresh_from_db()
    assert (line.state, line.resends) == ("due", 1)


# --- one's own wishes


def test_wishes_are_kept_and_what_is_required_stays_on(world, at, settings):
    settings.SMS_URL, settings.SMS_SECRET, settings.SMS_TEMPLATE = "http://127.0.0.1:1/", "s", "T1"
    user = world.here.people["member"]
    User.objects.filter(pk=user.pk).update(phone="13800000000")
    client = as_(user)
    page = text(client.get("/inbox/settings/"))
    assert ("必须告知，邮件不能关闭" in page, "初审结论：短信" in page) == (True, True)
    assert "要一起填写" in text(client.post("/inbox/settings/", {"quiet_from": "22"}))
    answer = client.post("/inbox/settings/", {"quiet_from": "22", "quiet_until": "7", "digest_hour": "", "sms_0": "on"})
    assert (answer["Location"], Preference.objects.count()) == ("/inbox/settings/", 1)
    make_notice(user, at, "a")
    facts = {"outcome": "初审通过", "title": "甲", "receipt": "SB1", "words": ""}
    services.notify(
        recipients=[user.pk], occasion="b", subject="", body="", link="", at=at, kind="projects.decision", data=facts
    )
    found = Delivery.objects.order_by("pk").values_list("notice__kind", "channel")
    assert list(found) == [("general", "sms"), ("projects.decision", "email")]


def test_the_badge_counts_what_is_shown(world, at):
    user = world.here.people["member"]
    client = as_(user)
    assert client.get("/inbox/unread/").json() == {"unread": 0}
    make_notice(user, at)
    make_notice(user, at, "test:2")
    assert client.get("/inbox/unread/").json() == {"unread": 2}
    assert 'data-poll="/inbox/unread/" data-push=""' in text(client.get("/inbox/"))


def test_open_pages_may_listen_to_push_once(world, settings):
    settings.PORTAL_PUSH = ":8001"
    answer = as_(world.here.people["member"]).get("/inbox/")
    assert 'data-push="http://testserver:8001/push/inbox.' in text(answer)
    assert answer["Content-Security-Policy"].count("http://testserver:8001") == 1
    assert ":8001" not in Client().get("/")["Content-Security-Policy"]


def test_the_inbox_can_be_narrowed(world, at):
    user = world.here.people["member"]
    first, second = make_notice(user, at), make_notice(user, at, "test:2")
    services.mark_read(notice_id=first.pk, recipient_id=user.pk, at=at)
    client = as_(user)
    assert list(client.get("/inbox/?only=unread").context["page"]) == [second]
    assert list(client.get("/inbox/?kind=general").context["page"]) == [second, first]
    assert "换个条件再看" in text(client.get("/inbox/?kind=nothing"))
