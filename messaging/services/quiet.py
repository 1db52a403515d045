"""A street's quiet hours: when nobody's telephone rings for us."""

from datetime import datetime
from typing import Any

from django.db import transaction

from audit.services import record
from core.errors import DomainError, NotAllowed
from messaging.domain.timing import LONGEST_QUIET, Quiet
from messaging.models import QuietHours
from messaging.rules import can_write


class QuietHoursWrong(DomainError):
    message = f"免打扰的开始和结束不能相同，最长 {LONGEST_QUIET} 小时。"


class QuietHoursMoved(DomainError):
    message = "免打扰时段刚刚由别人修改过，这次没有保存。请看下面的最新内容再改。"
    status = 409


def quiet_hours_now() -> dict[int, QuietHours]:
    """Streets with quiet hours of their own, by street id; one statement."""
    return {row.scope_id: row for row in QuietHours.objects.all()}


@transaction.atomic(durable=True)
def save_quiet_hours(
    *, scope_id: int, quiet: Quiet, holds_email: bool, revision: int, by: Any, at: datetime
) -> QuietHours:
    """Keep a street's quiet hours. `revision` is the one that was read, 0 where there was none.

    Raises NotAllowed, QuietHoursWrong, QuietHoursMoved.
    """
    if not can_write(by, scope_id):
        raise NotAllowed
    if not 0 < quiet.hours <= LONGEST_QUIET:
        raise QuietHoursWrong
    facts = {"quiet_from": quiet.start, "quiet_until": quiet.end, "holds_email": holds_email}
    QuietHours.objects.get_or_create(scope_id=scope_id, defaults=facts | {"changed_at": at})
    done = QuietHours.objects.filter(scope_id=scope_id, revision=revision).update(
        **facts, revision=revision + 1, changed_at=at
    )
    if not done:
        raise QuietHoursMoved
    row = QuietHours.objects.get(scope_id=scope_id)
    record(actor=by, verb="messaging.quiet_hours_saved", about=row, at=at, scope_id=scope_id, facts=facts)
    return row
