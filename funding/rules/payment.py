"""What stands between an organization and its next instalment; who sees what of a payment; accounts that changed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Role
from accounts.rules import area_paths, may, street_ids
from core.exact import plain_text
from core.money import show_yuan
from core.people import mask_account
from funding.models import Agreement, AgreementVersion, Instalment, Payment
from funding.rules.agreement import papers_missing, payee_shown
from funding.rules.books import net_by_instalment, paid_by_instalment
from funding.rules.plan import READERS, Person, held_up
from organizations.rules import current_account, organizations_of

ZERO = Decimal("0.00")
FREEZE = timedelta(hours=24)  # after the account of an agreement changed, nothing is paid for so long


@dataclass(frozen=True, slots=True)
class Ask:
    """One instalment as its organization sees it: yuan agreed, asked for or paid, still open; what forbids asking.

    `missing` forbids; `notes` are what will be looked at or is better brought in time. `rate` is what must have been
    spent of what was paid before, in yuan; None where nothing is asked.
    """

    term: Instalment
    asked: Decimal
    paid: Decimal
    left: Decimal
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    rate: Decimal | None
    is_next: bool = False

    @property
    def can_ask(self) -> bool:
        return bool(self.left) and not self.missing


def asks(agreement: Agreement) -> list[Ask]:
    """Every instalment of an agreement in its order; the first one with money left is the next."""
    nets, paid = net_by_instalment(agreement), paid_by_instalment(agreement)
    why = held_up(agreement.round_id).get(agreement.proposal_id)
    papers = papers_missing(agreement)
    got = sum(paid.values(), ZERO)
    last = agreement.payments.exclude(state="cancelled").order_by("-pk").first()
    found: list[Ask] = []
    is_next = True
    for term in agreement.instalments.order_by("position"):
        left = term.amount - nets.get(term.pk, ZERO)
        missing = []
        if agreement.state != Agreement.State.SIGNED:
            missing.append(f"协议{agreement.get_state_display()}，不能申请拨付。")
        if why:
            missing.append(f"该项目暂缓拨付：{why}。")
        missing += [
            f"“{earlier.term.title}”还没有拨付，拨付以后才能申请这一期。"
            for earlier in found
            if earlier.paid <= 0 and agreement.state == Agreement.State.SIGNED
        ]
        rate = None
        notes = [f"办理时逐项核对：{'、'.join(str(Instalment.Condition(c).label) for c in term.conditions)}。"]
        if term.spend_rate:
            rate = got * term.spend_rate / 100
            told = last.spent if last else ZERO
            share = plain_text(told * 100 / got, 1) if got else "0"
            notes.append(
                f"已拨资金的支出率须达到 {term.spend_rate}%：已拨 {show_yuan(got)} 元，累计支出不少于 {show_yuan(rate)} 元；"
                f"上次申报累计支出 {show_yuan(told)} 元（{share}%）。"
            )
        if papers:
            notes.append(
                f"“{papers[0]}”还缺民主决策材料：{'、'.join(papers[1])}。请联系社区或街道上传，缺少时不能通过核对。"
            )
        found.append(
            Ask(
                term, nets.get(term.pk, ZERO), paid.get(term.pk, ZERO), left, tuple(missing), tuple(notes), rate,
                is_next=is_next and left > 0,
            )
        )  # fmt: skip
        is_next = is_next and left <= 0
    return found


def sees_payments(user: Person) -> bool:
    """Who has a list of payments at all: the street's people, communities, members of an organization."""
    return bool(street_ids(user, *READERS) or area_paths(user, Role.COMMUNITY) or organizations_of(user))


def sees_form(user: Person, payment: Payment) -> bool:
    """The approval form is a paper of the street and the buying community, not of the applicant."""
    agreement = payment.agreement
    community = agreement.proposal.community
    return may(user, agreement.round.street, *READERS) or (
        community is not None and may(user, community, Role.COMMUNITY)
    )


def exports_form(user: Person, payment: Payment) -> bool:
    """The form as a file shows the whole account: for the street's people only."""
    return may(user, payment.agreement.round.street, *READERS)


def payee_for(user: Person, payment: Payment) -> dict[str, str]:
    """`name`, `bank`, `account` of a payment; the account masked for whoever may not see it."""
    payee = {key: str(payment.payee.get(key, "")) for key in ("name", "bank", "account")}
    if not payee_shown(user, payment.agreement):
        payee["account"] = mask_account(payee["account"])
    return payee


def payee_differs(payment: Payment) -> bool:
    """Whether the agreement now names another account than this request."""
    agreement = payment.agreement
    now = {"name": agreement.payee_name, "bank": agreement.payee_bank, "account": agreement.payee_account}
    return bool(now != payment.payee)


def registry_doubt(payment: Payment) -> str:
    """What the registry of organizations says against this request's account, in words; empty where nothing does."""
    known = current_account(payment.agreement.proposal.organization_id)
    if known is None:
        return ""
    if known.confirmed_at is None:
        return "单位登记的收款账户有变更，财务还没有核实" if known.number > 1 else "单位登记的收款账户财务还没有核实"
    now = (known.holder, known.bank, known.tail)
    asked = (payment.payee.get("name"), payment.payee.get("bank"), str(payment.payee.get("account", ""))[-4:])
    return "" if now == asked else "这份申请书上的账户与登记册上已核实的账户不同"


def payee_changed_at(agreement: Agreement) -> datetime | None:
    """When a signed version last named another account than the version before it; None when none ever did."""
    signed = [AgreementVersion.State.SIGNED, AgreementVersion.State.SUPERSEDED]
    before, changed = None, None
    for content, at in (
        agreement.versions.filter(state__in=signed).order_by("number").values_list("content", "recorded_at")
    ):
        payee = tuple(content[key] for key in ("payee_name", "payee_bank", "payee_account"))
        if before is not None and payee != before:
            changed = at
        before = payee
    return changed


def frozen_until(agreement: Agreement, at: datetime) -> datetime | None:
    """Until when nothing is paid because the account changed; None when it may be paid at `at`."""
    changed = payee_changed_at(agreement)
    return changed + FREEZE if changed and at < changed + FREEZE else None
