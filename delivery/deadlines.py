"""What must be done about vouchers by when: everything is in and checked when the project's time ends."""

from collections.abc import Callable

from django.db.models import DateField, Exists, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts.deadlines import InStreet
from accounts.models import Role
from core.deadlines import Deadline, Row, Steps, Without, inside, register
from delivery.models import Expense
from delivery.rules import CHECKERS
from funding.models import AgreementVersion
from organizations.deadlines import Members

STREET, ORGANIZATION = "agreement__round__street", "agreement__proposal__organization"


def _with_expenses(*states: Expense.State) -> Callable[[], "QuerySet[AgreementVersion]"]:
    """Running agreements with expenses in one of the states; `day` is the end of the project."""

    def rows() -> "QuerySet[AgreementVersion]":
        some = Expense.objects.filter(agreement=OuterRef("agreement"), state__in=states)
        found = AgreementVersion.objects.filter(Exists(some), state="signed", agreement__state="signed")
        return found.annotate(day=Cast(KeyTextTransform("ends_on", "content"), DateField()))

    return rows


def _says(row: Row) -> str:
    return f"{row['agreement__proposal__title']}（{row['agreement__number']}）"


def _to_spending(row: Row) -> str:
    return inside("delivery:spending", row["agreement"])


COLUMNS = ("agreement", "agreement__number", "agreement__proposal__title")
VOUCHERS = register(
    Deadline(
        "delivery.vouchers", "提交支出凭证", rows=_with_expenses(Expense.State.DRAFT, Expense.State.RETURNED), due="day", street=STREET,
        says=_says, columns=COLUMNS, note="agreement__round__title", demo="agreement__is_demo", path=_to_spending,
        occasion="agreement", people=(Members(ORGANIZATION),), above=(InStreet((Role.OFFICE,), STREET),), covers=(),
        steps=Steps(before=(15, 7, 3, 1, 0), after=(1, 5), escalate=5),
    )
)  # fmt: skip
CHECKING = register(
    Deadline(
        "delivery.voucher_check", "核对支出凭证", rows=_with_expenses(Expense.State.SUBMITTED), due="day", street=STREET,
        says=_says, columns=COLUMNS, note="agreement__round__title", demo="agreement__is_demo", path=_to_spending,
        occasion="agreement", people=(Without(InStreet(CHECKERS, STREET), Members(ORGANIZATION)),),
        above=(InStreet((Role.LEADER,), STREET),), covers=(), steps=Steps(before=(3, 0), after=(3,), escalate=5),
    )
)  # fmt: skip
