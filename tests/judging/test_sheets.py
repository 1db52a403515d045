"""A judge's sheet through service and page: replay, conflict, refusals, what a lock leaves behind."""

import threading
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from judging import services
from judging.domain.scoring import compute
from judging.models import Entry, Judge, Move, ScoreSheet, Session
from tests.judging.make import full_marks, hand_in, lock, make_session, open_session, signed_in
from tests.world import build


def rows():
    return list(ScoreSheet.objects.order_by("pk").values())


def post(session, entry, **more):
    return {f"mark-{k}": v for k, v in full_marks(session).items()} | {
        "revision": "0", "client_id": "one", "do": "submit",
    } | more  # fmt: skip


def test_replay_of_a_stored_sheet_answers_as_before_even_after_the_lock(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    first = hand_in(session, entry, judge, at, client="one")
    lock(world, session, at)
    before, moves = rows(), Move.objects.count()
    again = hand_in(session, entry, judge, at, client="one")
    assert (again.pk, again.total, again.revision) == (first.pk, first.total, 1)
    page = signed_in(judge).post(f"/judge/{session.pk}/{entry.pk}/", post(session, entry))
    assert (page.status_code, page["Location"]) == (302, f"/judge/{session.pk}/")
    assert (rows(), Move.objects.count()) == (before, moves)


def test_anothers_client_id_is_no_replay(world, at):
    session, (entry,) = open_session(world, at)
    hand_in(session, entry, world.here.people["judge"], at, client="one")
    lock(world, session, at)
    with pytest.raises(services.ScoringClosed):
        hand_in(session, entry, world.here.people["second_judge"], at, client="one")
    assert ScoreSheet.objects.count() == 1


def test_a_sheet_handed_in_is_not_taken_back_by_keeping_it(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    hand_in(session, entry, judge, at)
    before = rows()
    with pytest.raises(services.AlreadyHandedIn):
        hand_in(session, entry, judge, at, marks=full_marks(session, "1"), submit=False, base=1)
    assert rows() == before
    hand_in(session, entry, judge, at, marks=full_marks(session, "1"), base=1)
    assert ScoreSheet.objects.values_list("state", "revision").get() == ("submitted", 2)


def test_refusal_after_the_lock_says_when_and_is_on_record(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    hand_in(session, entry, judge, at)
    lock(world, session, at)
    before = rows()
    with pytest.raises(services.ScoringClosed) as refused:
        hand_in(session, entry, judge, at, base=1, client="late")
    assert refused.value.message.startswith("评审会已于 2026年11月23日 13:00:00 锁定")
    assert refused.value.status == 423
    assert rows() == before
    with pytest.raises(services.ScoringClosed):
        hand_in(session, entry, judge, at, base=1, client="late")
    late = Move.objects.get(kind="late")
    assert (late.judge.user_id, late.entry_id, late.marks) == (judge.pk, entry.pk, full_marks(session))
    session.refresh_from_db()
    assert session.result.heads["J1"]["moves"] == 1


def test_nobody_scores_before_the_opening(world, at):
    session = make_session(world, at)
    entry = Entry.objects.get(session=session)
    with pytest.raises(services.ScoringNotOpen):
        hand_in(session, entry, world.here.people["judge"], at)
    assert rows() == []
    assert signed_in(world.here.people["judge"]).get(f"/judge/{session.pk}/").status_code == 404


def test_a_withdrawn_project_is_not_scored(world, at):
    from projects.models import Proposal

    session, (entry,) = open_session(world, at)
    Proposal.objects.filter(pk=entry.proposal_id).update(state="withdrawn")
    with pytest.raises(services.ProposalGone):
        hand_in(session, entry, world.here.people["judge"], at)
    assert rows() == []


def test_zero_is_a_mark_and_empty_is_none(world, at):
    session, (entry,) = open_session(world, at)
    zero = dict.fromkeys(full_marks(session), "0")
    assert hand_in(session, entry, world.here.people["judge"], at, marks=zero).total == 0
    first = session.rule["criteria"][0]["key"]
    kept = hand_in(session, entry, world.here.people["second_judge"], at, marks={first: "0"}, submit=False)
    assert (kept.total, kept.marks) == (None, {first: "0"})


def test_two_devices_are_shown_both_values(world, at):
    session, (entry,) = open_session(world, at)
    judge, url = world.here.people["judge"], f"/judge/{session.pk}/{entry.pk}/"
    first = session.rule["criteria"][0]["key"]
    hand_in(session, entry, judge, at, marks=full_marks(session) | {first: "7.5"})
    answer = signed_in(judge).post(url, post(session, entry, client_id="two", **{f"mark-{first}": "8.5"}))
    body = answer.content.decode()
    assert answer.status_code == 409
    assert 'value="8.5"' in body
    assert "另一台设备：7.5" in body
    assert 'name="revision" value="1"' in body
    assert ScoreSheet.objects.get().marks[first] == "7.5"


def test_storing_a_sheet_takes_few_statements(world, at, settings):
    session, (entry,) = open_session(world, at)
    client, url = signed_in(world.here.people["judge"]), f"/judge/{session.pk}/{entry.pk}/"

    def cost(**more):
        with CaptureQueriesContext(connection) as seen:
            assert client.post(url, post(session, entry, **more)).status_code == 302
        return [q["sql"] for q in seen if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]

    first, again = cost(), cost(client_id="two", revision="1")
    assert len(first) <= 8, "\n".join(s[:200] for s in first)
    assert len(again) <= 8, again


def _nth(session, n):
    """Marks that tell the nth save of a judge from every other."""
    return full_marks(session) | {session.rule["criteria"][0]["key"]: str(n)}


@pytest.mark.django_db(transaction=True)
def test_lock_racing_ten_judges_keeps_each_sheet_whole_or_refused(at):
    from tests.world import person

    world = build(at)
    people = [person(f"racer{i}", at) for i in range(10)]
    session, (entry,) = open_session(world, at, judges=people)
    start, seen = threading.Barrier(11), []

    def race(judge):
        try:
            start.wait()
            for n in range(12):
                try:
                    hand_in(session, entry, judge, at, base=n, marks=_nth(session, n), client=f"{judge.pk}/{n}")
                    seen.append((judge.pk, n, True))
                except services.ScoringClosed as refused:
                    assert refused.message.startswith("评审会已于 2026年11月23日 13:00:00 锁定")
                    seen.append((judge.pk, n, False))
                    return
        finally:
            connection.close()

    threads = [threading.Thread(target=race, args=(p,)) for p in people]
    for thread in threads:
        thread.start()
    start.wait()
    while len(seen) < 8 and any(t.is_alive() for t in threads):  # lock in the thick of it
        time.sleep(0.002)
    result = lock(world, session, at)
    for thread in threads:
        thread.join()
    assert {judge for judge, _, _ in seen} == {p.pk for p in people}
    stored = {s.judge.user_id: s for s in ScoreSheet.objects.select_related("judge")}
    for judge in people:
        kept = [n for who, n, ok in seen if who == judge.pk and ok]
        assert (stored[judge.pk].revision if judge.pk in stored else 0) == len(kept)
        if kept:
            assert stored[judge.pk].marks == _nth(session, kept[-1])
    session.refresh_from_db()
    assert services.scoring_document(session) == result.scoring
    assert compute(result.scoring) == result.outcome
    assert Session.objects.get(pk=session.pk).state == "locked"
    assert Judge.objects.filter(session=session).count() == 10
