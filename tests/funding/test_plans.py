"""Every method in the form, meetings of two thirds, plans side by side."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from funding import services
from funding.domain.allocation import allocate
from funding.models import AllocationPlan
from funding.services import MorePresentThanEntitled, TooFewPresent
from funding.views.compare import seats, trials
from tests.funding.money import fund
from tests.judging.make import full_marks, hand_in, lock, open_session, signed_in

MEETING = {"minutes_number": "1号", "minutes_on": date(2026, 11, 20)}


@pytest.fixture
def judged(world, at):
    """Four projects of 9,000 yuan each with 100, 97, 94 and 91 points, locked."""
    session, entries = open_session(world, at, entries=4)
    for i, entry in enumerate(entries):
        for key in ("judge", "second_judge", "third_judge"):
            hand_in(session, entry, world.here.people[key], at, marks=full_marks(session, str(Decimal(i) / 2)))
    return lock(world, session, at)


def form(result, **changes):
    return {
        "result": result.pk, "method": "rank", "pool": "20000", "partial": "on", "tier-TOTAL_FORMS": "0", "tier-INITIAL_FORMS": "0",
        **changes,
    }  # fmt: skip


def amounts(plan):
    return [int(a) for a in plan.awards.order_by("place").values_list("amount", flat=True)]


@pytest.mark.parametrize(
    ("sent", "name", "wanted"),
    [
        ({}, "rank", [9000, 9000, 0, 0]),
        ({"pool": "25000"}, "rank", [9000, 9000, 7000, 0]),
        ({"pool": "25000", "partial": ""}, "rank", [9000, 9000, 0, 0]),
        ({"method": "classes", "class_amounts": "党建 1000\n环保 2000\n文体 6000"}, "classes", [6000, 6000, 6000, 0]),
        ({"method": "proportional", "unit": "1.00"}, "proportional", None),
        ({"method": "optimal", "partial": ""}, "optimal", [9000, 9000, 0, 0]),
        ({"pool": "36000", "max_per_community": "2"}, "rank", [9000, 9000, 0, 0]),
        ({"pool": "36000", "theme_amounts": "文体 9,000"}, "rank", [9000, 0, 0, 0]),
        ({"pool": "36000", "max_per_organization": "1"}, "rank", [9000, 9000, 9000, 9000]),
        (
            {
                "method": "tiers", "tie": "share", "tier-TOTAL_FORMS": "1", "tier-0-label": "一等", "tier-0-count": "2", "tier-0-amount": "5000",
            },
            "tiers", [5000, 5000, 0, 0],
        ),
    ],
)  # fmt: skip
def test_each_method_of_the_form_is_what_the_engine_says(world, at, judged, sent, name, wanted):
    office = signed_in(world.here.people["office"])
    answer = office.post(f"/plans/new/{world.here.round.pk}/", form(judged, **sent))
    assert answer.status_code == 302, answer.context["form"].errors
    plan = AllocationPlan.objects.get()
    assert plan.method["name"] == name
    assert allocate(plan.document) == plan.answer
    if wanted is not None:
        assert amounts(plan) == wanted
    assert sum(amounts(plan)) <= plan.pool
    assert all(a.reason for a in plan.awards.all())


@pytest.mark.parametrize(
    ("sent", "field", "words"),
    [
        ({"method": "classes"}, "class_amounts", "还没有写：党建、环保、文体"),
        ({"method": "classes", "class_amounts": "党建 1\n养老 2"}, "class_amounts", "“养老”不是本期的主题"),
        ({"theme_amounts": "党建 很多"}, "theme_amounts", "“党建 很多”看不懂"),
        ({"theme_amounts": "党建 1\n党建 2"}, "theme_amounts", "写了两次"),
        ({"min_per_theme": "1"}, None, ""),
        ({"unit": "7"}, "unit", ""),
    ],
)
def test_what_does_not_fit_is_said_at_the_field_and_nothing_is_lost(world, at, judged, sent, field, words):
    office = signed_in(world.here.people["office"])
    answer = office.post(f"/plans/new/{world.here.round.pk}/", form(judged, **sent))
    assert answer.status_code == 200
    errors = answer.context["form"].errors
    told = errors[field or "__all__"][0]
    assert words in told and told
    assert answer.context["form"]["pool"].value() == "20000"
    assert not AllocationPlan.objects.exists()


def ready(world, at, judged):
    office = world.here.people["office"]
    plan = services.draft_plan(
        result_id=judged.pk, by=office, pool=Decimal(20000), method={"name": "rank", "on_misfit": "skip", "partial": False},
        limits={"min_score": None, "max_awards": None, "groups": []}, at=at,
    )  # fmt: skip
    return services.submit_plan(plan_id=plan.pk, by=office, at=at)


@pytest.mark.parametrize(
    ("entitled", "present", "fine"), [(9, 6, True), (9, 5, False), (10, 7, True), (10, 6, False), (1, 1, True)]
)
def test_a_meeting_needs_two_thirds(world, at, judged, entitled, present, fine):
    plan = ready(world, at, judged)
    act = {"plan_id": plan.pk, "by": world.here.people["leader"], "at": at, **MEETING}
    if fine:
        done = services.approve_plan(entitled=entitled, present=present, recused_members="某委员", **act)
        assert (done.state, done.recused_members) == ("approved", "某委员")
        page = signed_in(world.here.people["office"]).get(f"/plans/{plan.pk}/").content.decode()
        assert f"应到 {entitled} 人，实到 {present} 人，某委员回避" in page
        return
    with pytest.raises(TooFewPresent, match="不足三分之二"):
        services.approve_plan(entitled=entitled, present=present, **act)
    with pytest.raises(IntegrityError), transaction.atomic():
        AllocationPlan.objects.filter(pk=plan.pk).update(entitled=entitled, present=present)


def test_more_cannot_be_present_than_are_entitled(world, at, judged):
    plan = ready(world, at, judged)
    with pytest.raises(MorePresentThanEntitled):
        services.approve_plan(plan_id=plan.pk, by=world.here.people["leader"], at=at, entitled=3, present=4, **MEETING)
    leader = signed_in(world.here.people["leader"])
    sent = {"minutes_number": "1号", "minutes_on": "2026-11-20", "entitled": "9", "present": "5"}
    refused = leader.post(f"/plans/{plan.pk}/approve/", sent)
    assert refused.status_code == 200
    assert "应到 9 人，实到 5 人，不足三分之二（至少 6 人）" in refused.content.decode()


def test_plans_side_by_side_say_what_changes_for_whom(world, at, judged):
    office = signed_in(world.here.people["office"])
    for pool in ("20000", "36000"):
        office.post(f"/plans/new/{world.here.round.pk}/", form(judged, pool=pool, partial=""))
    url = f"/plans/compare/{world.here.round.pk}/"
    page = office.get(url)
    rows = page.context["rows"]
    assert [r.amounts for r in rows] == [[9000, 9000], [9000, 9000], [0, 9000], [0, 9000]]
    assert [r.differs for r in rows] == [False, False, True, True]
    assert [(t["spent"], t["left"], t["funded"]) for t in page.context["totals"]] == [(18000, 2000, 2), (36000, 0, 4)]
    assert page.context["themes"] == [("文体", [(2, 18000), (4, 36000)])]
    assert "有变化" in page.content.decode()
    for role, code in (("leader", 200), ("supervisor", 200), ("member", 404), ("community", 404)):
        assert signed_in(world.here.people[role]).get(url).status_code == code, role
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
    assert office.get(url, {"plan": "x' OR 1"}).status_code == 200


def test_another_pool_is_tried_by_the_same_engine(world, at, judged):
    plan = ready(world, at, judged)
    found = {t["step"]: t for t in trials(plan)}
    assert found[-10]["pool"] == 18000
    assert found[-10]["changed"] == []
    more = services.draft_plan(
        result_id=judged.pk, by=world.here.people["office"], pool=Decimal(26000), method=plan.method,
        limits=plan.document["limits"], at=at + timedelta(hours=1),
    )  # fmt: skip
    tried = {t["step"]: t for t in trials(more)}
    assert [c[1:] for c in tried[5]["changed"]] == [(0, 9000)]
    page = signed_in(world.here.people["leader"]).get(f"/plans/compare/{plan.round_id}/", {"plan": more.pk})
    assert "资金总额 27,300.00 元" in page.content.decode()


def test_the_page_costs_the_same_whatever_its_length(world, at, judged):
    office, url = signed_in(world.here.people["office"]), f"/plans/compare/{world.here.round.pk}/"
    counts = []
    for _ in range(3):
        for _ in range(2):
            office.post(f"/plans/new/{world.here.round.pk}/", form(judged))
        with CaptureQueriesContext(connection) as seen:
            office.get(url)
        counts.append(len(seen))
    assert len(set(counts)) == 1, counts


def limits(*rows):
    """Rows of 更多限制 as the page sends them."""
    sent = {"limit-TOTAL_FORMS": str(len(rows)), "limit-INITIAL_FORMS": "0"}
    for n, row in enumerate(rows):
        sent |= {f"limit-{n}-{name}": value for name, value in row.items()}
    return sent


def test_a_fund_and_a_community_can_have_their_own_least_and_most(world, at, judged):
    own = fund(world, at)
    office, url = signed_in(world.here.people["office"]), f"/plans/new/{world.here.round.pk}/"
    rows = limits(
        {"kind": "fund", "name": own.name, "max_amount": "9,000"},
        {"kind": ""},
        {"kind": "organization", "max_awards": "1"},
    )
    assert office.post(url, form(judged, pool="36000", **rows)).status_code == 302
    plan = AllocationPlan.objects.latest("pk")
    assert amounts(plan) == [9000, 0, 0, 0]
    assert {p["attrs"]["fund"] for p in plan.document["proposals"]} == {own.name}
    assert "资金来源“" in office.get(f"/plans/{plan.pk}/").content.decode()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"kind": "fund", "name": "没有的资金", "max_awards": "1"}, "本期申报项目里没有“没有的资金”"),
        ({"kind": "", "max_awards": "1"}, "请选择限制谁"),
        ({"kind": "theme"}, "请至少写一项"),
        ({"kind": "theme", "min_awards": "3", "max_awards": "2"}, "至少 3 项多于最多 2 项"),
        ({"kind": "theme", "max_amount": "一千"}, "金额"),
    ],
)
def test_a_limit_that_cannot_be_read_is_said_at_its_field(world, at, judged, row, said):
    office, url = signed_in(world.here.people["office"]), f"/plans/new/{world.here.round.pk}/"
    page = office.post(url, form(judged, pool="12345", **limits(row)))
    assert page.status_code == 200
    assert said in page.content.decode()
    assert 'value="12345"' in page.content.decode()
    assert not AllocationPlan.objects.exists()


def test_leaving_out_one_judge_shows_whose_money_hangs_on_whom(world, at):
    session, entries = open_session(world, at, entries=2)
    for entry, given in zip(entries, (("0", "0", "4"), ("1", "1", "1")), strict=True):
        for key, less in zip(("judge", "second_judge", "third_judge"), given, strict=True):
            hand_in(session, entry, world.here.people[key], at, marks=full_marks(session, less))
    result = lock(world, session, at)
    plan = services.draft_plan(
        result_id=result.pk, by=world.here.people["office"], pool=Decimal(9000), at=at, limits={"min_score": None, "max_awards": None, "groups": []},
        method={"name": "rank", "on_misfit": "skip", "partial": False},
    )  # fmt: skip
    names = [p["name"] for p in plan.document["proposals"]]
    first = plan.answer["awards"][0]["proposal"]
    won = next(p["name"] for p in plan.document["proposals"] if p["key"] == first)
    lost = next(name for name in names if name != won)
    found = {t["seat"]: t["changed"] for t in seats(plan)}
    assert found["1"] == found["2"] == []
    assert sorted(found["3"]) == sorted([(won, 9000, 0), (lost, 0, 9000)])
    page = signed_in(world.here.people["leader"]).get(f"/plans/compare/{plan.round_id}/", {"plan": plan.pk})
    assert "3 号评委" in page.content.decode()
    assert world.here.people["third_judge"].display_name not in page.content.decode()
