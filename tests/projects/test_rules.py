"""Who sees, writes and decides on a proposal, for every role of both streets."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from projects import rules, services
from projects.models import Proposal
from tests.projects import make
from tests.world import organization

STREET_WIDE = {"office", "leader", "finance", "supervisor"}


def fresh(user):
    """The person as a new request would load her: nothing remembered."""
    return User.objects.get(pk=user.pk)


def seers(street, proposal):
    return {
        name for name, u in street.people.items() if rules.visible_proposals(fresh(u)).filter(pk=proposal.pk).exists()
    }


def test_a_draft_is_seen_by_its_members_alone(world, at):
    draft = make.make_complete_draft(world.here, at)
    assert (seers(world.here, draft), seers(world.there, draft)) == ({"member"}, set())


@pytest.mark.parametrize("state", ["submitted", "passed", "refused", "withdrawn", "returned"])
def test_what_is_handed_in_is_seen_by_the_street_and_its_own_community(world, at, state):
    proposal = make.make_submitted_proposal(world.here, at)
    Proposal.objects.filter(pk=proposal.pk).update(state=state)
    assert seers(world.here, proposal) == STREET_WIDE | {"member", "community"}
    assert seers(world.there, proposal) == set()


def test_a_worker_of_another_community_does_not_see_it(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    Proposal.objects.filter(pk=proposal.pk).update(community=world.here.communities[1])
    assert seers(world.here, proposal) == STREET_WIDE | {"member"}


def test_only_the_office_of_the_street_decides(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    deciders = {
        (s.area.name, n)
        for s in (world.here, world.there)
        for n, u in s.people.items()
        if rules.can_decide(fresh(u), proposal)
    }
    assert deciders == {("甲街道", "office")}


def test_an_officer_does_not_decide_on_her_own_organization(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    office = world.here.people["office"]
    world.here.organization.members.create(user=office, duty="leader", since=at)
    assert not rules.can_decide(fresh(office), proposal)


@pytest.mark.parametrize(
    ("state", "writes"),
    [
        ("draft", True),
        ("returned", True),
        ("submitted", False),
        ("passed", False),
        ("refused", False),
        ("withdrawn", False),
    ],
)
def test_members_write_drafts_and_returned_ones(world, at, state, writes):
    proposal = make.make_submitted_proposal(world.here, at)
    proposal.state = state
    writers = {
        (s.area.name, n)
        for s in (world.here, world.there)
        for n, u in s.people.items()
        if rules.can_write(fresh(u), proposal)
    }
    assert writers == ({("甲街道", "member")} if writes else set())


def test_a_visitor_sees_and_does_nothing(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    visitor = AnonymousUser()
    assert list(rules.visible_proposals(visitor)) == []
    assert not rules.can_write(visitor, proposal)
    assert not rules.can_decide(visitor, proposal)


def test_tasks_of_the_applicant_follow_the_state(world, at):
    here, member = world.here, world.here.people["member"]

    def titles(moment=at):
        return [t["title"] for t in rules.open_tasks(fresh(member), moment)]

    assert titles() == ["可以申报：第一期公益创投"]
    draft = make.make_complete_draft(here, at)
    assert titles() == ["完成并提交申报书：邻里换物"]
    assert titles(here.round.apply_closes_at) == []
    proposal = services.submit_proposal(proposal_id=draft.pk, by=member, at=at)
    assert titles() == []
    make.decide(proposal, here, "return", at, fields_open=["plan"], complete_by=at + timedelta(days=9))
    (task,) = rules.open_tasks(fresh(member), at)
    assert (task["title"], task["hint"], task["due"]) == (
        "补正并重新提交：邻里换物",
        "预算第 2 行说明不清。",
        at + timedelta(days=9),
    )


def test_tasks_of_the_office_count_what_waits(world, at):
    make.make_submitted_proposal(world.here, at)
    make.make_submitted_proposal(
        world.here, at, organization=world.here.other_organization, by=world.here.people["other_member"]
    )
    (task,) = rules.open_tasks(fresh(world.here.people["office"]), at)
    assert (task["title"], task["count"]) == ("资格初审：第一期公益创投", 2)
    assert rules.open_tasks(fresh(world.there.people["office"]), at) == []


def test_tasks_take_the_same_number_of_queries_for_one_and_for_ten(world, at):
    here, member = world.here, world.here.people["member"]

    def count():
        person = fresh(member)
        with CaptureQueriesContext(connection) as found:
            tasks = rules.open_tasks(person, at)
        return len(found), len(tasks)

    def return_one(org):
        make.decide(
            make.make_submitted_proposal(here, at, organization=org, by=fresh(member)), here, "return", at, fields_open=["plan"],
            complete_by=at + timedelta(days=9),
        )  # fmt: skip

    return_one(here.organization)
    first = count()
    for i in range(9):
        org = organization(here.area, f"第{i}互助社", at)
        org.members.create(user=member, duty="clerk", since=at)
        return_one(org)
    assert (first[1], count()) == (1, (first[0], 10))
