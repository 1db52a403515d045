"""Last resorts: printed codes, entry by two people, device files, and no result before every gap is explained."""

import json
import threading
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotAllowed
from judging import rules, services
from judging.domain.codes import paper_code, read_code
from judging.domain.device_file import DeviceFileUnread, check_of, parts_of, read_device_file
from judging.models import Absence, CarriedSheet, Judge, Move, ScoreSheet, Session
from judging.services.absences import NoGaps, record_absences, withdraw_absence
from judging.services.paper import (
    AlreadyEntered,
    EntererConfirms,
    NoSuchCode,
    NothingNew,
    NothingToDecide,
    PhoneStands,
    SameAsPhone,
    TotalDiffers,
    WrongFile,
    confirm_carried,
    enter_file,
    enter_paper,
    reject_carried,
)  # fmt: skip
from tests.judging.make import full_marks, hand_in, lock, open_session, signed_in
from tests.world import build


@given(st.integers(1, 10**9 - 1), st.integers(1, 200), st.integers(1, 200), st.data())
def test_a_code_is_read_back_and_a_slip_is_found(session, seat, position, data):
    code = paper_code(session, seat, position)
    assert read_code(code) == (session, seat, position)
    digits = [i for i, c in enumerate(code) if c.isdigit()]
    i = data.draw(st.sampled_from(digits))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != code[i]]))
    assert read_code(code[:i] + other + code[i + 1 :]) is None
    pairs = [(a, b) for a, b in pairwise(digits) if code[a] != code[b]]
    if pairs:
        a, b = data.draw(st.sampled_from(pairs))
        swapped = list(code)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        assert read_code("".join(swapped)) is None


def test_a_code_is_read_as_people_type_it():
    code = paper_code(12, 3, 7)
    assert read_code(f" {code[:4]} {code[4:]} ") == (12, 3, 7)
    assert read_code(code.translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))) == (12, 3, 7)
    for wrong in ("", "12", "x-03-07-45", code + "0"):
        assert read_code(wrong) is None


def hall(world, at, **options):
    session, entries = open_session(world, at, **options)
    return session, entries, world.here.people


def marks_of(session, less="1"):
    return full_marks(session, less)


def code_of(session, entry, seat=1):
    return paper_code(session.pk, seat, entry.position)


def enter(world, session, entry, at, by="host", **more):
    return enter_paper(
        session_id=session.pk, code=code_of(session, entry), marks=more.pop("marks", marks_of(session)),
        by=world.here.people[by], at=at, **more,
    )  # fmt: skip


def test_paper_counts_only_when_another_person_confirms(world, at):
    session, (entry,), who = hall(world, at)
    row = enter(world, session, entry, at)
    assert not ScoreSheet.objects.exists()
    with pytest.raises(EntererConfirms):
        confirm_carried(carried_id=row.pk, by=who["host"], at=at, total=row.total)
    for typed in (None, row.total + 1):
        with pytest.raises(TotalDiffers):
            confirm_carried(carried_id=row.pk, by=who["office"], at=at, total=typed)
    confirm_carried(carried_id=row.pk, by=who["office"], at=at, total=row.total)
    sheet, move = ScoreSheet.objects.get(), Move.objects.get()
    assert (sheet.judge.user, sheet.total, sheet.state) == (who["judge"], row.total, "submitted")
    assert (move.by, move.kind, move.marks) == ("clerk", "submitted", sheet.marks)
    with pytest.raises(NothingToDecide):
        confirm_carried(carried_id=row.pk, by=who["office"], at=at, total=row.total)
    assert Move.objects.count() == 1


def test_a_difference_restarts_the_entry_and_stays_on_record(world, at):
    session, (entry,), who = hall(world, at)
    first = enter(world, session, entry, at)
    with pytest.raises(AlreadyEntered):
        enter(world, session, entry, at, by="office")
    with pytest.raises(services.setup.NoReason):
        reject_carried(carried_id=first.pk, by=who["office"], at=at, note=" ")
    reject_carried(carried_id=first.pk, by=who["office"], at=at, note="需求契合应为 20")
    second = enter(world, session, entry, at, by="office", marks=marks_of(session, "2"))
    confirm_carried(carried_id=second.pk, by=who["host"], at=at, total=second.total)
    assert [c.state for c in CarriedSheet.objects.order_by("pk")] == ["rejected", "confirmed"]
    assert ScoreSheet.objects.get().marks == second.marks


def test_the_database_wants_two_people(world, at):
    session, (entry,), who = hall(world, at)
    row = enter(world, session, entry, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        CarriedSheet.objects.filter(pk=row.pk).update(state="confirmed", decided_by=who["host"], decided_at=at)


def test_what_the_judge_handed_in_stands_unless_said_otherwise(world, at):
    session, (entry,), who = hall(world, at)
    hand_in(session, entry, who["judge"], at, marks=marks_of(session, "1"))
    with pytest.raises(SameAsPhone):
        enter(world, session, entry, at)
    row = enter(world, session, entry, at, marks=marks_of(session, "3"))
    with pytest.raises(PhoneStands):
        confirm_carried(carried_id=row.pk, by=who["office"], at=at, total=row.total)
    assert ScoreSheet.objects.get().marks == marks_of(session, "1")
    confirm_carried(
        carried_id=row.pk, by=who["office"], at=at, total=row.total, replace_reason="评委当场声明以纸上为准"
    )
    sheet = ScoreSheet.objects.get()
    assert (sheet.marks, sheet.revision) == (row.marks, 2)


def test_wrong_codes_marks_and_people_are_refused(world, at):
    session, (entry,), who = hall(world, at)
    good = code_of(session, entry)
    for code in (
        good[:-1] + "0" if good[-1] != "0" else good[:-1] + "1",
        paper_code(session.pk + 1, 1, 1),
        paper_code(session.pk, 9, 1),
    ):
        with pytest.raises(NoSuchCode):
            enter_paper(session_id=session.pk, code=code, marks=marks_of(session), by=who["host"], at=at)
    with pytest.raises(services.BadMark):
        enter(world, session, entry, at, marks=marks_of(session) | {"need": "26"})
    for by in (who["judge"], who["supervisor"], who["member"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            enter_paper(session_id=session.pk, code=good, marks=marks_of(session), by=by, at=at)
    assert not CarriedSheet.objects.exists()


def test_after_the_lock_paper_is_refused_whole(world, at):
    session, (entry,), who = hall(world, at)
    row = enter(world, session, entry, at)
    with pytest.raises(services.CarriedWaiting, match="1 张转录的评分表还没有复核"):
        lock(world, session, at)
    reject_carried(
        carried_id=row.pk, by=who["host"] if row.entered_by != who["host"] else who["office"], at=at, note="不一致"
    )
    lock(world, session, at)
    with pytest.raises(services.ScoringClosed):
        enter(world, session, entry, at)
    assert not ScoreSheet.objects.exists()
    assert not Move.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_confirm_at_once_and_it_is_in_once(at):
    world = build(at)
    session, (entry,), who = hall(world, at)
    row = enter(world, session, entry, at)
    start, seen = threading.Barrier(2), []

    def confirm():
        start.wait()
        try:
            confirm_carried(carried_id=row.pk, by=who["office"], at=at, total=row.total)
            seen.append("in")
        except NothingToDecide:
            seen.append("known")
        finally:
            connection.close()

    threads = [threading.Thread(target=confirm) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == ["in", "known"]
    assert Move.objects.count() == 1


def device_file(held, entries, **more):
    seat = 1
    judge = Judge.objects.get(session=held, seat=seat)
    sheets = [
        {"entry": e.pk, "do": "submit", "marks": marks_of(held), "comment": "好", "id": f"d-{e.pk}", "base": 0, "after": [], "counter": n}
        for n, e in enumerate(entries, 1)
    ]  # fmt: skip
    document = {
        "format": "chuangtou/device@1", "session": held.pk, "judge": judge.pk, "seat": seat, "device": "phone-1",
        "made_at": "2026-11-23T04:00:00Z", "sheets": sheets, **more,
    }  # fmt: skip
    return document | {"check": check_of(document)}


def test_a_device_file_is_read_as_file_and_as_codes_in_any_order(world, at):
    session, entries, who = hall(world, at, entries=3)
    text = json.dumps(device_file(session, entries), ensure_ascii=False)
    parts = parts_of(text, 200)
    assert len(parts) > 3
    assert read_device_file("\n".join(reversed(parts))) == read_device_file(text)
    for wrong in (
        "\n".join(parts[1:]),
        text.replace("24", "23", 1),
        text[:-3],
        "[]",
        "{}",
        "[" * 9000,
        "x" * 1_000_001,
        "CT1:1/2",
    ):
        with pytest.raises(DeviceFileUnread):
            read_device_file(wrong)
    made = enter_file(session_id=session.pk, text=text, by=who["host"], at=at)
    with pytest.raises(NothingNew):
        enter_file(session_id=session.pk, text=text, by=who["host"], at=at)
    for row in made:
        confirm_carried(carried_id=row.pk, by=who["office"], at=at)
    assert ScoreSheet.objects.filter(state="submitted", device="phone-1").count() == 3
    # The network comes back: the phone sends the same requests and is answered as before.
    for entry in entries:
        sheet = services.save_sheet(
            entry_id=entry.pk, judge=who["judge"], marks=marks_of(session), submit=True, at=at,
            request=services.Request(client_id=f"d-{entry.pk}", device="phone-1", counter=1),
        )  # fmt: skip
        assert sheet.revision == 1
    assert Move.objects.count() == 3


def test_files_of_elsewhere_are_refused(world, at):
    session, entries, who = hall(world, at)
    for more in ({"session": session.pk + 1}, {"judge": 0}, {"seat": 2}):
        with pytest.raises(WrongFile):
            enter_file(
                session_id=session.pk, text=json.dumps(device_file(session, entries, **more)), by=who["host"], at=at
            )
    other = device_file(session, entries)
    other["sheets"][0]["entry"] = entries[0].pk + 999
    other["check"] = check_of(other)
    with pytest.raises(WrongFile):
        enter_file(session_id=session.pk, text=json.dumps(other), by=who["host"], at=at)
    assert not CarriedSheet.objects.exists()


def test_every_gap_needs_a_sheet_a_recusal_or_an_absence(world, at):
    session, entries, who = hall(world, at, entries=2)
    hand_in(session, entries[0], who["judge"], at)
    services.declare_recusal(entry_id=entries[1].pk, judge=who["judge"], reason="亲属", at=at)
    services.confirm_recusal(
        session_id=session.pk,
        recusal_id=Judge.objects.get(user=who["judge"]).recusals.get().pk,
        by=who["office"],
        at=at,
    )
    gaps = rules.gaps(session)
    assert [(g.seat, g.entry_id) for g in gaps] == [(s, e.pk) for s in (2, 3) for e in entries]
    with pytest.raises(services.Gaps):
        services.lock_session(session_id=session.pk, by=who["office"], at=at)
    act = {"session_id": session.pk, "at": at}
    with pytest.raises(services.setup.NoReason):
        record_absences(**act, by=who["office"], gaps=[(gaps[0].judge_id, gaps[0].entry_id)], reason=" ")
    with pytest.raises(NoGaps):
        record_absences(**act, by=who["office"], gaps=[(1, 1)], reason="离场")
    for by in ("host", "supervisor", "judge"):
        with pytest.raises(NotAllowed):
            record_absences(**act, by=who[by], gaps=[(gaps[0].judge_id, gaps[0].entry_id)], reason="离场")
    record_absences(**act, by=who["office"], gaps=[(g.judge_id, g.entry_id) for g in gaps], reason="离场")
    waiting = Absence.objects.get(entry=entries[0], judge__user=who["second_judge"])
    withdraw_absence(**act, by=who["office"], absence_id=waiting.pk)
    assert len(rules.gaps(session)) == 1
    hand_in(session, entries[0], who["second_judge"], at)
    result = services.lock_session(session_id=session.pk, by=who["office"], at=at)
    assert [s["state"] for s in result.scoring["sheets"]].count("absent") == 3
    with pytest.raises(services.ScoringClosed):
        withdraw_absence(**act, by=who["office"], absence_id=Absence.objects.order_by("pk")[0].pk)


def test_pages_tell_no_number_before_the_lock_but_to_who_confirms(world, at):
    session, (entry,), who = hall(world, at)
    url = f"/sessions/{session.pk}/paper/"
    host, office, watcher = (signed_in(who[k]) for k in ("host", "office", "supervisor"))
    form = {"part": "paper", "code": code_of(session, entry)} | {f"mark-{k}": v for k, v in marks_of(session).items()}
    bad = host.post(url, form | {"mark-need": "99", "code": form["code"]})
    assert bad.status_code == 400
    assert "“需求契合”" in bad.content.decode()
    assert form["code"] in bad.content.decode()
    assert host.post(url, form).status_code == 302
    row = CarriedSheet.objects.get()
    page = office.get(f"{url}{row.pk}/").content.decode()
    assert f">{row.marks['need']}<" in page
    assert watcher.get(f"{url}{row.pk}/").status_code == 403
    assert watcher.get(url).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    seen = watcher.get(f"/sessions/{session.pk}/reconcile/").content.decode()
    assert "没有收到" in seen
    assert "登记缺评" not in seen
    wrong = office.post(f"{url}{row.pk}/", {"do": "confirm", "total": "1"})
    assert wrong.status_code == 409
    assert "与录入的合计不一致" in wrong.content.decode()
    assert office.post(f"{url}{row.pk}/", {"do": "confirm", "total": f"{row.total:f}"}).status_code == 302
    assert ScoreSheet.objects.get().total == Decimal(94)
    prints = host.get(f"{url}print/").content.decode()
    assert all(paper_code(session.pk, seat, 1) in prints for seat in (1, 2, 3))
    upload = SimpleUploadedFile("x.json", b"\xff\xfe\x00")
    refused = host.post(url, {"part": "file", "file": upload})
    assert "文件看不懂" in refused.content.decode()
    lock(world, session, at)
    assert Session.objects.get(pk=session.pk).state == "locked"
    assert "评审会不在评分中" in host.get(url).content.decode()


def test_the_example_in_the_docs_is_read():
    text = (Path(__file__).parents[2] / "docs" / "device-file.md").read_text()
    example = next(line for line in text.splitlines() if line.startswith('{"format"'))
    assert read_device_file(example).sheets[0].marks == {"need": "22.5"}
