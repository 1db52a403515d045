"""Agreements and payments through their services: who may, what must be true first, and what the database refuses."""

import random
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import RoleGrant
from core.errors import DomainError, NotAllowed
from funding import rules, services
from funding.domain import agreement as domain
from funding.domain.balance import Books, Line, problems
from funding.models import (
    Agreement,
    AgreementVersion,
    AllocationPlan,
    Fund,
    FundDraw,
    Instalment,
    Payment,
    PaymentPart,
    Repayment,
)
from portal.invariants import broken
from tests.funding.money import LATER, ask, checked, drafted, fund, noticed, okayed, paid, pdf, sign, signed, text
from tests.funding.test_services import NONE, RANK
from tests.world import build

D = Decimal


def books(world):
    return rules.books(world.here.round)


def sound(world):
    """Every sum holds at this point of the transaction, by the database and by the books."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert problems(books(world)) == []


# ---- domain


@given(st.decimals("0.01", "99999999.99", places=2), st.sampled_from(sorted(domain.SPLITS)))
def test_a_split_always_adds_up(amount, plan):
    terms = domain.split(amount, plan)
    assert sum(t.amount for t in terms) == amount
    assert all(t.amount >= 0 for t in terms)


money = st.decimals(0, 1000, places=2)


@given(st.lists(st.tuples(st.integers(), money), unique_by=lambda p: p[0], max_size=5), money)
def test_a_payment_is_released_exactly_or_not_at_all(draws, amount):
    if sum((free for _, free in draws), D(0)) < amount:
        with pytest.raises(ValueError, match="short"):
            domain.release(draws, amount)
        return
    parts = domain.release(draws, amount)
    assert sum((part for _, part in parts), D(0)) == amount
    assert all(0 < part <= dict(draws)[key] for key, part in parts)


@given(st.lists(st.sampled_from([0, 1, 2, 3]), min_size=1, max_size=3), st.lists(st.sets(st.sampled_from("ab")), min_size=3, max_size=3), st.integers(0, 4), st.integers(0, 4))  # fmt: skip
def test_carried_agrees_with_trying_every_way(draws, forbidden, a, b):
    pulls = [domain.Pull(n, str(n), D(amount)) for n, amount in enumerate(draws)]
    purses = {n: domain.Purse(n, str(n), D(99), frozenset(forbidden[n])) for n in range(len(draws))}
    ways = {(a, b)}
    for pull in pulls:
        n = int(pull.amount)
        ways = {
            (x - i, y - (n - i))
            for x, y in ways
            for i in range(n + 1)
            if x >= i
            and y >= n - i
            and ("a" not in forbidden[pull.fund] or not i)
            and ("b" not in forbidden[pull.fund] or i == n)
        }
    assert (not domain.carried(pulls, purses, {"a": D(a), "b": D(b)})) == bool(ways)


def test_a_stored_text_reads_back_the_same(world, at):
    award = noticed(world, at)
    content = text(award, [(fund(world, at), award.amount)])
    assert domain.read(domain.document(content)) == content


def test_the_books_name_what_is_wrong():
    line = Line("甲", D(100), D(120), D(90), D(50), D(60))
    said = problems(Books(D(1000), D(-1), D(800), (line,)))
    assert said == [
        "资金总额 1,000.00 元 ≠ 已分配 100.00 元 + 预留 -1.00 元 + 余额 800.00 元。", "预留为负数：-1.00 元。",
        "“甲”协议金额 120.00 元超过批准的 100.00 元。", "“甲”退回 60.00 元超过已拨 50.00 元。",
    ]  # fmt: skip
    assert problems(Books(D(1000), D(0), D(900), (replace(line, agreed=D(100), returned=D(0)),))) == [
        "“甲”已拨 50.00 元加待拨 90.00 元超过协议金额 100.00 元。"
    ]


# ---- agreements


def test_from_text_to_signature(world, at):
    agreement = signed(world, at)
    assert (agreement.state, agreement.amount, agreement.payee_account) == ("signed", 9000, "6222000000000000001")
    assert list(agreement.instalments.order_by("position").values_list("title", "amount", "conditions")) == [
        ("首款", 5400, ["signed"]), ("尾款", 3600, ["evidence", "final", "accounts"]),
    ]  # fmt: skip
    version = agreement.versions.get()
    assert (version.state, version.number, version.scan.content_type) == ("signed", 1, "application/pdf")
    assert version.scan.shown_name == f"{agreement.number}-第1版-签字盖章件.pdf"
    line = books(world).lines[0]
    assert (line.allocated, line.agreed, line.unagreed, line.unpaid) == (9000, 9000, 0, 9000)
    sound(world)


def test_no_agreement_before_the_notice_is_over_or_while_objected(world, at):
    award = noticed(world, at)
    content = text(award, [(fund(world, at), award.amount)])
    act = {"proposal_id": award.proposal_id, "content": content, "by": world.here.people["office"]}
    with pytest.raises(services.NoticeNotOver):
        services.draft_agreement(at=at + timedelta(days=3), **act)
    notice = award.plan.notices.get()
    services.raise_objection(
        notice_id=notice.pk,
        proposal_id=award.proposal_id,
        name="某居民",
        phone="13800001234",
        words="请核查。",
        at=at + timedelta(days=3),
    )
    with pytest.raises(services.HeldUp):
        services.draft_agreement(at=at + LATER, **act)
    assert not Agreement.objects.exists()


def test_without_award_or_notice_there_is_no_agreement(world, at):
    award = noticed(world, at)
    content = text(award, [(fund(world, at), award.amount)])
    other = award.proposal
    other.pk, other.receipt_number = None, None
    with pytest.raises(services.NotFunded):
        services.draft_agreement(
            proposal_id=_draft(world, at), content=content, by=world.here.people["office"], at=at + LATER
        )


def _draft(world, at):
    from projects.services import start_proposal

    return start_proposal(
        round_id=world.here.round.pk,
        organization=world.here.other_organization,
        title="另一个",
        by=world.here.people["other_member"],
        at=at,
    ).pk


@pytest.mark.parametrize("who", ["leader", "finance", "supervisor", "community", "member"])
def test_only_the_office_drafts_an_agreement(world, at, who):
    award = noticed(world, at)
    content = text(award, [(fund(world, at), award.amount)])
    for person in (world.here.people[who], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.draft_agreement(proposal_id=award.proposal_id, content=content, by=person, at=at + LATER)


def test_what_does_not_add_up_is_said_where_it_belongs(world, at):
    award = noticed(world, at)
    purse = fund(world, at, budget="5000")
    content = text(
        award, [(purse, "8000")], amount="9000.01", terms=domain.split(D(9000), "100"), shares=(domain.Share("甲", D(1), "", is_lead=False),),
    )  # fmt: skip
    with pytest.raises(services.AgreementWrong) as refused:
        services.draft_agreement(
            proposal_id=award.proposal_id, content=content, by=world.here.people["office"], at=at + LATER
        )
    assert refused.value.findings == [
        ("amount", "协议金额不能高于批准的资助金额 9,000.00 元。"),
        ("terms", "各期拨付合计 9,000.00 元，与协议金额 9,000.01 元不符，少 0.01 元。"),
        ("pulls", "各资金来源合计 8,000.00 元，与协议金额 9,000.01 元不符，少 1,000.01 元。"),
        ("shares", "各合作单位份额合计 1.00 元，与协议金额 9,000.01 元不符，少 8,999.01 元。"),
        ("shares", "联合体须有且只有一个牵头单位。"),
        ("pulls", "“2026年街道公益创投资金”年度余额 5,000.00 元，不够 8,000.00 元，差 3,000.00 元。"),
    ]


def test_a_fund_pays_no_forbidden_head_and_no_head_above_its_limit(world, at):
    award = noticed(world, at)
    strict = fund(world, at, name="党组织服务群众经费", kind="party", forbidden_heads=["activity"])
    half = fund(world, at, name="限额资金", head_limits={"activity": "50"})
    free = fund(world, at, name="其他")
    act = {"proposal_id": award.proposal_id, "by": world.here.people["office"], "at": at + LATER}
    for pulls in ([(strict, "9000")], [(half, "9000")], [(strict, "0.01"), (free, "8999.99")]):
        with pytest.raises(services.AgreementWrong, match="可以开支的科目不够"):
            services.draft_agreement(content=text(award, pulls), **act)
    assert services.draft_agreement(content=text(award, [(free, "9000")]), **act).number == 1


def test_a_community_fund_serves_its_own_community_only(world, at):
    award = noticed(world, at)
    own = fund(world, at, name="本社区经费", community=award.proposal.community)
    other = fund(world, at, name="别社区经费", community=world.here.communities[1])
    last = fund(world, at, name="去年经费", year=2025)
    assert set(rules.purses(award.proposal, None)) == {own.pk}
    assert str(last) == "2025年去年经费"
    with pytest.raises(services.AgreementWrong, match="不能用于该项目"):
        services.draft_agreement(
            proposal_id=award.proposal_id,
            content=text(award, [(other, "9000")]),
            by=world.here.people["office"],
            at=at + LATER,
        )


def test_who_drafted_does_not_approve_and_the_text_is_frozen(world, at):
    version = drafted(world, at)
    later = at + LATER
    who = world.here.people
    services.submit_agreement(version_id=version.pk, by=who["office"], at=later)
    with pytest.raises(services.VersionMoved):
        services.save_agreement(version_id=version.pk, content=domain.read(version.content), by=who["office"], at=later)
    with pytest.raises(services.DrafterApproves):
        services.approve_agreement(version_id=version.pk, by=who["office"], at=later)
    for stranger in (who["finance"], who["community"], world.there.people["leader"]):
        with pytest.raises(NotAllowed):
            services.approve_agreement(version_id=version.pk, by=stranger, at=later)
    with pytest.raises(IntegrityError, match="内容不能再改"), transaction.atomic():
        AgreementVersion.objects.filter(pk=version.pk).update(content={})
    services.return_agreement(version_id=version.pk, by=who["leader"], note="金额有误", at=later)
    version.refresh_from_db()
    assert (version.state, version.decision_note) == ("draft", "金额有误")


def test_signing_needs_a_real_day_and_a_real_scan(world, at):
    version = drafted(world, at)
    later = at + LATER
    who = world.here.people
    act = {"version_id": version.pk, "by": who["office"], "at": later}
    with pytest.raises(services.VersionMoved):
        services.sign_agreement(signed_on=later.date(), scan=pdf(), **act)
    services.submit_agreement(**act)
    services.approve_agreement(version_id=version.pk, by=who["leader"], at=later)
    with pytest.raises(services.SignedBeforeApproval):
        services.sign_agreement(signed_on=later.date() - timedelta(days=1), scan=pdf(), **act)
    with pytest.raises(services.SignedInFuture):
        services.sign_agreement(signed_on=later.date() + timedelta(days=2), scan=pdf(), **act)
    from django.core.files.uploadedfile import SimpleUploadedFile

    with pytest.raises(services.BadEvidence):
        services.sign_agreement(signed_on=later.date(), scan=SimpleUploadedFile("x.pdf", b"<script>"), **act)
    assert Agreement.objects.get().state == "preparing"


def test_a_change_is_a_new_version_and_never_goes_below_what_was_paid(world, at):
    agreement = signed(world, at)
    later = at + LATER + timedelta(days=1)
    paid(world, ask(world, agreement, later), later)
    office = world.here.people["office"]
    with pytest.raises(services.ReasonMissing):
        services.change_agreement(agreement_id=agreement.pk, reason=" ", by=office, at=later)
    version = services.change_agreement(agreement_id=agreement.pk, reason="活动减少", by=office, at=later)
    low = replace(domain.read(version.content), amount=D(5000), terms=domain.split(D(5000), "100"), pulls=(replace(domain.read(version.content).pulls[0], amount=D(5000)),), shares=())  # fmt: skip
    services.save_agreement(version_id=version.pk, content=low, by=office, at=later)
    with pytest.raises(services.BelowPaid):
        sign(world, version, later)
    agreement.refresh_from_db()
    assert agreement.amount == 9000
    services.withdraw_version(version_id=version.pk, reason="金额有误", by=office, at=later)
    version = services.change_agreement(agreement_id=agreement.pk, reason="活动减少", by=office, at=later)
    fit = replace(low, amount=D(6000), terms=(replace(low.terms[0], amount=D(5400), title="首款"), replace(low.terms[0], amount=D(600), title="尾款")), pulls=(replace(low.pulls[0], amount=D(6000)),))  # fmt: skip
    services.save_agreement(version_id=version.pk, content=fit, by=office, at=later)
    sign(world, version, later)
    agreement.refresh_from_db()
    assert (agreement.amount, [v.state for v in agreement.versions.order_by("number")]) == (
        6000,
        ["superseded", "withdrawn", "signed"],
    )
    line = books(world).lines[0]
    assert (line.allocated, line.agreed, line.net, line.unpaid, line.unagreed) == (9000, 6000, 5400, 600, 3000)
    sound(world)


def test_a_correction_below_a_signed_agreement_is_refused(world, at):
    agreement = signed(world, at)
    later = at + LATER
    plan = services.draft_plan(
        result_id=AllocationPlan.objects.get().result_id, by=world.here.people["office"], pool=D(8000), method=RANK, limits=NONE, at=later,
        correction_reason="核减",
    )  # fmt: skip
    services.submit_plan(plan_id=plan.pk, by=world.here.people["office"], at=later)
    act = {"plan_id": plan.pk, "by": world.here.people["leader"], "minutes_number": "3号", "minutes_on": later.date(), "entitled": 3, "present": 3, "at": later}  # fmt: skip
    with pytest.raises(services.BelowAgreed, match=r"已签协议 9,000\.00 元，方案只给 8,000\.00 元"):
        services.approve_plan(**act)
    services.end_agreement(agreement_id=agreement.pk, reason="承接方退出", by=world.here.people["leader"], at=later)
    assert services.approve_plan(**act).state == "approved"
    sound(world)


def test_only_one_agreement_per_project(world, at):
    version = drafted(world, at)
    with pytest.raises(services.AlreadyAgreed):
        services.draft_agreement(
            proposal_id=version.agreement.proposal_id,
            content=domain.read(version.content),
            by=world.here.people["office"],
            at=at + LATER,
        )
    services.withdraw_version(version_id=version.pk, reason="写错了", by=world.here.people["office"], at=at + LATER)
    again = services.draft_agreement(
        proposal_id=version.agreement.proposal_id,
        content=domain.read(version.content),
        by=world.here.people["office"],
        at=at + LATER,
    )
    assert (again.agreement.number[-3:], again.number) == ("002", 1)


# ---- payments


def test_a_payment_goes_through_four_hands(world, at):
    agreement = signed(world, at)
    later = at + LATER + timedelta(days=1)
    payment = paid(world, ask(world, agreement, later), later)
    assert (payment.state, payment.voucher, payment.amount) == ("paid", "记字12号", 5400)
    hands = [payment.requested_by, payment.checked_by, payment.approved_by, payment.paid_by]
    assert [h.username.rsplit("_", 1)[0] for h in hands] == ["member", "office", "leader", "finance"]
    assert payment.number == f"BF{agreement.number[2:]}-01"
    assert list(payment.parts.values_list("amount", flat=True)) == [5400]
    line = books(world).lines[0]
    assert (line.paid, line.unpaid) == (5400, 3600)
    sound(world)


def test_nobody_does_another_persons_part(world, at):
    agreement = signed(world, at)
    later = at + LATER
    who, there = world.here.people, world.there.people
    with pytest.raises(NotAllowed):
        services.request_payment(
            instalment_id=agreement.instalments.first().pk,
            amount=D(1),
            words="",
            spent=D(0),
            files=[],
            by=who["office"],
            at=later,
        )
    payment = ask(world, agreement, later)
    for person in (who["leader"], who["finance"], who["member"], who["supervisor"], there["office"]):
        with pytest.raises(NotAllowed):
            services.check_payment(payment_id=payment.pk, confirmed={}, by=person, at=later)
    checked(world, payment, later)
    for person in (who["office"], who["finance"], who["community"], there["leader"]):
        with pytest.raises(NotAllowed):
            services.approve_payment(payment_id=payment.pk, by=person, at=later)
    services.approve_payment(payment_id=payment.pk, by=who["leader"], at=later)
    for person in (who["office"], who["leader"], there["finance"]):
        with pytest.raises(NotAllowed):
            services.pay(payment_id=payment.pk, paid_on=later.date(), voucher="1", by=person, at=later)


def test_one_person_with_two_roles_still_does_one_part(world, at):
    agreement = signed(world, at)
    later = at + LATER
    office = world.here.people["office"]
    for role in ("leader", "finance"):
        RoleGrant.objects.create(user=office, role=role, area=world.here.area, granted_at=at)
    del office._held
    payment = checked(world, ask(world, agreement, later), later)
    with pytest.raises(services.SamePerson):
        services.approve_payment(payment_id=payment.pk, by=office, at=later)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(state="approved", approved_by=office, approved_at=later)


def test_where_the_community_buys_it_approves(world, at):
    agreement = signed(world, at)
    with connection.cursor() as cursor:  # the round is frozen; the test makes it one that opened so
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE rounds_round DISABLE TRIGGER USER")
        cursor.execute("UPDATE rounds_round SET buyer = 'community' WHERE id = %s", [world.here.round.pk])
        cursor.execute("ALTER TABLE rounds_round ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    later = at + LATER
    payment = checked(world, ask(world, agreement, later), later)
    with pytest.raises(NotAllowed):
        services.approve_payment(payment_id=payment.pk, by=world.here.people["leader"], at=later)
    assert (
        services.approve_payment(payment_id=payment.pk, by=world.here.people["community"], at=later).state == "approved"
    )


def test_instalments_come_in_order_and_within_their_amount(world, at):
    agreement = signed(world, at, plan="50-30-20")
    later = at + LATER
    with pytest.raises(services.EarlierInstalmentOpen):
        ask(world, agreement, later, position=2)
    with pytest.raises(services.InstalmentExceeded):
        ask(world, agreement, later, amount="4500.01")
    with pytest.raises(services.NothingAsked):
        ask(world, agreement, later, amount="-1")
    paid(world, ask(world, agreement, later), later)
    with pytest.raises(services.InstalmentExceeded):
        ask(world, agreement, later, amount="0.01")
    with pytest.raises(services.SpentTooLittle, match=r"支出率 69\.9%，未达到约定的 70%"):
        ask(world, agreement, later, position=2, spent="3147.75")
    with pytest.raises(services.SpentTooMuch):
        ask(world, agreement, later, position=2, spent="4500.01")
    assert ask(world, agreement, later, position=2, spent="3150").instalment.title == "二期款"


def test_every_condition_is_confirmed(world, at):
    agreement = signed(world, at)
    later = at + LATER
    paid(world, ask(world, agreement, later), later)
    payment = ask(world, agreement, later, position=2)
    with pytest.raises(services.ConditionsOpen, match="末期验收合格、决算和结余已处理"):
        services.check_payment(
            payment_id=payment.pk,
            confirmed={"evidence": "已看", "final": " "},
            by=world.here.people["office"],
            at=later,
        )
    payment.refresh_from_db()
    assert payment.state == "requested"


def test_residents_money_needs_its_papers_first(world, at):
    award = noticed(world, at)
    purse = fund(world, at, needs_papers=True)
    later = at + LATER
    who = world.here.people
    version = services.draft_agreement(
        proposal_id=award.proposal_id, content=text(award, [(purse, "9000")]), by=who["office"], at=later
    )
    agreement = sign(world, version, later)
    payment = ask(world, agreement, later)
    with pytest.raises(services.PapersMissing, match="会议记录、表决结果、公示照片"):
        checked(world, payment, later)
    for kind, person in (("minutes", "office"), ("vote", "community"), ("photo", "community")):
        services.add_paper(agreement_id=agreement.pk, kind=kind, file=pdf(), by=who[person], at=later)
    with pytest.raises(NotAllowed):
        services.add_paper(agreement_id=agreement.pk, kind="photo", file=pdf(), by=who["member"], at=later)
    assert checked(world, payment, later).state == "checked"


def test_the_same_request_twice_is_one(world, at):
    agreement = signed(world, at)
    later = at + LATER
    first = ask(world, agreement, later, key="k1", amount="1000")
    assert ask(world, agreement, later, key="k1", amount="1000").pk == first.pk
    assert (Payment.objects.count(), PaymentPart.objects.count()) == (1, 1)


def test_refused_failed_withdrawn_leave_the_instalment_open_and_a_reason(world, at):
    agreement = signed(world, at)
    later = at + LATER
    who = world.here.people
    one = ask(world, agreement, later)
    with pytest.raises(services.ReasonMissing):
        services.refuse_payment(payment_id=one.pk, reason="", by=who["office"], at=later)
    with pytest.raises(NotAllowed):
        services.refuse_payment(payment_id=one.pk, reason="不", by=who["leader"], at=later)
    services.refuse_payment(payment_id=one.pk, reason="缺收据", by=who["office"], at=later)
    two = ask(world, agreement, later)
    services.withdraw_payment(payment_id=two.pk, reason="金额写错", by=who["member"], at=later)
    three = paid(world, ask(world, agreement, later), later)
    services.fail_payment(payment_id=three.pk, reason="账号有误，银行退票", by=who["finance"], at=later)
    four = paid(world, ask(world, agreement, later), later, voucher="记字13号")
    with pytest.raises(services.PaymentMoved):
        services.refuse_payment(payment_id=four.pk, reason="晚了", by=who["finance"], at=later)
    assert list(Payment.objects.order_by("pk").values_list("state", flat=True)) == [
        "refused",
        "cancelled",
        "failed",
        "paid",
    ]
    assert Payment.objects.get(pk=three.pk).voucher == "记字12号"
    assert books(world).lines[0].paid == 5400
    sound(world)


def test_money_that_comes_back(world, at):
    agreement = signed(world, at)
    later = at + LATER
    finance = world.here.people["finance"]
    payment = paid(world, ask(world, agreement, later), later)
    part = payment.parts.get()
    act = {
        "part_id": part.pk,
        "received_on": later.date(),
        "by": finance,
        "at": later,
        "voucher": "收字3号",
        "reason": "活动少办一场",
    }
    with pytest.raises(services.RepaidTooMuch, match=r"5,400\.00"):
        services.record_repayment(kind="returned", amount=D("5400.01"), **act)
    services.record_repayment(kind="returned", amount=D(400), **act, once_key="r")
    services.record_repayment(kind="returned", amount=D(400), **act, once_key="r")
    line = books(world).lines[0]
    assert (line.paid, line.returned, line.net, line.unpaid) == (5400, 400, 5000, 4000)
    with pytest.raises(services.AlreadyRepaid):
        services.fail_payment(payment_id=payment.pk, reason="x", by=finance, at=later)
    agreement = services.end_agreement(
        agreement_id=agreement.pk, reason="中期不合格", by=world.here.people["leader"], at=later
    )
    assert agreement.amount == 5000
    services.record_repayment(**{**act, "kind": "recovered", "amount": D(5000), "reason": "违约追回"})
    agreement.refresh_from_db()
    assert (agreement.state, agreement.amount) == ("ended", 0)
    line = books(world).lines[0]
    assert (line.allocated, line.agreed, line.net, line.unpaid) == (9000, 0, 0, 0)
    sound(world)


def test_ending_cancels_what_is_open_and_nothing_is_paid_after(world, at):
    agreement = signed(world, at)
    later = at + LATER
    payment = okayed(world, ask(world, agreement, later), later)
    for person in ("office", "finance", "member"):
        with pytest.raises(NotAllowed):
            services.end_agreement(agreement_id=agreement.pk, reason="停", by=world.here.people[person], at=later)
    services.end_agreement(agreement_id=agreement.pk, reason="停", by=world.here.people["leader"], at=later)
    payment.refresh_from_db()
    assert (payment.state, payment.close_reason) == ("cancelled", "协议终止：停")
    with pytest.raises(services.PaymentMoved):
        services.pay(
            payment_id=payment.pk, paid_on=later.date(), voucher="1", by=world.here.people["finance"], at=later
        )
    with pytest.raises(services.NotSigned):
        ask(world, agreement, later, amount="1")
    sound(world)


def test_an_objection_upheld_later_stops_the_payment(world, at):
    agreement = signed(world, at)
    later = at + LATER
    payment = checked(world, ask(world, agreement, later), later)
    notice = AllocationPlan.objects.get().notices.get()
    objection = services.raise_objection(
        notice_id=notice.pk,
        proposal_id=agreement.proposal_id,
        name="某居民",
        phone="13800001234",
        words="请核查。",
        at=at + timedelta(days=4),
    )
    with pytest.raises(services.HeldUp):
        services.approve_payment(payment_id=payment.pk, by=world.here.people["leader"], at=later)
    services.draft_answer(
        objection_id=objection.pk,
        finding="查过",
        outcome="refused",
        answer="不成立",
        by=world.here.people["office"],
        at=later,
    )
    services.sign_answer(objection_id=objection.pk, by=world.here.people["leader"], at=later)
    assert services.approve_payment(payment_id=payment.pk, by=world.here.people["leader"], at=later).state == "approved"


def test_a_fund_never_falls_below_what_is_drawn(world, at):
    agreement = signed(world, at)
    purse = Fund.objects.get()
    facts = {
        "street": world.here.area,
        "name": purse.name,
        "kind": "general",
        "year": 2026,
        "by": world.here.people["office"],
        "at": at,
    }
    with pytest.raises(services.FundTooSmall):
        services.set_fund(fund_id=purse.pk, budget=D("8999.99"), **facts)
    assert services.set_fund(fund_id=purse.pk, budget=D(9000), **facts).budget == 9000
    with pytest.raises(services.FundTwice):
        services.set_fund(fund_id=None, budget=D(1), **facts)
    for person in (world.here.people["finance"], world.there.people["office"]):
        with pytest.raises(NotAllowed):
            services.set_fund(**{**facts, "by": person}, fund_id=None, budget=D(1))
    assert agreement.draws.get().amount == 9000


def test_the_same_project_twice_is_warned_about(world, at):
    agreement = signed(world, at)
    first = agreement.proposal
    assert rules.twice(first) == []
    from projects.models import Proposal

    again = Proposal.objects.create(
        round=first.round,
        organization=first.organization,
        title=f"{first.title}（二期）",
        created_by=first.created_by,
        created_at=at,
        saved_at=at,
    )
    assert rules.twice(again) == [
        f"同一单位在“{first.round.title}”已有获资助的相似项目“{first.title}”（{first.community.name}），请核对是否重复资助。"
    ]


# ---- the database itself


def refused(world, work, name):
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        work()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert name in str(error.value.__cause__.diag.constraint_name)


def test_the_database_refuses_what_no_service_does(world, at):
    agreement = signed(world, at)
    later = at + LATER
    payment = paid(world, ask(world, agreement, later), later)
    sound(world)
    term, draw = agreement.instalments.order_by("position").first(), agreement.draws.get()
    moved = Agreement.objects.filter(pk=agreement.pk)

    def fatter():
        moved.update(amount=9001)
        Instalment.objects.filter(pk=term.pk).update(amount=5401)
        FundDraw.objects.filter(pk=draw.pk).update(amount=9001)

    def second():
        new = Payment.objects.create(
            agreement=agreement,
            instalment=term,
            number="X",
            amount=1,
            payee={},
            requested_by=payment.requested_by,
            requested_at=later,
        )
        PaymentPart.objects.create(payment=new, draw=draw, amount=1)

    refused(world, lambda: moved.update(amount=8999), "funding_instalments_add_up")
    refused(world, lambda: Instalment.objects.filter(pk=term.pk).update(amount=5399), "funding_instalments_add_up")
    refused(world, fatter, "funding_agreement_within_award")
    refused(world, second, "funding_instalment_not_overdrawn")
    refused(world, lambda: Fund.objects.update(budget=8999), "funding_fund_not_overdrawn")
    refused(world, lambda: Payment.objects.update(amount=1), "funding_payment_guard")
    refused(world, lambda: Payment.objects.update(state="requested"), "funding_payment_guard")
    refused(world, lambda: Payment.objects.update(voucher="改"), "funding_payment_guard")
    refused(world, lambda: PaymentPart.objects.update(amount=1), "funding_ledger_append_only")
    refused(world, lambda: Payment.objects.all()._raw_delete("default"), "funding_payment_guard")
    refused(world, lambda: Agreement.objects.all()._raw_delete("default"), "funding_agreement_guard")
    refused(
        world,
        lambda: Repayment.objects.create(
            part=payment.parts.get(),
            kind="returned",
            amount=5401,
            received_on=later.date(),
            voucher="1",
            reason="1",
            recorded_by=payment.paid_by,
            recorded_at=later,
        ),
        "funding_repaid_at_most_paid",
    )
    sound(world)


def both(first, second):
    """Two people at once; what each got."""
    found = {}
    barrier = threading.Barrier(2)

    def go(name, work):
        barrier.wait()
        try:
            found[name] = work()
        except DomainError as error:
            found[name] = type(error).__name__
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=pair) for pair in (("a", first), ("b", second))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return found


@pytest.mark.django_db(transaction=True)
def test_paying_races_ending_and_one_of_them_wins(at):
    world = build(at)
    later = at + LATER
    agreement = signed(world, at)
    payment = okayed(world, ask(world, agreement, later), later)
    people = world.here.people
    found = both(
        lambda: (
            services.pay(payment_id=payment.pk, paid_on=later.date(), voucher="1", by=people["finance"], at=later).state
        ),
        lambda: services.end_agreement(agreement_id=agreement.pk, reason="停", by=people["leader"], at=later).state,
    )
    assert found["b"] == "ended"
    agreement.refresh_from_db()
    assert agreement.amount == {"paid": 5400, "PaymentMoved": 0}[found["a"]]
    assert problems(books(world)) == []
    assert list(broken()) == []


@pytest.mark.django_db(transaction=True)
def test_two_officers_and_a_double_click_pay_once(at):
    world = build(at)
    later = at + LATER
    agreement = signed(world, at)
    found = both(
        lambda: ask(world, agreement, later, key="same").pk, lambda: ask(world, agreement, later, key="same").pk
    )
    assert found["a"] == found["b"]
    payment = okayed(world, Payment.objects.get(), later)
    act = {
        "payment_id": payment.pk,
        "paid_on": later.date(),
        "voucher": "1",
        "by": world.here.people["finance"],
        "at": later,
    }
    found = both(lambda: services.pay(**act).state, lambda: services.pay(**act).state)
    assert sorted(found.values()) == ["PaymentMoved", "paid"]
    found = both(
        lambda: ask(world, agreement, later, position=2, amount="3600").state,
        lambda: ask(world, agreement, later, position=2, amount="3600").state,
    )
    assert sorted(found.values()) == ["InstalmentExceeded", "requested"]
    assert problems(books(world)) == []


# ---- random histories


def moves(world, agreement, at, rng):
    """Every move anybody might try now, legal or not."""
    who = world.here.people
    payment = rng.choice(list(Payment.objects.filter(agreement=agreement)) or [None])
    amount = D(rng.randrange(1, 700000)) / 100
    part = rng.choice(list(PaymentPart.objects.filter(payment__agreement=agreement)) or [None])
    yield lambda: ask(
        world,
        agreement,
        at,
        position=rng.randint(1, agreement.instalments.count()),
        amount=rng.choice([None, amount]),
        spent=rng.choice(["0", "3000", "5000"]),
    )
    if payment:
        act = {"payment_id": payment.pk, "at": at}
        yield lambda: checked(world, payment, at)
        yield lambda: services.approve_payment(by=who["leader"], **act)
        yield lambda: services.pay(paid_on=at.date(), voucher="1", by=who["finance"], **act)
        yield lambda: services.refuse_payment(reason="退", by=who[rng.choice(["office", "leader", "finance"])], **act)
        yield lambda: services.fail_payment(reason="退票", by=who["finance"], **act)
        yield lambda: services.withdraw_payment(reason="撤", by=who["member"], **act)
        if part:
            yield lambda: services.record_repayment(
                part_id=part.pk,
                kind="returned",
                amount=amount,
                received_on=at.date(),
                voucher="1",
                reason="余",
                by=who["finance"],
                at=at,
            )
    yield lambda: change(world, agreement, at, amount, rng)
    if rng.random() < 0.03:
        yield lambda: services.end_agreement(agreement_id=agreement.pk, reason="停", by=who["leader"], at=at)


def change(world, agreement, at, amount, rng):
    version = agreement.versions.filter(state__in=["draft", "submitted", "approved"]).first()
    office = world.here.people["office"]
    if version is not None and version.state != "draft":
        services.withdraw_version(version_id=version.pk, reason="重拟", by=office, at=at)
        version = None
    if version is None:
        version = services.change_agreement(agreement_id=agreement.pk, reason="变更", by=office, at=at)
    content = domain.read(version.content)
    half = (amount / 3).quantize(D("0.01"))
    pulls = (replace(content.pulls[0], amount=half), replace(content.pulls[1], amount=amount - half))
    text_ = replace(
        content, amount=amount, terms=domain.split(amount, rng.choice(sorted(domain.SPLITS))), pulls=pulls, shares=()
    )
    services.save_agreement(version_id=version.pk, content=text_, by=office, at=at)
    sign(world, version, at)


@pytest.mark.parametrize("seed", range(12))
def test_the_books_balance_after_every_step_of_any_history(world, at, seed):
    rng = random.Random(seed)
    award = noticed(world, at)
    purses = [fund(world, at, name="甲"), fund(world, at, name="乙")]
    version = services.draft_agreement(
        proposal_id=award.proposal_id, content=text(award, [(purses[0], "3000.50"), (purses[1], "5999.50")], plan=rng.choice(sorted(domain.SPLITS))),
        by=world.here.people["office"], at=at + LATER,
    )  # fmt: skip
    agreement = sign(world, version, at + LATER)
    done = 0
    for step in range(60):
        moment = at + LATER + timedelta(hours=step + 2)
        move = rng.choice(list(moves(world, agreement, moment, rng)))
        try:
            move()
            done += 1
        except DomainError:
            pass
        sound(world)
        agreement.refresh_from_db()
        line = books(world).lines[0]
        assert line.allocated == line.agreed + line.unagreed
        assert line.agreed == line.net + line.unpaid
        assert min(line.unagreed, line.net, line.unpaid, line.unpaid - line.waiting) >= 0
    assert done >= 3
    assert list(broken()) == []
