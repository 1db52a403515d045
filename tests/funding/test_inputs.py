"""What a plan rests on: budget cuts, hearings with their factors, shares of the total, prices, ticks."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from funding import services
from funding.domain.allocation import allocate
from funding.domain.ceilings import DEFAULT_FACTORS, HEARINGS, Terms, ceiling, needed_words
from funding.models import AllocationPlan, Award
from judging.services import make_rule
from needs.models import Claim
from organizations.services import comment_standing, enter_standing
from projects.models import Proposal
from projects.services.cutting import Approval, answer_cut, cut_budget
from tests.funding.case import proposal as item
from tests.funding.case import run
from tests.funding.test_plans import form, judged  # noqa: F401 - a fixture
from tests.judging.make import hand_in, lock, open_session, signed_in
from tests.projects.make import make_order

RANK = {"name": "rank", "on_misfit": "skip", "partial": False}
NONE = {"min_score": None, "max_awards": None, "groups": []}


def drafted(world, at, result, **changed):
    return services.draft_plan(
        **{"result_id": result.pk, "by": world.here.people["office"], "pool": Decimal(20000), "method": RANK, "limits": NONE, "at": at, **changed}
    )  # fmt: skip


def first(result):
    """The best-ranked proposal."""
    return Proposal.objects.get(receipt_number=services.allocation_document(
        result=result, pool=Decimal(1), method=RANK, limits=NONE, ties=["key"])["proposals"][0]["key"])  # fmt: skip


def member_of(proposal):
    return proposal.organization.members.get().user


def hear(world, at, proposal, hearing, stars=4):
    return enter_standing(
        organization_id=proposal.organization_id, year=2025, hearing=hearing, held_on=date(2026, 1, 20), evidence="述职评议会记录",
        stars=stars, by=world.here.people["office"], at=at,
    )  # fmt: skip


def cut(world, at, proposal, to):
    lines = list(proposal.lines.order_by("position"))
    less = sum(line.grant for line in lines) - Decimal(to)
    given = [Approval(line.position, line.grant - (less if n == 0 else 0), "偏高") for n, line in enumerate(lines)]
    return cut_budget(proposal_id=proposal.pk, approvals=given, seen=0, by=world.here.people["finance"], at=at)


money = st.integers(1, 10**9).map(lambda n: Decimal(n) / 100)


@given(
    requested=money, minimum=money, total=money, cut_to=st.none() | money, hearing=st.none() | st.sampled_from(list(HEARINGS)),
    share=st.none() | st.integers(1, 100).map(lambda n: Decimal(n) / 100), factor=st.integers(0, 100),
)  # fmt: skip
def test_the_engine_gives_exactly_the_ceiling(requested, minimum, total, cut_to, hearing, share, factor):
    minimum = min(minimum, requested)
    cut_to = None if cut_to is None else min(cut_to, requested)
    terms = Terms(2025, {**DEFAULT_FACTORS, "basic": Decimal(factor) / 100}, share)
    top = ceiling(terms, requested=requested, minimum=minimum, total=total, cut=cut_to, hearing=hearing)
    assert top.amount <= requested
    assert bool(top.why) == (top.amount < requested or top.is_barred)
    answer = run("99999999", RANK, [item("P", "90", f"{requested:.2f}", f"{minimum:.2f}") | top.keys])["awards"][0]
    if top.is_barred or top.amount < minimum:
        assert (answer["outcome"], answer["code"]) == ("unfunded", "below_minimum")
    else:
        assert Decimal(answer["amount"]) == top.amount


@pytest.mark.parametrize(
    ("hearing", "amount", "why"),
    [
        ("excellent", "9000.00", ()),
        ("qualified", "9000.00", ()),
        ("basic", "7200.00", ("2025 年述职基本合格，按系数 0.80，最多为申请金额的 80%，即 7,200.00 元",)),
        ("failed", "0.00", ("2025 年述职不合格，本期不予资助",)),
        (None, "9000.00", ()),
    ],
)
def test_default_factors(hearing, amount, why):
    top = ceiling(
        Terms(2025), requested=Decimal(9000), minimum=Decimal(0), total=Decimal(9000), cut=None, hearing=hearing
    )
    assert (f"{top.amount:.2f}", top.why) == (amount, why)


def test_a_share_of_the_total_is_matching_one_to_one():
    top = ceiling(
        Terms(share=Decimal("0.50")), requested=Decimal(8000), minimum=Decimal(0), total=Decimal("9000.01"), cut=Decimal(7000), hearing=None
    )  # fmt: skip
    assert top.keys == {"approved": "7000.00", "share_cap": "0.50", "total": "9000.01"}
    assert top.amount == Decimal("4500.00")


def test_a_cut_and_its_answer_stand_in_the_plan(world, at, judged):  # noqa: F811
    best = first(judged)
    made = cut(world, at, best, "8000")
    answer_cut(cut_id=made.pk, agrees=False, words="场地费已定", by=member_of(best), at=at)
    plan = drafted(world, at, judged)
    assert plan.document["proposals"][0]["approved"] == "8000.00"
    assert allocate(plan.document) == plan.answer
    award = plan.awards.get(proposal=best)
    assert (award.amount, award.ceiling, award.requested) == (8000, 8000, 9000)
    assert award.facts["cut"] == {"number": 1, "approved": "8000.00", "agrees": False, "words": "场地费已定"}
    assert award.reason.endswith("其中预算核减为 8,000.00 元。")
    with pytest.raises(services.AboveCeiling):
        services.adjust_award(
            award_id=award.pk, amount=Decimal(8001), reason="研究", by=world.here.people["office"], at=at
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        Award.objects.filter(pk=award.pk).update(amount=8001, adjust_reason="研究")


def test_hearings_lower_and_bar_and_are_frozen_with_their_comments(world, at, judged):  # noqa: F811
    best = first(judged)
    row = hear(world, at, best, "failed")
    comment_standing(standing_id=row.pk, words="已整改", by=member_of(best), at=at)
    plan = drafted(world, at, judged, terms=Terms(2025))
    assert plan.terms == {
        "year": 2025,
        "factors": {"excellent": "1.00", "qualified": "1.00", "basic": "0.80", "failed": "0.00"},
        "share": None,
    }
    award = plan.awards.get(proposal=best)
    assert (award.amount, award.code, award.ceiling) == (0, "below_minimum", 0)
    assert award.reason == f"未获资助：得分 {award.score:.2f}，排序第 1 位；2025 年述职不合格，本期不予资助。"
    assert award.facts["hearing"] == {
        "year": 2025, "class": "不合格", "factor": "0.00", "stars": "四星", "comments": ["已整改"],
    }  # fmt: skip
    without = drafted(world, at, judged)
    assert (without.terms["year"], without.awards.get(proposal=best).amount) == (None, 9000)
    page = signed_in(world.here.people["office"]).get(f"/plans/{plan.pk}/").content.decode()
    assert "2025 年述职不合格，系数 0.00，四星" in page
    assert "单位说明：已整改" in page


def test_claimed_takes_the_price_of_the_order_and_of_the_own_confirmed_claim(world, at, judged):  # noqa: F811
    office = signed_in(world.here.people["office"])
    url = f"/plans/new/{world.here.round.pk}/"
    proposals = list(Proposal.objects.filter(state="passed").order_by("pk"))
    proposals[0].orders.clear()
    refused = office.post(url, form(judged, method="claimed"))
    assert refused.context["form"].errors["method"] == [
        f"按认领价需要每个项目都有服务项目单的价格。还没有的：{proposals[0].title}。请先补齐，或改用其他办法。"
    ]
    for n, one in enumerate(proposals):
        one.orders.set([make_order(world.here, at, title=f"单{n}")])
    best = first(judged)
    Claim.objects.create(
        order=best.orders.get(), organization=best.organization, plan="做", price=Decimal(6000), state="confirmed", decided_at=at,
        offered_by=world.here.people["member"], offered_at=at,
    )  # fmt: skip
    assert office.post(url, form(judged, method="claimed")).status_code == 302
    plan = AllocationPlan.objects.get()
    assert [p["price"] for p in plan.document["proposals"]] == ["6000.00", "9000.00", "9000.00", "9000.00"]
    assert plan.awards.get(proposal=best).amount == 6000


@pytest.fixture
def ticked(world, at):
    """A tick-vote on four projects, two ticks at most; the ballots: 0 and 1, 0 and 1, 0 and 2."""
    session, entries = open_session(world, at, entries=4, rule=make_rule([], aggregate="ticks", ticks=2, quorum=2))
    picks = {"judge": (0, 1), "second_judge": (0, 1), "third_judge": (0, 2)}
    for who, mine in picks.items():
        for n, entry in enumerate(entries):
            hand_in(session, entry, world.here.people[who], at, marks={"tick": "1"} if n in mine else {})
    return lock(world, session, at), [e.proposal.receipt_number for e in entries]


@pytest.mark.parametrize(
    ("sent", "funded"),
    [
        ({"method": "equal_shares", "utility": "count", "completion": "none"}, [0]),
        ({"method": "equal_shares", "utility": "cost", "completion": "rank", "pool": "27000"}, [0, 1, 2]),
        ({"method": "phragmen"}, [0, 1]),
    ],
)
def test_a_tick_vote_gives_its_ballots(world, at, ticked, sent, funded):
    result, keys = ticked
    office = signed_in(world.here.people["office"])
    answer = office.post(f"/plans/new/{world.here.round.pk}/", form(result, **sent))
    assert answer.status_code == 302, answer.context["form"].errors
    plan = AllocationPlan.objects.get()
    a, b, c = keys[:3]
    assert sorted((x["count"], sorted(x["points"])) for x in plan.document["ballots"]) == [
        (1, sorted([a, c])),
        (2, sorted([a, b])),
    ]
    assert allocate(plan.document) == plan.answer
    won = plan.awards.filter(amount__gt=0).values_list("proposal__receipt_number", flat=True)
    assert sorted(won) == sorted(keys[n] for n in funded)


def test_invalid_ballots_hold_no_share(world, at, ticked):
    result, keys = ticked
    result.scoring["rule"]["ticks"]["at_most"] = 1
    assert services.ballots_of(result, set(keys)) == []
    result.scoring["rule"]["ticks"]["at_most"] = 2
    assert services.ballots_of(result, {keys[2]}) == [{"count": 1, "points": {keys[2]: "1"}}]


@pytest.mark.parametrize("method", ["equal_shares", "phragmen"])
def test_methods_by_ballots_need_a_tick_vote(world, at, judged, method):  # noqa: F811
    office = signed_in(world.here.people["office"])
    answer = office.post(f"/plans/new/{world.here.round.pk}/", form(judged, method=method))
    assert "没有选票" in answer.context["form"].errors["method"][0]


def test_the_form_hands_terms_ties_and_share_to_the_engine(world, at, judged):  # noqa: F811
    hear(world, at, first(judged), "basic")
    office = signed_in(world.here.people["office"])
    sent = form(judged, year="2025", factor_basic="0.50", share="70", order="higher_requested")
    answer = office.post(f"/plans/new/{world.here.round.pk}/", sent)
    assert answer.status_code == 302, answer.context["form"].errors
    plan = AllocationPlan.objects.get()
    assert plan.document["ties"] == ["higher_score", "higher_requested", "key"]
    assert plan.terms["factors"]["basic"] == "0.50"
    assert plan.document["proposals"][0] | {"key": "", "name": "", "attrs": {}} == {
        "key": "", "name": "", "attrs": {}, "score": plan.document["proposals"][0]["score"], "requested": "9000.00", "minimum": "5000.00",
        "approved": "4500.00", "share_cap": "0.70", "total": "9000.00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("needed", "words"),
    [
        ({"score": None, "amount": None}, ""),
        ({"score": "95.21", "amount": None}, "按公式计算，其他项目不变时，得分不低于 95.21 分即可获得资助。"),
        ({"score": "95.21", "amount": "7000.00"}, "按公式计算，其他项目不变时，得分不低于 95.21 分或申请金额不高于 7,000.00 元即可获得资助。"),
    ],
)  # fmt: skip
def test_what_would_have_been_needed_is_a_sentence(needed, words):
    assert needed_words(needed) == words
