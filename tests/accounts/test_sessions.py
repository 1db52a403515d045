"""Sessions end by themselves: idle, too old; a hall is patient; devices; passwords of ninety days."""

import time
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.domain.devices import device_words
from accounts.models import SignIn, User
from audit.models import Event
from tests.accounts.make import came, sign_in
from tests.judging.make import lock, make_session, open_session
from tests.world import PASSWORD


def age(client, *, seen=0, signed=0):
    """The session as if she had been still, and signed in, for so many seconds."""
    session = client.session
    session["seen_at"] = int(time.time()) - seen
    session["signed_at"] = int(time.time()) - signed
    session.save()


def test_idle_for_half_an_hour_signs_out_and_says_why(world):
    client = came(world.here.people["office"])
    age(client, seen=29 * 60)
    assert client.get("/home/").status_code == 200
    age(client, seen=31 * 60)
    answer = client.get("/needs/?q=1")
    assert answer["Location"] == "/account/sign-in/?next=/needs/%3Fq%3D1"
    assert "30 分钟没有操作" in client.get(answer["Location"]).content.decode()
    assert "30 分钟没有操作" not in client.get(answer["Location"]).content.decode()
    assert sign_in(client, "office_a", next="/needs/?q=1")["Location"] == "/needs/?q=1"


def test_the_time_can_be_set(world, settings):
    settings.IDLE_MINUTES = 5
    client = came(world.here.people["office"])
    age(client, seen=6 * 60)
    assert client.get("/home/").status_code == 302


def test_twelve_hours_after_the_sign_in_it_is_over_however_busy(world):
    client = came(world.here.people["office"])
    age(client, seen=1, signed=12 * 3600 - 60)
    assert client.get("/home/").status_code == 200
    age(client, seen=1, signed=12 * 3600 + 60)
    assert client.get("/home/").status_code == 302


def test_a_session_without_its_signs_is_over(world):
    client = came(world.here.people["office"])
    session = client.session
    del session["signed_at"]
    session.save()
    assert client.get("/home/").status_code == 302


def test_a_public_page_shows_an_idle_person_as_a_visitor(world):
    client = came(world.here.people["office"])
    age(client, seen=31 * 60)
    page = client.get("/").content.decode()
    assert "测试office_a" not in page


def test_a_page_left_open_that_asks_for_news_keeps_nobody_in(world):
    client = came(world.here.people["office"])
    age(client, seen=120)
    before = client.session["seen_at"]
    client.get("/inbox/unread/", headers={"accept": "application/json"})
    client.get("/inbox/unread/", headers={"accept": "*/*"})
    assert client.session["seen_at"] == before
    client.get("/home/", headers={"accept": "text/html,*/*"})
    assert client.session["seen_at"] > before


def test_what_is_typed_counts_as_being_there(world):
    client = came(world.here.people["office"])
    age(client, seen=120)
    before = client.session["seen_at"]
    client.post("/account/factor/", {"part": "nothing"}, headers={"accept": "*/*"})
    assert client.session["seen_at"] > before


def test_the_session_is_written_once_a_minute_and_costs_no_statement_before(world, django_assert_num_queries):
    client = came(world.here.people["community"])
    client.get("/account/password/")
    with django_assert_num_queries(4):  # the session, the person, her roles, the frame
        client.get("/account/password/")


@pytest.mark.parametrize("who", ["judge", "host", "office"])
def test_nobody_is_thrown_out_of_a_hall_in_mid_session(world, at, who):
    session, _ = open_session(world, at)
    client = came(world.here.people[who])
    age(client, seen=3 * 3600)
    assert client.get("/home/").status_code == 200
    lock(world, session, at)
    age(client, seen=3 * 3600)
    assert client.get("/home/").status_code == 302


def test_a_session_that_is_not_on_makes_nobody_patient(world, at):
    make_session(world, at)
    client = came(world.here.people["judge"])
    age(client, seen=31 * 60)
    assert client.get("/home/").status_code == 302


def test_a_seat_is_timed_by_its_session_and_owes_nothing(world):
    client = came(world.here.people["judge"])
    session = client.session
    session["owes"], session["seen_at"] = ["password"], int(time.time()) - 20 * 3600
    session["signed_at"] = session["seen_at"]
    session.set_expiry(7 * 24 * 3600)
    session.save()
    assert client.get("/home/").status_code == 200


def test_ones_devices_and_the_way_out_of_the_others(world):
    user = world.here.people["office"]
    phone, desk = (
        Client(headers={"user-agent": "iPhone MicroMessenger"}),
        Client(headers={"user-agent": "Windows Edg/1"}),
    )
    for client in (phone, desk):
        sign_in(client, "office_a")
    page = desk.get("/account/").content.decode()
    assert "苹果手机，微信" in page
    assert "Windows 电脑，Edge 浏览器 <strong>（本机）" in page
    assert desk.post("/account/devices/end/").status_code == 302
    assert phone.get("/home/").status_code == 302
    assert desk.get("/home/").status_code == 200
    assert Event.objects.get(verb="accounts.sessions_ended").facts == {"ended": 1}
    assert SignIn.objects.filter(user=user).count() == 1
    desk.post("/account/sign-out/")
    assert not SignIn.objects.filter(user=user).exists()


def test_only_ones_own_devices_are_shown_and_ended(world):
    mine, other = came(world.here.people["office"]), came(world.here.people["leader"])
    mine.post("/account/devices/end/")
    assert other.get("/home/").status_code == 200


def test_devices_cost_the_same_for_three_and_for_thirty(world, django_assert_num_queries, at):
    user = world.here.people["office"]
    counts = []
    for n in (3, 27):
        for _ in range(n):
            came(user)
        client = came(user)
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get("/account/")
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_rows_of_sessions_that_are_gone_go_too(world):
    user = world.here.people["office"]
    came(user)
    Session.objects.all().delete()
    came(user)
    assert SignIn.objects.filter(user=user).count() == 1


def test_a_changed_password_keeps_this_device_in_the_list(world):
    client = Client()
    sign_in(client, "office_a")
    client.post("/account/password/", {"old": PASSWORD, "new": "Xin-mima-2027", "again": "Xin-mima-2027"})
    assert list(SignIn.objects.values_list("session_key", flat=True)) == [client.session.session_key]


@pytest.mark.parametrize(
    ("profile", "is_demo", "led"), [("dengbao", False, True), ("asvs", False, False), ("dengbao", True, False)]
)
def test_a_password_of_ninety_days_is_changed_at_the_next_sign_in(world, settings, profile, is_demo, led):
    settings.SECURITY_PROFILE = profile
    user = world.here.people["community"]
    User.objects.filter(pk=user.pk).update(password_changed_at=user.created_at - timedelta(days=91), is_demo=is_demo)
    client = Client()
    sign_in(client, "community_a")
    assert (client.get("/home/").status_code == 302) == led
    if led:
        assert "90 天" in client.get("/account/password/").content.decode()


def test_device_words():
    assert device_words("") == "未知设备"
    assert device_words("Mozilla/5.0 (Linux; Android 12) Chrome/99 MicroMessenger/8") == "安卓手机，微信"
    assert device_words("<script>alert(1)</script>") == "未知设备"
