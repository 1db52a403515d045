"""E11 拨付审批单: what the form says, once for paper and for Excel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from core.clock import local, spoken
from core.money import show_yuan
from core.rmb import rmb_upper
from funding.models import Instalment, Payment


@dataclass(frozen=True, slots=True)
class Sign:
    """One box for a signature: office, and who did it in the portal, when; both empty where only ink will do."""

    office: str
    name: str
    day: str


@dataclass(frozen=True, slots=True)
class Form:
    """The approval form of one payment. Amounts are text as it is printed."""

    title: str
    number: str
    street: str
    day: str
    rows: tuple[tuple[str, str], ...]
    signs: tuple[Sign, ...]
    note: str


def form_of(payment: Payment, payee: Mapping[str, str]) -> Form:
    """The form; `payee` is the account as its reader may see it (rules.payee_for)."""
    agreement, term = payment.agreement, payment.instalment
    funds = "；".join(
        f"{part.draw.fund} {show_yuan(part.amount)} 元"
        for part in payment.parts.select_related("draw__fund").order_by("pk")
    )
    seen = "；".join(
        f"{Instalment.Condition(c).label}（{payment.confirmed[c]}）" if payment.confirmed.get(c) else str(Instalment.Condition(c).label)
        for c in term.conditions
    )  # fmt: skip
    paid = f"{spoken(payment.paid_on)}，凭证号 {payment.voucher}" if payment.paid_on else ""
    rows = (
        ("项目", f"{agreement.proposal.title}（{agreement.round.title}）"),
        ("收款单位", payee["name"]),
        ("开户行", payee["bank"]),
        ("账号", payee["account"]),
        ("金额（小写）", f"¥{show_yuan(payment.amount)}"),
        ("金额（大写）", rmb_upper(payment.amount)),
        ("依据", f"协议 {agreement.number} {term.title}（{show_yuan(term.amount)} 元）。条件：{seen}"),
        ("资金来源", funds),
        ("附件", f"{payment.evidence.count()} 份"),
        ("拨付", paid or payment.get_state_display()),
    )
    signs = (
        _sign("经办（核对）", payment.checked_by, payment.checked_at),
        Sign("审核", "", ""),
        _sign("分管领导（审批）", payment.approved_by, payment.approved_at),
        Sign("主要领导", "", ""),
        _sign("财政（拨付）", payment.paid_by, payment.paid_at),
    )
    return Form(
        "拨付审批单",
        payment.number,
        agreement.round.street.name,
        spoken(local(payment.requested_at).date()),
        rows,
        signs,
        "演示数据：金额和账户为演示而编，不是真实结果。" if agreement.is_demo else "",
    )


def _sign(office: str, who: User | None, at: datetime | None) -> Sign:
    return Sign(office, who.display_name if who else "", spoken(local(at).date()) if at else "")
