"""预算核减: lines, reasons, versions, the applicant's answer, who may."""

from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from core.errors import NotAllowed
from projects.models import BudgetCut, CutAnswer, CutLine
from projects.rules import open_tasks, standing_cuts
from projects.services import cutting
from projects.services.cutting import Approval
from tests.judging.make import signed_in
from tests.projects.make import make_passed_proposal, make_submitted_proposal


def approvals(*given):
    return [Approval(n, Decimal(amount), reason) for n, (amount, reason) in enumerate(given, 1)]


LESS = approvals(("4000", "数量偏多"), ("3180", ""))


def cut(proposal, by, at, given=LESS, seen=0):
    return cutting.cut_budget(proposal_id=proposal.pk, approvals=given, seen=seen, by=by, at=at)


def positions(proposal):
    return list(proposal.lines.order_by("position").values_list("position", "grant"))


def test_a_cut_adds_up_and_is_told_to_the_applicant(world, at):
    proposal = make_passed_proposal(world.here, at)
    assert positions(proposal) == [(1, Decimal("4820.00")), (2, Decimal("3180.00"))]
    made = cut(proposal, world.here.people["finance"], at)
    assert (made.number, made.asked, made.approved) == (1, Decimal("8000.00"), Decimal("7180.00"))
    assert list(made.lines.order_by("position").values_list("approved", "reason")) == [
        (Decimal("4000.00"), "数量偏多"), (Decimal("3180.00"), ""),
    ]  # fmt: skip
    tasks = [t["title"] for t in open_tasks(world.here.people["member"], at)]
    assert "答复预算核减：邻里换物" in tasks
    cutting.answer_cut(cut_id=made.pk, agrees=True, words="", by=world.here.people["member"], at=at)
    assert "答复预算核减：邻里换物" not in [t["title"] for t in open_tasks(world.here.people["member"], at)]


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        (approvals(("4820.01", ""), ("3180", "")), cutting.AboveAsked),
        (approvals(("4000", " "), ("3180", "")), cutting.CutReasonMissing),
        (approvals(("4000", "多")), cutting.WrongLines),
        ([*LESS, LESS[0]], cutting.WrongLines),
    ],
)
def test_what_does_not_fit_the_budget_is_refused(world, at, given, refusal):
    proposal = make_passed_proposal(world.here, at)
    with pytest.raises(refusal):
        cut(proposal, world.here.people["office"], at, given)
    assert not BudgetCut.objects.exists()


def test_only_office_and_finance_of_the_street_cut_and_only_what_passed(world, at):
    proposal = make_passed_proposal(world.here, at)
    for who in ("leader", "supervisor", "community", "member"):
        with pytest.raises(NotAllowed):
            cut(proposal, world.here.people[who], at)
    with pytest.raises(NotAllowed):
        cut(proposal, world.there.people["office"], at)
    waiting = make_submitted_proposal(
        world.here, at, organization=world.here.other_organization, by=world.here.people["other_member"]
    )
    with pytest.raises(cutting.NotPassed):
        cut(waiting, world.here.people["office"], at)


def test_a_second_cut_must_have_seen_the_first(world, at):
    proposal = make_passed_proposal(world.here, at)
    first = cut(proposal, world.here.people["office"], at)
    with pytest.raises(cutting.CutMeanwhile, match=r"第 1 版，核定 7,180.00 元"):
        cut(proposal, world.here.people["finance"], at)
    second = cut(proposal, world.here.people["finance"], at, approvals(("4820", ""), ("3000", "人数偏多")), seen=1)
    assert standing_cuts([proposal.pk]) == {proposal.pk: second}
    with pytest.raises(cutting.AnswerToOld):
        cutting.answer_cut(cut_id=first.pk, agrees=True, words="", by=world.here.people["member"], at=at)


def test_an_answer_is_given_once_by_the_applicant_and_a_no_has_words(world, at):
    made = cut(make_passed_proposal(world.here, at), world.here.people["office"], at)
    answer = {"cut_id": made.pk, "at": at}
    with pytest.raises(NotAllowed):
        cutting.answer_cut(**answer, agrees=True, words="", by=world.here.people["other_member"])
    with pytest.raises(cutting.AnswerWordsMissing):
        cutting.answer_cut(**answer, agrees=False, words=" ", by=world.here.people["member"])
    cutting.answer_cut(**answer, agrees=False, words="材料已签合同", by=world.here.people["member"])
    with pytest.raises(cutting.AlreadyAnswered):
        cutting.answer_cut(**answer, agrees=True, words="", by=world.here.people["member"])
    assert CutAnswer.objects.get().words == "材料已签合同"


def test_the_database_keeps_cuts_as_they_are(world, at):
    made = cut(make_passed_proposal(world.here, at), world.here.people["office"], at)
    for change in (
        lambda: BudgetCut.objects.filter(pk=made.pk).update(note="改"),
        lambda: CutLine.objects.filter(cut=made).update(reason="改"),
        lambda: CutLine.objects.filter(cut=made).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        CutLine.objects.create(cut=made, position=9, head="tax", item="补一行", asked=5, approved=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        CutLine.objects.create(cut=made, position=9, head="tax", item="补一行", asked=5, approved=1, reason="迟到")
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_page_keeps_what_was_typed_and_says_why_at_the_field(world, at):
    proposal = make_passed_proposal(world.here, at)
    office, url = signed_in(world.here.people["office"]), f"/proposals/{proposal.pk}/cut/"
    sent = {
        "seen": "0",
        "approved_1": "4,000",
        "reason_1": "",
        "approved_2": "９９９９",
        "reason_2": "",
        "note": "从严",
    }
    answer = office.post(url, sent)
    assert answer.context["form"].errors == {
        "reason_1": ["第 1 行核减了 820.00 元，请写明理由。"], "approved_2": ["第 2 行不能高于申请的 3,180.00 元，请调低。"],
    }  # fmt: skip
    assert 'value="９９９９"' in answer.content.decode()
    assert office.post(url, sent | {"reason_1": "偏多", "approved_2": "3180"}).status_code == 302
    again = office.post(url, sent | {"reason_1": "更多", "approved_2": "3180"})
    assert "刚刚由" in again.context["form"].non_field_errors()[0]
    assert 'name="seen" value="1"' in again.content.decode()
    member = signed_in(world.here.people["member"])
    assert member.post(url, sent).status_code == 403
    assert "答复第 1 版核减" in member.get(url).content.decode()
    refused = member.post(f"{url}answer/", {"number": "1", "agrees": "no", "words": ""})
    assert refused.context["answer_form"].errors == {"words": ["不同意请写明意见。"]}
    assert member.post(f"{url}answer/", {"number": "1", "agrees": "yes"}).status_code == 302
    assert "同意" in office.get(url).content.decode()
    assert signed_in(world.there.people["office"]).get(url).status_code == 404
