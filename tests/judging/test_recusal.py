"""A judge steps back while scoring goes on."""

import pytest

from core.errors import NotAllowed
from judging import services
from judging.models import Move, Recusal, ScoreSheet
from judging.services.lock import RecusalsWaiting
from portal.invariants import broken
from tests.judging.make import full_marks, hand_in, lock, open_session, signed_in


def declare(entry, judge, at, reason="我是该单位的理事"):
    return services.declare_recusal(entry_id=entry.pk, judge=judge, reason=reason, at=at)


def test_a_late_recusal_voids_the_sheet_keeps_its_trace_and_shrinks_the_denominator(world, at):
    session, (entry,) = open_session(world, at)
    people = [world.here.people[k] for k in ("judge", "second_judge", "third_judge")]
    for less, judge in enumerate(people):
        hand_in(session, entry, judge, at, marks=full_marks(session, str(less)))
    for _ in range(2):
        row = declare(entry, people[0], at)
    assert Recusal.objects.count() == 1
    assert ScoreSheet.objects.get(judge__user=people[0]).state == "void"
    assert list(Move.objects.filter(judge__user=people[0]).order_by("number").values_list("kind", "revision")) == [
        ("submitted", 1), ("void", 2),
    ]  # fmt: skip
    with pytest.raises(services.Recused):
        hand_in(session, entry, people[0], at, base=2, client="again")
    with pytest.raises(RecusalsWaiting, match="1 条"):
        lock(world, session, at)
    services.confirm_recusal(session_id=session.pk, recusal_id=row.pk, by=world.here.people["office"], at=at)
    with pytest.raises(services.NothingToConfirm):
        services.confirm_recusal(session_id=session.pk, recusal_id=row.pk, by=world.here.people["office"], at=at)
    result = lock(world, session, at)
    assert [s["state"] for s in result.scoring["sheets"]] == ["recused", "submitted", "submitted"]
    assert result.outcome["results"][0]["score"] == "91.00"
    assert list(broken()) == []


def test_refusals(world, at):
    session, (entry,) = open_session(world, at)
    with pytest.raises(services.NoReason):
        declare(entry, world.here.people["judge"], at, reason=" ")
    with pytest.raises(NotAllowed):
        declare(entry, world.here.people["member"], at)
    row = declare(entry, world.here.people["judge"], at)
    for who in (world.here.people["host"], world.here.people["leader"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.confirm_recusal(session_id=session.pk, recusal_id=row.pk, by=who, at=at)
    services.confirm_recusal(session_id=session.pk, recusal_id=row.pk, by=world.here.people["office"], at=at)
    lock(world, session, at)
    with pytest.raises(services.ScoringClosed):
        declare(entry, world.here.people["second_judge"], at)
    assert Recusal.objects.count() == 1


def test_by_page_the_project_is_gone_for_the_judge_and_the_office_confirms(world, at):
    session, (entry,) = open_session(world, at)
    judge, office = signed_in(world.here.people["judge"]), signed_in(world.here.people["office"])
    url = f"/judge/{session.pk}/{entry.pk}/step-back/"
    assert "必填" in judge.get(url).content.decode()
    assert judge.post(url, {"reason": ""}).status_code == 200
    assert judge.post(url, {"reason": "近三年合作过"}).status_code == 302
    body = judge.get(f"/judge/{session.pk}/").content.decode()
    assert "已回避" in body
    assert entry.proposal.organization.name not in body
    assert judge.get(f"/judge/{session.pk}/{entry.pk}/material/").status_code == 302
    page = office.get(f"/sessions/{session.pk}/").content.decode()
    assert "近三年合作过" in page
    office.post(f"/sessions/{session.pk}/recusals/", {"recusal": Recusal.objects.get().pk})
    assert Recusal.objects.get().confirmed_by == world.here.people["office"]
