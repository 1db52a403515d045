"""Hints of 回避: what the registry knows, what judges declare, what the office does about it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from accounts.services import grant_role
from core.errors import NotAllowed
from judging import rules, services
from judging.hints import hints
from judging.models import Entry, Judge, KeptJudge, Recusal, Relation, Session
from judging.services.hints import declare_relation, keep_judge
from organizations.models import Membership
from projects.models import Proposal
from rounds.models import Round
from tests.judging.make import make_session, open_session, signed_in


def told(session, at):
    return [(h.seat, h.title, h.reasons, h.state) for h in hints(session, at)]


def test_nothing_known_nothing_said(world, at):
    assert told(make_session(world, at, entries=2), at) == []


def test_members_communities_relations_and_earlier_projects_are_hints(world, at):
    session = make_session(world, at, entries=3)
    first, second, third = Entry.objects.filter(session=session).select_related("proposal__organization").order_by("pk")
    who, here = world.here.people, world.here
    Membership.objects.create(organization=first.proposal.organization, user=who["judge"], duty="clerk", since=at)
    declare_relation(
        session_id=session.pk, user_id=who["second_judge"].pk, organization_id=second.proposal.organization_id, kind="advice",
        words="2025 年培训", by=who["second_judge"], at=at,
    )  # fmt: skip
    Proposal.objects.filter(pk=third.proposal_id).update(community=here.communities[1])
    grant_role(user=who["third_judge"], role=Role.COMMUNITY, area=here.communities[1], at=at, by=None)
    found = told(session, at)
    assert found == [
        (1, first.proposal.title, ["是该单位的成员"], "open"),
        (2, second.proposal.title, ["申报过关系：顾问、指导或培训（2025 年培训）"], "open"),
        (3, third.proposal.title, ["项目在评委工作的社区实施"], "open"),
    ]


@pytest.mark.parametrize(("years", "hinted"), [(1, True), (4, False)])
def test_three_years_count_and_no_more(world, at, years, hinted):
    session = make_session(world, at)
    entry = Entry.objects.get(session=session)
    here = world.here
    last = Round.objects.create(
        street=here.area, title="往年", number=9, year=2025, fund_source="x", applicant_kinds=["social"], budget=1, apply_opens_at=at,
        apply_closes_at=at + timedelta(days=1), state="open", rules={}, rules_digest="0" * 64, opened_at=at,
    )  # fmt: skip
    old = Proposal.objects.get(pk=entry.proposal_id)
    old.pk, old.round, old.receipt_number, old.once_key = None, last, "SB-OLD", None
    old.community, old.submitted_at = here.communities[1], at - timedelta(days=365 * years)
    old.save()
    grant_role(user=here.people["judge"], role=Role.COMMUNITY, area=here.communities[1], at=at, by=None)
    assert bool(told(session, at)) is hinted


def test_the_office_answers_each_hint_with_a_recusal_or_a_reason(world, at):
    session = make_session(world, at, entries=2)
    first, second = Entry.objects.filter(session=session).select_related("proposal").order_by("pk")
    who = world.here.people
    for entry in (first, second):
        Membership.objects.create(
            organization_id=entry.proposal.organization_id, user=who["judge"], duty="clerk", since=at
        )
    office, url = signed_in(who["office"]), f"/sessions/{session.pk}/hints/"
    seat = Judge.objects.get(session=session, seat=1)
    assert any("2 条回避提示没有处理" in light.words for light in rules.preflight(session, at))
    page = office.get(url).content.decode()
    assert page.count("是该单位的成员") == 2
    office.post(url, {"pair": f"{seat.pk}-{first.pk}", "do": "recuse"})
    assert Recusal.objects.get().reason == "是该单位的成员"
    office.post(url, {"pair": f"{seat.pk}-{second.pk}", "do": "keep", "reason": " "})
    assert not KeptJudge.objects.exists()
    office.post(url, {"pair": f"{seat.pk}-{second.pk}", "do": "keep", "reason": "已离任多年"})
    assert [h[3] for h in told(session, at)] == ["recused", "kept"]
    office.post(url, {"pair": "9-9", "do": "recuse"})
    assert Recusal.objects.count() == 1
    assert signed_in(who["host"]).get(url).status_code == 403
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    with pytest.raises(NotAllowed):
        keep_judge(judge_id=seat.pk, entry_id=first.pk, reason="x", by=world.there.people["office"], at=at)


def test_a_judge_declares_for_herself_and_sees_no_proposal(world, at):
    session = make_session(world, at)
    entry = Entry.objects.select_related("proposal__organization").get(session=session)
    judge, url = signed_in(world.here.people["judge"]), f"/judge/{session.pk}/relations/"
    page = judge.get(url).content.decode()
    assert entry.proposal.organization.name in page
    assert entry.proposal.title not in page
    unit = entry.proposal.organization_id
    assert "kind" in judge.post(url, {"organization": unit}).context["form"].errors
    for _ in range(2):
        assert judge.post(url, {"organization": unit, "kind": "kin"}).status_code == 302
    assert Relation.objects.count() == 1
    assert "近亲属在该单位" in judge.get(url).content.decode()
    assert signed_in(world.here.people["member"]).get(url).status_code == 404
    with pytest.raises(NotAllowed):
        declare_relation(
            session_id=session.pk, user_id=world.here.people["judge"].pk, organization_id=unit, kind="kin", words="",
            by=world.here.people["second_judge"], at=at,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        declare_relation(
            session_id=session.pk, user_id=world.here.people["judge"].pk, organization_id=world.there.organization.pk, kind="kin",
            words="", by=world.here.people["judge"], at=at,
        )  # fmt: skip


def test_after_scoring_opened_hints_are_read_only(world, at):
    session, _ = open_session(world, at)
    with pytest.raises(services.NotInSetup):
        keep_judge(
            judge_id=Judge.objects.get(session=session, seat=1).pk, entry_id=Entry.objects.get().pk, reason="x",
            by=world.here.people["office"], at=at,
        )  # fmt: skip
    assert signed_in(world.here.people["office"]).get(f"/sessions/{session.pk}/hints/").status_code == 200


def test_hints_cost_the_same_whatever_the_size(world, at):
    session = make_session(world, at, entries=6)
    with CaptureQueriesContext(connection) as seen:
        hints(Session.objects.select_related("round").get(pk=session.pk), at)
    assert len(seen) <= 11
