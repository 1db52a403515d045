"""The conductor's acts and the board; what a phone may send."""

import json
import re

import pytest
from django.test import Client

from core.errors import NotAllowed
from judging import rules, services
from judging.board import board
from judging.models import Entry, Move, ScoreSheet, Session, Stage
from judging.services.stage import NotOnStageNow, StageMoved, direct, set_pace
from portal.invariants import broken
from projects.models import ProposalVersion
from tests.judging.make import full_marks, hand_in, lock, make_session, open_session, signed_in

PLANTED = "13.37"


@pytest.fixture
def paced(world, at):
    session, entries = open_session(world, at, entries=4)
    Session.objects.filter(pk=session.pk).update(is_paced=True, opens_after=3)
    session.refresh_from_db()
    return session, entries


def act(session, name, world, at, **more):
    return direct(session_id=session.pk, act=name, by=world.here.people["host"], at=at, **more)


def opened(session):
    rows = Entry.objects.filter(session=session, opened_at__isnull=False, closed_at=None)
    return list(rows.order_by("position").values_list("position", flat=True))


def test_the_first_three_open_together_after_the_third(paced, world, at):
    session, entries = paced
    for entry in entries[:2]:
        act(session, "present", world, at, entry_id=entry.pk)
        with pytest.raises(NotOnStageNow, match="前 3 个项目讲完后"):
            act(session, "open", world, at, entry_id=entry.pk)
    act(session, "open", world, at, entry_id=entries[2].pk)
    assert opened(session) == [1, 2, 3]
    act(session, "close", world, at, entry_id=entries[0].pk)
    act(session, "open", world, at, entry_id=entries[3].pk)
    assert opened(session) == [2, 3, 4]
    act(session, "open", world, at, entry_id=entries[0].pk)
    assert opened(session) == [1, 2, 3, 4]


def test_a_second_click_finds_a_newer_board_and_changes_nothing(paced, world, at):
    session, entries = paced
    seen = session.stage.version
    stage = act(session, "present", world, at, entry_id=entries[0].pk, version=seen)
    with pytest.raises(StageMoved):
        act(session, "present", world, at, entry_id=entries[1].pk, version=seen)
    assert (Stage.objects.get(session=session).entry_id, stage.version) == (entries[0].pk, seen + 1)


def test_an_interruption_is_compensated_to_the_second(paced, world, at):
    from datetime import timedelta

    session, entries = paced
    act(session, "present", world, at, entry_id=entries[0].pk)
    act(session, "pause", world, at + timedelta(seconds=30), note="话筒故障")
    with pytest.raises(NotOnStageNow):
        act(session, "pause", world, at + timedelta(seconds=31))
    stage = act(session, "resume", world, at + timedelta(seconds=75))
    assert (stage.paused_at, stage.paused_seconds) == (None, 45)
    assert board(session, stage, at)["clock"]["paused_seconds"] == 45


def test_nothing_is_revealed_before_the_lock_and_then_one_by_one(paced, world, at):
    session, entries = paced
    Session.objects.filter(pk=session.pk).update(is_paced=False)
    for less, entry in enumerate(entries):
        for judge in ("judge", "second_judge"):
            hand_in(session, entry, world.here.people[judge], at, marks=full_marks(session, str(less)))
    for name in ("reveal", "final"):
        with pytest.raises(NotOnStageNow, match="锁定"):
            act(session, name, world, at)
    lock(world, session, at)
    session.refresh_from_db()
    shown = []
    for _ in range(4):
        stage = act(session, "reveal", world, at)
        shown.append([line["rank"] for line in board(session, stage, at)["lines"]])
    assert shown == [[4], [3, 4], [2, 3, 4], [1, 2, 3, 4]]
    with pytest.raises(NotOnStageNow, match="全部揭晓"):
        act(session, "reveal", world, at)
    assert list(broken()) == []


@pytest.mark.parametrize("who", ["leader", "supervisor", "finance", "judge", "member", "community", "system_admin"])
def test_only_host_and_office_conduct(paced, world, at, who):
    with pytest.raises(NotAllowed):
        direct(session_id=paced[0].pk, act="break", by=world.here.people[who], at=at)
    with pytest.raises(NotAllowed):
        direct(session_id=paced[0].pk, act="break", by=world.there.people["host"], at=at)


def test_the_hall_needs_no_account_and_learns_nothing_of_a_sheet(paced, world, at):
    session, (entry, *_) = paced
    Session.objects.filter(pk=session.pk).update(is_paced=False)
    hand_in(session, entry, world.here.people["judge"], at, marks=full_marks(session, "1.5"))
    key = session.stage.key
    total = str(ScoreSheet.objects.get().total.normalize())
    for url in (f"/screen/{key}/", f"/screen/{key}/board.json"):
        answer = Client().get(url)
        assert answer.status_code == 200
        assert not re.search(
            rf"(?<![\w:.+-]){total}(?![\w:.-])", answer.content.decode()
        )  # instants may hold any digits
    act(session, "key", world, at)
    assert [Client().get(u).status_code for u in (f"/screen/{key}/", "/screen/nothing/")] == [404, 404]


def body(session, entry, **more):
    return {
        "entry": entry.pk, "do": "submit", "marks": full_marks(session), "id": "d-1", "base": 0, "after": [], "device": "d", "counter": 1,
    } | more  # fmt: skip


def send(client, session, content):
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    return client.post(f"/judge/{session.pk}/send/", text, content_type="application/json")


def test_a_sheet_by_phone_is_stored_and_its_replay_answered_alike(world, at):
    session, (entry,) = open_session(world, at)
    client = signed_in(world.here.people["judge"])
    first, again = (send(client, session, body(session, entry)) for _ in range(2))
    assert (first.status_code, first.json()) == (200, again.json())
    assert first.json()["sheet"]["total"] == "100.00"
    assert (ScoreSheet.objects.count(), Move.objects.count()) == (1, 1)
    other = send(client, session, body(session, entry, id="e-1", device="e"))
    assert (other.status_code, other.json()["code"], other.json()["theirs"]["revision"]) == (409, "conflict", 1)
    wrong = send(
        client, session, body(session, entry, id="d-2", counter=2, base=1, marks=full_marks(session) | {"need": "99"})
    )
    assert (wrong.status_code, wrong.json()["code"], wrong.json()["key"]) == (400, "bad_mark", "need")


@pytest.mark.parametrize(
    "change",
    [
        "", "[]", "{", "x" * 30000, "[" * 5000, {"entry": "1"}, {"base": -1}, {"base": True}, {"id": ""}, {"id": "x" * 65},
        {"device": "\x00"}, {"after": "d"}, {"after": ["x"] * 500}, {"marks": []}, {"marks": {"need": 5}},
        {"marks": {"need": "9" * 40}}, {"do": "delete"}, {"counter": 2**40},
    ],
)  # fmt: skip
def test_what_no_phone_sends_is_refused_and_stores_nothing(world, at, change):
    session, (entry,) = open_session(world, at)
    client = signed_in(world.here.people["judge"])
    answer = send(client, session, change if isinstance(change, str) else body(session, entry) | change)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable")
    assert Move.objects.count() == 0


def test_nobody_sends_for_another_session_or_without_a_seat(world, at):
    session, (entry,) = open_session(world, at)
    for who in ("member", "office", "host"):
        assert send(signed_in(world.here.people[who]), session, body(session, entry)).status_code == 404
    judge = signed_in(world.here.people["judge"])
    assert (
        judge.post(
            f"/judge/{session.pk + 999}/send/", json.dumps(body(session, entry)), content_type="application/json"
        ).status_code
        == 404
    )
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(world.here.people["judge"])
    assert send(forged, session, body(session, entry)).status_code == 403
    assert Move.objects.count() == 0


def test_a_conflict_tells_only_the_judges_own_sheet(world, at):
    session, (entry,) = open_session(world, at)
    hand_in(session, entry, world.here.people["second_judge"], at, marks=full_marks(session, "1.5"))
    mine = send(signed_in(world.here.people["judge"]), session, body(session, entry))
    assert mine.status_code == 200
    assert services.scoring_document(session)["sheets"][0]["state"] == "submitted"


def test_preflight_tells_of_old_papers_and_a_wrong_clock(world, at, monkeypatch):
    session, entries = open_session(world, at)
    words = {light.words: light.colour for light in rules.preflight(session, at)}
    assert words["参评材料都是最后提交的版本"] == "green"
    assert words["服务器时钟与数据库一致"] == "green"
    version = entries[0].version
    ProposalVersion.objects.create(
        proposal=version.proposal, number=version.number + 1, content=version.content, digest=version.digest,
        submitted_at=at, submitted_by=version.submitted_by,
    )  # fmt: skip
    monkeypatch.setattr(rules, "drift", lambda: -75.0)
    words = {light.words: light.colour for light in rules.preflight(session, at)}
    assert words["1 个项目参评的不是最后提交的申报书"] == "amber"
    assert words["服务器时钟与数据库相差 75 秒，请校时"] == "red"


@pytest.mark.parametrize("switched", [True, False])
def test_severity_is_told_only_where_it_was_switched_on_before_opening(world, at, switched):
    session = make_session(world, at)
    office = world.here.people["office"]
    set_pace(session_id=session.pk, is_paced=False, opens_after=1, severity=switched, by=office, at=at)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="见证人", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    entry = Entry.objects.get(session=session)
    for i, key in enumerate(("judge", "second_judge", "third_judge")):
        hand_in(session, entry, world.here.people[key], at, marks=full_marks(session, str(i)))
    lock(world, session, at)
    page = signed_in(office).get(f"/sessions/{session.pk}/check/").content.decode()
    assert ('<th scope="col" class="num">尺度偏差</th>' in page) is switched
    assert ("所以不算尺度偏差" in page) is not switched
