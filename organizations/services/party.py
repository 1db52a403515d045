"""Party members and the form of the Party organization, as reported on a day."""

from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.models import Organization, PartyRecord


class BranchNameMissing(DomainError):
    message = "独立或联合党支部必须写明支部名称。"


class InstructorMissing(DomainError):
    message = "派驻党建指导员必须写明姓名。"


class UpperWrong(DomainError):
    message = "上级党组织应是本街道登记的社区（村）党组织，只有独立或联合党支部填写。"


class CountedInFuture(DomainError):
    message = "统计日期不能晚于今天。"


class CountedBefore(DomainError):
    message = "统计日期早于已登记的一次（{day}），请核对。"


def add_party(
    *, organization: Organization, counted_on: date, members: int, form: str, branch: str, instructor: str, by: User, at: datetime,
    upper: Organization | None = None,
) -> PartyRecord:  # fmt: skip
    """Enter one count; the organization is locked by the caller. `upper` is the Party organization its branch answers to.

    Raises BranchNameMissing, InstructorMissing, UpperWrong, CountedInFuture, CountedBefore.
    """
    if form in {"branch", "joint"} and not branch.strip():
        raise BranchNameMissing
    if form == "instructor" and not instructor.strip():
        raise InstructorMissing
    own = upper is not None and (upper.kind != Organization.Kind.PARTY or upper.street_id != organization.street_id)
    if own or (upper is not None and form not in {"branch", "joint"}):
        raise UpperWrong
    if counted_on > local(at).date():
        raise CountedInFuture
    before = organization.party.order_by("-number").first()
    if before is not None and counted_on < before.counted_on:
        raise CountedBefore(day=before.counted_on.isoformat())
    row = PartyRecord.objects.create(
        organization=organization, number=before.number + 1 if before else 1, counted_on=counted_on, members=members, form=form,
        branch=branch.strip() if form in {"branch", "joint"} else "", instructor=instructor.strip() if form == "instructor" else "",
        upper=upper, entered_by=by, entered_at=at,
    )  # fmt: skip
    record(
        actor=by, verb="organizations.party_entered", about=row, at=at, scope_id=organization.street_id,
        facts={"organization": organization.pk, "members": members, "form": form},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def enter_party(
    *, organization_id: int, counted_on: date, members: int, form: str, branch: str, instructor: str, by: User, at: datetime,
    upper: Organization | None = None,
) -> PartyRecord:  # fmt: skip
    """`add_party` in a transaction of its own, for the office of the street. Raises NotAllowed too."""
    row = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if not rules.can_enter(by, row):
        raise NotAllowed
    return add_party(
        organization=row, counted_on=counted_on, members=members, form=form, branch=branch, instructor=instructor, by=by, at=at,
        upper=upper,
    )  # fmt: skip
