"""Sessions through their services: set-up, draw, sheets, lock, result; races and leaks."""

import hashlib
import json
import re
import subprocess
import sys
import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings as live
from django.db import DatabaseError, connection, transaction

from core.errors import NotAllowed
from core.exact import pretty
from judging import rules, services
from judging.domain.rubrics import RUBRICS
from judging.domain.scoring import compute
from judging.models import Entry, Judge, Result, ScoreSheet, Session
from judging.services import (
    AlreadyDrawn,
    BadMark,
    Gaps,
    MaximaDoNotAddUp,
    NoCommitment,
    NotInSetup,
    NotReady,
    Recused,
    ScoringClosed,
    SheetChangedMeanwhile,
)
from judging.services.absences import record_absences
from tests.house.scene import _proposal
from tests.world import build


def make_session(world, at, *, quorum=2, judges=("judge", "second_judge", "third_judge")):
    """A session in preparation with one passed proposal and three judges."""
    who = world.here.people
    proposal = _proposal(world, world.here.organization, who["member"], _order(world, at), at)
    rule = services.make_rule(RUBRICS["community"].as_criteria(), quorum=quorum)
    session = services.create_session(
        round_id=world.here.round.pk,
        name="路演",
        held_on=date(2026, 11, 30),
        venue="礼堂",
        rule=rule,
        by=who["office"],
        at=at,
    )
    services.set_entries(session_id=session.pk, proposal_ids=[proposal], by=who["office"], at=at)
    services.seat_judges(session_id=session.pk, user_ids=[who[j].pk for j in judges], by=who["office"], at=at)
    return session


def _order(world, at):
    from needs.services import draft_order, list_order, post_need

    who, community = world.here.people["community"], world.here.communities[0]
    need = post_need(
        community=community,
        channel="visit",
        category="culture",
        words="想有个活动的地方。",
        people_count=9,
        urgency="low",
        at=at,
        by=who,
    )
    order = draft_order(
        community=community,
        need_ids=[need.pk],
        title="文艺角",
        target="居民",
        content="每周一次。",
        price_ceiling=None,
        by=who,
        at=at,
    )
    list_order(order_id=order.pk, round_id=world.here.round.pk, by=who, at=at)
    return order.pk


def opened(world, at, **options):
    """The same session, drawn and open; returns it with its entry."""
    session = make_session(world, at, **options)
    office = world.here.people["office"]
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="42", witnesses="见证人", by=office, at=at)
    session = services.open_scoring(session_id=session.pk, by=office, at=at)
    return session, Entry.objects.get(session=session)


def marks(session, less=Decimal(0)):
    return {c["key"]: str(Decimal(c["max"]) - less) for c in session.rule["criteria"]}


def save(
    world, entry, session, judge="judge", *, submit=True, base=0, client="a", at=None, less=Decimal(0), given=None
):
    return services.save_sheet(
        entry_id=entry.pk, judge=world.here.people[judge], marks=given or marks(session, less), submit=submit, at=at or world.at,
        request=services.Request(client_id=client, base=base),
    )  # fmt: skip


def test_rule_whose_maxima_do_not_add_up_is_refused(world, at):
    rule = services.make_rule([{"key": "a", "label": "甲", "max": "90", "step": "1"}])
    with pytest.raises(MaximaDoNotAddUp):
        services.create_session(
            round_id=world.here.round.pk,
            name="路演",
            held_on=date(2026, 11, 30),
            venue="",
            rule=rule,
            by=world.here.people["office"],
            at=at,
        )
    assert not Session.objects.exists()


@pytest.mark.parametrize("who", ["leader", "supervisor", "host", "judge"])
def test_only_the_office_of_the_street_sets_up(world, at, who):
    rule = services.make_rule(RUBRICS["community"].as_criteria())
    for person in (world.here.people[who], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.create_session(
                round_id=world.here.round.pk,
                name="路演",
                held_on=date(2026, 11, 30),
                venue="",
                rule=rule,
                by=person,
                at=at,
            )


def test_scoring_does_not_open_before_the_draw(world, at):
    session = make_session(world, at)
    with pytest.raises(NotReady) as refused:
        services.open_scoring(session_id=session.pk, by=world.here.people["office"], at=at)
    assert refused.value.message == "还不能开放评分：还没有抽签。"
    assert Session.objects.get(pk=session.pk).state == "setup"


def test_a_judge_who_belongs_to_an_applicant_must_step_back(world, at):
    from organizations.models import Membership

    session = make_session(world, at)
    Membership.objects.create(
        organization=world.here.organization, user=world.here.people["judge"], duty="clerk", since=at
    )
    assert any("请登记回避" in gap for gap in services.gaps_before_opening(session))
    entry = Entry.objects.get(session=session)
    services.recuse(
        judge_id=Judge.objects.get(session=session, seat=1).pk,
        entry_id=entry.pk,
        reason="本单位",
        by=world.here.people["office"],
        at=at,
    )
    assert not any("请登记回避" in gap for gap in services.gaps_before_opening(session))


def test_draw_follows_its_commitment_and_an_outside_script(world, at):
    session = make_session(world, at)
    office = world.here.people["office"]
    with pytest.raises(NoCommitment):
        services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    draw = services.commit_draw(session_id=session.pk, by=office, at=at)
    assert services.commit_draw(session_id=session.pk, by=office, at=at).pk == draw.pk
    draw = services.draw_order(session_id=session.pk, public_number="2026133", witnesses="见证人", by=office, at=at)
    assert hashlib.sha256(draw.secret.encode()).hexdigest() == draw.commitment
    with pytest.raises(AlreadyDrawn):
        services.draw_order(session_id=session.pk, public_number="2", witnesses="x", by=office, at=at)
    keys = {e.proposal.receipt_number: e.position for e in Entry.objects.filter(session=session)}
    script = sorted(keys, key=lambda k: hashlib.sha256(f"{draw.secret}|2026133|{k}".encode()).hexdigest())
    assert [keys[k] for k in script] == list(range(1, len(keys) + 1))


def test_nothing_of_the_setup_changes_after_opening(world, at):
    session, _ = opened(world, at)
    office = world.here.people["office"]
    for act in (
        lambda: services.set_rule(session_id=session.pk, rule=session.rule, by=office, at=at),
        lambda: services.set_entries(session_id=session.pk, proposal_ids=[], by=office, at=at),
        lambda: services.seat_judges(session_id=session.pk, user_ids=[], by=office, at=at),
    ):
        with pytest.raises(NotInSetup):
            act()
    with pytest.raises(DatabaseError), transaction.atomic():
        Session.objects.filter(pk=session.pk).update(rule={})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("25.5", "超过满分"),
        ("-1", "低于"),
        ("20.3", "0.5"),
        ("很好", "数字"),
        ("", "没有打分"),
        ("1e1", "数字"),
        ("NaN", "数字"),
    ],
)
def test_bad_mark_names_the_criterion_and_writes_nothing(world, at, given, words):
    session, entry = opened(world, at)
    with pytest.raises(BadMark) as refused:
        save(world, entry, session, given=marks(session) | {session.rule["criteria"][0]["key"]: given})
    assert refused.value.key == session.rule["criteria"][0]["key"]
    assert "需求契合" in refused.value.message
    assert words in refused.value.message
    assert not ScoreSheet.objects.exists()


def test_full_width_digits_are_understood(world, at):
    session, entry = opened(world, at)
    sheet = save(world, entry, session, given=marks(session) | {session.rule["criteria"][0]["key"]: "２０．５"})
    assert sheet.marks[session.rule["criteria"][0]["key"]] == "20.5"


def test_replay_answers_as_before_and_an_old_revision_is_shown_both(world, at):
    session, entry = opened(world, at)
    first = save(world, entry, session, client="one")
    assert save(world, entry, session, client="one", less=Decimal(1)).pk == first.pk
    assert ScoreSheet.objects.get().total == 100
    second = save(world, entry, session, client="two", base=1, less=Decimal("0.5"))
    assert (second.revision, ScoreSheet.objects.count()) == (2, 1)
    with pytest.raises(SheetChangedMeanwhile) as refused:
        save(world, entry, session, client="three", base=1)
    assert refused.value.sheet.total == second.total
    assert ScoreSheet.objects.get().revision == 2


def test_recused_and_foreign_judges_are_refused(world, at):
    session = make_session(world, at)
    office, entry = world.here.people["office"], Entry.objects.get(session=session)
    services.recuse(
        judge_id=Judge.objects.get(session=session, seat=1).pk, entry_id=entry.pk, reason="亲属", by=office, at=at
    )
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    session = services.open_scoring(session_id=session.pk, by=office, at=at)
    with pytest.raises(Recused):
        save(world, entry, session)
    with pytest.raises(NotAllowed):
        services.save_sheet(
            entry_id=entry.pk,
            judge=world.there.people["judge"],
            marks=marks(session),
            submit=True,
            request=services.Request(client_id="x"),
            at=at,
        )
    assert not ScoreSheet.objects.exists()


def lock(world, session, at, reason=""):
    office, later = world.here.people["office"], at + timedelta(hours=1)
    if reason:
        gaps = [(g.judge_id, g.entry_id) for g in rules.gaps(session)]
        record_absences(session_id=session.pk, gaps=gaps, reason=reason, by=office, at=later)
    return services.lock_session(session_id=session.pk, by=office, at=later)


def test_gaps_need_an_absence_with_its_reason(world, at):
    session, entry = opened(world, at)
    for judge in ("judge", "second_judge"):
        save(world, entry, session, judge)
    with pytest.raises(Gaps):
        lock(world, session, at)
    assert Session.objects.get(pk=session.pk).state == "scoring"
    result = lock(world, session, at, "三号评委临时离场")
    assert [s["state"] for s in result.scoring["sheets"]] == ["submitted", "submitted", "absent"]
    assert result.lines.get().score == 100


def test_after_the_lock_nothing_is_written_by_any_way(world, at):
    session, entry = opened(world, at)
    for judge in ("judge", "second_judge", "third_judge"):
        save(world, entry, session, judge)
    lock(world, session, at)
    before = list(ScoreSheet.objects.order_by("pk").values())
    with pytest.raises(ScoringClosed):
        save(world, entry, session, base=1, client="late")
    sheet = ScoreSheet.objects.first()
    for act in (
        lambda: ScoreSheet.objects.update(total=1),
        lambda: ScoreSheet.objects.filter(pk=sheet.pk).delete(),
        lambda: Result.objects.update(digest="x"),
        lambda: Session.objects.filter(pk=session.pk).update(state="scoring", locked_at=None),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    assert list(ScoreSheet.objects.order_by("pk").values()) == before


def test_exported_file_gives_the_exported_result_byte_for_byte(world, at, tmp_path):
    session, entry = opened(world, at)
    for i, judge in enumerate(("judge", "second_judge", "third_judge")):
        save(world, entry, session, judge, less=Decimal(i) / 2)
    result = lock(world, session, at)
    client = _client(world, "office")
    source, target = tmp_path / "in.json", tmp_path / "out.json"
    source.write_bytes(client.get(f"/sessions/{session.pk}/scoring.json").content)
    subprocess.run(
        [sys.executable, "manage.py", "score_file", str(source), str(target)], cwd=live.BASE_DIR, check=True, env={}
    )
    assert target.read_bytes() == client.get(f"/sessions/{session.pk}/result.json").content == pretty(result.outcome)
    assert json.loads(source.read_text())["format"] == "chuangtou/scoring@1"


def _client(world, who):
    from django.test import Client

    client = Client()
    client.force_login(world.here.people[who])
    return client


def test_marks_do_not_leak_before_the_lock(world, at):
    session, entry = opened(world, at)
    given = marks(session) | {session.rule["criteria"][0]["key"]: "13.5", session.rule["criteria"][1]["key"]: "17.5"}
    save(world, entry, session, given=given)
    total = f"{ScoreSheet.objects.get().total:.2f}"
    pages = [
        "/home/",
        "/sessions/",
        f"/sessions/{session.pk}/",
        f"/sessions/{session.pk}/result/",
        f"/sessions/{session.pk}/scoring.json",
        f"/desk/{world.here.round.pk}/",
        f"/judge/{session.pk}/",
        f"/judge/{session.pk}/{entry.pk}/",
        f"/results/{session.pk}/",
        "/plans/",
        f"/proposals/{entry.proposal_id}/",
    ]
    for role in ("office", "leader", "host", "supervisor", "second_judge", "member", "audit_admin"):
        client = _client(world, role)
        for page in pages:
            body = client.get(page).content.decode()
            # Numbers by themselves: a signed address may hold any digits.
            found = [x for x in ("13.5", "17.5", total) if re.search(rf"(?<![\w.-]){re.escape(x)}(?![\w-])", body)]
            assert not found, (role, page)


def test_the_judges_page_works_without_script(world, at):
    session, entry = opened(world, at)
    client, url = _client(world, "judge"), f"/judge/{session.pk}/{entry.pk}/"
    form = {f"mark-{k}": v for k, v in marks(session).items()} | {"revision": "0", "client_id": "c1"}
    assert client.post(url, form | {"do": "keep"}).status_code == 302
    assert ScoreSheet.objects.get().state == "draft"
    check = client.post(url, form | {"do": "check", "revision": "1"})
    assert "您给出的总分为 <strong" in check.content.decode()
    assert client.post(url, form | {"do": "submit", "revision": "1", "client_id": "c2"}).status_code == 302
    assert (ScoreSheet.objects.get().state, ScoreSheet.objects.get().total) == ("submitted", 100)
    bad = client.post(
        url,
        form | {"do": "submit", "revision": "2", "client_id": "c3", f"mark-{session.rule['criteria'][0]['key']}": "99"},
    )
    assert bad.status_code == 400
    assert 'value="99"' in bad.content.decode()
    old = client.post(url, form | {"do": "submit", "revision": "1", "client_id": "c4"})
    assert old.status_code == 409
    lock(world, session, at, "缺")
    assert client.post(url, form | {"do": "submit", "revision": "2", "client_id": "c5"}).status_code == 423


@pytest.mark.django_db(transaction=True)
def test_lock_racing_the_judges_keeps_every_sheet_whole_or_refused(at):
    world = build(at)
    session, entry = opened(world, at)
    for judge in ("judge", "second_judge", "third_judge"):
        save(world, entry, session, judge, client="first")
    start, seen = threading.Barrier(7), []

    def again(judge, n):
        try:
            start.wait()
            for k in range(5):
                base = ScoreSheet.objects.get(judge__user=world.here.people[judge]).revision
                try:
                    save(world, entry, session, judge, base=base, client=f"{n}-{k}", less=Decimal(k) / 2, at=at)
                    seen.append("kept")
                except (ScoringClosed, SheetChangedMeanwhile):
                    seen.append("refused")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=again, args=(j, n)) for n, j in enumerate(("judge", "second_judge", "third_judge") * 2)
    ]
    for thread in threads:
        thread.start()
    start.wait()
    result = lock(world, session, at)
    for thread in threads:
        thread.join()
    assert len(seen) == 30
    session.refresh_from_db()
    assert services.scoring_document(session) == result.scoring
    assert compute(result.scoring) == result.outcome


def test_progress_costs_the_same_with_many_judges(world, at):
    from django.test.utils import CaptureQueriesContext

    from tests.world import person

    def count(session):
        client = _client(world, "office")
        client.get(f"/sessions/{session.pk}/")
        with CaptureQueriesContext(connection) as seen:
            assert client.get(f"/sessions/{session.pk}/").status_code == 200
        return len(seen)

    session = make_session(world, at)
    few = count(session)
    crowd = [person(f"crowd{i}", at).pk for i in range(20)]
    services.seat_judges(session_id=session.pk, user_ids=crowd, by=world.here.people["office"], at=at)
    assert count(session) == few
