"""A kind of message may be looked at again before it is sent: gone, changed, or as it was when the look itself breaks."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from messaging import kinds
from messaging.kinds import Kind
from messaging.models import Delivery, Notice
from messaging.services import Telling, notify_each, send_due_deliveries
from tests.world import person

OVER = "事项已办结或已变更，不用再提醒"


@pytest.fixture
def look(monkeypatch):
    """What the next look finds: notice id → words or None; None as a whole: it breaks."""
    found = {"answer": {}, "asked": []}

    def recheck(notices, at):
        found["asked"].append(len(notices))
        if found["answer"] is None:
            raise RuntimeError("broken")
        return found["answer"]

    monkeypatch.setitem(kinds._KINDS, "test.look", Kind("test.look", "试验", recheck=recheck))
    return found


def tell(world, at, *names, occasion="o", kind="test.look"):
    rows = [
        Telling(world.here.people[n].pk, f"{occasion}:{n}", kind, f"题{n}", f"文{n}", "/home/", world.here.area.pk)
        for n in names
    ]
    with transaction.atomic():
        return notify_each(rows, at=at)


def test_what_is_gone_is_dropped_what_changed_is_said_anew(world, at, look):
    gone, changed, same = tell(world, at, "member", "office", "judge")
    look["answer"] = {gone.pk: None, changed.pk: ("新题", "新文")}
    assert send_due_deliveries() == 2
    assert sorted(m.subject for m in mail.outbox) == sorted(["新题", same.subject])
    row = Delivery.objects.get(notice=gone)
    assert (row.state, row.error, row.claimed_at) == ("dropped", OVER, None)
    assert look["asked"] == [3]
    assert Notice.objects.get(pk=changed.pk).subject == changed.subject  # what was said in the inbox stays


def test_a_look_that_breaks_holds_nothing_up(world, at, look):
    tell(world, at, "member")
    look["answer"] = None
    assert send_due_deliveries() == 1


def test_of_several_merged_into_one_only_what_is_left_is_sent(world, at, look):
    notices = [tell(world, at, "member", occasion=f"o{n}")[0] for n in range(5)]
    look["answer"] = {n.pk: None for n in notices[:3]}
    assert send_due_deliveries() == 1
    (letter,) = mail.outbox
    assert letter.subject == "您有 2 条消息"
    states = sorted(Delivery.objects.values_list("state", flat=True))
    assert states == ["merged"] * 4 + ["sent"]


def test_of_several_merged_none_is_left(world, at, look):
    notices = [tell(world, at, "member", occasion=f"o{n}")[0] for n in range(5)]
    look["answer"] = {n.pk: None for n in notices}
    assert (send_due_deliveries(), mail.outbox) == (0, [])
    assert Delivery.objects.exclude(state="merged").get().state == "dropped"


def test_each_is_told_once_and_only_the_new_come_back(world, at, look):
    assert len(tell(world, at, "member", "office")) == 2
    (new,) = tell(world, at + timedelta(minutes=1), "member", "office", "judge")
    assert new.recipient == world.here.people["judge"]
    assert notify_each([], at=at) == []


def test_telling_each_costs_the_same_for_3_and_for_60(world, at, look):
    def count(start, number):
        people = [person(f"p{start + n}", at) for n in range(number)]
        rows = [Telling(p.pk, f"x:{p.pk}", "test.look", "题", "文", "/home/", world.here.area.pk) for p in people]
        with transaction.atomic(), CaptureQueriesContext(connection) as found:
            notify_each(rows, at=at)
        return len(found)

    assert count(0, 3) == count(100, 60)
