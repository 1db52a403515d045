"""One open thing of every kind of deadline, made by the services. A kind without a case here fails the house."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

from funding import services as funding
from funding.domain.agreement import split
from funding.models import AgreementVersion
from judging.services import declare_recusal
from judging.services.unlock import ask_unlock
from needs import services as needs
from organizations import services as organizations
from organizations.domain.hearing import DEFAULT as HEARING_RULE
from organizations.domain.monthly import DEFAULT, Month
from organizations.services import announce_training, plan_hearing, sign_up
from reminders.models import Rule
from rounds.models import Round
from rounds.services import grant_grace
from tests.delivery import make as spending
from tests.funding import money
from tests.judging.make import lock, make_session, open_session
from tests.needs import trade
from tests.needs.make import handled
from tests.projects import make

DAY = timedelta(days=1)


def _round(world, at, **more):
    facts = {
        "street": world.here.area, "title": "新一期", "number": 7, "year": 2026, "fund_source": "经费", "applicant_kinds": ["social"],
        "budget": Decimal(50000), "apply_opens_at": at + 2 * DAY, "apply_closes_at": at + 9 * DAY,
    }  # fmt: skip
    return Round.objects.create(**facts | more)


def _salon(world, at):
    return needs.plan_salon(
        community=world.here.communities[0], series="书记沙龙", number=None, subject="文艺角", held_on=date(2026, 11, 27),
        begins=time(14, 30), venue="会议室", convener="社区书记", by=world.here.people["community"], at=at,
    )  # fmt: skip


def _claim(world, at):
    claiming = _round(
        world, at, mode="claiming", state="open", apply_opens_at=at - DAY, rules={}, rules_digest="0" * 64, opened_at=at
    )
    by, here = world.here.people["community"], world.here
    order = needs.draft_order(
        community=here.communities[0], need_ids=[make.make_need(here, at).pk], title="义诊", target="居民", content="每月一次。",
        price_ceiling=Decimal(5000), by=by, at=at,
    )  # fmt: skip
    needs.list_order(order_id=order.pk, round_id=claiming.pk, by=by, at=at)
    return needs.offer_claim(
        order_id=order.pk,
        organization=here.organization,
        plan="我们来。",
        price=Decimal(4000),
        by=here.people["member"],
        at=at,
    )


def _licence(world, at):
    row = world.here.organization
    row.licence_until = date(2027, 1, 31)
    row.save()
    return row


def _training(world, at):
    facts = {
        "series": "", "title": "项目财务", "begins_at": at + 9 * DAY, "place": "三楼会议室", "capacity": 40, "audience": ["social"],
        "is_mandatory": True, "sign_up_until": at + 7 * DAY, "note": "",
    }  # fmt: skip
    row = announce_training(street=world.here.area, facts=facts, by=world.here.people["office"], at=at)
    here = world.here
    sign_up(
        training_id=row.pk,
        organization=here.other_organization,
        people=1,
        functions="",
        by=here.people["other_member"],
        at=at,
    )
    return row


def _hearing(world, at):
    plan = plan_hearing(
        street=world.here.area, year=2026, title="述职", held_on=date(2026, 12, 20), venue="", votes_until=at + 40 * DAY, scope="all",
        rule=HEARING_RULE, by=world.here.people["office"], at=at,
    )  # fmt: skip
    plan.dues.exclude(organization=world.here.organization).delete()
    return plan.dues.get()


def _service(world, at):
    order = trade.listed(world, at, service_until=date(2027, 3, 31))
    offered = trade.claim(world, order, at)
    by, later = world.here.people["community"], at + 8 * DAY
    needs.confirm_claim(claim_id=offered.pk, reason="只有这一家。", by=by, at=later)
    return order


def _grace(world, at):
    street = make.ruled(world.here, grace_hours=48, apply_closes_at=at + DAY)
    return grant_grace(
        round_id=street.round.pk, organization_id=street.organization.pk, closes_at=at + 2 * DAY, reason="平台故障。",
        by=street.people["office"], at=at,
    )  # fmt: skip


def _completion(world, at):
    proposal = make.make_submitted_proposal(world.here, at)
    return make.decide(proposal, world.here, "return", at, fields_open=["plan"], complete_by=at + 2 * DAY)


def _held(world, at):
    need = handled(world, at)
    return needs.hold_need(
        need_id=need.pk, reason="等材料", until=date(2026, 12, 1), by=world.here.people["community"], at=at
    )


def _recusal(world, at):
    _, entries = open_session(world, at)
    return declare_recusal(entry_id=entries[0].pk, judge=world.here.people["judge"], reason="任职", at=at)


def _unlock(world, at):
    session, _ = open_session(world, at)
    lock(world, session, at)
    return ask_unlock(
        session_id=session.pk, reason="录错", by=world.here.people["office"], at=at + 2 * timedelta(hours=1)
    )


def _objection(world, at, *, drafted=False):
    award = money.noticed(world, at)
    notice = award.plan.notices.get()
    row = funding.raise_objection(
        notice_id=notice.pk,
        proposal_id=award.proposal_id,
        name="某居民",
        phone="13800001234",
        words="请核查场地费。",
        at=at,
    )
    if drafted:
        funding.draft_answer(
            objection_id=row.pk,
            finding="已核查",
            outcome="refused",
            answer="不成立。",
            by=world.here.people["office"],
            at=at,
        )
    return row


def _dated(world, at):
    """A drafted agreement whose instalments have days."""
    award = money.noticed(world, at)
    days = (date(2026, 12, 10), date(2027, 3, 10))
    terms = tuple(replace(t, due_on=d) for t, d in zip(split(award.amount, "60-40"), days, strict=True))
    content = money.text(award, [(money.fund(world, at), award.amount)], terms=terms)
    return funding.draft_agreement(
        proposal_id=award.proposal_id, content=content, by=world.here.people["office"], at=at + money.LATER
    )


def _approved(world, at):
    version = _dated(world, at)
    funding.submit_agreement(version_id=version.pk, by=version.drafted_by, at=at + money.LATER)
    funding.approve_agreement(version_id=version.pk, by=world.here.people["leader"], at=at + money.LATER)
    return AgreementVersion.objects.get(pk=version.pk)


def _signed(world, at):
    return money.sign(world, _dated(world, at), at + money.LATER)


def _asked(world, at):
    return money.ask(world, _signed(world, at), at + money.LATER + DAY)


def _unmarked(world, at):
    """Resident since October, marked since then: October's sheet is missing, due by the 20th working day of November."""
    row = world.here.organization
    row.moved_in_on = date(2026, 10, 1)
    row.save()
    Rule.objects.create(
        street=world.here.area, kind="organizations.monthly", before=[3, 1, 0], after=[1, 3], escalate=5, due_day=20,
        due_in_workdays=True, changed_at=at,
    )  # fmt: skip
    organizations.set_items(
        street=world.here.area, items=DEFAULT, starts=Month(2026, 10), by=world.here.people["office"], at=at
    )


def _voucher(world, at, *, handed_in=False):
    agreement = spending.project(world, at)
    return (spending.hand_in if handed_in else spending.enter)(world, agreement, at)


LAST = date(2026, 11, 30)
# key → (what makes it, who answers for it, who stands above, the day it ends); keys of `world.here.people`.
CASES = {
    "rounds.open": (_round, {"office"}, {"leader"}, date(2026, 11, 25)),
    "rounds.close": (lambda world, at: world.here.round, {"office"}, set(), LAST),
    "projects.draft": (lambda world, at: make.make_draft(world.here, at), {"member"}, set(), LAST),
    "projects.grace": (_grace, {"member"}, set(), date(2026, 11, 25)),
    "projects.completion": (_completion, {"member"}, {"office"}, date(2026, 11, 25)),
    "needs.handling": (lambda world, at: handled(world, at, "handling"), {"community"}, set(), date(2026, 11, 26)),
    "needs.rating": (lambda world, at: handled(world, at, "rating"), {"community"}, set(), date(2026, 12, 7)),
    "needs.held": (_held, {"community"}, set(), date(2026, 12, 1)),
    "needs.salon": (_salon, {"community"}, {"office"}, date(2026, 11, 27)),
    "needs.claim": (_claim, {"community"}, {"office"}, date(2026, 12, 2)),
    "needs.service": (_service, {"community"}, {"office"}, date(2027, 3, 31)),
    "organizations.licence": (_licence, {"member"}, {"office"}, date(2027, 1, 31)),
    "organizations.monthly": (_unmarked, {"office"}, {"leader"}, date(2026, 11, 27)),
    "delivery.vouchers": (_voucher, {"member"}, {"office"}, date(2027, 6, 30)),
    "delivery.voucher_check": (
        lambda world, at: _voucher(world, at, handed_in=True), {"office", "finance"}, {"leader"}, date(2027, 6, 30),
    ),
    "organizations.sign_up": (_training, {"member"}, set(), LAST),
    "organizations.training": (_training, {"other_member", "office"}, set(), date(2026, 12, 2)),
    "organizations.hearing_report": (_hearing, {"member"}, set(), date(2026, 12, 20)),
    "judging.session": (make_session, {"office", "host"}, {"leader"}, LAST),
    "judging.seat": (lambda world, at: make_session(world, at, judges=("judge",)), {"judge"}, set(), LAST),
    "judging.recusal": (_recusal, {"office"}, {"leader"}, LAST),
    "judging.unlock": (_unlock, {"leader", "supervisor"}, set(), None),
    "funding.notice": (money.noticed, {"office"}, set(), date(2026, 11, 27)),
    "funding.objection": (_objection, {"office"}, {"leader"}, None),
    "funding.objection_sign": (lambda world, at: _objection(world, at, drafted=True), {"leader"}, set(), None),
    "funding.signature": (_approved, {"office", "member"}, {"leader"}, date(2026, 12, 1)),
    "funding.project_end": (_signed, {"office", "member"}, set(), date(2027, 6, 30)),
    "funding.instalment": (_signed, {"member"}, {"office"}, date(2026, 12, 10)),
    "funding.payment_check": (_asked, {"office"}, {"leader"}, date(2026, 12, 10)),
    "funding.payment_approve": (
        lambda world, at: money.checked(world, _asked(world, at), at + money.LATER + DAY), {"leader"}, set(), date(2026, 12, 10),
    ),
    "funding.payment_pay": (
        lambda world, at: money.okayed(world, _asked(world, at), at + money.LATER + DAY), {"finance"}, {"leader"}, date(2026, 12, 10),
    ),
}  # fmt: skip
