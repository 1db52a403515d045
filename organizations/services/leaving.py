"""What a leader decides on a red flag: leave the service centre, or not yet."""

from datetime import date, datetime

from django.db import transaction

from accounts.models import User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from organizations import rules
from organizations.domain.monthly import RUN, Level
from organizations.models import ExitDecision, MonthlyAppeal, Organization


class NotRed(DomainError):
    message = "现在没有待决定的红牌。"


class ExitReasonMissing(DomainError):
    message = "请写明决定的理由。"


class ExitDayMissing(DomainError):
    message = "责令退出必须写明退出日期，不早于今天。"


class AppealWaits(DomainError):
    message = "有积分申诉还没有答复，答复后再决定。"


@transaction.atomic(durable=True)
def decide_exit(
    *, organization_id: int, outcome: str, reason: str, leaves_on: date | None, by: User, at: datetime
) -> ExitDecision:  # fmt: skip
    """Decide on the red flag that stands; on leaving, the registry notes the day.

    Raises NotAllowed, NotRed, AppealWaits, ExitReasonMissing, ExitDayMissing.
    """
    row = Organization.objects.select_for_update(of=("self",)).select_related("street").get(pk=organization_id)
    if not rules.can_decide_exit(by, row):
        raise NotAllowed
    today = local(at).date()
    found = rules.records_of([row], row.street_id, today)[0]
    if found.verdict is None or found.verdict.level is not Level.RED:
        raise NotRed
    based_on = sorted({last.plus(-n) for last in found.verdict.red for n in range(RUN)})
    sheets = [found.sheets[month].pk for month in based_on]
    if MonthlyAppeal.objects.filter(sheet__in=sheets, answer=None).exists():
        raise AppealWaits
    if not reason.strip():
        raise ExitReasonMissing
    leaves = outcome == ExitDecision.Outcome.EXIT
    if leaves and (leaves_on is None or leaves_on < today):
        raise ExitDayMissing
    until = found.verdict.red[-1]
    made = ExitDecision.objects.create(
        organization=row, year=until.year, month=until.month, outcome=outcome, reason=reason.strip(),
        leaves_on=leaves_on if leaves else None, decided_by=by, decided_at=at,
        scores=[{"year": m.year, "month": m.month, "total": str(found.sheets[m].total)} for m in based_on],
    )  # fmt: skip
    if leaves:
        row.moved_out_on = leaves_on
        row.revision += 1
        row.save(update_fields=["moved_out_on", "revision"])
    record(
        actor=by, verb="organizations.exit_decided", about=made, at=at, scope_id=row.street_id, reason=made.reason,
        facts={"organization": row.pk, "outcome": outcome},
    )  # fmt: skip
    return made
