"""The open record of a real session, checked by the outsiders' program."""

import json
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from judging import services
from judging.models import Move
from judging.services import Request
from tests.judging.make import full_marks, hand_in, lock, open_session, signed_in


@pytest.fixture
def played(world, at):
    """Two projects, three judges: a correction, two devices at odds, a draft never handed in, one sheet after the lock."""
    session, (one, two) = open_session(world, at, entries=2)
    people = [world.here.people[k] for k in ("judge", "second_judge", "third_judge")]
    for i, judge in enumerate(people):
        hand_in(session, one, judge, at, marks=full_marks(session, str(i)))
    hand_in(session, one, people[0], at, marks=full_marks(session, "3"), base=1)
    with pytest.raises(services.SheetChangedMeanwhile):
        hand_in(session, one, people[0], at, marks=full_marks(session, "4"), client="elsewhere")
    for judge in people[:2]:
        hand_in(session, two, judge, at, marks=full_marks(session, "2"))
    hand_in(session, two, people[2], at, submit=False)
    lock(world, session, at)
    with pytest.raises(services.ScoringClosed):
        services.save_sheet(
            entry_id=two.pk, judge=people[2], marks=full_marks(session), submit=True, at=at,
            request=Request(client_id="late", base=1),
        )  # fmt: skip
    session.refresh_from_db()
    return session


def check(path, *more):
    run = subprocess.run(
        [sys.executable, "-I", str(settings.BASE_DIR / "verify_result.py"), str(path), *more],
        capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    return run.returncode, run.stdout + run.stderr


def test_an_outsider_confirms_the_exported_round_and_finds_a_changed_mark(played, tmp_path):
    out = tmp_path / "record.json"
    call_command("export_round", played.round_id, str(out))
    code, words = check(out, "--head", played.head[:16])
    assert (code, "另有 1 张锁定后送达" in words) == (0, True), words
    record = json.loads(out.read_text(encoding="utf-8"))
    assert len(record["sessions"][0]["moves"]) == Move.objects.count() == 9
    sheet = next(s for s in record["sessions"][0]["scoring"]["sheets"] if s["state"] == "submitted")
    sheet["marks"][next(iter(sheet["marks"]))] = "1"
    out.write_text(json.dumps(record), encoding="utf-8")
    code, words = check(out)
    assert (code, sheet["judge"] in words) == (1, True), words


def test_the_page_gives_the_same_record_to_those_who_may_read_the_result(played, world, tmp_path):
    url = f"/sessions/{played.pk}/record.json"
    answer = signed_in(world.here.people["supervisor"]).get(url)
    out = tmp_path / "one.json"
    out.write_bytes(answer.content)
    assert check(out, "--head", played.head)[0] == 0
    assert signed_in(world.here.people["judge"]).get(url).status_code == 404


def test_a_round_without_a_locked_session_has_no_record(world, at, tmp_path):
    session, _ = open_session(world, at)
    with pytest.raises(CommandError, match="还没有锁定"):
        call_command("export_round", session.round_id, str(tmp_path / "x.json"))
    with pytest.raises(CommandError, match="没有编号"):
        call_command("export_round", 10**6, str(tmp_path / "x.json"))
