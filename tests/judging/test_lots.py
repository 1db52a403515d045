"""Lots for ties: committed first, drawn before witnesses, needed only where a tie is left, and checked by the outsider."""

import hashlib

import pytest

from core.errors import NotAllowed
from judging import services
from judging.domain.rubrics import RUBRICS
from judging.models import LotDraw, Session
from judging.services.draw import NoCommitment, NoWitness
from judging.services.lots import LotsNeeded, commit_lots, draw_lots
from judging.services.setup import AlreadyDrawn
from portal.invariants import results_can_be_recomputed
from tests.judging.make import full_marks, hand_in, lock, open_session, signed_in
from tests.judging.test_second import verified


def tied(world, at, ties=("lot",)):
    rule = services.make_rule(RUBRICS["community"].as_criteria(), quorum=2, ties=ties)
    session, entries = open_session(world, at, entries=3, rule=rule)
    for entry in entries:
        for judge in ("judge", "second_judge", "third_judge"):
            hand_in(session, entry, world.here.people[judge], at, marks=full_marks(session, "1"))
    return session, entries


def drawn(world, session, at, number="2026133"):
    office = world.here.people["office"]
    commit_lots(session_id=session.pk, by=office, at=at)
    return draw_lots(session_id=session.pk, public_number=number, witnesses="监督员", by=office, at=at)


def test_a_tie_waits_for_the_lots_and_then_ranks_by_them(world, at, tmp_path):
    session, _ = tied(world, at)
    with pytest.raises(LotsNeeded):
        lock(world, session, at)
    draw = drawn(world, session, at)
    due = sorted(draw.order, key=lambda k: hashlib.sha256(f"{draw.secret}|2026133|{k}".encode()).hexdigest())
    assert draw.order == due
    result = lock(world, session, at)
    assert [(r["proposal"], r["rank"]) for r in result.outcome["results"]] == [(k, i) for i, k in enumerate(due, 1)]
    (verdict,) = verified(world, tmp_path)
    assert verdict.findings == []


def test_without_a_tie_nobody_draws(world, at):
    session, entries = tied(world, at)
    for n, entry in enumerate(entries):
        hand_in(session, entry, world.here.people["judge"], at, marks=full_marks(session, str(1 + n)), base=1)
    assert lock(world, session, at).outcome["results"][0]["rank"] == 1
    assert not LotDraw.objects.exists()


def test_where_the_rule_names_no_lot_ranks_are_shared(world, at):
    session, _ = tied(world, at, ties=("untrimmed_mean",))
    assert {r["rank"] for r in lock(world, session, at).outcome["results"]} == {1}


def test_the_order_of_the_draw_is_kept(world, at):
    session, _ = tied(world, at)
    office = world.here.people["office"]
    with pytest.raises(NoCommitment):
        draw_lots(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    first = commit_lots(session_id=session.pk, by=office, at=at)
    assert commit_lots(session_id=session.pk, by=office, at=at).commitment == first.commitment
    with pytest.raises(NoWitness):
        draw_lots(session_id=session.pk, public_number="1", witnesses=" ", by=office, at=at)
    draw_lots(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    with pytest.raises(AlreadyDrawn):
        draw_lots(session_id=session.pk, public_number="2", witnesses="x", by=office, at=at)
    for by in (world.here.people["host"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            commit_lots(session_id=session.pk, by=by, at=at)


def test_the_page_shows_no_secret_before_the_draw(world, at):
    session, _ = tied(world, at)
    office, url = signed_in(world.here.people["office"]), f"/sessions/{session.pk}/lots/"
    assert office.post(url).status_code == 302
    draw = LotDraw.objects.get()
    page = office.get(url).content.decode()
    assert draw.commitment in page
    assert draw.secret not in page
    assert "有并列需要抽签决定" in office.post(f"/sessions/{session.pk}/lock/", {"word": "锁定"}).content.decode()
    assert office.post(url, {"public_number": "7", "witnesses": "甲"}).status_code == 302
    draw.refresh_from_db()
    page = office.get(url).content.decode()
    assert draw.secret in page
    assert all(key in page for key in draw.order)
    assert signed_in(world.here.people["host"]).post(url).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert Session.objects.get().state == "scoring"


def test_a_record_from_before_the_lots_still_holds(world, at, tmp_path):
    """Then the running order stood in for the lots, without a draw of their own."""
    session, entries = tied(world, at, ties=("untrimmed_mean",))
    first = services.scoring_document

    def old(one):
        document = first(one)
        for number, proposal in enumerate(document["proposals"], 1):
            proposal["lot"] = str(number)
        return document

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("judging.services.lock.scoring_document", old)
        lock(world, session, at)
    assert len(entries) == 3
    (verdict,) = verified(world, tmp_path)
    assert verdict.findings == []
    assert list(results_can_be_recomputed()) == []
