"""Groups of a grouped review: sessions of their own, and one whose scores wait for the other."""

from datetime import timedelta

import pytest

from core.errors import NotAllowed
from judging import services
from judging.models import Entry, Judge, Session
from judging.services.lock import OtherGroupFirst
from judging.services.stage import NotOnStageNow, WaitsForItself, add_group, direct, set_pace
from projects.models import Proposal
from tests.judging.make import hand_in, lock, make_session, publish, signed_in


def opened(session, world, at):
    office = world.here.people["office"]
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="7", witnesses="x", by=office, at=at)
    return services.open_scoring(session_id=session.pk, by=office, at=at)


def two_groups(world, at):
    """The first group waits for the second; one project each."""
    first, office = make_session(world, at, entries=2), world.here.people["office"]
    second = add_group(session_id=first.pk, name="第二组", by=office, at=at)
    assert (second.rule, second.held_on, second.round_id) == (first.rule, first.held_on, first.round_id)
    proposals = list(Proposal.objects.filter(state="passed").order_by("pk").values_list("pk", flat=True))
    for session, proposal in ((first, proposals[0]), (second, proposals[1])):
        services.set_entries(session_id=session.pk, proposal_ids=[proposal], by=office, at=at)
    judges = [world.here.people[k].pk for k in ("judge", "second_judge", "third_judge")]
    services.seat_judges(session_id=second.pk, user_ids=judges, by=office, at=at)
    set_pace(session_id=first.pk, is_paced=False, opens_after=1, reveals_after=second.pk, by=office, at=at)
    return opened(first, world, at), opened(second, world, at)


def test_the_first_group_is_told_after_the_second(world, at):
    first, second = two_groups(world, at)
    office = world.here.people["office"]
    for session in (first, second):
        for judge in ("judge", "second_judge", "third_judge"):
            hand_in(
                session,
                Entry.objects.get(session=session),
                world.here.people[judge],
                at,
                client=f"{session.pk}-{judge}",
            )
    lock(world, first, at)
    for act in ("reveal", "final"):
        with pytest.raises(NotOnStageNow, match="第二组"):
            direct(session_id=first.pk, act=act, by=office, at=at)
    with pytest.raises(OtherGroupFirst):
        publish(world, first, at)
    lock(world, second, at)
    direct(session_id=first.pk, act="reveal", by=office, at=at)
    publish(world, first, at + timedelta(hours=1))
    assert Session.objects.get(pk=first.pk).state == "published"


def test_groups_do_not_wait_in_a_circle(world, at):
    first, office = make_session(world, at), world.here.people["office"]
    second = add_group(session_id=first.pk, name="第二组", by=office, at=at)
    pace = {"is_paced": False, "opens_after": 1, "by": office, "at": at}
    set_pace(session_id=first.pk, reveals_after=second.pk, **pace)
    for wrong in (first.pk, second.pk):
        with pytest.raises(WaitsForItself):
            set_pace(session_id=second.pk, reveals_after=wrong if wrong != second.pk else second.pk, **pace)
    for by in (world.here.people["host"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            add_group(session_id=first.pk, name="x", by=by, at=at)


def test_from_the_page(world, at):
    session = make_session(world, at)
    office, url = signed_in(world.here.people["office"]), f"/sessions/{session.pk}/setup/"
    answer = office.post(url, {"part": "group", "group-name": session.name})
    assert answer.status_code == 200
    assert Session.objects.count() == 1
    assert office.post(url, {"part": "group", "group-name": "第二组"}).status_code == 302
    other = Session.objects.exclude(pk=session.pk).get()
    assert not Judge.objects.filter(session=other).exists()
    assert office.post(url, {"part": "pace", "opens_after": "1", "reveals_after": other.pk}).status_code == 302
    session.refresh_from_db()
    assert session.reveals_after == other
