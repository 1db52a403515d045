"""Expenses of demonstration projects: made up by fixed arithmetic from their budgets, marked 演示数据."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Role, RoleGrant, User
from core.clock import local
from delivery.models import Expense
from delivery.rules import books, can_check
from delivery.services import Facts, accept_expenses, add_expense, return_expenses, submit_expenses
from funding.models import Agreement
from projects.models import BudgetLine

PAPER = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 420 298]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
PARTS = ((Decimal("0.4"), "第一批"), (Decimal("0.3"), "第二批"), (Decimal("0.1"), "第三批"))


def play_expenses(agreements: Iterable[Agreement], at: datetime) -> list[Expense]:
    """For each signed agreement three vouchers per budget line, up to `at`: the first batch accepted, one of the second
    returned, the rest waiting; one more is only entered. Projects that begin after `at` or have nobody are left out.
    """
    made: list[Expense] = []
    for agreement in agreements:
        member = agreement.proposal.organization.members.order_by("pk").first()
        found = books(agreement)
        if member is None or agreement.state != Agreement.State.SIGNED or found.starts_on > local(at).date():
            continue
        made += _play(agreement, member.user, _checker(agreement), at)
    return made


def _checker(agreement: Agreement) -> User | None:
    grants = RoleGrant.objects.filter(area=agreement.round.street_id, role__in=[Role.FINANCE, Role.OFFICE])
    people = [g.user for g in grants.select_related("user").order_by("role", "pk")]
    return next((p for p in people if can_check(p, agreement)), None)


def _play(agreement: Agreement, by: User, checker: User | None, at: datetime) -> list[Expense]:
    found, today = books(agreement), local(at).date()
    granted = {(r.key, r.words): r.budget for rows in found.lines.values() for r in rows}
    batches: list[list[Expense]] = []
    for n, (share, words) in enumerate(PARTS):
        batch = []
        for line in BudgetLine.objects.filter(proposal=agreement.proposal_id).order_by("position"):
            budget = granted.get((line.head, line.item), Decimal(0))
            amount = (budget * share).quantize(Decimal(1), ROUND_DOWN)
            if amount <= 0:
                continue
            facts = Facts(
                spent_on=min(found.starts_on + timedelta(days=20 * n + line.position), found.ends_on, today), summary=f"{line.item}{words}"[:120],
                head=line.head, line=line.pk, payee=f"演示收款方{line.position}", bill_kind="receipt", bill_number=f"演示{n + 1}-{line.position}", amount=amount,
                source="grant", voucher=f"记字{len(PARTS) * line.position + n}号", handled_by="演示经手人", approved_by="演示审批人", checked=("signed",),
            )  # fmt: skip
            batch.append(
                add_expense(
                    agreement_id=agreement.pk, facts=facts, papers={"bill": [_paper()]}, by=by, at=at, is_demo=True
                )
            )
        batches.append(batch)
    handed_in = [e.pk for batch in batches[:2] for e in batch]
    submit_expenses(expense_ids=handed_in, by=by, at=at)
    if checker is not None:
        accept_expenses(expense_ids=[e.pk for e in batches[0]], by=checker, at=at)
        back = [e.pk for e in batches[1][:1]]
        return_expenses(expense_ids=back, reason="收据照片不清楚，请重新拍照上传（演示）。", by=checker, at=at)
    return list(Expense.objects.filter(agreement=agreement).order_by("pk"))


def _paper() -> SimpleUploadedFile:
    return SimpleUploadedFile("演示票据.pdf", PAPER)
