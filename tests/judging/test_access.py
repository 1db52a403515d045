"""How judges get in: invitation, seat QR, PIN, one device at a time; every wrong way has its sentence."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Role
from accounts.services import grant_role
from audit.models import Event
from core import clock
from core.errors import NotAllowed
from judging.models import Judge, Move, ScoreSheet, SeatPass
from judging.services import access
from tests.judging.make import full_marks, lock, make_session, open_session, publish, signed_in
from tests.world import build


@pytest.fixture
def moment(at, monkeypatch):
    """The clock of the views; move it by setting `moment.at`."""

    class Moment:
        now = at

    monkeypatch.setattr(clock, "now", lambda: Moment.now)
    return Moment


def qr(world, session, at, seat=1, by="host"):
    judge = Judge.objects.get(session=session, seat=seat)
    return access.issue_pass(session_id=session.pk, judge_id=judge.pk, kind="qr", by=world.here.people[by], at=at)


def invite(world, session, at, seat=1):
    judge = Judge.objects.get(session=session, seat=seat)
    return access.issue_pass(
        session_id=session.pk, judge_id=judge.pk, kind="invitation", by=world.here.people["office"], at=at
    )


def sent(client, session, entry, **more):
    body = {
        "entry": entry.pk, "do": "submit", "marks": full_marks(session, "1"), "id": "r1", "base": 0, "after": [], "device": "d", "counter": 1,
    } | more  # fmt: skip
    return client.post(f"/judge/{session.pk}/send/", json.dumps(body), content_type="application/json")


def test_an_invitation_answers_and_signs_nobody_in(world, at, moment):
    session = make_session(world, at)
    token, visitor = invite(world, session, at), Client()
    page = visitor.get(f"/invitation/{token}/").content.decode()
    assert "您能否出席" in page
    assert "现场口令" not in page
    assert "项目0" not in page
    assert (
        visitor.post(f"/invitation/{token}/", {"part": "answer", "answer": "away", "words": "出差"}).status_code == 302
    )
    assert "sessionid" not in visitor.cookies
    assert "sid" not in visitor.cookies
    judge = Judge.objects.get(session=session, seat=1)
    assert (judge.answer, judge.answer_words, judge.answered_at) == ("away", "出差", at)
    visitor.post(f"/invitation/{token}/", {"part": "answer", "answer": "coming"})
    assert Judge.objects.get(pk=judge.pk).answer == "coming"
    assert visitor.get(f"/judge/{session.pk}/").status_code in (302, 404)


def test_a_seat_qr_signs_in_once_and_to_the_seat_alone(world, at, moment):
    session, (entry,) = open_session(world, at)
    token, phone = qr(world, session, at), Client()
    for _ in range(3):  # a chat that looks at the link uses nothing up
        assert "进入评分" in phone.get(f"/seat/{token}/").content.decode()
    assert phone.post(f"/seat/{token}/").headers["Location"] == f"/judge/{session.pk}/"
    assert phone.get(f"/judge/{session.pk}/").status_code == 200
    assert sent(phone, session, entry).status_code == 200
    assert phone.get(f"/sessions/{session.pk}/rule/").status_code == 200
    for path in ("/home/", "/inbox/", f"/judge/{session.pk + 1}/", "/account/password/"):
        answer = phone.get(path)
        assert answer.status_code in (403, 404), path
    assert "您是从席位进入的" in phone.get("/inbox/").content.decode()
    assert phone.post("/account/sign-out/").status_code == 302
    again = Client().post(f"/seat/{token}/")
    assert (again.status_code, "已经用过一次" in again.content.decode()) == (410, True)


def test_a_qr_lasts_ten_minutes(world, at, moment):
    session, _ = open_session(world, at)
    token = qr(world, session, at)
    moment.now = at + timedelta(minutes=10)
    answer = Client().post(f"/seat/{token}/")
    assert (answer.status_code, "超过 10 分钟" in answer.content.decode()) == (410, True)
    second = qr(world, session, moment.now)
    moment.now += timedelta(minutes=9, seconds=59)
    assert Client().post(f"/seat/{token}/").status_code == 404  # replaced
    assert Client().post(f"/seat/{second}/").status_code == 302


def test_forged_and_late_links_have_their_sentence(world, at, moment):
    session, _ = open_session(world, at)
    token, invited = qr(world, session, at), invite(world, session, at)
    for path in ("/seat/x/", f"/seat/{invited}/", f"/invitation/{token}/"):
        for ask in (Client().get, Client().post):
            answer = ask(path)
            assert (answer.status_code, "已经作废" in answer.content.decode()) == (404, True), path
    lock(world, session, at)
    for path in (f"/seat/{token}/", f"/invitation/{invited}/"):
        answer = Client().post(path, {"part": "answer", "answer": "coming"})
        assert (answer.status_code, "已经结束" in answer.content.decode()) == (410, True)
    with pytest.raises(access.Over):
        qr(world, session, at)


def test_no_qr_before_scoring_opens(world, at):
    session = make_session(world, at)
    with pytest.raises(access.NotYet):
        qr(world, session, at)


def test_invitation_and_pin_open_the_seat(world, at, moment):
    session, (entry,) = open_session(world, at)
    token, phone = invite(world, session, at), Client()
    assert "还没有公布" in phone.post(f"/invitation/{token}/", {"part": "pin", "pin": "123456"}).content.decode()
    pin = access.make_pin(session_id=session.pk, by=world.here.people["host"], at=at)
    assert "六位数字" in phone.post(f"/invitation/{token}/", {"part": "pin", "pin": "12"}).content.decode()
    assert phone.post(f"/invitation/{token}/", {"part": "pin", "pin": f" {pin} "}).status_code == 302
    assert sent(phone, session, entry).status_code == 200
    assert ScoreSheet.objects.get().judge.user == world.here.people["judge"]


def test_wrong_pins_are_counted_by_seat_and_device_not_by_address(world, at, moment):
    session, _ = open_session(world, at)
    first, second = invite(world, session, at, 1), invite(world, session, at, 2)
    pin = access.make_pin(session_id=session.pk, by=world.here.people["host"], at=at)
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    thief = Client()
    for _ in range(5):
        assert thief.post(f"/invitation/{first}/", {"part": "pin", "pin": wrong}).status_code == 400
    assert "10 分钟后再试" in thief.post(f"/invitation/{first}/", {"part": "pin", "pin": pin}).content.decode()
    assert "10 分钟后再试" in thief.post(f"/invitation/{second}/", {"part": "pin", "pin": pin}).content.decode()
    assert Client().post(f"/invitation/{second}/", {"part": "pin", "pin": pin}).status_code == 302  # same address
    moment.now = at + timedelta(minutes=10, seconds=1)
    assert thief.post(f"/invitation/{first}/", {"part": "pin", "pin": pin}).status_code == 302


def test_one_device_at_a_time_and_nothing_is_lost(world, at, moment):
    session, (entry,) = open_session(world, at)
    one, two = Client(), signed_in(world.here.people["judge"])
    one.post(f"/seat/{qr(world, session, at)}/")
    one.get(f"/judge/{session.pk}/")
    page = two.get(f"/judge/{session.pk}/")
    assert (page.status_code, "在这台设备上继续" in page.content.decode()) == (409, True)
    assert two.get(f"/judge/{session.pk}/{entry.pk}/").status_code == 409
    refused = sent(two, session, entry, id="other", device="e")
    assert (refused.status_code, refused.json()["code"]) == (409, "elsewhere")
    assert not ScoreSheet.objects.exists()
    assert two.post(f"/judge/{session.pk}/claim/").status_code == 302
    assert sent(two, session, entry, id="other", device="e").status_code == 200
    assert sent(one, session, entry).json()["code"] == "elsewhere"
    assert one.post(f"/judge/{session.pk}/beat/").status_code == 409
    one.post(f"/judge/{session.pk}/claim/")
    assert sent(one, session, entry).json()["code"] == "conflict"  # both values are shown, as ever


def test_after_the_lock_another_device_is_heard_as_late_not_sent_away(world, at, moment):
    session, (entry,) = open_session(world, at)
    one, two = signed_in(world.here.people["judge"]), signed_in(world.here.people["judge"])
    one.get(f"/judge/{session.pk}/")
    lock(world, session, at)
    assert sent(two, session, entry, id="late", device="e").json()["code"] == "locked"
    assert Move.objects.get().kind == "late"


def test_a_seat_opens_neither_the_office_nor_a_published_session(world, at, moment):
    session, _ = open_session(world, at)
    grant_role(user=world.here.people["judge"], role=Role.HOST, area=world.here.area, at=at, by=None)
    phone = Client()
    phone.post(f"/seat/{qr(world, session, at)}/")
    for path in ("", "stage/", "result/", "print/e6/"):
        assert phone.get(f"/sessions/{session.pk}/{path}").status_code == 403
    lock(world, session, at)
    assert phone.get(f"/judge/{session.pk}/").status_code == 200
    publish(world, session, at)
    assert phone.get(f"/judge/{session.pk}/")["Location"] == f"/results/{session.pk}/"
    assert phone.get("/home/").status_code in (302, 404)


def test_signing_in_again_on_the_same_phone_asks_nothing(world, at):
    session, _ = open_session(world, at)
    phone = signed_in(world.here.people["judge"])
    assert phone.get(f"/judge/{session.pk}/").status_code == 200
    phone.post("/account/sign-out/")
    phone.force_login(world.here.people["judge"])
    assert phone.get(f"/judge/{session.pk}/").status_code == 200


def test_only_office_and_host_hand_out_doors(world, at):
    session, _ = open_session(world, at)
    judge = Judge.objects.get(session=session, seat=1)
    for by in (
        *(world.here.people[k] for k in ("leader", "supervisor", "judge", "community")),
        world.there.people["host"],
    ):
        with pytest.raises(NotAllowed):
            access.issue_pass(session_id=session.pk, judge_id=judge.pk, kind="qr", by=by, at=at)
        with pytest.raises(NotAllowed):
            access.make_pin(session_id=session.pk, by=by, at=at)
    host = signed_in(world.here.people["host"])
    page = host.post(f"/sessions/{session.pk}/people/issue/", {"kind": "qr"}).content.decode()
    assert page.count("<svg") >= 3
    assert page.count("/seat/") == 3
    assert host.post(f"/sessions/{session.pk}/people/issue/", {"kind": "x"}).status_code == 302
    assert signed_in(world.here.people["supervisor"]).get(f"/sessions/{session.pk}/people/").status_code == 403
    assert signed_in(world.there.people["host"]).get(f"/sessions/{session.pk}/people/").status_code == 404


def test_tokens_and_pins_stand_nowhere(world, at):
    session, _ = open_session(world, at)
    token = qr(world, session, at)
    pin = access.make_pin(session_id=session.pk, by=world.here.people["host"], at=at)
    assert not SeatPass.objects.filter(digest=token).exists()
    told = json.dumps(list(Event.objects.values_list("facts", "reason")), default=str)
    assert token not in told
    assert pin not in told


@pytest.mark.django_db(transaction=True)
def test_one_qr_scanned_by_two_lets_one_in(at):
    world = build(at)
    session, _ = open_session(world, at)
    token = qr(world, session, at)
    start, seen = threading.Barrier(2), []

    def scan(device):
        start.wait()
        try:
            access.use_qr(token=token, device=device, at=at)
            seen.append("in")
        except access.PassUsed:
            seen.append("used")
        finally:
            connection.close()

    threads = [threading.Thread(target=scan, args=(d,)) for d in ("a" * 32, "b" * 32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["in", "used"]


def test_statements_of_the_hot_path(world, at, django_assert_max_num_queries):
    session, (entry,) = open_session(world, at)
    phone = signed_in(world.here.people["judge"])
    phone.get(f"/judge/{session.pk}/")
    with django_assert_max_num_queries(8 + 2):  # with the savepoints of a test
        assert sent(phone, session, entry).status_code == 200
