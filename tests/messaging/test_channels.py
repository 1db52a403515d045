"""Robots and SMS against fakes that check what the real platforms check."""

import base64
import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from core import clock
from messaging import services
from messaging.channels import Unsendable
from messaging.channels.dingtalk import DingTalk, signature
from messaging.channels.robots import PERSONAL, Line, words
from messaging.channels.web import check_address
from messaging.models import Delivery, Posting, Preference, Robot
from tests.messaging.make import make_notice, make_robot
from tests.messaging.platforms import SECRET, SMS_SECRET, platforms


@pytest.fixture
def at(db):
    """Five minutes ago: what was told then has been gathered, and is not past its use."""
    return clock.now() - timedelta(minutes=5)


@pytest.fixture
def web(settings):
    with platforms() as found:
        settings.WECOM_HOSTS = settings.DINGTALK_HOSTS = [found.origin]
        settings.WEBHOOK_PATIENCE = 1.0
        settings.SITE_URL = "https://portal.example"
        yield found


@pytest.fixture
def robot(world, at, web):
    return make_robot(world.here, at, address=web.wecom)


@pytest.fixture
def ding(world, at, web):
    return make_robot(world.here, at, channel="dingtalk", name="钉钉群", address=web.dingtalk, secret=SECRET)


def tell(world, at, who=("member", "other_member"), occasion="o:1"):
    people = [world.here.people[w] for w in who]
    return services.notify(
        recipients=[p.pk for p in people], occasion=occasion, subject="张三 13800000000 初审", body="身份证 440101199001011234",
        link="/proposals/1/", at=at,
    )  # fmt: skip


def later():
    Posting.objects.filter(state="due").update(not_before=clock.now() - timedelta(minutes=1))


def said(web):
    return [t["text"]["content"] for t in web.taken]


LINE = "【系统消息】门户刚刚通知了 2 人，请登录查看：https://portal.example/home/"


def test_robots_say_a_kind_a_number_and_a_link_and_nothing_else(world, at, web, robot, ding):
    tell(world, at)
    assert (services.send_due_deliveries(), said(web)) == (4, [LINE, LINE])
    assert services.send_due_deliveries() == 0
    assert set(Posting.objects.values_list("state", flat=True)) == {"sent"}


def test_tellings_on_one_occasion_are_one_line_with_their_sum(world, at, web, robot):
    now = clock.now()
    tell(world, now, ("member",))
    tell(world, now, ("other_member", "member"))
    services.send_due_deliveries()
    assert (said(web), Posting.objects.get().state) == ([], "due")
    later()
    services.send_due_deliveries()
    assert said(web) == [LINE]
    tell(world, now, ("judge", "office"))
    later()
    services.send_due_deliveries()
    assert (len(said(web)), Posting.objects.count()) == (1, 1)


def test_a_robot_hears_of_its_own_street_and_kinds_only(world, at, web):
    make_robot(world.there, at, address=web.wecom)
    make_robot(world.here, at, address=web.wecom, kinds=("projects.decision",))
    tell(world, at)
    assert Posting.objects.count() == 0


def test_a_robot_switched_off_says_nothing(world, at, web, robot):
    tell(world, at)
    Robot.objects.update(is_active=False)
    services.send_due_deliveries()
    assert (Posting.objects.get().error, said(web)) == ("群机器人已停用", [])


@pytest.mark.parametrize(
    ("mood", "state", "reason"),
    [
        ("drop", "unknown", "对方收下请求后没有答复，可能已送出"),
        ("stall", "unknown", "对方收下请求后没有答复，可能已送出"),
        ("drip", "unknown", "对方收下请求后没有答复，可能已送出"),
        ((200, b"<html>sign in to the network</html>"), "unknown", "对方平台的答复看不懂，可能已送出"),
        ((200, b'{"errcode": "0"}'), "unknown", "对方平台的答复看不懂，可能已送出"),
        ((200, b"[]"), "unknown", "对方平台的答复看不懂，可能已送出"),
        ((200, b'{"errcode": 45009}'), "due", "对方平台限制频率（45009）"),
        ((200, b'{"errcode": 93000}'), "failed", "机器人地址已失效，请重新添加（93000）"),
        ((200, b'{"errcode": 12345}'), "failed", "对方平台拒收（12345）"),
        ((302, b""), "failed", "对方平台拒收（302）"),
        ((404, b""), "failed", "对方平台拒收（404）"),
        ((429, b""), "due", "对方平台忙（429）"),
        ((500, b"oops"), "unknown", "对方平台出错（500），可能已送出"),
        ((503, b""), "due", "对方平台忙（503）"),
    ],
)
def test_what_the_platform_says_decides_and_unknown_is_never_repeated(world, at, web, robot, mood, state, reason):
    tell(world, at)
    Delivery.objects.update(state="recalled")
    web.mood = mood
    assert services.send_due_deliveries() == 0
    row = Posting.objects.get()
    assert (row.state, row.error, row.attempts) == (state, reason, int(state == "due"))
    web.mood = ""
    later()
    assert services.send_due_deliveries() == int(state == "due")
    assert web.asked == 1 + int(state == "due")


def test_a_platform_that_is_not_there_is_tried_again_later(world, at, web, robot, settings):
    settings.WECOM_HOSTS = ["http://127.0.0.1:1"]
    Robot.objects.update(address="http://127.0.0.1:1/cgi-bin/webhook/send?key=k")
    tell(world, at)
    services.send_due_deliveries()
    row = Posting.objects.get()
    assert (row.state, row.error, row.attempts) == ("due", "连不上对方平台", 1)


def test_a_wrong_secret_is_refused_by_the_platform(world, at, web, ding):
    Robot.objects.update(secret="SECwrong")
    tell(world, at)
    services.send_due_deliveries()
    assert Posting.objects.get().error == "加签密钥或安全设置不对，请核对（310000）"


def test_dingtalk_signs_the_stamp_and_the_secret(at, settings):
    line = Line(
        "https://oapi.dingtalk.com/robot/send?access_token=T", "this is secret", "系统消息", 1, "https://x", "/"
    )
    query = parse_qs(urlsplit(DingTalk(lambda: at).prepare(line).address).query)
    stamp = str(int(at.timestamp() * 1000))
    made = hmac.new(b"this is secret", f"{stamp}\nthis is secret".encode(), digestmod=hashlib.sha256).digest()
    assert query == {"access_token": ["T"], "timestamp": [stamp], "sign": [base64.b64encode(made).decode()]}
    assert signature("this is secret", int(stamp)) == base64.b64encode(made).decode()


@pytest.mark.parametrize(
    "address",
    [
        "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a", "https://qyapi.weixin.qq.com.evil.example/x",
        "https://qyapi.weixin.qq.com@evil.example/x", "https://qyapi.weixin.qq.com:8443/x", "https://127.0.0.1/x",
        "file:///etc/passwd", "ftp://qyapi.weixin.qq.com/x", "", "https://u:p@qyapi.weixin.qq.com/x",
    ],
)  # fmt: skip
def test_addresses_elsewhere_are_refused(address):
    with pytest.raises(Unsendable):
        check_address(address, ["qyapi.weixin.qq.com"])


@pytest.mark.parametrize("label", ["张三 13800000000", "440101199001011234", "440101900101123", "a@b.cn"])
def test_a_label_with_something_personal_is_refused(label):
    with pytest.raises(Unsendable, match="个人信息"):
        words(Line("", "", label, 1, "https://x", "/"))


@given(st.text(max_size=60), st.integers(0, 9999))
def test_nothing_personal_gets_out_by_the_path(path, count):
    try:
        said = words(Line("", "", "系统消息", count, "https://portal.example", path))
    except Unsendable:
        return
    assert PERSONAL.search(said) is None


# --- SMS


@pytest.fixture
def gateway(world, web, settings, monkeypatch):
    """The gateway at noon: at night it would not be asked at all."""
    monkeypatch.setattr(clock, "now", lambda: world.at)
    settings.SMS_URL, settings.SMS_SECRET, settings.SMS_TEMPLATE = web.sms, SMS_SECRET, "SMS_1"
    user = world.here.people["member"]
    User.objects.filter(pk=user.pk).update(phone="13800000000", email="")
    Preference.objects.create(person=user, choices={"general": {"sms": True}}, changed_at=world.at)
    return web


def test_an_sms_names_only_the_kind(world, at, gateway, settings):
    notice = make_notice(world.here.people["member"], world.at)
    assert services.send_due_deliveries() == 1
    row = Delivery.objects.get(notice=notice)
    (document,) = gateway.taken
    assert (document["phone"], document["id"], document["params"]) == (
        "13800000000", row.message_id.strip("<>"), {"kind": "系统消息", "site": settings.SITE_NAME},
    )  # fmt: skip


def test_no_telephone_rings_at_night(world, at, gateway):
    night = world.at.replace(hour=15)  # 23:00 in Shanghai
    make_notice(world.here.people["member"], night)
    assert Delivery.objects.get().not_before == world.at.replace(day=24, hour=0)


@pytest.mark.parametrize(
    ("mood", "state"),
    [
        ((200, b'{"code": 1}'), "due"),
        ((200, b'{"code": 7}'), "failed"),
        ((200, b"{}"), "unknown"),
        ("stall", "unknown"),
    ],
)
def test_what_the_gateway_says_decides(world, at, gateway, mood, state):
    make_notice(world.here.people["member"], world.at)
    gateway.mood = mood
    assert (services.send_due_deliveries(), Delivery.objects.get().state) == (0, state)


def test_a_number_that_is_none_is_a_failure_before_anything_is_sent(world, at, gateway):
    User.objects.filter(pk=world.here.people["member"].pk).update(phone="0755-1234567")
    make_notice(world.here.people["member"], world.at)
    services.send_due_deliveries()
    assert (Delivery.objects.get().error, gateway.asked) == ("没有可用的手机号", 0)


def test_telling_takes_the_same_number_of_statements_for_2_and_20(world, at, robot):
    people = [p.pk for street in (world.here, world.there) for p in street.people.values()]

    def count(ids, occasion):
        with CaptureQueriesContext(connection) as found:
            services.notify(recipients=ids, occasion=occasion, subject="x", body="x", link="", at=at, scope_id=1)
        return len(found)

    assert count(people[:2], "a") == count(people[:20], "b") <= 8
