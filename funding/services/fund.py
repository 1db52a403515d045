"""Funds that agreements draw on: set, never below what is drawn."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Sum

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.money import show_yuan
from funding import rules
from funding.models import Fund

ZERO = Decimal("0.00")


class FundTooSmall(DomainError):
    message = "“{name}”已被协议占用 {drawn} 元，年度额度不能低于它。"
    status = 400


class FundTwice(DomainError):
    message = "该年度已有同名资金来源。"
    status = 400


@transaction.atomic(durable=True)
def set_fund(
    *, fund_id: int | None, street: Area, by: User, at: datetime, name: str, kind: str, year: int, budget: Decimal,
    community: Area | None = None, forbidden_heads: Sequence[str] = (), head_limits: Mapping[str, str] | None = None, needs_papers: bool = False, is_demo: bool = False,
) -> Fund:  # fmt: skip
    """Enter a fund of a year, or change one; its budget never falls below what agreements draw.

    Raises NotAllowed, FundTooSmall, FundTwice.
    """
    if not rules.keeps_funds(by, street):
        raise NotAllowed
    facts = {
        "name": name.strip(), "kind": kind, "year": year, "budget": budget, "community": community, "forbidden_heads": sorted(forbidden_heads),
        "head_limits": dict(head_limits or {}), "needs_papers": needs_papers,
    }  # fmt: skip
    fund = Fund(street=street, is_demo=is_demo)
    before = None
    if fund_id is not None:
        fund = Fund.objects.select_for_update().get(pk=fund_id, street=street)
        before = fund.budget
        drawn = fund.draws.aggregate(s=Sum("amount"))["s"] or ZERO
        if budget < drawn:
            raise FundTooSmall(name=fund.name, drawn=show_yuan(drawn))
    for key, value in facts.items():
        setattr(fund, key, value)
    try:
        with transaction.atomic():
            fund.save()
    except IntegrityError as error:
        raise FundTwice from error
    record(
        actor=by, verb="funding.fund_set", about=fund, at=at, scope_id=street.pk,
        facts={"name": fund.name, "year": year, "budget": str(budget), "before": None if before is None else str(before)},
    )  # fmt: skip
    return fund
