"""Proposals at the deadline, twice sent, changed meanwhile, returned; eligibility with reasons."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from core.errors import NotAllowed
from messaging.models import Notice
from projects import services
from projects.domain.budget import Line
from projects.models import Proposal, ProposalVersion
from projects.services import (
    AlreadyApplied,
    ChangedMeanwhile,
    CompletionLate,
    FieldNotOpen,
    KindNotInvited,
    NotComplete,
    NotEditable,
    ReasonMissing,
    RoundClosed,
    WrongState,
)
from rounds.models import Round
from tests.judging.test_services import _order
from tests.world import build

LINES = [
    Line("activity", "物资", Decimal("1000.00"), 9, Decimal(0)),
    Line("staff", "志愿者", Decimal("0.00"), 0, Decimal(0)),
]


def draft(world, at, *, complete=True):
    """A draft of the first organization, complete or just begun."""
    who, here = world.here.people["member"], world.here
    order = _order(world, at)
    row = services.start_proposal(
        round_id=here.round.pk, organization=here.organization, title="邻里文艺", by=who, at=at, order_ids=[order]
    )
    if complete:
        save(world, row, at, orders=[order])
    row.refresh_from_db()
    return row


def save(world, row, at, *, revision=0, orders=(), lines=LINES, **changes):
    facts = {
        "title": "邻里文艺", "theme": world.here.themes[2].pk, "category": "文体娱乐类", "community": world.here.communities[0].pk,
        "summary": "简介", "plan": "计划", "indicators": "指标", "starts_on": date(2027, 1, 1), "ends_on": date(2027, 12, 31), "beneficiaries": 100, "minimum": Decimal(5000),
    } | changes  # fmt: skip
    return services.save_draft(
        proposal_id=row.pk,
        facts=facts,
        lines=lines,
        need_ids=[],
        order_ids=list(orders),
        revision=revision,
        by=world.here.people["member"],
        at=at,
    )


def submit(world, row, at):
    return services.submit_proposal(proposal_id=row.pk, by=world.here.people["member"], at=at)


@pytest.mark.parametrize(("shift", "taken"), [(-1, True), (0, False), (1, False)])
def test_the_deadline_second_is_excluded_to_the_microsecond(world, at, shift, taken):
    row = draft(world, at)
    closes = world.here.round.apply_closes_at + timedelta(microseconds=shift)
    if taken:
        assert submit(world, row, closes).submitted_at == closes
    else:
        with pytest.raises(RoundClosed):
            submit(world, row, closes)
        row.refresh_from_db()
        assert (row.state, row.receipt_number, row.plan) == ("draft", None, "计划")


def test_submitting_twice_gives_the_same_receipt(world, at):
    row = draft(world, at)
    first, second = submit(world, row, at), submit(world, row, at + timedelta(minutes=1))
    assert (first.receipt_number, first.submitted_at) == (second.receipt_number, second.submitted_at)
    assert ProposalVersion.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_clicks_at_once_make_one_receipt(at):
    world = build(at)
    row = draft(world, at)
    start, seen = threading.Barrier(20), []

    def click():
        try:
            start.wait()
            seen.append(submit(world, row, at).receipt_number)
        finally:
            connection.close()

    threads = [threading.Thread(target=click) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 20
    assert len(set(seen)) == 1
    assert ProposalVersion.objects.count() == 1


def test_an_incomplete_draft_says_what_is_missing(world, at):
    row = draft(world, at, complete=False)
    with pytest.raises(NotComplete) as refused:
        submit(world, row, at)
    for words in ("主题", "实施计划", "经费预算", "最低可行金额"):
        assert words in refused.value.message
    assert "服务项目单" not in refused.value.message


def test_the_cap_of_the_round_is_named(world, at):
    row = draft(world, at)
    save(
        world,
        row,
        at,
        revision=row.revision,
        orders=row.orders.values_list("pk", flat=True),
        lines=[Line("activity", "物资", Decimal("30000.01"), 1, Decimal(0))],
    )
    with pytest.raises(NotComplete) as refused:
        submit(world, row, at)
    assert "30,000.00 元" in refused.value.message


def test_somebody_else_saved_meanwhile(world, at):
    row = draft(world, at)
    with pytest.raises(ChangedMeanwhile):
        save(world, row, at, revision=0, title="另一个")
    row.refresh_from_db()
    assert row.title == "邻里文艺"
    client = Client()
    client.force_login(world.here.people["member"])
    form = {"title": "我写的标题", "revision": "0", "line-TOTAL_FORMS": "0", "line-INITIAL_FORMS": "0", "save": "1"}
    page = client.post(f"/proposals/{row.pk}/edit/", form).content.decode()
    assert "刚刚在别处被修改过" in page
    assert "我写的标题" in page
    assert f'name="revision" value="{row.revision}"' in page


def test_one_proposal_per_organization_and_invited_kinds_only(world, at):
    row = draft(world, at, complete=False)
    with pytest.raises(AlreadyApplied):
        services.start_proposal(
            round_id=row.round_id,
            organization=world.here.organization,
            title="又一个",
            by=world.here.people["member"],
            at=at,
        )
    other = Round.objects.create(
        street=world.here.area, title="只要党组织", number=3, year=2026, fund_source="x", applicant_kinds=["party"], budget=1,
        apply_opens_at=at - timedelta(days=1), apply_closes_at=at + timedelta(days=1), state="open", rules={}, rules_digest="0" * 64, opened_at=at,
    )  # fmt: skip
    with pytest.raises(KindNotInvited):
        services.start_proposal(
            round_id=other.pk, organization=world.here.organization, title="x", by=world.here.people["member"], at=at
        )
    with pytest.raises(NotAllowed):
        services.start_proposal(
            round_id=row.round_id,
            organization=world.here.other_organization,
            title="x",
            by=world.here.people["member"],
            at=at,
        )


def decide(world, row, outcome, at, who="office", **more):
    return services.decide_eligibility(proposal_id=row.pk, outcome=outcome, by=world.here.people[who], at=at, **more)


def test_a_return_opens_the_marked_fields_only_and_makes_a_second_version(world, at):
    row = submit(world, draft(world, at), at)
    orders = list(row.orders.values_list("pk", flat=True))
    with pytest.raises(NotEditable):
        save(world, row, at, revision=row.revision)
    decide(world, row, "return", at, reason="计划太粗", fields_open=["plan"], complete_by=at + timedelta(days=2))
    row.refresh_from_db()
    with pytest.raises(FieldNotOpen):
        save(world, row, at, revision=row.revision, orders=orders, summary="别的")
    save(world, row, at, revision=row.revision, orders=orders, plan="第一周……")
    with pytest.raises(CompletionLate):
        submit(world, row, at + timedelta(days=2))
    row = submit(world, row, at + timedelta(days=1))
    assert [(v.number, v.content["plan"]) for v in row.versions.order_by("number")] == [(1, "计划"), (2, "第一周……")]
    assert Notice.objects.get(recipient=world.here.people["member"]).subject == "需要补正：邻里文艺"


@pytest.mark.parametrize("outcome", ["refuse", "return"])
def test_a_no_needs_its_reason(world, at, outcome):
    row = submit(world, draft(world, at), at)
    with pytest.raises(ReasonMissing):
        decide(world, row, outcome, at, reason="  ", complete_by=at + timedelta(days=1))
    row.refresh_from_db()
    assert row.state == "submitted"


def test_the_second_officer_finds_it_decided(world, at):
    row = submit(world, draft(world, at), at)
    decide(world, row, "refuse", at, reason="超出范围")
    with pytest.raises(WrongState):
        decide(world, row, "pass", at)
    assert row.decisions.count() == 1
    client = Client()
    client.force_login(world.here.people["member"])
    assert "超出范围" in client.get(f"/proposals/{row.pk}/").content.decode()


@pytest.mark.parametrize("who", ["leader", "finance", "supervisor", "community", "member"])
def test_only_the_office_decides(world, at, who):
    row = submit(world, draft(world, at), at)
    with pytest.raises(NotAllowed):
        decide(world, row, "pass", at, who=who)


def test_extra_fields_in_a_form_change_nothing(world, at):
    row = submit(world, draft(world, at), at)
    client = Client()
    client.force_login(world.here.people["member"])
    client.post(
        f"/proposals/{row.pk}/edit/",
        {"state": "passed", "requested": "1", "organization": world.here.other_organization.pk},
    )
    client.post(f"/proposals/{row.pk}/", {"outcome": "pass", "state": "passed"})
    row.refresh_from_db()
    assert (row.state, row.requested, row.organization_id) == ("submitted", 9000, world.here.organization.pk)


def test_bad_amounts_are_refused_at_the_field_with_what_was_typed(world, at):
    row = draft(world, at, complete=False)
    client = Client()
    client.force_login(world.here.people["member"])
    form = {
        "title": "邻里文艺", "revision": str(row.revision), "line-TOTAL_FORMS": "1", "line-INITIAL_FORMS": "0", "line-0-head": "activity",
        "line-0-item": "物资", "line-0-unit_price": "1.005", "line-0-quantity": "2", "save": "1",
    }  # fmt: skip
    page = client.post(f"/proposals/{row.pk}/edit/", form).content.decode()
    assert "最多两位小数" in page
    assert 'value="1.005"' in page
    more = client.post(f"/proposals/{row.pk}/edit/", form | {"more": "1"}).content.decode()
    assert "line-3-item" in more
    assert 'value="物资"' in more


def test_versions_are_append_only(world, at):
    submit(world, draft(world, at), at)
    for act in (lambda: ProposalVersion.objects.update(number=9), lambda: ProposalVersion.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_the_list_costs_the_same_at_any_length(world, at):
    from django.test.utils import CaptureQueriesContext

    from tests.world import organization

    client = Client()
    client.force_login(world.here.people["office"])

    def count():
        client.get("/proposals/")
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/proposals/").status_code == 200
        return len(seen)

    submit(world, draft(world, at), at)
    few = count()
    for i in range(30):
        Proposal.objects.create(
            round=world.here.round, organization=organization(world.here.area, f"组织{i}", at), community=world.here.communities[0],
            theme=world.here.themes[0], title=f"项目{i}", requested=1000, minimum=1, state="submitted", receipt_number=f"T{i}", submitted_at=at,
            created_by=world.here.people["member"], created_at=at, saved_at=at,
        )  # fmt: skip
    assert count() == few


def test_withdrawn_and_round_closed_states_refuse_a_new_submission(world, at):
    row = submit(world, draft(world, at), at)
    services.withdraw_proposal(proposal_id=row.pk, reason="人手不够", by=world.here.people["member"], at=at)
    with pytest.raises(WrongState):
        submit(world, row, at)
    assert Proposal.objects.get(pk=row.pk).state == "withdrawn"
