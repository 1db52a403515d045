"""A service order that proposals answer: withdrawn only while nobody has handed in, and the drafters are told."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.test import Client

from messaging.models import Notice
from needs.models import ServiceOrder
from needs.services import withdraw_order
from projects.answering import OrderAnswered, OrderBeingAnswered
from projects.models import Proposal
from projects.services import missing, start_proposal
from tests.judging.make import make_order, make_passed_proposals, signed_in
from tests.world import build


def test_an_order_that_a_proposal_handed_in_answers_stays(world, at):
    make_passed_proposals(world, at, 2)
    order, by = ServiceOrder.objects.get(), world.here.people["community"]
    with pytest.raises(OrderAnswered, match="已有 2 个提交的申报项目"):
        withdraw_order(order_id=order.pk, reason="改由物业办", by=by, at=at)
    order.refresh_from_db()
    assert order.withdrawn_reason == ""
    sent = {"withdraw-reason": "改由物业办"}
    body = signed_in(by).post(f"/orders/{order.pk}/do/withdraw/", sent).content.decode()
    assert "不能撤回" in body
    assert "改由物业办" in body
    Proposal.objects.update(state=Proposal.State.WITHDRAWN)
    withdraw_order(order_id=order.pk, reason="改由物业办", by=by, at=at)


def test_who_only_drafts_is_told_why(world, at):
    here = world.here
    order = make_order(world, at)
    start_proposal(
        round_id=here.round.pk, organization=here.organization, title="文艺角", by=here.people["member"], at=at, order_ids=[order]
    )  # fmt: skip
    withdraw_order(order_id=order, reason="改由物业办", by=here.people["community"], at=at)
    told = Notice.objects.get(recipient=here.people["member"], subject__startswith="项目已撤回")
    assert "改由物业办" in told.body
    assert Client().get(f"/market/{order}/").status_code == 404
    draft = Proposal.objects.get()
    assert ("answers", "服务项目单“文艺角”已由社区撤回，请取消勾选") in missing(draft)
    page = signed_in(here.people["member"]).get(f"/proposals/{draft.pk}/edit/").content.decode()
    assert "已由社区撤回，请取消勾选" in page
    assert "文艺角" in page[page.index("承接的服务项目单") :]


@pytest.mark.django_db(transaction=True)
def test_a_draft_that_is_being_saved_is_not_waited_for(at):
    world = build(at)
    order = make_order(world, at)
    here = world.here
    start_proposal(
        round_id=here.round.pk, organization=here.organization, title="文艺角", by=here.people["member"], at=at, order_ids=[order]
    )  # fmt: skip
    held, go = Event(), Event()

    def save():
        with transaction.atomic():
            Proposal.objects.select_for_update().get()
            held.set()
            go.wait(30)
        connection.close()

    other = Thread(target=save)
    other.start()
    assert held.wait(30)
    with pytest.raises(OrderBeingAnswered):
        withdraw_order(order_id=order, reason="改由物业办", by=here.people["community"], at=at)
    go.set()
    other.join()
    withdraw_order(order_id=order, reason="改由物业办", by=here.people["community"], at=at)
