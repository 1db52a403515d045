"""The ledger: order of cause, nothing twice, nothing lost, nothing changed afterwards."""

import itertools

import pytest
from django.db import IntegrityError, transaction

from core.exact import digest
from judging import services
from judging.domain.ledger import START, move_document, session_head
from judging.models import Entry, Judge, Move, ScoreSheet, Session
from judging.services import Request
from tests.judging.make import full_marks, hand_in, lock, open_session


def send(session, entry, judge, at, first, **request):
    """One request of a device, told apart by its first mark."""
    key = session.rule["criteria"][0]["key"]
    return services.save_sheet(
        entry_id=entry.pk, judge=judge, marks=full_marks(session) | {key: first}, submit=True, at=at, request=Request(**request)
    )  # fmt: skip


def first_mark(session):
    return ScoreSheet.objects.get().marks[session.rule["criteria"][0]["key"]]


def kinds():
    return list(Move.objects.order_by("number").values_list("kind", flat=True))


def assert_chain(session):
    """Every digest recomputed from the columns; heads as the judges' rows say."""
    for judge in Judge.objects.filter(session=session):
        previous, number = START, 0
        for move in Move.objects.filter(judge=judge).select_related("entry__proposal").order_by("number"):
            number += 1
            line = move_document(
                session=str(session.pk), judge=f"J{judge.seat}", number=number, proposal=move.entry.proposal.receipt_number,
                kind=move.kind, marks=move.marks, reason=move.reason, base=move.base, revision=move.revision,
                device=move.device, counter=move.counter, by=move.by, at=move.at, previous=previous,
            )  # fmt: skip
            assert (move.number, move.previous, move.digest) == (number, previous, line["digest"])
            previous = move.digest
        assert (judge.moves, judge.head) == (number, previous)


ONE = {"client_id": "d-1", "device": "d", "counter": 1}
TWO = {"client_id": "d-2", "device": "d", "counter": 2, "after": ("d-1",)}
THREE = {"client_id": "d-3", "device": "d", "counter": 3, "after": ("d-1", "d-2")}


@pytest.mark.parametrize(
    "arrival", [*itertools.permutations((1, 2, 3)), (1, 2, 1, 3, 2, 1), (3, 3, 1, 1, 2), (2, 1, 2, 3)]
)
def test_the_last_word_of_a_device_stands_however_the_line_mixes_its_requests(world, at, arrival):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    requests = {1: ("6", ONE), 2: ("9", TWO), 3: ("8", THREE)}
    for which in arrival:
        mark, request = requests[which]
        send(session, entry, judge, at, mark, **request)
    assert first_mark(session) == "8"
    assert len(kinds()) == 3
    assert_chain(session)


def test_six_corrected_to_nine_stays_nine_when_the_six_is_replayed(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    send(session, entry, judge, at, "6", **ONE)
    nine = send(session, entry, judge, at, "9", **TWO)
    again = send(session, entry, judge, at, "6", **ONE)
    assert (again.pk, again.revision, first_mark(session)) == (nine.pk, 2, "9")
    assert kinds() == ["submitted", "submitted"]


def test_two_devices_that_did_not_know_of_each_other_the_judge_decides(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    send(session, entry, judge, at, "6", **ONE)
    for _ in range(3):
        with pytest.raises(services.SheetChangedMeanwhile) as refused:
            send(session, entry, judge, at, "9", client_id="e-1", device="e", counter=1)
        assert refused.value.sheet.revision == 1
    assert (first_mark(session), kinds()) == ("6", ["submitted", "conflict"])
    send(session, entry, judge, at, "9", client_id="e-2", device="e", counter=2, base=1)
    assert (first_mark(session), kinds()) == ("9", ["submitted", "conflict", "submitted"])
    assert_chain(session)


def test_a_sheet_after_the_lock_is_kept_once_as_late_and_never_counts(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    for who in ("judge", "second_judge"):
        hand_in(session, entry, world.here.people[who], at)
    result = lock(world, session, at)
    for _ in range(2):
        with pytest.raises(services.ScoringClosed):
            send(session, entry, judge, at, "1", client_id="d-9", device="d", counter=9, base=1)
    late = Move.objects.get(kind="late")
    assert (late.judge.user_id, late.revision, late.number) == (judge.pk, 0, 2)
    session.refresh_from_db()
    assert services.scoring_document(session) == result.scoring
    assert result.heads["J1"] == {"moves": 1, "head": late.previous}
    assert session.head == session_head(str(session.pk), session.rule_digest, result.heads, digest(result.scoring))
    assert_chain(session)


def test_the_database_refuses_to_change_the_ledger(world, at):
    session, (entry,) = open_session(world, at)
    hand_in(session, entry, world.here.people["judge"], at)
    move = Move.objects.get()
    row = Move.objects.values().get()
    fresh = row | {"id": None, "client_id": "x"}
    attempts = [
        lambda: Move.objects.update(marks={}),
        lambda: Move.objects.all().delete(),
        lambda: Move.objects.create(**fresh),  # the number is taken
        lambda: Move.objects.create(**fresh | {"number": 3}),  # a gap
        lambda: Move.objects.create(**fresh | {"number": 2, "previous": START}),  # not chained
        lambda: Move.objects.create(**fresh | {"number": 2, "previous": move.digest, "kind": "late", "revision": 0}),
    ]
    for attempt in attempts:
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()
    assert Move.objects.values().get() == row


def test_the_head_cannot_be_changed_after_the_lock(world, at):
    session, (entry,) = open_session(world, at)
    for who in ("judge", "second_judge"):
        hand_in(session, entry, world.here.people[who], at)
    lock(world, session, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Session.objects.filter(pk=session.pk).update(head="0" * 64)


def test_a_paced_session_takes_sheets_only_while_the_project_is_open(world, at):
    session, (entry,) = open_session(world, at)
    judge = world.here.people["judge"]
    Session.objects.filter(pk=session.pk).update(is_paced=True)
    with pytest.raises(services.EntryNotOpen, match="还没有开放"):
        hand_in(session, entry, judge, at)
    Entry.objects.filter(pk=entry.pk).update(opened_at=at)
    assert hand_in(session, entry, judge, at).revision == 1
    Entry.objects.filter(pk=entry.pk).update(closed_at=at)
    with pytest.raises(services.EntryClosed, match="已由主持人关闭"):
        hand_in(session, entry, judge, at, base=1, client="again")
    assert hand_in(session, entry, judge, at).revision == 1  # a replay is answered as before
    assert kinds() == ["submitted"]
