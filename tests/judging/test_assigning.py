"""The pool of judges and the spreading of reviews: preview first, applied as shown, and then each sees her own share."""

from datetime import timedelta

import pytest

from core.errors import NotAllowed
from judging import rules, services
from judging.domain.assignment import CannotBeReviewed
from judging.domain.codes import paper_code
from judging.domain.expertise import FITS, OTHER, UNKNOWN, misfit
from judging.models import Assignment, Entry, Judge, PoolJudge, Session
from judging.services.assigning import (
    NobodyToAssign,
    PreviewIsOld,
    apply_assignment,
    clear_assignment,
    keep_in_pool,
    propose,
)
from judging.services.paper import NotAssigned, enter_paper
from tests.judging.make import full_marks, hand_in, lock, make_session, signed_in
from tests.world import person


def spread(world, session, at, needed=2, most=3):
    seen = propose(session, needed=needed, most=most, at=at).digest
    return apply_assignment(
        session_id=session.pk, needed=needed, most=most, seen=seen, by=world.here.people["office"], at=at
    )


@pytest.fixture
def shared(world, at):
    """Four entries, four judges, two judges an entry; drawn and open."""
    people = [person(f"rev{i}", at) for i in range(4)]
    session = make_session(world, at, entries=4, judges=people)
    spread(world, session, at)
    office = world.here.people["office"]
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="2026133", witnesses="见证人", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    return Session.objects.get(pk=session.pk), people


def mine(session, user):
    return list(
        Entry.objects.filter(assignments__judge__user=user, assignments__judge__session=session).order_by("position")
    )


@pytest.mark.parametrize(
    ("known", "about", "far"),
    [("", "环保", UNKNOWN), ("党建、环保", "主题 环保", FITS), ("党建，法律", "环保", OTHER), ("、", "x", UNKNOWN)],
)
def test_expertise_is_words_that_stand_in_theme_category_or_title(known, about, far):
    assert misfit(known, about) == far


def test_loads_are_equal_and_expertise_is_met(world, at):
    people = [person(f"rev{i}", at) for i in range(4)]
    session = make_session(world, at, entries=4, judges=people)
    keep_in_pool(
        street=world.here.area, user=people[3], unit="", expertise="项目0", by=world.here.people["office"], at=at
    )
    found = propose(session, needed=2, most=3, at=at)
    assert set(found.loads.values()) == {2}
    entry = Entry.objects.get(session=session, proposal__title="项目0")
    seat = Judge.objects.get(session=session, user=people[3])
    assert (entry.pk, seat.pk) in found.fitting
    assert not Assignment.objects.exists()


def test_who_steps_back_is_never_assigned(world, at):
    people = [person(f"rev{i}", at) for i in range(3)]
    session = make_session(world, at, entries=2, judges=people)
    entry, judge = Entry.objects.filter(session=session).first(), Judge.objects.get(session=session, user=people[0])
    services.recuse(judge_id=judge.pk, entry_id=entry.pk, reason="亲属", by=world.here.people["office"], at=at)
    found = propose(session, needed=2, most=5, at=at)
    assert judge.pk not in found.by_entry[entry.pk] and found.apart == 1
    with pytest.raises(CannotBeReviewed, match="除去回避只剩 2 位评委"):
        propose(session, needed=3, most=5, at=at)


def test_an_old_preview_is_refused(world, at):
    people = [person(f"rev{i}", at) for i in range(4)]
    session = make_session(world, at, entries=3, judges=people)
    seen = propose(session, needed=2, most=3, at=at)
    entry = Entry.objects.filter(session=session).order_by("pk").first()
    services.recuse(
        judge_id=seen.by_entry[entry.pk][0], entry_id=entry.pk, reason="亲属", by=world.here.people["office"], at=at
    )
    with pytest.raises(PreviewIsOld):
        apply_assignment(
            session_id=session.pk, needed=2, most=3, seen=seen.digest, by=world.here.people["office"], at=at
        )
    assert not Assignment.objects.exists()


def test_nobody_to_assign(world, at):
    session = make_session(world, at, judges=[])
    with pytest.raises(NobodyToAssign):
        propose(session, needed=1, most=1, at=at)


def test_each_judge_sees_and_scores_her_own_share_only(world, at, shared):
    session, people = shared
    own, judge = mine(session, people[0]), signed_in(people[0])
    other = Entry.objects.filter(session=session).exclude(pk__in=[e.pk for e in own]).first()
    desk = judge.get(f"/judge/{session.pk}/")
    assert [e["id"] for e in desk.context["phone"]["entries"]] == [e.pk for e in own]
    assert other.proposal.title not in desk.content.decode()
    for path in ("", "material/", "step-back/"):
        assert judge.get(f"/judge/{session.pk}/{other.pk}/{path}").status_code == 404, path
    assert judge.get(f"/judge/{session.pk}/{own[0].pk}/").status_code == 200
    hand_in(session, own[0], people[0], at)
    with pytest.raises(NotAllowed):
        hand_in(session, other, people[0], at)


def test_gaps_progress_and_lock_know_the_shares(world, at, shared):
    session, people = shared
    _, rows = rules.progress(session)
    assert [sorted(r.cells) for r in rows] == [["free", "free", "out", "out"]] * 4
    assert len(rules.gaps(session)) == 8
    for user in people:
        for entry in mine(session, user):
            hand_in(session, entry, user, at, marks=full_marks(session, str(entry.position)))
    assert rules.gaps(session) == []
    result = lock(world, session, at)
    assert [len(line.detail["counted"]) for line in result.lines.all()] == [2] * 4
    _, lines = rules.tally(result)
    assert all("未评" not in line.note for line in lines)
    page = signed_in(world.here.people["office"]).get(f"/sessions/{session.pk}/print/e5/").content.decode()
    assert page.count('<th scope="row">') == 8


def test_a_paper_sheet_of_another_share_is_refused(world, at, shared):
    session, people = shared
    own = {e.pk for e in mine(session, people[0])}
    other = Entry.objects.filter(session=session).exclude(pk__in=own).first()
    host, code = world.here.people["host"], paper_code(session.pk, 1, other.position)
    with pytest.raises(NotAssigned):
        enter_paper(session_id=session.pk, code=code, marks=full_marks(session), by=host, at=at)
    page = signed_in(host).get(f"/sessions/{session.pk}/paper/print/").content.decode()
    assert page.count('class="digest"') == 8


def test_too_few_judges_keep_scoring_shut(world, at):
    people = [person(f"rev{i}", at) for i in range(3)]
    session = make_session(world, at, entries=2, judges=people)
    spread(world, session, at, needed=2)
    extra = Assignment.objects.filter(judge__session=session).first()
    extra.delete()
    session.refresh_from_db()
    assert any("1 个项目分到的评委少于 2 位" in gap for gap in services.gaps_before_opening(session))
    clear_assignment(session_id=session.pk, by=world.here.people["office"], at=at)
    session.refresh_from_db()
    assert not any("分到的评委" in gap for gap in services.gaps_before_opening(session))


def test_the_page_previews_applies_and_takes_back(world, at):
    people = [person(f"rev{i}", at) for i in range(3)]
    session = make_session(world, at, entries=2, judges=people)
    office, url = signed_in(world.here.people["office"]), f"/sessions/{session.pk}/assignment/"
    assert "本场没有分配" in office.get(url).content.decode()
    page = office.get(url, {"needed": "2", "most": "4"})
    assert "这是预览，还没有生效" in page.content.decode()
    assert not Session.objects.get(pk=session.pk).is_assigned
    sent = {"needed": "2", "most": "4", "seen": page.context["preview"].digest}
    assert office.post(url, sent | {"seen": "x"}).status_code == 400
    assert office.post(url, sent).status_code == 302
    assert Session.objects.get(pk=session.pk).is_assigned
    assert Assignment.objects.count() == 4
    assert office.get(url, {"needed": "9", "most": "4"}).status_code == 400
    assert office.post(url, {"clear": "1"}).status_code == 302
    assert not Assignment.objects.exists()
    assert signed_in(world.here.people["supervisor"]).get(url).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404


def test_the_pool_is_kept_by_the_office_of_the_street(world, at):
    judge = world.here.people["judge"]
    office = signed_in(world.here.people["office"])
    sent = {
        "street": world.here.area.pk, "username": judge.username, "unit": "某高校", "expertise": "为老服务、环保"
    }  # fmt: skip
    assert office.post("/judges/", sent | {"username": "nobody"}).status_code == 400
    assert office.post("/judges/", sent | {"street": world.there.area.pk}).status_code == 400
    for _ in range(2):
        assert office.post("/judges/", sent).status_code == 302
    row = PoolJudge.objects.get()
    assert (row.expertise, row.is_active) == ("为老服务、环保", True)
    assert "某高校" in office.get("/judges/").content.decode()
    office.post("/judges/", {"pool": row.pk})
    assert not PoolJudge.objects.get().is_active
    assert signed_in(world.there.people["office"]).post("/judges/", {"pool": row.pk}).status_code == 404
    assert signed_in(world.here.people["leader"]).get("/judges/").status_code == 403
    with pytest.raises(NotAllowed):
        keep_in_pool(
            street=world.here.area, user=judge, unit="", expertise="", by=world.there.people["office"],
            at=at + timedelta(days=1),
        )  # fmt: skip


def test_seats_are_taken_from_the_pool(world, at):
    session = make_session(world, at, judges=["judge"])
    who = world.here.people
    for key in ("second_judge", "third_judge"):
        keep_in_pool(street=world.here.area, user=who[key], unit="", expertise="", by=who["office"], at=at)
    office, url = signed_in(who["office"]), f"/sessions/{session.pk}/setup/"
    assert who["third_judge"].display_name in office.get(url).content.decode()
    office.post(url, {"part": "pool", "user": [who["third_judge"].pk, world.there.people["judge"].pk]})
    seated = Judge.objects.filter(session=session).order_by("seat").values_list("user_id", flat=True)
    assert list(seated) == [who["judge"].pk, who["third_judge"].pk]
