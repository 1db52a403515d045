"""What must be done about notices, objections, agreements and money by when."""

from collections.abc import Callable

from django.db.models import DateField, Exists, OuterRef, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from accounts.deadlines import InArea, InStreet
from accounts.models import Role
from core.deadlines import Deadline, Except, Only, Steps, Who, inside, register
from funding.models import Agreement, AgreementVersion, Instalment, Objection, Payment, PublicNotice
from funding.rules import public_notices
from organizations.deadlines import Members

ROUND = "agreement__round__street"
BUYER = "agreement__round__buyer"
RUNNING = (Payment.State.REQUESTED, Payment.State.CHECKED, Payment.State.APPROVED)


def _notices() -> "QuerySet[PublicNotice]":
    return public_notices().order_by()


def _versions(state: str, agreement: str, day: str) -> "QuerySet[AgreementVersion]":
    """Versions in a state, with a day of their text as `day`."""
    rows = AgreementVersion.objects.filter(state=state, agreement__state=agreement)
    return rows.annotate(day=Cast(KeyTextTransform(day, "content"), DateField()))


def _objections(state: str) -> Callable[[], "QuerySet[Objection]"]:
    return lambda: Objection.objects.filter(state=state)


def _payments(state: str) -> Callable[[], "QuerySet[Payment]"]:
    return lambda: Payment.objects.filter(state=state, agreement__state=Agreement.State.SIGNED)


def _unasked() -> "QuerySet[Instalment]":
    """Planned instalments of standing agreements for which nobody has asked."""
    asked = Payment.objects.filter(instalment=OuterRef("pk"), state__in=[*RUNNING, Payment.State.PAID])
    return Instalment.objects.filter(~Exists(asked), agreement__state=Agreement.State.SIGNED)


NOTICE = register(
    Deadline(
        "funding.notice", "公示期满", rows=_notices, due="ends_on", street="plan__round__street", says=lambda row: row["title"],
        columns=("title",), note="plan__round__title", demo="plan__is_demo", path=lambda row: inside("funding:notice", row["pk"]),
        people=(InStreet((Role.OFFICE,), "plan__round__street"),), covers=("funding.PublicNotice.ends_on",), ends=True, is_event=True,
        steps=Steps(before=(0,), after=()),
    )
)  # fmt: skip

STREET = "notice__plan__round__street"
ANSWERING: list[tuple[str, str, str, Who, tuple[Who, ...]]] = [
    (Objection.State.RECEIVED, "objection", "答复异议", InStreet((Role.OFFICE,), STREET), (InStreet((Role.LEADER,), STREET),)),
    (Objection.State.DRAFTED, "objection_sign", "审批异议答复", Except(InStreet((Role.LEADER,), STREET), ("drafted_by",)), ()),
]  # fmt: skip
for _state, _key, _label, _who, _above in ANSWERING:
    register(
        Deadline(
            f"funding.{_key}", _label, rows=_objections(_state), due="answer_by", street=STREET,
            says=lambda row: f"异议 {row['number']}", columns=("number",), note="notice__plan__round__title",
            demo="notice__plan__is_demo", path=lambda row: inside("funding:objection", row["pk"]), people=(_who,), above=_above,
            covers=("funding.Objection.answer_by",), steps=Steps(before=(5, 3, 1, 0), after=(1, 3), in_workdays=True, escalate=1 if _above else None),
        )
    )  # fmt: skip

SIGNATURE = register(
    Deadline(
        "funding.signature", "签订协议", rows=lambda: _versions("approved", "preparing", "starts_on"), due="day", street=ROUND,
        says=lambda row: f"{row['agreement__proposal__title']}（{row['agreement__number']}）",
        columns=("agreement", "agreement__number", "agreement__proposal__title"), note="agreement__round__title",
        demo="agreement__is_demo", path=lambda row: inside("funding:agreement", row["agreement"]),
        people=(InStreet((Role.OFFICE,), ROUND), Members("agreement__proposal__organization")),
        above=(InStreet((Role.LEADER,), ROUND),), covers=(), steps=Steps(before=(7, 3, 1, 0), after=(3,), escalate=5),
    )
)  # fmt: skip
PROJECT_END = register(
    Deadline(
        "funding.project_end", "项目实施期满", rows=lambda: _versions("signed", "signed", "ends_on"), due="day", street=ROUND,
        says=lambda row: f"{row['agreement__proposal__title']}（{row['agreement__number']}）",
        columns=("agreement", "agreement__number", "agreement__proposal__title"), note="agreement__round__title",
        demo="agreement__is_demo", path=lambda row: inside("funding:agreement", row["agreement"]),
        people=(InStreet((Role.OFFICE,), ROUND), Members("agreement__proposal__organization")), covers=(), ends=True,
        steps=Steps(before=(15, 7, 1), after=()),
    )
)  # fmt: skip
INSTALMENT = register(
    Deadline(
        "funding.instalment", "申请拨付、交阶段材料", rows=_unasked, due="due_on", street=ROUND,
        says=lambda row: f"{row['agreement__proposal__title']} {row['title']}",
        columns=("agreement", "title", "agreement__proposal__title"), note="agreement__round__title", demo="agreement__is_demo",
        path=lambda row: inside("funding:instalments", row["agreement"]), people=(Members("agreement__proposal__organization"),),
        above=(InStreet((Role.OFFICE,), ROUND),), covers=("funding.Instalment.due_on",),
        steps=Steps(before=(15, 7, 3, 1), after=(1, 5), escalate=5),
    )
)  # fmt: skip

PAYING: list[tuple[str, str, str, tuple[Who, ...], tuple[Who, ...]]] = [
    (Payment.State.REQUESTED, "payment_check", "核对拨付申请", (Except(InStreet((Role.OFFICE,), ROUND), ("requested_by",)),),
     (InStreet((Role.LEADER,), ROUND),)),
    (Payment.State.CHECKED, "payment_approve", "审批拨付",
     (Except(Only(InStreet((Role.LEADER,), ROUND), BUYER, ("street",)), ("requested_by", "checked_by")),
      Except(Only(InArea((Role.COMMUNITY,), "agreement__proposal__community"), BUYER, ("community",)), ("requested_by", "checked_by"))),
     ()),
    (Payment.State.APPROVED, "payment_pay", "办理拨付",
     (Except(InStreet((Role.FINANCE,), ROUND), ("requested_by", "checked_by", "approved_by")),), (InStreet((Role.LEADER,), ROUND),)),
]  # fmt: skip
for _state, _key, _label, _people, _over in PAYING:
    register(
        Deadline(
            f"funding.{_key}", _label, due="instalment__due_on", street=ROUND,
            rows=_payments(_state),
            says=lambda row: f"{row['agreement__proposal__title']}（{row['number']}）",
            columns=("number", "agreement__proposal__title"), note="agreement__round__title", demo="agreement__is_demo",
            path=lambda row: inside("funding:payment", row["pk"]), people=_people, above=_over,
            covers=("funding.Instalment.due_on",), steps=Steps(before=(3, 1, 0), after=(1, 3), in_workdays=True, escalate=3 if _over else None),
        )
    )  # fmt: skip
