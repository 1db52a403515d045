"""Sums of the money, from the rows."""

from decimal import Decimal
from typing import Any

from django.db.models import F, Sum

from core.exact import plain_text
from funding.domain.balance import Books, FundLine, Line
from funding.models import Agreement, AllocationPlan, Award, Fund, FundDraw, Payment, PaymentPart, Repayment
from projects.models import BudgetLine
from rounds.models import Round

ZERO = Decimal("0.00")
S = Payment.State
ACTIVE = [S.REQUESTED, S.CHECKED, S.APPROVED, S.PAID]


def _by(rows: Any) -> dict[int, Decimal]:
    return {key: amount or ZERO for key, amount in rows}


def _minus(more: dict[int, Decimal], less: dict[int, Decimal]) -> dict[int, Decimal]:
    return {key: amount - less.get(key, ZERO) for key, amount in more.items()}


def _sums(agreement: Agreement, states: list[S]) -> dict[int, Decimal]:
    given = agreement.payments.filter(state__in=states).order_by().values_list("instalment").annotate(s=Sum("amount"))
    back = Repayment.objects.filter(part__payment__agreement=agreement).order_by()
    return _minus(_by(given), _by(back.values_list("part__payment__instalment").annotate(s=Sum("amount"))))


def net_by_instalment(agreement: Agreement) -> dict[int, Decimal]:
    """Asked for or paid, less what came back, by instalment id; yuan."""
    return _sums(agreement, ACTIVE)


def paid_by_instalment(agreement: Agreement) -> dict[int, Decimal]:
    """Paid, less what came back, by instalment id; yuan."""
    return _sums(agreement, [S.PAID])


def net_by_draw(agreement: Agreement) -> dict[int, Decimal]:
    """Asked for or paid, less what came back, by draw id; yuan."""
    parts = PaymentPart.objects.filter(payment__agreement=agreement, payment__state__in=ACTIVE).order_by()
    back = Repayment.objects.filter(part__payment__agreement=agreement).order_by()
    return _minus(
        _by(parts.values_list("draw").annotate(s=Sum("amount"))),
        _by(back.values_list("part__draw").annotate(s=Sum("amount"))),
    )


def percent(part: Decimal, whole: Decimal) -> str:
    """`33.3`: a share in per cent, one decimal, half-up; `0` of nothing."""
    return plain_text(part * 100 / whole, 1) if whole else "0"


def standing_award(proposal_id: int) -> Award | None:
    """What the approved plan gives a project, if it gives anything."""
    return (
        Award.objects.filter(proposal=proposal_id, plan__state=AllocationPlan.State.APPROVED, amount__gt=0)
        .select_related("plan__round__street", "proposal")
        .first()
    )


def granted_heads(proposal_id: int) -> dict[str, Decimal]:
    """What a proposal's budget asks of the grant, by head; yuan."""
    rows = BudgetLine.objects.filter(proposal=proposal_id).order_by().values_list("head").annotate(s=Sum("grant"))
    return {head: amount or ZERO for head, amount in rows}


def books(round_: Round) -> Books:
    """The books of a round, in five statements whatever its size: each project with what it was given, agreed and paid."""
    plan = AllocationPlan.objects.approved().filter(round=round_).first()
    awards = list(
        plan.awards.filter(amount__gt=0).order_by("place").values_list("proposal", "proposal__title", "amount")
        if plan
        else []
    )
    agreed = {
        p: (title, amount, state)
        for p, title, amount, state in Agreement.objects.filter(round=round_)
        .exclude(state="dropped")
        .values_list("proposal", "proposal__title", "amount", "state")
    }
    sums = (
        Payment.objects.filter(agreement__round=round_)
        .order_by()
        .values_list("agreement__proposal", "state")
        .annotate(s=Sum("amount"))
    )
    paid: dict[int, Decimal] = {}
    waiting: dict[int, Decimal] = {}
    for proposal, state, amount in sums:
        place = paid if state == S.PAID else waiting if state in ACTIVE else {}
        place[proposal] = place.get(proposal, ZERO) + amount
    returned = _by(
        Repayment.objects.filter(part__payment__agreement__round=round_).order_by()
        .values_list(F("part__payment__agreement__proposal")).annotate(s=Sum("amount"))
    )  # fmt: skip
    names = {p: (title, amount) for p, title, amount in awards}
    names |= {p: (title, ZERO) for p, (title, amount, _) in agreed.items() if p not in names and amount}
    lines = tuple(
        Line(
            name=title, allocated=given, agreed=agreed[p][1] if p in agreed else ZERO, waiting=waiting.get(p, ZERO), paid=paid.get(p, ZERO),
            returned=returned.get(p, ZERO), ended=p in agreed and agreed[p][2] == "ended",
        )
        for p, (title, given) in names.items()
    )  # fmt: skip
    pool = plan.pool if plan else round_.budget
    spent = sum((line.allocated for line in lines), ZERO)
    return Books(pool=round_.budget, reserve=round_.budget - pool, left=pool - spent, lines=lines)


def fund_balances(round_: Round) -> list[FundLine]:
    """The funds of a round's street and year over all its rounds, in four statements: budget, drawn, paid, come back."""
    funds = list(Fund.objects.filter(street=round_.street_id, year=round_.year).order_by("pk"))
    ids = [fund.pk for fund in funds]
    parts = PaymentPart.objects.filter(draw__fund__in=ids, payment__state=S.PAID).order_by()
    back = Repayment.objects.filter(part__draw__fund__in=ids).order_by()
    drawn = _by(FundDraw.objects.filter(fund__in=ids).order_by().values_list("fund").annotate(s=Sum("amount")))
    paid = _by(parts.values_list("draw__fund").annotate(s=Sum("amount")))
    returned = _by(back.values_list("part__draw__fund").annotate(s=Sum("amount")))
    return [
        FundLine(str(f), f.budget, drawn.get(f.pk, ZERO), paid.get(f.pk, ZERO), returned.get(f.pk, ZERO)) for f in funds
    ]
