"""Starting, saving, handing in, taking back and deciding: the happy way, each refusal, twice sent, late, at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction

from audit.models import Event
from core.errors import NotAllowed
from core.exact import digest
from messaging.models import Delivery, Notice
from projects import services
from projects.domain.budget import Line
from projects.domain.states import MOVES, allowed
from projects.models import BudgetLine, EligibilityDecision, Proposal, ProposalVersion
from projects.services import checking
from rounds.models import Round
from tests.projects import make
from tests.world import build, organization

MICRO = timedelta(microseconds=1)


def row(proposal):
    """All that is stored of a proposal, to be compared before and after."""
    return (
        Proposal.objects.filter(pk=proposal.pk).values().get(),
        list(BudgetLine.objects.filter(proposal=proposal).order_by("position").values()),
        list(ProposalVersion.objects.filter(proposal=proposal).values()),
        list(EligibilityDecision.objects.filter(proposal=proposal).values()),
        sorted(proposal.needs.values_list("pk", flat=True)),
        sorted(proposal.orders.values_list("pk", flat=True)),
        Event.objects.count(),
        Notice.objects.count(),
    )


@pytest.fixture
def here(world):
    return world.here


# --- start


def test_start_makes_one_draft_with_its_order_and_its_record(here, at):
    order = make.make_order(here, at)
    draft = services.start_proposal(
        round_id=here.round.pk, organization=here.organization, title=" 邻里换物 ", by=here.people["member"], at=at, order_ids=[order.pk]
    )  # fmt: skip
    stored = Proposal.objects.get(pk=draft.pk)
    assert (stored.title, stored.state, stored.revision, stored.requested, stored.receipt_number) == (
        "邻里换物",
        "draft",
        0,
        None,
        None,
    )
    assert list(stored.orders.all()) == [order]
    event = Event.objects.about("projects.proposal", draft.pk).get()
    assert (event.verb, event.actor_id, event.scope_id) == ("projects.started", here.people["member"].pk, here.area.pk)


def test_start_twice_with_one_key_is_one_draft(here, at):
    facts = {
        "round_id": here.round.pk,
        "organization": here.organization,
        "title": "甲",
        "by": here.people["member"],
        "at": at,
        "once_key": "k",
    }
    assert services.start_proposal(**facts) == services.start_proposal(**facts)
    assert Proposal.objects.count() == 1


def party_round(here, at):
    """Another open round, which invites community Party organizations only."""
    facts = Round.objects.filter(pk=here.round.pk).values().get() | {
        "id": None,
        "number": 2,
        "applicant_kinds": ["party"],
        "title": "党建专项",
    }
    here.round = Round.objects.create(**facts)


def shut(here, at):
    Round.objects.filter(pk=here.round.pk).update(state="closed")


@pytest.mark.parametrize(
    ("prepare", "who", "moment", "error"),
    [
        (None, "other_member", timedelta(0), NotAllowed),
        (None, "office", timedelta(0), NotAllowed),
        (make.make_draft, "member", timedelta(0), services.AlreadyApplied),
        (make.make_submitted_proposal, "member", timedelta(0), services.AlreadyApplied),
        (make.make_refused_proposal, "member", timedelta(0), services.AlreadyApplied),
        (party_round, "member", timedelta(0), services.KindNotInvited),
        (shut, "member", timedelta(0), services.RoundClosed),
        (None, "member", timedelta(days=7), services.RoundClosed),
        (None, "member", timedelta(days=-7) - MICRO, services.RoundNotYetOpen),
    ],
)
def test_start_refuses(here, at, prepare, who, moment, error):
    if prepare:
        prepare(here, at)
    before = Proposal.objects.count(), Event.objects.count()
    with pytest.raises(error):
        services.start_proposal(
            round_id=here.round.pk, organization=here.organization, title="再来", by=here.people[who], at=at + moment
        )  # fmt: skip
    assert (Proposal.objects.count(), Event.objects.count()) == before


def test_start_refuses_a_round_of_the_other_street(world, at):
    with pytest.raises(services.KindNotInvited):
        services.start_proposal(
            round_id=world.there.round.pk, organization=world.here.organization, title="越界", by=world.here.people["member"], at=at
        )  # fmt: skip
    assert Proposal.objects.count() == 0


def test_start_again_after_withdrawal(here, at):
    services.withdraw_proposal(
        proposal_id=make.make_submitted_proposal(here, at).pk, reason="改做别的", by=here.people["member"], at=at
    )
    assert make.make_draft(here, at, title="新的").state == "draft"


# --- save


def test_an_incomplete_draft_is_kept_and_its_gaps_are_named_in_order(here, at):
    draft = make.make_draft(here, at)
    saved = services.save_draft(
        proposal_id=draft.pk, facts={"title": "邻里换物", "minimum": Decimal(5000)}, lines=[], need_ids=[], order_ids=[], revision=0,
        by=here.people["member"], at=at,
    )  # fmt: skip
    assert (saved.revision, saved.requested, saved.minimum) == (1, Decimal("0.00"), Decimal(5000))
    assert [field for field, _ in services.missing(saved)] == [
        "theme", "category", "community", "summary", "plan", "starts_on", "ends_on", "indicators", "beneficiaries", "answers", "budget", "minimum",
    ]  # fmt: skip


def test_lines_are_computed_and_zero_is_a_value(here, at):
    lines = (*make.LINES, Line("tax", "税费（免）", Decimal("0.00"), 0, Decimal("0.00")))
    draft = make.save(make.make_draft(here, at), here, at, lines=lines)
    stored = list(draft.lines.order_by("position").values_list("position", "amount", "grant", "self_raised"))
    assert stored == [
        (1, Decimal("4820.00"), Decimal("4820.00"), Decimal("0.00")),
        (2, Decimal("3600.00"), Decimal("3180.00"), Decimal("420.00")),
        (3, Decimal("0.00"), Decimal("0.00"), Decimal("0.00")),
    ]
    assert draft.requested == make.GRANT
    assert services.lines_of(draft) == list(lines)


def test_saving_over_a_newer_state_is_refused_and_changes_nothing(here, at):
    draft = make.make_complete_draft(here, at)
    before = row(draft)
    with pytest.raises(services.ChangedMeanwhile):
        make.save(draft, here, at, revision=0, title="旧页面")
    assert row(draft) == before


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ((Line("activity", "a", Decimal(10), 1, Decimal("10.01")),), services.BadBudget),
        (
            tuple(Line("activity", "a", Decimal("9999999.99"), 100_000, Decimal(0)) for _ in range(2)),
            services.BudgetTooLarge,
        ),
    ],
)
def test_saving_an_impossible_budget_is_refused(here, at, lines, error):
    draft = make.make_complete_draft(here, at)
    before = row(draft)
    with pytest.raises(error):
        make.save(draft, here, at, lines=lines)
    assert row(draft) == before


def test_saving_by_strangers_is_refused(world, at):
    draft = make.make_complete_draft(world.here, at)
    before = row(draft)
    for who in (world.here.people["other_member"], world.here.people["office"], world.there.people["member"]):
        with pytest.raises(NotAllowed):
            make.save(draft, world.here, at, by=who)
    assert row(draft) == before


def test_needs_orders_theme_and_place_of_the_other_street_are_left_out(world, at):
    foreign_need, foreign_order = make.make_need(world.there, at), make.make_order(world.there, at)
    draft = make.save(
        make.make_draft(world.here, at), world.here, at, need_ids=(foreign_need.pk,), order_ids=(foreign_order.pk,),
        theme=world.there.themes[0].pk, community=world.there.communities[0].pk,
    )  # fmt: skip
    stored = Proposal.objects.get(pk=draft.pk)
    assert (stored.theme, stored.community, list(stored.needs.all()), list(stored.orders.all())) == (None, None, [], [])


# --- submit


def test_submit_freezes_a_version_with_its_digest_and_gives_a_receipt(here, at):
    draft = make.make_complete_draft(here, at)
    proposal = services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at)
    version = ProposalVersion.objects.get(proposal=proposal)
    assert (proposal.state, proposal.submitted_at, version.number, version.submitted_at) == ("submitted", at, 1, at)
    assert proposal.receipt_number.startswith("SB-2026-")
    assert version.digest == digest(version.content)
    assert (version.content["title"], version.content["requested"], version.content["minimum"]) == (
        "邻里换物",
        "8000.00",
        "5000.00",
    )
    assert version.content["lines"][1] == {
        "head": "人员费", "item": "社工补贴", "unit_price": "600.00", "quantity": 6, "amount": "3600.00", "grant": "3180.00",
        "self_raised": "420.00", "other": "0.00",
    }  # fmt: skip


def test_submit_twice_answers_with_the_same_receipt(here, at):
    proposal = make.make_submitted_proposal(here, at)
    before = row(proposal)
    again = services.submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=at + timedelta(days=1))
    assert again.receipt_number == proposal.receipt_number
    assert row(proposal) == before


@pytest.mark.parametrize(("offset", "accepted"), [(-MICRO, True), (timedelta(0), False), (MICRO, False)])
def test_the_deadline_is_exact_to_the_microsecond(here, at, offset, accepted):
    draft = make.make_complete_draft(here, at)
    before = row(draft)
    moment = here.round.apply_closes_at + offset
    if accepted:
        assert (
            services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=moment).submitted_at == moment
        )
        return
    with pytest.raises(services.RoundClosed) as refused:
        services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=moment)
    assert refused.value.message == "申报已于 2026年11月30日 12:00:00 截止，不能再提交。您的草稿已保留。"
    assert row(draft) == before


@pytest.mark.parametrize(("offset", "accepted"), [(-MICRO, False), (timedelta(0), True)])
def test_the_opening_is_exact_to_the_microsecond(here, at, offset, accepted):
    draft = make.make_complete_draft(here, at)
    moment = here.round.apply_opens_at + offset
    if accepted:
        assert services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=moment).state == "submitted"
    else:
        with pytest.raises(services.RoundNotYetOpen):
            services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=moment)


@pytest.mark.parametrize(
    ("changed", "gap"),
    [
        ({"theme": None}, "请填写主题"),
        ({"community": None}, "请填写实施社区"),
        ({"plan": ""}, "请填写实施计划"),
        ({"beneficiaries": None}, "请填写直接受益人数"),
        ({"starts_on": None}, "请填写项目开始日期"),
        ({"ends_on": None}, "请填写项目结束日期"),
        ({"need_ids": ()}, "请至少选择一件居民需求或一张服务项目单"),
        ({"lines": (), "minimum": Decimal(0)}, "请填写经费预算，申请资金应大于 0"),
        ({"minimum": Decimal("8000.01")}, "最低可行金额不能高于申请资金"),
        ({"minimum": None}, "请填写最低可行金额"),
        (
            {"lines": (Line("activity", "a", Decimal("30000.01"), 1, Decimal(0)),)},
            "申请资金不能超过本期单个项目上限 30,000.00 元，请调减",
        ),
    ],
)
def test_submit_refuses_what_is_incomplete_and_says_what_is_missing(here, at, changed, gap):
    draft = make.make_complete_draft(here, at)
    make.save(draft, here, at, **({"need_ids": tuple(draft.needs.values_list("pk", flat=True))} | changed))
    before = row(draft)
    with pytest.raises(services.NotComplete) as refused:
        services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at)
    assert refused.value.message == f"申报书还没有填完：{gap}。"
    assert row(draft) == before


def test_answering_nothing_needs_a_reason_of_the_applicant_and_one_of_the_office(here, at):
    """居民点单 is the rule; the way around it is written down twice, and everybody who decides reads it."""
    draft = make.make_draft(here, at)
    make.save(draft, here, at, need_ids=(), unanswered="  全街道都没有，是民政部门今年的新任务。  ")
    sent = services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at)
    content = sent.versions.get().content
    assert (content["needs"], content["orders"]) == ([], [])
    assert content["unanswered"] == "全街道都没有，是民政部门今年的新任务。"
    office = here.people["office"]
    with pytest.raises(checking.WaiverMissing):
        services.decide_eligibility(proposal_id=sent.pk, outcome="pass", by=office, at=at)
    services.decide_eligibility(
        proposal_id=sent.pk, outcome="pass", by=office, at=at, waivers={"answers": "民政部门文件要求今年试点。"}
    )
    found = sent.decisions.get().findings
    assert "申报单位的理由：全街道都没有，是民政部门今年的新任务。" in next(
        f["words"] for f in found if f["key"] == "answers"
    )


def test_after_a_return_the_reason_is_open_with_the_answers(here, at):
    sent = make.make_submitted_proposal(here, at)
    needs = tuple(sent.needs.values_list("pk", flat=True))
    services.decide_eligibility(
        proposal_id=sent.pk, outcome="return", by=here.people["office"], at=at, reason="补计划", fields_open=["plan"],
        complete_by=at + timedelta(days=3),
    )  # fmt: skip
    sent.refresh_from_db()
    with pytest.raises(services.FieldNotOpen):
        make.save(sent, here, at, need_ids=needs, unanswered="没有")
    make.save(sent, here, at, need_ids=needs, plan="每月第一个周六。")


def test_exactly_the_cap_may_be_asked_for(here, at):
    draft = make.make_complete_draft(here, at)
    make.save(
        draft, here, at, need_ids=tuple(draft.needs.values_list("pk", flat=True)),
        lines=(Line("activity", "a", Decimal("30000.00"), 1, Decimal(0)),), minimum=Decimal("30000.00"),
    )  # fmt: skip
    assert services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at).requested == Decimal(
        "30000.00"
    )


def test_submit_what_a_colleague_changed_since_must_be_read_again(here, at):
    draft = make.make_complete_draft(here, at)
    before = row(draft)
    with pytest.raises(services.ReadAgain):
        services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at, revision=0)
    assert row(draft) == before


def test_submit_by_strangers_is_refused(world, at):
    draft = make.make_complete_draft(world.here, at)
    before = row(draft)
    for who in (world.here.people["other_member"], world.here.people["office"], world.there.people["member"]):
        with pytest.raises(NotAllowed):
            services.submit_proposal(proposal_id=draft.pk, by=who, at=at)
    assert row(draft) == before


# --- decide


def test_each_outcome_moves_the_state_and_tells_every_member_once(here, at):
    for outcome, state, words in (("pass", "passed", "初审通过"), ("refuse", "refused", "不予受理")):
        org = here.organization if outcome == "pass" else here.other_organization
        who = here.people["member" if outcome == "pass" else "other_member"]
        proposal = make.make_submitted_proposal(here, at, organization=org, by=who, title=f"甲{outcome}")
        assert make.decide(proposal, here, outcome, at).state == state
        notice = Notice.objects.get(recipient=who)
        assert (notice.subject, notice.link, notice.created_at) == (
            f"{words}：甲{outcome}",
            f"/proposals/{proposal.pk}/",
            at,
        )
        assert Delivery.objects.get(notice=notice).state == "due"


def test_the_applicant_reads_the_reason(here, at):
    make.decide(make.make_submitted_proposal(here, at), here, "refuse", at, reason="不在本街道服务范围。")
    assert "理由：不在本街道服务范围。" in Notice.objects.get(recipient=here.people["member"]).body


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"outcome": "refuse", "reason": " \n"}, services.ReasonMissing),
        ({"outcome": "return", "reason": "", "fields_open": ["plan"]}, services.ReasonMissing),
        ({"outcome": "return", "reason": "缺", "fields_open": []}, services.ReturnNotComplete),
        ({"outcome": "return", "reason": "缺", "fields_open": ["plan"]}, services.ReturnNotComplete),
        ({"outcome": "return", "reason": "缺", "fields_open": ["plan"], "complete_by": 0}, services.ReturnNotComplete),
        ({"outcome": "return", "reason": "缺", "fields_open": ["state"], "complete_by": 1}, services.ReturnNotComplete),
    ],
)
def test_a_no_without_what_belongs_to_it_is_refused(here, at, facts, error):
    proposal = make.make_submitted_proposal(here, at)
    before = row(proposal)
    if "complete_by" in facts:
        facts = facts | {"complete_by": at + timedelta(days=facts["complete_by"])}
    with pytest.raises(error):
        services.decide_eligibility(proposal_id=proposal.pk, by=here.people["office"], at=at, **facts)
    assert row(proposal) == before


def test_the_second_officer_is_refused(here, at):
    proposal = make.decide(make.make_submitted_proposal(here, at), here, "refuse", at)
    before = row(proposal)
    with pytest.raises(services.WrongState) as refused:
        services.decide_eligibility(proposal_id=proposal.pk, outcome="pass", by=here.people["office"], at=at)
    assert refused.value.message == "申报书的状态已经改变，请刷新页面查看最新情况。"
    assert row(proposal) == before


def test_only_the_office_of_the_street_decides(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    before = row(proposal)
    others = [u for name, u in world.here.people.items() if name != "office"] + [world.there.people["office"]]
    for who in others:
        with pytest.raises(NotAllowed):
            services.decide_eligibility(proposal_id=proposal.pk, outcome="pass", by=who, at=at)
    assert row(proposal) == before


# --- completion


@pytest.fixture
def returned(here, at):
    proposal = make.make_submitted_proposal(here, at)
    late = here.round.apply_closes_at + timedelta(days=2)
    return make.decide(proposal, here, "return", at, fields_open=["plan", "budget"], complete_by=late)


def kept(proposal):
    return {"need_ids": tuple(proposal.needs.values_list("pk", flat=True))}


def test_after_a_return_the_marked_fields_make_version_two(here, at, returned):
    lines = (Line("activity", "活动物资", Decimal(100), 60, Decimal(0)),)
    make.save(returned, here, at, plan="改好的计划", lines=lines, **kept(returned))
    again = services.submit_proposal(proposal_id=returned.pk, by=here.people["member"], at=at + timedelta(days=1))
    versions = list(ProposalVersion.objects.filter(proposal=returned).order_by("number"))
    assert (again.state, again.receipt_number) == ("submitted", returned.receipt_number)
    assert [(v.number, v.content["plan"], v.content["requested"]) for v in versions] == [
        (1, "每月第二个周六，共六次。", "8000.00"), (2, "改好的计划", "6000.00"),
    ]  # fmt: skip
    assert make.decide(again, here, "pass", at).state == "passed"


@pytest.mark.parametrize(
    "changed",
    [
        {"title": "换个名字"}, {"summary": "x"}, {"indicators": "x"}, {"beneficiaries": 1}, {"ends_on": date(2028, 1, 1)}, {"volunteers": 3}, {"category": "其他类"}, {"need_ids": ()},
        {"minimum": Decimal(1)}, {"theme": None}, {"community": None},
    ],
)  # fmt: skip
def test_after_a_return_other_fields_stay_shut(here, at, returned, changed):
    before = row(returned)
    with pytest.raises(services.FieldNotOpen) as refused:
        make.save(returned, here, at, **(kept(returned) | changed))
    assert refused.value.message == "本次补正只能修改：实施计划、经费预算。"
    assert row(returned) == before


def test_after_a_return_the_budget_cannot_fall_below_the_minimum(here, at, returned):
    before = row(returned)
    with pytest.raises(services.MinimumTooHigh):
        make.save(
            returned, here, at, lines=(Line("activity", "a", Decimal("4999.99"), 1, Decimal(0)),), **kept(returned)
        )
    assert row(returned) == before


@pytest.mark.parametrize(("offset", "accepted"), [(-MICRO, True), (timedelta(0), False), (MICRO, False)])
def test_the_completion_deadline_counts_not_the_round(here, at, returned, offset, accepted):
    moment = here.round.apply_closes_at + timedelta(days=2) + offset
    before = row(returned)
    if accepted:
        assert (
            services.submit_proposal(proposal_id=returned.pk, by=here.people["member"], at=moment).state == "submitted"
        )
        return
    with pytest.raises(services.CompletionLate):
        services.submit_proposal(proposal_id=returned.pk, by=here.people["member"], at=moment)
    assert row(returned) == before


# --- withdraw


def test_withdrawing_needs_a_reason_and_a_member(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    before = row(proposal)
    with pytest.raises(services.ReasonMissing):
        services.withdraw_proposal(proposal_id=proposal.pk, reason="  ", by=world.here.people["member"], at=at)
    for who in (world.here.people["other_member"], world.here.people["office"], world.there.people["member"]):
        with pytest.raises(NotAllowed):
            services.withdraw_proposal(proposal_id=proposal.pk, reason="不做了", by=who, at=at)
    assert row(proposal) == before
    services.withdraw_proposal(proposal_id=proposal.pk, reason="不做了", by=world.here.people["member"], at=at)
    event = Event.objects.about("projects.proposal", proposal.pk).first()
    assert (event.verb, event.reason) == ("projects.withdrawn", "不做了")


# --- every move from every state


def into(state, here, at):
    """A proposal in that state, by legal moves."""
    if state == "draft":
        return make.make_complete_draft(here, at)
    proposal = make.make_submitted_proposal(here, at)
    outcome = {"passed": "pass", "refused": "refuse", "returned": "return"}.get(state)
    if outcome == "return":
        return make.decide(proposal, here, outcome, at, fields_open=["plan"], complete_by=at + timedelta(days=2))
    if outcome:
        return make.decide(proposal, here, outcome, at)
    if state == "withdrawn":
        return services.withdraw_proposal(proposal_id=proposal.pk, reason="不做了", by=here.people["member"], at=at)
    return proposal


def act(name, proposal, here, at):
    if name == "submit":
        return services.submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=at)
    if name == "withdraw":
        return services.withdraw_proposal(proposal_id=proposal.pk, reason="不做了", by=here.people["member"], at=at)
    extra = {"fields_open": ["plan"], "complete_by": at + timedelta(days=2)} if name == "return" else {}
    return services.decide_eligibility(
        proposal_id=proposal.pk, outcome=name, reason="理由", by=here.people["office"], at=at, **extra
    )


@pytest.mark.parametrize("state", list(Proposal.State.values))
@pytest.mark.parametrize("name", list(MOVES))
def test_every_move_from_every_state(here, at, state, name):
    proposal = into(state, here, at)
    before = row(proposal)
    if allowed(name, state):
        act(name, proposal, here, at)
        assert Proposal.objects.get(pk=proposal.pk).state == MOVES[name][1]
    elif (name, state) == ("submit", "submitted"):
        act(name, proposal, here, at)
        assert row(proposal) == before
    else:
        with pytest.raises(services.WrongState):
            act(name, proposal, here, at)
        assert row(proposal) == before


@pytest.mark.parametrize("state", ["submitted", "passed", "refused", "withdrawn"])
def test_what_is_handed_in_cannot_be_edited(here, at, state):
    proposal = into(state, here, at)
    before = row(proposal)
    with pytest.raises(services.NotEditable):
        make.save(proposal, here, at, title="改")
    assert row(proposal) == before


# --- what the database itself refuses


def test_the_database_refuses_what_the_services_would_never_write(here, at):
    proposal = make.make_submitted_proposal(here, at)
    line = proposal.lines.order_by("position").first()
    version, decision = proposal.versions.get(), None
    make.decide(proposal, here, "refuse", at)
    decision = proposal.decisions.get()
    stored = Proposal.objects.filter(pk=proposal.pk)
    wrong = {
        "proposal_handed_in_is_complete": lambda: stored.update(theme=None),
        "proposal_receipt_with_moment": lambda: stored.update(state="draft", submitted_at=None),
        "proposal_minimum_at_most_requested": lambda: stored.update(minimum=Decimal("8000.01")),
        "budget_line_amount_is_product": lambda: BudgetLine.objects.filter(pk=line.pk).update(quantity=39),
        "budget_line_parts_add_up": lambda: BudgetLine.objects.filter(pk=line.pk).update(self_raised=1),
        "budget_line_position_once": lambda: BudgetLine.objects.filter(proposal=proposal).update(position=1),
        "decision_no_needs_reason": lambda: EligibilityDecision.objects.create(
            proposal=proposal, version=version, outcome="refuse", decided_by=here.people["office"], decided_at=at
        ),
        "decision_return_has_deadline": lambda: EligibilityDecision.objects.create(
            proposal=proposal,
            version=version,
            outcome="return",
            reason="缺",
            decided_by=here.people["office"],
            decided_at=at,
        ),
        "version_number_once": lambda: ProposalVersion.objects.create(
            proposal=proposal, number=1, content={}, digest="", submitted_by=here.people["member"], submitted_at=at
        ),
        "projects_append_only": lambda: ProposalVersion.objects.filter(pk=version.pk).update(digest="0"),
        "projects_append_only ": lambda: EligibilityDecision.objects.filter(pk=decision.pk).delete(),
    }
    before = row(proposal)
    for name, write in wrong.items():
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            write()
        assert refused.value.__cause__.diag.constraint_name == name.strip()
    assert row(proposal) == before


# --- at once


def together(count, work):
    """Run `work(i)` in that many threads at the same moment; what each returned or raised."""
    barrier = Barrier(count)

    def one(i):
        try:
            barrier.wait(20)
            return work(i)
        except Exception as error:  # noqa: BLE001
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_twenty_submissions_at_once_are_one(at):
    here = build(at).here
    draft = make.make_complete_draft(here, at)
    found = together(
        20, lambda i: services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at).receipt_number
    )
    assert set(found) == {Proposal.objects.get(pk=draft.pk).receipt_number}
    assert (ProposalVersion.objects.count(), Event.objects.filter(verb="projects.submitted").count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_twenty_organizations_at_the_deadline_each_get_their_own_number_or_a_refusal(at):
    here = build(at).here
    closes = here.round.apply_closes_at
    drafts = []
    for i in range(20):
        org = organization(here.area, f"第{i}互助社", at)
        org.members.create(user=here.people["member"], duty="clerk", since=at)
        here.people["member"].__dict__.pop("_acts_for", None)
        drafts.append(make.make_complete_draft(here, at, organization=org))

    def work(i):
        moment = closes - MICRO if i % 2 else closes
        return services.submit_proposal(proposal_id=drafts[i].pk, by=here.people["member"], at=moment).receipt_number

    found = together(20, work)
    assert found[::2] == ["RoundClosed"] * 10
    assert len(set(found[1::2])) == 10
    assert sorted(found[1::2]) == sorted(Proposal.objects.handed_in().values_list("receipt_number", flat=True))


@pytest.mark.django_db(transaction=True)
def test_ten_decisions_at_once_are_one(at):
    here = build(at).here
    proposal = make.make_submitted_proposal(here, at)
    outcomes = ["pass", "refuse"]

    def work(i):
        return services.decide_eligibility(
            proposal_id=proposal.pk, outcome=outcomes[i % 2], reason="理由", by=here.people["office"], at=at
        ).outcome

    found = together(10, work)
    assert sorted(found, key=lambda w: w == "WrongState")[1:] == ["WrongState"] * 9
    assert (EligibilityDecision.objects.count(), Notice.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_ten_saves_at_once_keep_one_and_refuse_the_rest(at):
    here = build(at).here
    draft = make.make_draft(here, at)
    found = together(10, lambda i: make.save(draft, here, at, revision=0, title=f"第{i}页").title)
    assert sorted(found, key=lambda w: w == "ChangedMeanwhile")[1:] == ["ChangedMeanwhile"] * 9
    stored = Proposal.objects.get(pk=draft.pk)
    assert (stored.revision, stored.title in found, stored.lines.count()) == (1, True, 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", ["k", None])
def test_ten_starts_at_once_are_one_draft(at, key):
    here = build(at).here

    def work(i):
        return services.start_proposal(
            round_id=here.round.pk,
            organization=here.organization,
            title="甲",
            by=here.people["member"],
            at=at,
            once_key=key,
        ).pk

    found = together(10, work)
    (pk,) = Proposal.objects.values_list("pk", flat=True)
    expected = [pk] * 10 if key else [pk] + ["AlreadyApplied"] * 9
    assert sorted(found, key=str) == expected
