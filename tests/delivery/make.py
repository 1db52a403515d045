"""Expenses for tests: a signed agreement, facts of a voucher, each step by its own service."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from delivery import services
from delivery.services import Facts
from projects.models import BudgetLine
from tests.funding.money import LATER, pdf, signed

SPENT_AT = timedelta(days=20)  # a moment inside the project's period, after the agreement is signed
PERIOD_DAY = date(2026, 12, 5)


def project(world, at, **more):
    """A signed agreement over 9,000 yuan of activity costs."""
    return signed(world, at, **more)


def facts(**changes):
    """An invoice over 1,200 yuan for materials, complete but for its file."""
    told = Facts(
        spent_on=PERIOD_DAY, summary="购买活动物资", head="activity", payee="测试文具店", bill_kind="invoice", amount=Decimal("1200.00"), source="grant",
        voucher="记字3号", bill_number="26442000000000000017", activity="包粽子活动", handled_by="经手甲", approved_by="审批乙", checked=("title", "verified"),
    )  # fmt: skip
    return replace(told, **changes)


def enter(world, agreement, at, *, key=None, papers=None, by=None, **changes):
    """Entered by the organization's member, with one file unless told otherwise."""
    files = {"bill": [pdf("发票.pdf")]} if papers is None else papers
    return services.add_expense(
        agreement_id=agreement.pk, facts=facts(**changes), papers=files, by=by or world.here.people["member"], at=at + SPENT_AT, once_key=key
    )  # fmt: skip


def hand_in(world, agreement, at, **changes):
    expense = enter(world, agreement, at, **changes)
    services.submit_expenses(expense_ids=[expense.pk], by=world.here.people["member"], at=at + SPENT_AT)
    expense.refresh_from_db()
    return expense


def accept(world, expense, at):
    services.accept_expenses(expense_ids=[expense.pk], by=world.here.people["finance"], at=at + SPENT_AT)
    expense.refresh_from_db()
    return expense


def accepted(world, agreement, at, **changes):
    return accept(world, hand_in(world, agreement, at, **changes), at)


def line_of(agreement):
    return BudgetLine.objects.get(proposal=agreement.proposal_id)


__all__ = [
    "LATER",
    "PERIOD_DAY",
    "SPENT_AT",
    "accept",
    "accepted",
    "enter",
    "facts",
    "hand_in",
    "line_of",
    "pdf",
    "project",
]
