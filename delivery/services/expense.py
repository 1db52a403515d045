"""支出: the organization enters, corrects and hands in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from core.clock import local, spoken
from core.errors import DomainError, NotAllowed
from delivery import rules
from delivery.domain.spending import MOST_FILES, MOST_MEGABYTES, Finding, missing
from delivery.models import Expense, ExpensePaper
from funding.models import Agreement
from funding.services import check_evidence
from funding.services.files import keep
from projects.models import BudgetLine

S = Expense.State


class NotOpen(DomainError):
    message = "协议没有处于已签订状态，不能再录入或提交支出。"


class AlreadyMoved(DomainError):
    message = "这笔支出的状态已变化，可能已提交或已由他人处理，请刷新页面查看。"


class NothingSpent(DomainError):
    message = "金额必须大于零。"
    status = 400


class SpentInFuture(DomainError):
    message = "支出日期不能晚于今天（{today}）。"
    status = 400


class BadLine(DomainError):
    message = "所选的预算行不在该科目下，请重新选择。"
    status = 400


class BillUsed(DomainError):
    message = "发票 {bill} 已用于支出 {number}（{where}），不能重复使用。请核对票号。"
    status = 400


class BillNumberMissing(DomainError):
    message = "支出 {number}：请填写发票号码。"
    status = 400


class OverBudget(DomainError):
    """`findings` are the refusals, each with its field; `message` is all of them."""

    message = "{words}"
    status = 400

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        super().__init__(words="".join(f.words for f in findings))


class TooManyPapers(DomainError):
    message = "每笔支出最多 {most} 个附件，已有 {have} 个，请减少后再传。"
    status = 400


class PapersMissing(DomainError):
    message = "支出 {number}：请至少上传一个附件（票据照片或扫描件）。"
    status = 400


class VoucherIncomplete(DomainError):
    message = "支出 {number}：凭证还缺：{names}。备齐后在自查栏勾选。"
    status = 400


class ReasonMissing(DomainError):
    message = "请写明理由。"
    status = 400


@dataclass(frozen=True, slots=True)
class Facts:
    """What the organization writes of one expense; amount in yuan, `line` the id of a budget line of that head."""

    spent_on: date
    summary: str
    head: str
    payee: str
    bill_kind: str
    amount: Decimal
    source: str
    line: int | None = None
    voucher: str = ""
    bill_number: str = ""
    activity: str = ""
    handled_by: str = ""
    approved_by: str = ""
    checked: tuple[str, ...] = ()
    over_reason: str = ""


Papers = Mapping[str, Sequence[Any]]


def lock_project(agreement_id: int) -> Agreement:
    """The agreement with its row locked until the transaction ends: its expenses are written one at a time."""
    return (
        Agreement.objects.select_for_update(of=("self",))
        .select_related("round__street", "proposal__organization", "proposal__community")
        .get(pk=agreement_id)
    )


def lock_expense(expense_id: int) -> Expense:
    """The expense under its locked agreement."""
    agreement = lock_project(Expense.objects.values_list("agreement_id", flat=True).get(pk=expense_id))
    expense = Expense.objects.select_for_update(of=("self",)).get(pk=expense_id)
    expense.agreement = agreement
    return expense


def note(expense: Expense, verb: str, by: User, at: datetime, reason: str = "", **more: Any) -> None:
    """The audit row of one act."""
    record(
        actor=by, verb=verb, about=expense, at=at, scope_id=expense.agreement.round.street_id, reason=reason,
        facts={"number": expense.number, "amount": str(expense.amount), "head": expense.head, **more},
    )  # fmt: skip


@transaction.atomic(durable=True)
def add_expense(
    *, agreement_id: int, facts: Facts, papers: Papers | None = None, by: User, at: datetime, once_key: str | None = None, is_demo: bool = False
) -> Expense:  # fmt: skip
    """Enter one expense, with its files by kind. The same `once_key` gives the same expense back.

    Raises NotAllowed, NotOpen, NothingSpent, SpentInFuture, BadLine, BillUsed, OverBudget, TooManyPapers, BadEvidence.
    """
    agreement = lock_project(agreement_id)
    if not rules.can_write(by, agreement):
        raise NotAllowed
    known = Expense.objects.filter(once_key=once_key, agreement=agreement).first() if once_key else None
    if known is not None:
        return known
    count = Expense.objects.filter(agreement=agreement, reverses=None).count()
    expense = Expense(
        agreement=agreement, number=f"ZC{agreement.number[2:]}-{count + 1:03d}", created_by=by, created_at=at, once_key=once_key, is_demo=is_demo
    )  # fmt: skip
    _write(expense, facts, papers or {}, by, at)
    note(expense, "delivery.expense_entered", by, at)
    return expense


@transaction.atomic(durable=True)
def save_expense(*, expense_id: int, facts: Facts, papers: Papers | None = None, by: User, at: datetime) -> Expense:
    """Change what is not handed in yet, or was returned. Raises as add_expense, and AlreadyMoved."""
    expense = lock_expense(expense_id)
    if not rules.can_write(by, expense.agreement):
        raise NotAllowed
    if expense.state not in Expense.WRITABLE:
        raise AlreadyMoved
    before = str(expense.amount)
    _write(expense, facts, papers or {}, by, at)
    note(expense, "delivery.expense_corrected", by, at, before=before)
    return expense


def _write(expense: Expense, facts: Facts, papers: Papers, by: User, at: datetime) -> None:
    if expense.agreement.state != Agreement.State.SIGNED:
        raise NotOpen
    for key, value in asdict(facts).items():
        if key != "line":
            setattr(expense, key, value.strip() if isinstance(value, str) else value)
    expense.checked = sorted(set(facts.checked))
    expense.line_id = facts.line
    _sound(expense, at)
    files = [(kind, file) for kind, some in papers.items() for file in some]
    have = expense.papers.count() if expense.pk else 0
    if have + len(files) > MOST_FILES:
        raise TooManyPapers(most=MOST_FILES, have=have)
    check_evidence([file for _, file in files], most=MOST_FILES, megabytes=MOST_MEGABYTES)
    try:
        with transaction.atomic():
            expense.save()
    except IntegrityError as error:
        raise _used(expense) from error
    for n, (kind, file) in enumerate(files, have + 1):
        label = ExpensePaper.Kind(kind).label
        stored = keep(file, f"{expense.number}-{label}{n}", at)
        ExpensePaper.objects.create(expense=expense, kind=kind, file=stored, added_by=by, added_at=at)


def _sound(expense: Expense, at: datetime) -> None:
    """What must be true of an expense whenever it is written or handed in."""
    today = local(at).date()
    if expense.amount <= 0:
        raise NothingSpent
    if expense.spent_on > today:
        raise SpentInFuture(today=spoken(today))
    if expense.line_id is not None:
        mine = BudgetLine.objects.filter(pk=expense.line_id, proposal=expense.agreement.proposal_id, head=expense.head)
        if not mine.exists():
            raise BadLine
    if rules.used_elsewhere(expense):
        raise _used(expense)
    said = rules.findings_of(expense, rules.books(expense.agreement, without=expense.pk))
    refused = [f for f in said if f.level != "note"]
    if refused:
        raise OverBudget(refused)


def _used(expense: Expense) -> DomainError:
    other = rules.used_elsewhere(expense)
    if other is None:
        return AlreadyMoved()
    if other.agreement_id == expense.agreement_id:
        where = "本项目"
    elif other.agreement.round.street_id == expense.agreement.round.street_id:
        where = f"协议 {other.agreement.number}"
    else:
        return BillUsed(bill=expense.bill_number, number="", where="其他街道的项目")
    return BillUsed(bill=expense.bill_number, number=other.number, where=where)


@transaction.atomic(durable=True)
def submit_expenses(*, expense_ids: Sequence[int], by: User, at: datetime) -> list[Expense]:
    """Hand expenses of one project in, all or none; from here on the checker has them.

    Raises NotAllowed, NotOpen, AlreadyMoved, BillNumberMissing, PapersMissing, VoucherIncomplete, BillUsed, OverBudget,
    SpentInFuture, BadLine.
    """
    done = []
    for pk in sorted(set(expense_ids)):
        expense = lock_expense(pk)
        if not rules.can_write(by, expense.agreement):
            raise NotAllowed
        if expense.state not in Expense.WRITABLE:
            raise AlreadyMoved
        if expense.agreement.state != Agreement.State.SIGNED:
            raise NotOpen
        if expense.bill_kind == Expense.Bill.INVOICE and not expense.bill_number:
            raise BillNumberMissing(number=expense.number)
        if not expense.papers.exists():
            raise PapersMissing(number=expense.number)
        short = missing(expense.bill_kind, expense.checked)
        if short:
            raise VoucherIncomplete(number=expense.number, names="、".join(short))
        _sound(expense, at)
        expense.state, expense.submitted_by, expense.submitted_at = S.SUBMITTED, by, at
        expense.decided_by = expense.decided_at = None
        try:
            with transaction.atomic():
                expense.save(update_fields=["state", "submitted_by", "submitted_at", "decided_by", "decided_at"])
        except IntegrityError as error:
            raise _used(expense) from error
        note(expense, "delivery.expense_submitted", by, at)
        done.append(expense)
    return done


@transaction.atomic(durable=True)
def drop_expense(*, expense_id: int, reason: str, by: User, at: datetime) -> Expense:
    """Void what was entered by mistake or will not be corrected; it stays on record, uncounted.

    Raises NotAllowed, AlreadyMoved, ReasonMissing.
    """
    expense = lock_expense(expense_id)
    if not rules.can_write(by, expense.agreement):
        raise NotAllowed
    if expense.state not in Expense.WRITABLE:
        raise AlreadyMoved
    if not reason.strip():
        raise ReasonMissing
    expense.state, expense.note = S.DROPPED, reason.strip()
    expense.save(update_fields=["state", "note"])
    note(expense, "delivery.expense_dropped", by, at, reason.strip())
    return expense


@transaction.atomic(durable=True)
def remove_paper(*, paper_id: int, by: User, at: datetime) -> Expense:
    """Take a file off an expense that is not handed in. Raises NotAllowed, AlreadyMoved, ExpensePaper.DoesNotExist."""
    expense = lock_expense(ExpensePaper.objects.values_list("expense_id", flat=True).get(pk=paper_id))
    if not rules.can_write(by, expense.agreement):
        raise NotAllowed
    if expense.state not in Expense.WRITABLE:
        raise AlreadyMoved
    paper = ExpensePaper.objects.select_related("file").get(pk=paper_id)
    name = paper.file.shown_name
    paper.delete()
    note(expense, "delivery.expense_paper_removed", by, at, name=name)
    return expense
