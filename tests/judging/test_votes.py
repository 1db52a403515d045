"""Tick-vote 票选: set up in the forms, voted on a phone or on paper, counted by ballots, printed as E7."""

import subprocess
import sys

import openpyxl
import pytest
from django.conf import settings as conf
from django.core.management import call_command

from jobs.models import Job
from jobs.services import run_job
from jobs.storage import place_of
from judging import services
from judging.domain.codes import paper_code
from judging.models import CarriedSheet, Judge, ScoreSheet, Session
from judging.services.paper import confirm_carried, enter_paper
from judging.services.setup import make_rule
from portal.invariants import broken
from tests.judging.make import lock, make_session, open_session, publish, signed_in
from tests.world import person


def rule(at_most=2, **options):
    return make_rule([], aggregate="ticks", ticks=at_most, quorum=2, **options)


def vote(session, entry, judge, at, *, voted, base=0, client=""):
    return services.save_sheet(
        entry_id=entry.pk, judge=judge, marks={"tick": "1"} if voted else {}, submit=True, at=at,
        request=services.Request(client_id=client or f"{judge.pk}-{entry.pk}-{base}", base=base),
    )  # fmt: skip


@pytest.fixture
def voted(world, at):
    """Three judges, four projects, two votes each: 3, 2, 1 and 0 votes."""
    session, entries = open_session(world, at, entries=4, rule=rule())
    people = [world.here.people[k] for k in ("judge", "second_judge", "third_judge")]
    for i, judge in enumerate(people):
        for n, entry in enumerate(entries):
            vote(session, entry, judge, at, voted=n == 0 or n == (1 if i < 2 else 2))
    return session, entries, people


def test_votes_are_counted_and_ranked(world, at, voted):
    session, entries, _ = voted
    result = lock(world, session, at)
    assert [(r["score"], r["rank"]) for r in result.outcome["results"]] == [("3", 1), ("2", 2), ("1", 3), ("0", 4)]
    assert result.outcome["ballots"] == {"given": 3, "valid": 3, "invalid": 0}
    assert list(result.lines.order_by("place").values_list("entry_id", flat=True)) == [e.pk for e in entries]
    assert list(broken()) == []


def test_a_vote_too_many_is_refused_until_one_is_taken_back(world, at, voted):
    session, entries, people = voted
    with pytest.raises(services.TooManyVotes, match="最多投 2 票"):
        vote(session, entries[3], people[0], at, voted=True, base=1, client="a")
    assert vote(session, entries[0], people[0], at, voted=False, base=1, client="b").revision == 2
    assert vote(session, entries[3], people[0], at, voted=True, base=1, client="c").marks == {"tick": "1"}
    # The same again changes nothing.
    assert vote(session, entries[3], people[0], at, voted=True, base=1, client="c").revision == 2
    assert ScoreSheet.objects.filter(judge__user=people[0], marks__has_key="tick").count() == 2


@pytest.mark.parametrize("typed", ["2", "x", "-1"])
def test_a_vote_is_one_or_nothing(world, at, typed):
    _session, entries = open_session(world, at, rule=rule())
    with pytest.raises(services.BadMark, match="投票请填 1"):
        services.save_sheet(
            entry_id=entries[0].pk, judge=world.here.people["judge"], marks={"tick": typed}, submit=True, at=at, request=services.Request()
        )  # fmt: skip


def test_a_spoiled_paper_ballot_is_counted_as_it_stands(world, at):
    session, entries = open_session(world, at, entries=3, rule=rule(at_most=1))
    who = world.here.people
    for entry in entries:
        row = enter_paper(
            session_id=session.pk, code=paper_code(session.pk, 1, entry.position), marks={"tick": "1"}, by=who["host"], at=at
        )  # fmt: skip
        confirm_carried(carried_id=row.pk, by=who["office"], at=at, total=row.total)
        for key in ("second_judge", "third_judge"):
            vote(session, entry, who[key], at, voted=entry == entries[1])
    result = lock(world, session, at)
    assert result.outcome["ballots"] == {"given": 3, "valid": 2, "invalid": 1}
    assert result.outcome["invalid"] == ["J1"]
    assert result.outcome["results"][0]["score"] == "2"


def test_an_outsider_recomputes_the_votes(world, at, voted, tmp_path):
    session, entries, people = voted
    vote(session, entries[1], people[0], at, voted=False, base=1)
    lock(world, session, at)
    record = tmp_path / "record.json"
    call_command("export_round", session.round_id, str(record))
    answer = subprocess.run(
        [sys.executable, "-I", str(conf.BASE_DIR / "verify_result.py"), str(record)], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_papers_of_a_tick_vote(world, at, voted):
    session, _entries, _ = voted
    lock(world, session, at)
    office = signed_in(world.here.people["office"])
    page = office.get(f"/sessions/{session.pk}/print/e7/").content.decode()
    for words in ("票选", "100.00", "66.67", "33.33"):
        assert words in page
    assert office.get(f"/sessions/{session.pk}/print/e6/").status_code == 404
    sheets = office.get(f"/sessions/{session.pk}/print/e5/").content.decode()
    assert sheets.count("<td>投</td>") == 6
    for path in ("result/", "rule/", "check/", "watch/"):
        assert office.get(f"/sessions/{session.pk}/{path}").status_code == 200
    publish(world, session, at)
    assert office.get(f"/results/{session.pk}/").status_code in (200, 404)


def test_the_excel_of_sheets_has_one_column_of_votes(world, at, voted, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    session, *_ = voted
    lock(world, session, at)
    signed_in(world.here.people["office"]).post(f"/sessions/{session.pk}/export/", {"what": "e5"})
    job = Job.objects.get()
    run_job(job_id=job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.error
    path = tmp_path / "e5.xlsx"
    path.write_bytes(place_of(job.file).read_bytes())
    book = openpyxl.load_workbook(path)
    words = [str(c.value) for row in book.worksheets[0].iter_rows() for c in row if c.value is not None]
    assert any("投票" in w for w in words)


def test_the_office_sets_a_tick_vote_up_in_the_forms(world, at):
    office = signed_in(world.here.people["office"])
    answer = office.post(
        f"/sessions/new/{world.here.round.pk}/",
        {"name": "票选", "held_on": "2026-11-30", "venue": "", "rubric": "ticks"},
    )
    assert answer.status_code == 302
    session = Session.objects.get(name="票选")
    assert session.rule["aggregate"] == "ticks" and session.rule["ticks"] == {"at_most": 5}
    url = f"/sessions/{session.pk}/setup/"
    page = office.get(url)
    form = page.context["rule_form"]
    sent = {f.html_name: f.value() if f.value() is not None else "" for f in form}
    sent |= {"part": "rule", "c-TOTAL_FORMS": "0", "c-INITIAL_FORMS": "0", "at_most": "", "tie_1": "lot"}
    refused = office.post(url, sent)
    assert "票选请填写每位评委最多投几票" in refused.content.decode()
    assert office.post(url, sent | {"at_most": "8"}).status_code == 302
    session.refresh_from_db()
    assert session.rule["ticks"] == {"at_most": 8} and session.rule["rank"]["ties"] == ["lot"]
    assert "得票多者在前" in office.get(f"/sessions/{session.pk}/rule/").content.decode()


def test_a_page_without_scripts_votes_too(world, at):
    session, entries = open_session(world, at, entries=2, rule=rule(at_most=1))
    judge = signed_in(world.here.people["judge"])
    url = f"/judge/{session.pk}/{entries[0].pk}/"
    desk = judge.get(f"/judge/{session.pk}/")
    assert desk.context["phone"]["ticks"] == 1
    page = judge.get(url).content.decode()
    assert "投这个项目一票" in page and "合计 <strong" not in page
    sent = {"mark-tick": "1", "revision": "0", "client_id": "a"}
    asked = judge.post(url, sent | {"do": "check"}).content.decode()
    assert "您的选择是<strong>投一票</strong>，是否提交？" in asked
    told = judge.post(url, sent | {"do": "submit"}, follow=True).content.decode()
    assert "投了一票" in told
    other = f"/judge/{session.pk}/{entries[1].pk}/"
    refused = judge.post(other, sent | {"client_id": "b", "do": "submit"})
    assert refused.status_code == 409 and "您已投满" in refused.content.decode()


def test_the_lock_waits_for_copied_sheets(world, at):
    session, entries = open_session(world, at, rule=rule())
    who = world.here.people
    enter_paper(session_id=session.pk, code=paper_code(session.pk, 1, 1), marks={"tick": "1"}, by=who["host"], at=at)
    for key in ("judge", "second_judge", "third_judge"):
        vote(session, entries[0], who[key], at, voted=False)
    with pytest.raises(services.CarriedWaiting, match="1 张转录的评分表"):
        services.lock_session(session_id=session.pk, by=who["office"], at=at)
    assert CarriedSheet.objects.filter(state="entered").count() == 1


def test_a_tick_vote_without_votes_is_refused(world, at):
    with pytest.raises(services.BadRule, match="至少要有一票"):
        make_session(world, at, rule=rule(at_most=0))


def test_seats_and_people_are_as_ever(world, at):
    judge = person("voter", at)
    session, entries = open_session(world, at, entries=1, rule=rule(), judges=[judge, "judge"])
    vote(session, entries[0], judge, at, voted=True)
    assert Judge.objects.get(user=judge).moves == 1
