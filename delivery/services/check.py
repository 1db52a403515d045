"""Checking vouchers: accept, return, take an accepted one back by a counter-entry."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from core.clock import local
from core.errors import NotAllowed
from core.money import show_yuan
from delivery import rules
from delivery.kinds import RETURNED, TAKEN_BACK
from delivery.models import Expense
from delivery.services.expense import AlreadyMoved, ReasonMissing, lock_expense, lock_project, note
from messaging.kinds import Kind
from messaging.services import notify

S = Expense.State


@transaction.atomic(durable=True)
def accept_expenses(*, expense_ids: Sequence[int], by: User, at: datetime) -> tuple[list[Expense], int]:
    """Accept what is handed in. Returns the accepted ones and how many somebody else had moved meanwhile.

    Raises NotAllowed when one of them is not hers to check.
    """
    done, moved = _turn(expense_ids, S.ACCEPTED, "", by, at)
    for expense in done:
        note(expense, "delivery.expense_accepted", by, at)
    _tell_accepted(done, at)
    return done, moved


@transaction.atomic(durable=True)
def return_expenses(*, expense_ids: Sequence[int], reason: str, by: User, at: datetime) -> tuple[list[Expense], int]:
    """Send handed-in ones back with one reason; the organization corrects them. As accept_expenses, and ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    done, moved = _turn(expense_ids, S.RETURNED, reason.strip(), by, at)
    for expense in done:
        note(expense, "delivery.expense_returned", by, at, reason.strip())
        _tell(
            expense, RETURNED, f"delivery.returned:{expense.pk}:{int(at.timestamp() * 1_000_000)}", reason.strip(), at
        )
    return done, moved


def _turn(ids: Sequence[int], state: S, reason: str, by: User, at: datetime) -> tuple[list[Expense], int]:
    """Agreements are locked in one order first, so that two checkers' batches cannot wait for each other."""
    wanted = sorted(set(ids))
    homes = Expense.objects.filter(pk__in=wanted).values_list("agreement_id", flat=True).distinct()
    agreements = {pk: lock_project(pk) for pk in sorted(homes)}
    if not all(rules.can_check(by, agreement) for agreement in agreements.values()):
        raise NotAllowed
    rows = Expense.objects.select_for_update(of=("self",)).filter(pk__in=wanted, state=S.SUBMITTED).order_by("pk")
    done = []
    for expense in rows:
        expense.agreement = agreements[expense.agreement_id]
        if expense.submitted_by_id == by.pk:
            raise NotAllowed
        expense.state, expense.decided_by, expense.decided_at, expense.note = state, by, at, reason
        expense.save(update_fields=["state", "decided_by", "decided_at", "note"])
        done.append(expense)
    return done, len(wanted) - len(done)


@transaction.atomic(durable=True)
def reverse_expense(*, expense_id: int, reason: str, by: User, at: datetime) -> Expense:
    """冲销: take an accepted expense back by an entry of the same amount, dated today. Returns the counter-entry.

    The invoice is free again, so that the organization can enter it rightly. Raises NotAllowed, AlreadyMoved, ReasonMissing.
    """
    expense = lock_expense(expense_id)
    if not rules.can_check(by, expense.agreement):
        raise NotAllowed
    if expense.state != S.ACCEPTED or expense.reverses_id is not None:
        raise AlreadyMoved
    if not reason.strip():
        raise ReasonMissing
    today: date = local(at).date()
    counter = Expense.objects.create(
        agreement=expense.agreement, number=f"{expense.number}C", state=S.ACCEPTED, spent_on=today, voucher="",
        summary=f"冲销 {expense.voucher_shown}"[:120], head=expense.head, line_id=expense.line_id, payee=expense.payee,
        bill_kind=expense.bill_kind, bill_number=expense.bill_number, amount=expense.amount, source=expense.source, activity=expense.activity,
        created_by=by, created_at=at, decided_by=by, decided_at=at, note=reason.strip(), reverses=expense, is_demo=expense.is_demo,
    )  # fmt: skip
    expense.state = S.REVERSED
    expense.save(update_fields=["state"])
    note(expense, "delivery.expense_reversed", by, at, reason.strip(), counter=counter.number)
    _tell(expense, TAKEN_BACK, f"delivery.reversed:{expense.pk}", reason.strip(), at)
    return counter


def _members(expense: Expense) -> list[int]:
    return [m.user_id for m in expense.agreement.proposal.organization.members.all()]


def _tell(expense: Expense, kind: Kind, occasion: str, reason: str, at: datetime) -> None:
    data = {
        "title": expense.agreement.proposal.title, "number": expense.number, "amount": show_yuan(expense.amount), "reason": reason,
    }  # fmt: skip
    notify(
        recipients=_members(expense), occasion=occasion, subject="", body="", kind=kind.key, data=data,
        link=f"/expenses/{expense.pk}/", at=at, scope_id=expense.agreement.round.street_id,
    )  # fmt: skip


def _tell_accepted(done: Sequence[Expense], at: datetime) -> None:
    """One line in the inbox per project and batch; nobody is mailed that all is well."""
    for agreement_id in sorted({e.agreement_id for e in done}):
        some = [e for e in done if e.agreement_id == agreement_id]
        first, total = some[0], show_yuan(sum((e.amount for e in some), some[0].amount * 0))
        notify(
            recipients=_members(first), occasion=f"delivery.accepted:{first.pk}", subject=f"支出已核：{first.agreement.proposal.title}",
            body=f"“{first.agreement.proposal.title}”的 {len(some)} 笔支出（合计 {total} 元）已核对通过。", link=f"/spending/{agreement_id}/",
            at=at, scope_id=first.agreement.round.street_id, email=False,
        )  # fmt: skip
