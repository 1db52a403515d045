"""Pleas to go above a limit: asked with a reason, kept with the version, decided before eligibility, cut or completed."""

import io
from datetime import date, timedelta
from decimal import Decimal

import docx
import openpyxl
import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from core.errors import NotAllowed
from funding.services.inputs import CutMissing, allocation_document
from jobs.registry import Work, kind_of
from judging import services as judging
from judging.domain.rubrics import RUBRICS
from projects import services
from projects.domain.budget import Line
from projects.models import BudgetCut, LimitPlea, LimitRuling, Proposal, ProposalVersion
from projects.rules import open_tasks
from projects.services import cutting, limits
from projects.services.checking import check
from projects.services.cutting import Approval
from projects.services.heads import NoPleasHere, over_limits
from tests.judging.make import hand_in, lock
from tests.projects import make
from tests.projects.test_services import row, together
from tests.world import build

WORDS = "人员费占总预算 40.00%，限额 30%"
REASON = "社工驻点 8 个月，没有志愿者能替。"
# Total 10,000: staff 4,000 (of it 1,000 other money), activity 6,000.
LINES = (
    Line("activity", "活动物资", Decimal(60), 100, Decimal(0)),
    Line("staff", "社工补贴", Decimal(500), 8, Decimal(0), Decimal(1000)),
)


@pytest.fixture
def here(world):
    return make.ruled(world.here, takes_waivers=True, head_limits={"staff": 30, "tax": 7})


def write(draft, street, at, *, pleas=None, lines=LINES, by=None, **changed):
    """Save the draft with what it answers and these pleas."""
    stored = Proposal.objects.get(pk=draft.pk)
    needs = list(draft.needs.values_list("pk", flat=True)) or [make.make_need(street, at).pk]
    return services.save_draft(
        proposal_id=draft.pk, facts=make.facts(street, **changed), lines=lines, need_ids=needs, order_ids=[],
        revision=stored.revision, by=by or street.people["member"], at=at, pleas=pleas,
    )  # fmt: skip


def handed_in(street, at, pleas=None, **more):
    draft = write(make.make_draft(street, at), street, at, pleas={"staff": REASON} if pleas is None else pleas, **more)
    return services.submit_proposal(proposal_id=draft.pk, by=street.people["member"], at=at)


def rule(proposal, street, outcome, at, reason="驻点属实。", head="staff", who="office"):
    return limits.rule_on_limit(
        proposal_id=proposal.pk, head=head, outcome=outcome, reason=reason, by=street.people[who], at=at
    )


# --- asking


def test_above_a_limit_a_budget_needs_a_plea(here, at):
    draft = write(make.make_draft(here, at), here, at)
    before = row(draft)
    with pytest.raises(services.NotComplete) as refused:
        services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at)
    assert refused.value.message == (
        "申报书还没有填完：人员费占总预算 40.00%，限额 30%，超过限额，请调减，或者写明理由申请例外。"
    )
    assert row(draft) == before
    write(draft, here, at, pleas={"staff": f"  {REASON} ", "tax": " ", "activity": "没有限额"})
    assert list(LimitPlea.objects.values_list("head", "reason")) == [("staff", REASON)]
    services.submit_proposal(proposal_id=draft.pk, by=here.people["member"], at=at)
    version = ProposalVersion.objects.get()
    assert version.content["pleas"] == [{"key": "staff", "head": "人员费", "words": WORDS, "reason": REASON}]


def test_a_plea_for_a_head_within_its_limit_does_not_stand_in_the_version(here, at):
    proposal = handed_in(here, at, lines=make.LINES[:1], pleas={"staff": REASON}, minimum=Decimal(4000))
    assert (proposal.versions.get().content["pleas"], limits.pleas_now(proposal)) == ([], [])


def test_where_the_round_takes_no_pleas_there_are_none(world, at):
    street = make.ruled(world.here, head_limits={"staff": 30})
    draft = write(make.make_draft(street, at), street, at, pleas={"staff": ""})
    before = row(draft)
    with pytest.raises(NoPleasHere):
        write(draft, street, at, pleas={"staff": REASON})
    assert row(draft) == before
    assert over_limits(street.round, "social", LINES, {"staff": REASON}) == [
        "人员费占总预算 40.00%，限额 30%，超过限额，请调减"
    ]


def test_a_plea_counts_only_for_its_own_head(here):
    lines = (*LINES, Line("tax", "税", Decimal(1000), 1, Decimal(0)))
    assert over_limits(here.round, "social", lines, {"staff": REASON}) == [
        "税费占总预算 9.09%，限额 7%，超过限额，请调减，或者写明理由申请例外"
    ]


# --- deciding


def test_a_pass_waits_for_every_ruling(here, at):
    proposal = handed_in(here, at)
    before = row(proposal)
    with pytest.raises(limits.PleaOpen) as refused:
        make.decide(proposal, here, "pass", at)
    assert refused.value.message == f"申报单位申请了超限例外，要“通过”须先逐项决定：{WORDS}。"
    assert row(proposal) == before
    rule(proposal, here, "grant", at)
    assert make.decide(proposal, here, "pass", at).state == "passed"
    event = Event.objects.get(verb="projects.limit_ruled")
    assert (event.reason, event.facts["head"], event.facts["outcome"]) == ("驻点属实。", "staff", "grant")


def test_a_refused_plea_returns_the_budget_for_completion(here, at):
    proposal = handed_in(here, at)
    rule(proposal, here, "return", at, "超出太多。")
    with pytest.raises(limits.PleaRefused):
        make.decide(proposal, here, "pass", at)
    until = at + timedelta(days=2)
    make.decide(proposal, here, "return", at, fields_open=["plan"], complete_by=until)
    assert proposal.decisions.get().fields_open == ["plan", "budget"]
    less = (LINES[0], Line("staff", "社工补贴", Decimal(500), 5, Decimal(0)))
    write(proposal, here, at, lines=less, pleas={"staff": ""})
    services.submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=at)
    assert limits.pleas_now(Proposal.objects.get(pk=proposal.pk)) == []
    assert make.decide(proposal, here, "pass", at).state == "passed"


def test_a_plea_is_part_of_the_budget_in_a_return(here, at):
    proposal = handed_in(here, at)
    rule(proposal, here, "grant", at)
    make.decide(proposal, here, "return", at, fields_open=["plan"], complete_by=at + timedelta(days=2))
    before = row(proposal)
    with pytest.raises(services.FieldNotOpen):
        write(proposal, here, at, pleas={"staff": "另一个理由"})
    assert row(proposal) == before
    write(proposal, here, at, plan="改了计划", pleas={"staff": REASON})
    services.submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=at)
    # The same figures and the same plea: what was granted stays granted.
    assert [p.ruling.outcome for p in limits.pleas_now(Proposal.objects.get(pk=proposal.pk))] == ["grant"]
    assert make.decide(proposal, here, "pass", at).state == "passed"


def test_a_plea_with_other_figures_is_decided_anew(here, at):
    proposal = handed_in(here, at)
    rule(proposal, here, "grant", at)
    make.decide(proposal, here, "return", at, fields_open=["budget"], complete_by=at + timedelta(days=2))
    more = (LINES[0], Line("staff", "社工补贴", Decimal(500), 9, Decimal(0)))
    write(proposal, here, at, lines=more, pleas={"staff": REASON})
    services.submit_proposal(proposal_id=proposal.pk, by=here.people["member"], at=at)
    with pytest.raises(limits.PleaOpen):
        make.decide(proposal, here, "pass", at)
    rule(proposal, here, "grant", at)
    assert make.decide(proposal, here, "pass", at).state == "passed"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"reason": " \n"}, limits.RulingReasonMissing),
        ({"head": "tax"}, limits.NoSuchPlea),
        ({"head": "nothing"}, limits.NoSuchPlea),
        ({"who": "leader"}, NotAllowed),
        ({"who": "member"}, NotAllowed),
    ],
)
def test_a_ruling_is_refused(here, at, change, error):
    proposal = handed_in(here, at)
    before = row(proposal)
    with pytest.raises(error):
        rule(proposal, here, "grant", at, **change)
    assert (row(proposal), LimitRuling.objects.count()) == (before, 0)


def test_the_office_of_the_other_street_and_a_late_ruling_are_refused(world, here, at):
    proposal = handed_in(here, at)
    with pytest.raises(NotAllowed):
        limits.rule_on_limit(
            proposal_id=proposal.pk, head="staff", outcome="grant", reason="x", by=world.there.people["office"], at=at
        )
    make.decide(proposal, here, "refuse", at)
    with pytest.raises(services.WrongState):
        rule(proposal, here, "grant", at)


def test_a_ruling_sent_twice_is_there_once_and_another_is_told(here, at):
    proposal = handed_in(here, at)
    assert rule(proposal, here, "grant", at) == rule(proposal, here, "grant", at + timedelta(seconds=3))
    with pytest.raises(limits.AlreadyRuled):
        rule(proposal, here, "cut", at)
    assert LimitRuling.objects.count() == 1


def test_rulings_are_only_ever_added(here, at):
    ruling = rule(handed_in(here, at), here, "grant", at)
    for change in (lambda: LimitRuling.objects.update(reason="x"), ruling.delete):
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            change()
        assert refused.value.__cause__.diag.constraint_name == "projects_append_only"


@pytest.mark.django_db(transaction=True)
def test_eight_rulings_at_once_are_one(at):
    street = make.ruled(build(at).here, takes_waivers=True, head_limits={"staff": 30})
    proposal = handed_in(street, at)
    found = together(8, lambda i: rule(proposal, street, ("grant", "cut")[i % 2], at).pk)
    assert LimitRuling.objects.count() == 1
    assert sorted({str(f) for f in found}) == sorted([str(LimitRuling.objects.get().pk), "AlreadyRuled"])


# --- cutting


def cut(proposal, street, at, staff):
    approvals = [Approval(1, Decimal(6000), ""), Approval(2, Decimal(staff), "超过限额")]
    return cutting.cut_budget(proposal_id=proposal.pk, approvals=approvals, seen=0, by=street.people["finance"], at=at)


def test_a_plea_refused_for_cutting_is_cut_to_its_limit(here, at):
    proposal = handed_in(here, at)
    rule(proposal, here, "cut", at, "偏高。")
    make.decide(proposal, here, "pass", at)
    assert limits.uncut(here.round, [proposal.pk]) == ["邻里换物"]
    for who in ("office", "finance"):
        assert "核减超限科目：邻里换物" in [t["title"] for t in open_tasks(here.people[who], at)], who
    # 1,000 of other money stay: x / (6000 + x) is 30 % at 2,571.43 and a little below at 2,571.42.
    with pytest.raises(limits.StillAbove) as refused:
        cut(proposal, here, at, "1571.43")
    assert refused.value.message.startswith("核减后人员费占总预算 30.00%，限额 30%。")
    assert BudgetCut.objects.count() == 0
    assert cut(proposal, here, at, "1571.42").approved == Decimal("7571.42")
    assert limits.uncut(here.round, [proposal.pk]) == []
    assert "核减超限科目：邻里换物" not in [t["title"] for t in open_tasks(here.people["finance"], at)]
    cutting.answer_cut(
        cut_id=BudgetCut.objects.get().pk, agrees=False, words="社工补贴不能再少。", by=here.people["member"], at=at
    )
    (task,) = [t for t in open_tasks(here.people["finance"], at) if t["title"] == "申报单位不同意核减：邻里换物"]
    assert task["hint"] == "社工补贴不能再少。"


def test_a_granted_plea_leaves_the_cut_free(here, at):
    proposal = handed_in(here, at)
    rule(proposal, here, "grant", at)
    make.decide(proposal, here, "pass", at)
    assert (limits.uncut(here.round, [proposal.pk]), cut(proposal, here, at, "2900").approved) == ([], Decimal(8900))


# --- shown


def found_about(proposal, at):
    stored = Proposal.objects.select_related("organization", "round").get(pk=proposal.pk)
    return {f.key: (f.severity, f.words) for f in check(stored, at)}


def test_the_check_says_what_became_of_it(here, at):
    proposal = handed_in(here, at)
    asked = f"{WORDS}，超过限额；申报单位申请例外：{REASON}"
    assert found_about(proposal, at)["head:staff"] == ("warn", asked + "请先决定是否准许。")
    rule(proposal, here, "grant", at)
    assert found_about(proposal, at)["head:staff"] == ("note", asked + "已准许：驻点属实。")


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def test_pages_papers_and_reports_show_it(here, at, tmp_path, settings):
    proposal = handed_in(here, at)
    path = f"/proposals/{proposal.pk}/"
    office, member = client_of(here.people["office"]), client_of(here.people["member"])
    page = office.get(path + "limits/").content.decode()
    assert (WORDS in page, REASON in page, "登记决定" in page) == (True, True, True)
    assert "登记决定" not in client_of(here.people["leader"]).get(path + "limits/").content.decode()
    answer = office.post(path + "limits/", {"head": "staff", "outcome": "", "reason": "只写了理由"})
    assert ("请选择决定。" in answer.content.decode(), "只写了理由" in answer.content.decode()) == (True, True)
    assert member.post(path + "limits/", {"head": "staff", "outcome": "grant", "reason": "x"}).status_code == 403
    sent = {"head": "staff", "outcome": "cut", "reason": "偏高。"}
    assert office.post(path + "limits/", sent).status_code == 302
    lost = office.post(path + "limits/", sent | {"outcome": "grant"}).content.decode()
    assert "刚刚由" in lost
    assert office.post(path + "limits/", sent | {"head": "x" * 30}).status_code == 200
    for one in (office, member):
        shown = one.get(path).content.decode()
        assert ("不准许，核减到限额以内" in shown, "偏高。" in shown) == (True, True)
    word = b"".join(member.get(path + "word/").streaming_content)
    cells = [c.text for t in docx.Document(io.BytesIO(word)).tables for r in t.rows for c in r.cells]
    assert (WORDS in cells, REASON in cells, "1,000.00" in cells) == (True, True, True)
    make.decide(proposal, here, "pass", at)
    shown = client_of(here.people["finance"]).get(path + "cut/").content.decode()
    assert ("没有准许例外的科目，核定后须在限额以内" in shown, REASON in shown) == (True, True)
    report = tmp_path / "e4.xlsx"
    kind_of("projects.e4").builder(Work({"round": here.round.pk, "day": "2026-11-23"}, report, lambda _d, _t: None))
    head, one = openpyxl.load_workbook(report, data_only=True)["明细"].iter_rows(values_only=True)
    told = dict(zip(head, one, strict=True))
    assert (told["材料齐全"], "须核减到限额以内：偏高。" in told["补正事项和说明"]) == ("？", True)


def test_the_edit_page_shows_shares_and_keeps_the_plea(here, at):
    draft = write(make.make_draft(here, at), here, at)
    member, path = client_of(here.people["member"]), f"/proposals/{draft.pk}/edit/"
    page = member.get(path).content.decode()
    assert 'data-head="staff" data-limit="30" data-near="27"' in page
    assert '<span data-verdict="block"' in page
    stored = Proposal.objects.get(pk=draft.pk)
    sent = {
        "title": stored.title, "revision": stored.revision, "line-TOTAL_FORMS": 2, "line-INITIAL_FORMS": 0, "plea_staff": REASON,
        "line-0-head": "activity", "line-0-item": "物资", "line-0-unit_price": "60", "line-0-quantity": "100",
        "line-1-head": "staff", "line-1-item": "社工", "line-1-unit_price": "500", "line-1-quantity": "8", "line-1-other": "1000",
    }  # fmt: skip
    wrong = member.post(path, sent | {"line-1-self_raised": "3000.01"}).content.decode()
    assert "自筹和其他资金合计不能超过本行金额（单价 × 数量）。" in wrong
    assert REASON in wrong
    assert member.post(path, sent).status_code == 302
    assert dict(LimitPlea.objects.values_list("head", "reason")) == {"staff": REASON}
    stored = Proposal.objects.get(pk=draft.pk)
    assert stored.requested == Decimal(9000)
    assert list(stored.lines.order_by("position").values_list("other", flat=True)) == [Decimal(0), Decimal(1000)]
    del sent["plea_staff"]  # a page of before the pleas
    assert member.post(path, sent | {"revision": stored.revision}).status_code == 302
    assert LimitPlea.objects.count() == 1


def test_the_page_of_pleas_costs_the_same_however_many(here, at):
    lines = (*LINES, Line("tax", "税", Decimal(2000), 1, Decimal(0)))
    proposal = handed_in(here, at, lines=lines, pleas={"staff": REASON, "tax": "按规定"})
    office = client_of(here.people["office"])
    office.get(f"/proposals/{proposal.pk}/limits/")
    with CaptureQueriesContext(connection) as first:
        office.get(f"/proposals/{proposal.pk}/limits/")
    rule(proposal, here, "grant", at, head="tax")
    with CaptureQueriesContext(connection) as second:
        office.get(f"/proposals/{proposal.pk}/limits/")
    assert len(first) == len(second)


# --- the same again


def test_a_save_whose_answer_was_lost_is_no_conflict(here, at):
    draft = write(make.make_draft(here, at), here, at, pleas={"staff": REASON})
    before = row(draft)
    needs = list(draft.needs.values_list("pk", flat=True))
    again = {
        "proposal_id": draft.pk,
        "lines": LINES,
        "need_ids": needs,
        "order_ids": [],
        "revision": 0,
        "by": here.people["member"],
    }
    same = services.save_draft(**again, facts=make.facts(here), pleas={"staff": REASON}, at=at)
    assert (same.revision, row(draft)) == (1, before)
    for changed in ({"facts": make.facts(here, plan="另写"), "pleas": None}, {"facts": make.facts(here), "pleas": {}}):
        with pytest.raises(services.ChangedMeanwhile):
            services.save_draft(**again, **changed, at=at)
    assert row(draft) == before


def test_an_allocation_waits_for_the_cut(world, here, at):
    """A head whose plea was refused for cutting keeps the proposal out until it is cut."""
    proposal, who = handed_in(here, at), here.people
    rule(proposal, here, "cut", at)
    make.decide(proposal, here, "pass", at)
    session = judging.create_session(
        round_id=here.round.pk, name="路演", held_on=date(2026, 11, 30), venue="", by=who["office"], at=at,
        rule=judging.make_rule(RUBRICS["community"].as_criteria(), quorum=1),
    )  # fmt: skip
    judging.set_entries(session_id=session.pk, proposal_ids=[proposal.pk], by=who["office"], at=at)
    judging.seat_judges(session_id=session.pk, user_ids=[who["judge"].pk], by=who["office"], at=at)
    judging.commit_draw(session_id=session.pk, by=who["office"], at=at)
    judging.draw_order(session_id=session.pk, public_number="7", witnesses="见证人", by=who["office"], at=at)
    judging.open_scoring(session_id=session.pk, by=who["office"], at=at)
    session.refresh_from_db()
    hand_in(session, session.entries.get(), who["judge"], at)
    wanted = {
        "result": lock(world, session, at), "pool": Decimal(20000), "ties": ["key"],
        "method": {"name": "rank", "on_misfit": "skip", "partial": False},
        "limits": {"min_score": None, "max_awards": None, "groups": []},
    }  # fmt: skip
    with pytest.raises(CutMissing) as refused:
        allocation_document(**wanted)
    assert refused.value.message == "有项目的预算科目超过限额，例外没有准许，须先核减到限额以内：邻里换物。"
    cut(proposal, here, at, "1500")
    assert allocation_document(**wanted)["proposals"][0]["approved"] == "7500.00"
