"""Groups of residents beside the other applicants; Party organizations and the branches that answer to them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.errors import DomainError
from organizations import rules, services
from organizations.models import Application, Membership, Organization
from projects.services import start_proposal
from projects.services.checking import check
from rounds.forms.round import RoundForm
from rounds.models import Round
from tests.judging.make import signed_in
from tests.organizations.test_registry import ask, sent
from tests.organizations.test_sheet import book, read, said
from tests.world import organization


def group(world, at, name="楼道微更新小组", **more):
    facts = {
        "street": world.here.area, "kind": "group", "community": world.here.communities[0], "legal_name": "王某", "supporter": "溡源社区居民委员会",
    }  # fmt: skip
    with transaction.atomic():
        return services.register(name=name, at=at, by=None, **facts | more)


def test_every_kind_that_may_apply_can_be_registered():
    assert {k.value for k in Round.Applicant} == {k.value for k in Organization.Kind}
    assert dict(Round.Applicant.choices) == dict(Organization.Kind.choices)
    assert "group" in dict(RoundForm.base_fields["applicant_kinds"].choices)


def test_a_group_names_community_person_and_supporter_and_has_no_code(world, at):
    for lacking in ({"community": None}, {"legal_name": " "}, {"supporter": ""}):
        with pytest.raises(services.GroupIncomplete):
            group(world, at, **lacking)
    with pytest.raises(services.GroupHasNoCode):
        group(world, at, uscc="91110000600037341L")
    row = group(world, at)
    for change in ({"community": None}, {"legal_name": ""}, {"supporter": ""}, {"uscc": "91110000600037341L"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Organization.objects.filter(pk=row.pk).update(**change)
    office = signed_in(world.here.people["office"])
    emptied = office.post(f"/organizations/{row.pk}/edit/", {"legal_name": "王某", "supporter": "", "revision": "0"})
    assert list(emptied.context["form"].errors) == ["supporter"]
    assert "溡源社区居民委员会" in office.get(f"/organizations/{row.pk}/").content.decode()


def test_the_forms_ask_a_group_for_what_it_needs(world, at):
    office = signed_in(world.here.people["office"])
    facts = {"kind": "group", "name": "小组", "uscc": "", "community": "", "legal_name": "", "supporter": ""}
    wrong = office.post("/organizations/new/", facts)
    assert sorted(wrong.context["form"].errors) == ["community", "legal_name", "supporter"]
    whole = facts | {"community": world.here.communities[0].pk, "legal_name": "王某", "supporter": "居委会"}
    assert office.post("/organizations/new/", whole).status_code == 302
    from django.test import Client

    visitor = Client()
    public = visitor.post("/organizations/apply/", sent(world, kind="group", uscc="", name="又一小组"))
    assert sorted(public.context["form"].errors) == ["community", "supporter"]
    coded = visitor.post(
        "/organizations/apply/", sent(world, kind="group", supporter="居委会", community=world.here.communities[0].pk)
    )
    assert list(coded.context["form"].errors) == ["uscc"]


def test_a_group_applies_and_is_registered(world, at):
    row = ask(
        world,
        at,
        kind="group",
        uscc="",
        name="楼道小组",
        community=world.here.communities[0],
        supporter="溡源社区居民委员会",
    )
    services.approve_application(application_id=row.pk, by=world.here.people["office"], at=at)
    made = Application.objects.get(pk=row.pk).organization
    assert (made.kind, made.supporter, made.legal_name, made.uscc) == ("group", "溡源社区居民委员会", "张某", None)
    with pytest.raises(services.GroupIncomplete):
        ask(world, at, kind="group", uscc="", name="另一小组", community=world.here.communities[0])


def test_a_round_for_groups_takes_them_and_no_others(world, at):
    made = group(world, at)
    Membership.objects.create(organization=made, user=world.here.people["third_judge"], duty="head", since=at)
    facts = {
        "street": world.here.area, "year": 2026, "fund_source": "经费", "budget": Decimal(50000), "apply_opens_at": at - timedelta(days=1),
        "apply_closes_at": at + timedelta(days=9), "state": "open", "rules": {}, "rules_digest": "0" * 64, "opened_at": at,
    }  # fmt: skip
    theirs = Round.objects.create(title="微创投", number=8, applicant_kinds=["group"], **facts)
    others = Round.objects.create(title="社会组织的", number=9, applicant_kinds=["social"], **facts)
    proposal = start_proposal(
        round_id=theirs.pk, organization=made, title="楼道更新", by=world.here.people["third_judge"], at=at
    )
    assert not {f.key for f in check(proposal, at)} & {"kind", "uscc", "uscc_missing"}
    for round_, unit, who in ((theirs, world.here.organization, "member"), (others, made, "third_judge")):
        with pytest.raises(DomainError):
            start_proposal(round_id=round_.pk, organization=unit, title="不行", by=world.here.people[who], at=at)
    proposal.round = others
    (kind,) = [f for f in check(proposal, at) if f.key == "kind"]
    assert kind.words == "申报单位是居民小组，本期申报主体为：登记社会组织。"


def test_a_sheet_brings_groups_in(world, at):
    head = ["名称", "类型", "所在社区", "法定代表人", "支持单位", "统一社会信用代码"]
    run, faults = read(world, at, book(["甲组", "居民小组", "", "", "", "91110000600037341L"], head=head))
    assert run is None
    assert said(faults) == [
        (2, "所在社区", "居民小组必须写明所在社区。"), (2, "支持单位", "居民小组必须写明支持单位。"),
        (2, "法定代表人", "居民小组必须写明法定代表人。"), (2, "统一社会信用代码", "居民小组没有统一社会信用代码，请留空。"),
    ]  # fmt: skip
    run, faults = read(world, at, book(["甲组", "居民小组", "溡源社区", "王某", "居委会", ""], head=head))
    assert faults == []
    services.apply_sheet(run_id=run.pk, by=world.here.people["office"], at=at)
    assert Organization.objects.get(name="甲组").supporter == "居委会"


def test_branches_answer_to_a_party_organization_of_the_registry(world, at, monkeypatch):
    monkeypatch.setattr("core.clock.now", lambda: at)
    here, office = world.here, world.here.people["office"]
    upper = organization(here.area, "溡源社区党总支", at, kind="party", community=here.communities[0])
    abroad = organization(world.there.area, "东湖社区党总支", at, kind="party", community=world.there.communities[0])
    facts = {
        "counted_on": at.date(),
        "members": 1,
        "form": "joint",
        "branch": "联合支部",
        "instructor": "",
        "by": office,
        "at": at,
    }
    for wrong in (abroad, here.other_organization):
        with pytest.raises(services.UpperWrong):
            services.enter_party(organization_id=here.organization.pk, upper=wrong, **facts)
    with pytest.raises(services.UpperWrong):
        services.enter_party(
            organization_id=here.organization.pk, upper=upper, **facts | {"form": "instructor", "instructor": "李某"}
        )
    for unit in (here.organization, here.other_organization):
        services.enter_party(organization_id=unit.pk, upper=upper, **facts)
    (branch,) = rules.branches_of(upper)
    assert (branch.name, branch.form, len(branch.units)) == ("联合支部", "联合党支部", 2)
    assert rules.partners_of(here.organization) == [here.other_organization]
    client = signed_in(office)
    assert "下属党支部" in client.get(f"/organizations/{upper.pk}/").content.decode()
    page = client.get(f"/organizations/{here.organization.pk}/party/").content.decode()
    assert "隶属溡源社区党总支" in page
    assert '<option value="联合支部">' in page
    assert "隶属溡源社区党总支" in client.get("/organizations/party/").content.decode()
    # an import that says nothing of it leaves it
    run, _ = read(world, at, book([here.organization.name, "", "", "", "", "", "", "", 2], head=HEAD))
    services.apply_sheet(run_id=run.pk, by=office, at=at)
    assert here.organization.party.order_by("-number").first().upper == upper
    sent_form = {
        "counted_on": "2026-11-23",
        "members": "0",
        "form": "instructor",
        "branch": "",
        "instructor": "李某",
        "upper": upper.pk,
    }
    assert client.post(f"/organizations/{here.organization.pk}/party/", sent_form).status_code == 302
    assert rules.branches_of(upper)[0].units == (here.other_organization,)


HEAD = ["名称", "统一社会信用代码", "类型", "所在社区", "成立日期", "法定代表人", "年检", "评估等级(A)", "党员数"]
