"""Writing the override table."""

from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from audit.services import record
from workdays.models import DayOverride


@transaction.atomic(durable=True)
def set_day(
    *, day: date, is_workday: bool, note: str, by: AbstractBaseUser, at: datetime, scope_id: int
) -> DayOverride:
    """Declare a day a working day or a day off, against the built-in calendar."""
    row, _ = DayOverride.objects.update_or_create(day=day, defaults={"is_workday": is_workday, "note": note})
    record(
        actor=by,
        verb="workdays.set",
        about=row,
        at=at,
        scope_id=scope_id,
        facts={"day": day.isoformat(), "is_workday": is_workday},
    )
    return row


@transaction.atomic(durable=True)
def remove_day(*, day_id: int, by: AbstractBaseUser, at: datetime, scope_id: int) -> None:
    """Take an override back; the built-in calendar holds again."""
    row = DayOverride.objects.select_for_update().get(pk=day_id)
    record(actor=by, verb="workdays.removed", about=row, at=at, scope_id=scope_id, facts={"day": row.day.isoformat()})
    row.delete()
