"""六有 and 四建一创: a street sets its items, an organization fills them in, the office looks them over."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from accounts.models import Area, Role, RoleGrant, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from messaging.services import notify
from organizations import rules
from organizations.domain.account import holds_number
from organizations.domain.checklist import answered, read_lines
from organizations.models import Checklist, ChecklistItems, ChecklistReview, Organization

Answers = Mapping[int, bool]
Notes = Mapping[int, str]
NOTE = 60


class BadList(DomainError):
    message = "请至少写一项，每行一项。"


class ListMoved(DomainError):
    message = "清单项目刚刚被修改过，请看过现在的项目再填。您勾选的还在。"


class ChecklistMoved(DomainError):
    message = "这一年的清单刚刚被别人填报或审看过，请看过现在的一版再办。"


class ChecklistYear(DomainError):
    message = "只能填报今年和去年的清单。"


class NoteTooLong(DomainError):
    message = "每项说明最多 60 个字。"


class NoteHoldsNumber(DomainError):
    message = "说明里不要写电话、证件或账号。"


class ReturnReasonMissing(DomainError):
    message = "请写明退回的原因，填报单位会看到。"


class AlreadyReviewed(DomainError):
    message = "这一版已经审看过。"


@transaction.atomic(durable=True)
def set_lists(*, street: Area, six: str, five: str, shown: int, by: User, at: datetime) -> ChecklistItems:
    """A street's items from now on, one a line; what was filled in keeps its own. Raises NotAllowed, BadList, ListMoved."""
    if not rules.can_register(by, street.pk):
        raise NotAllowed
    Area.objects.select_for_update().get(pk=street.pk)
    now = rules.lists_of(street.pk)
    if now.number != shown:
        raise ListMoved
    try:
        lists = read_lines(six), read_lines(five)
    except ValueError as error:
        raise BadList(str(error)) from error
    row = ChecklistItems.objects.create(
        street=street, number=now.number + 1, six=lists[0], five=lists[1], set_by=by, set_at=at
    )
    record(
        actor=by, verb="organizations.checklist_items_set", about=row, at=at, scope_id=street.pk,
        facts={"number": row.number, "six": len(lists[0]), "five": len(lists[1])},
    )  # fmt: skip
    return row


def fill_checklist(
    *, organization_id: int, year: int, six: tuple[Answers, Notes], five: tuple[Answers, Notes], items: int, shown: int, by: User, at: datetime
) -> Checklist:  # fmt: skip
    """Report a year; a further version needs a look of its own. `items` and `shown` are the versions on the page.

    Needs an open transaction. Raises NotAllowed, ChecklistYear, ListMoved, ChecklistMoved, NoteTooLong, NoteHoldsNumber.
    """
    row = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if not rules.fills_checklist(by, row):
        raise NotAllowed
    today = local(at).date()
    if year not in (today.year, today.year - 1):
        raise ChecklistYear
    lists = rules.lists_of(row.street_id)
    if lists.number != items:
        raise ListMoved
    before = row.checklists.filter(year=year).order_by("-number").first()
    if (before.number if before else 0) != shown:
        raise ChecklistMoved
    for note in [*six[1].values(), *five[1].values()]:
        if len(note.strip()) > NOTE:
            raise NoteTooLong
        if holds_number(note):
            raise NoteHoldsNumber
    made = Checklist.objects.create(
        organization=row, year=year, number=shown + 1, six=answered(lists.six, *six), five=answered(lists.five, *five), filled_by=by,
        filled_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.checklist_filled", about=made, at=at, scope_id=row.street_id,
        facts={"organization": row.pk, "year": year, "six": made.six_words, "five": made.five_words},
    )  # fmt: skip
    office = RoleGrant.objects.filter(role=Role.OFFICE, area=row.street_id, user__is_active=True)
    notify(
        recipients=sorted(set(office.values_list("user_id", flat=True))), occasion=f"checklist:{made.pk}",
        subject=f"{year} 年党建清单：{row.name}", body=f"“{row.name}”填报了 {year} 年六有和四建一创清单，请审看。",
        link=f"/organizations/{row.pk}/checklist/{year}/", at=at, email=False, kind="organizations.checklist", scope_id=row.street_id,
    )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def hand_in_checklist(
    *, organization_id: int, year: int, six: tuple[Answers, Notes], five: tuple[Answers, Notes], items: int, shown: int, by: User, at: datetime
) -> Checklist:  # fmt: skip
    """`fill_checklist` in a transaction of its own."""
    return fill_checklist(
        organization_id=organization_id, year=year, six=six, five=five, items=items, shown=shown, by=by, at=at
    )


def judge_checklist(
    *, organization_id: int, year: int, outcome: str, reason: str, shown: int, by: User, at: datetime
) -> ChecklistReview:  # fmt: skip
    """The office confirms the newest version or returns it with a reason. Needs an open transaction.

    Raises NotAllowed, ChecklistMoved, AlreadyReviewed, ReturnReasonMissing.
    """
    row = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if not rules.can_enter(by, row):
        raise NotAllowed
    found = row.checklists.filter(year=year).select_related("review").order_by("-number").first()
    if found is None or found.number != shown:
        raise ChecklistMoved
    if rules.review_of(found) is not None:
        raise AlreadyReviewed
    returned = outcome == ChecklistReview.Outcome.RETURNED
    if returned and not reason.strip():
        raise ReturnReasonMissing
    made = ChecklistReview.objects.create(
        checklist=found, outcome=ChecklistReview.Outcome(outcome), reason=reason.strip() if returned else "", reviewed_by=by,
        reviewed_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.checklist_reviewed", about=made, at=at, scope_id=row.street_id, reason=made.reason,
        facts={"organization": row.pk, "year": year, "outcome": made.outcome},
    )  # fmt: skip
    notify(
        recipients=sorted(row.members.filter(user__is_active=True).values_list("user_id", flat=True)),
        occasion=f"checklist_review:{made.pk}", subject=f"{year} 年党建清单{made.get_outcome_display()}",
        body=f"“{row.name}”{year} 年六有和四建一创清单{made.get_outcome_display()}。{made.reason}",
        link=f"/organizations/{row.pk}/checklist/{year}/", at=at, kind="organizations.checklist", scope_id=row.street_id,
    )  # fmt: skip
    return made


@transaction.atomic(durable=True)
def review_checklist(
    *, organization_id: int, year: int, outcome: str, reason: str, shown: int, by: User, at: datetime
) -> ChecklistReview:  # fmt: skip
    """`judge_checklist` in a transaction of its own."""
    return judge_checklist(
        organization_id=organization_id, year=year, outcome=outcome, reason=reason, shown=shown, by=by, at=at
    )  # fmt: skip
