"""A rehearsal is like the real thing, and nothing of it is ever a result."""

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from core.errors import NotAllowed
from funding import rules as funding
from funding.services import draft_plan
from judging import rules, services
from judging.models import Entry, ScoreSheet, Session
from judging.record import round_record
from judging.services.lock import RehearsalStaysIn
from judging.services.rehearsal import NoRehearsal, NothingToRehearse, end_rehearsal, start_rehearsal
from tests.judging.make import hand_in, lock, make_session, signed_in


def rehearsed(world, at, entries=2):
    session = make_session(world, at, entries=entries)
    copy = start_rehearsal(session_id=session.pk, by=world.here.people["office"], at=at)
    return session, copy, list(Entry.objects.filter(session=copy).order_by("position"))


def test_it_is_scored_locked_and_revealed_and_nothing_reads_it(world, at):
    session, copy, entries = rehearsed(world, at)
    who = world.here.people
    for entry in entries:
        for judge in ("judge", "second_judge", "third_judge"):
            hand_in(copy, entry, who[judge], at)
    result = lock(world, copy, at)
    with pytest.raises(RehearsalStaysIn):
        services.publish_result(session_id=copy.pk, by=who["office"], at=at)
    with pytest.raises(DatabaseError), transaction.atomic():
        Session.objects.filter(pk=copy.pk).update(state="published")
    with pytest.raises(DatabaseError):
        draft_plan(
            result_id=result.pk, by=who["office"], pool=world.here.round.budget, at=at,
            method={"name": "rank", "on_misfit": "skip", "partial": True}, limits={"min_score": None, "max_awards": None, "groups": []},
        )  # fmt: skip
    assert list(funding.results_of(world.here.round)) == []
    assert world.here.round.pk not in list(funding.rounds_with_results())
    assert round_record(world.here.round)["sessions"] == []
    assert Client().get(f"/results/{copy.pk}/").status_code == 404
    office = signed_in(who["office"])
    assert office.get(f"/sessions/{copy.pk}/record.json").status_code == 404
    assert "这是排练" in office.get(f"/sessions/{copy.pk}/result/").content.decode()
    assert not any(copy.name in task["title"] for task in rules.open_tasks(who["office"], at))
    assert not ScoreSheet.objects.filter(session=session).exists()


def test_judges_see_it_marked_and_it_ends_when_the_real_one_opens(world, at):
    session, copy, entries = rehearsed(world, at)
    who = world.here.people
    judge = signed_in(who["judge"])
    assert "这是排练" in judge.get(f"/judge/{copy.pk}/").content.decode()
    assert judge.get(f"/judge/{session.pk}/").status_code == 404
    hand_in(copy, entries[0], who["judge"], at)
    services.commit_draw(session_id=session.pk, by=who["office"], at=at)
    services.draw_order(session_id=session.pk, public_number="7", witnesses="x", by=who["office"], at=at)
    services.open_scoring(session_id=session.pk, by=who["office"], at=at)
    copy.refresh_from_db()
    assert copy.state == "ended"
    assert judge.get(f"/judge/{copy.pk}/").status_code == 404
    assert judge.get(f"/judge/{session.pk}/").status_code == 200
    with pytest.raises(services.ScoringClosed):
        hand_in(copy, entries[1], who["judge"], at)


def test_another_rehearsal_ends_the_one_before(world, at):
    session, first, _ = rehearsed(world, at)
    second = start_rehearsal(session_id=session.pk, by=world.here.people["office"], at=at)
    first.refresh_from_db()
    assert (first.state, second.state) == ("ended", "scoring")
    assert first.name != second.name


def test_who_and_when(world, at):
    session, copy, _ = rehearsed(world, at)
    for by in (world.here.people["host"], world.here.people["judge"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            start_rehearsal(session_id=session.pk, by=by, at=at)
        with pytest.raises(NotAllowed):
            end_rehearsal(session_id=copy.pk, by=by, at=at)
    with pytest.raises(services.NotInSetup):
        start_rehearsal(session_id=copy.pk, by=world.here.people["office"], at=at)
    with pytest.raises(NoRehearsal):
        end_rehearsal(session_id=session.pk, by=world.here.people["office"], at=at)
    empty = services.create_session(
        round_id=world.here.round.pk, name="空场", held_on=session.held_on, venue="", rule=session.rule, by=world.here.people["office"], at=at,
    )  # fmt: skip
    with pytest.raises(NothingToRehearse):
        start_rehearsal(session_id=empty.pk, by=world.here.people["office"], at=at)


def test_from_the_page(world, at):
    session = make_session(world, at)
    office = signed_in(world.here.people["office"])
    assert "排练一次" in office.get(f"/sessions/{session.pk}/").content.decode()
    to = office.post(f"/sessions/{session.pk}/rehearsal/")["Location"]
    assert "这是排练" in office.get(to).content.decode()
    copy = Session.objects.get(rehearsal_of=session)
    assert office.post(f"/sessions/{copy.pk}/rehearsal/")["Location"] == f"/sessions/{session.pk}/"
    copy.refresh_from_db()
    assert copy.state == "ended"
    assert office.get(f"/sessions/{copy.pk}/").status_code == 200
    assert "排练结束" in office.get("/sessions/").content.decode()
