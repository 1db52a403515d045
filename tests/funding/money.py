"""Agreements and payments for tests: a noticed plan, a fund, a text, each step by its own service."""

from datetime import date, timedelta
from decimal import Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from core.clock import local
from funding import services
from funding.domain.agreement import Content, Place, Pull, Share, Target, split
from funding.models import Fund, Payment
from tests.funding.test_services import approved

START = date(2026, 11, 23)
LATER = timedelta(days=12)  # the notice is over
CONFIRMED = dict.fromkeys(("signed", "evidence", "midterm", "final", "accounts"), "已看原件")


def pdf(name="材料.pdf"):
    return SimpleUploadedFile(name, b"%PDF-1.4 paper")


def noticed(world, at):
    """A plan with its notice; returns the funded award."""
    plan = approved(world, at)
    services.publish_notice(plan_id=plan.pk, by=world.here.people["office"], starts_on=START, at=at)
    return plan.awards.get()


def fund(world, at, name="街道公益创投资金", budget="100000", **more):
    facts = {"kind": "general", "year": 2026, **more}
    return services.set_fund(
        fund_id=None, street=world.here.area, name=name, budget=Decimal(budget), by=world.here.people["office"], at=at, **facts
    )  # fmt: skip


def text(award, pulls, amount=None, plan="60-40", **more):
    """What an agreement over the whole award says; `pulls` are (fund, amount)."""
    total = Decimal(amount) if amount else award.amount
    facts = {
        "first": "测试街道办事处", "second": award.proposal.organization.name, "third": "溡源社区", "amount": total,
        "starts_on": date(2026, 12, 1), "ends_on": date(2027, 6, 30), "payee_name": award.proposal.organization.name,
        "payee_bank": "测试银行新区支行", "payee_account": "6222000000000000001", "copies": 4, "terms": split(total, plan),
        "pulls": tuple(Pull(f.pk, str(f), Decimal(a)) for f, a in pulls),
        "shares": (Share(award.proposal.organization.name, total - 1000, "主办", is_lead=True), Share("邻里文艺队", Decimal(1000), "演出四场")),
        "places": (Place("溡源社区", "党群服务中心"), Place("云秀社区", "文化广场")), "targets": (Target("活动场次", "12 场"), Target("受益人次", "600 人次")),
    }  # fmt: skip
    return Content(**{**facts, **more})


def drafted(world, at, **more):
    award = noticed(world, at)
    content = text(award, [(fund(world, at), award.amount)], **more)
    return services.draft_agreement(
        proposal_id=award.proposal_id, content=content, by=world.here.people["office"], at=at + LATER
    )


def sign(world, version, at):
    who = world.here.people
    services.submit_agreement(version_id=version.pk, by=version.drafted_by, at=at)
    services.approve_agreement(version_id=version.pk, by=who["leader"], at=at)
    return services.sign_agreement(
        version_id=version.pk,
        signed_on=local(at).date(),
        scan=pdf("扫描.pdf"),
        by=who["office"],
        at=at + timedelta(hours=1),
    )


def signed(world, at, **more):
    return sign(world, drafted(world, at, **more), at + LATER)


def ask(world, agreement, at, position=1, amount=None, spent="0", key=None):
    term = agreement.instalments.get(position=position)
    return services.request_payment(
        instalment_id=term.pk, amount=Decimal(amount) if amount else term.amount, words="按协议申请。", spent=Decimal(spent), files=[pdf()],
        by=world.here.people["member"], at=at, once_key=key,
    )  # fmt: skip


def checked(world, payment, at):
    return services.check_payment(payment_id=payment.pk, confirmed=CONFIRMED, by=world.here.people["office"], at=at)


def okayed(world, payment, at):
    checked(world, payment, at)
    return services.approve_payment(payment_id=payment.pk, by=world.here.people["leader"], at=at)


def paid(world, payment, at, voucher="记字12号"):
    okayed(world, payment, at)
    return services.pay(
        payment_id=payment.pk,
        paid_on=local(at).date(),
        voucher=voucher,
        by=world.here.people["finance"],
        at=at + timedelta(hours=1),
    )


__all__ = [
    "LATER",
    "Fund",
    "Payment",
    "ask",
    "checked",
    "drafted",
    "fund",
    "noticed",
    "okayed",
    "paid",
    "pdf",
    "sign",
    "signed",
    "text",
]
