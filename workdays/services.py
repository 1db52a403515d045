"""Writing the override table."""

from collections.abc import Mapping
from datetime import date, datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from audit.services import record
from workdays.models import DayOverride


@transaction.atomic(durable=True)
def set_day(
    *, day: date, is_workday: bool, note: str, by: AbstractBaseUser, at: datetime, scope_id: int, document: str = ""
) -> DayOverride:
    """Declare a day a working day or a day off, against the built-in calendar. Who may is asked by the caller."""
    return _set(day, is_workday, note, document, by, at, scope_id)


@transaction.atomic(durable=True)
def set_days(
    *, days: Mapping[date, tuple[bool, str]], document: str, by: AbstractBaseUser, at: datetime, scope_id: int
) -> int:
    """Declare all days of a decree, day → (works, note), or none of them; returns how many."""
    for day, (works, note) in sorted(days.items()):
        _set(day, works, note, document, by, at, scope_id)
    return len(days)


def _set(
    day: date, is_workday: bool, note: str, document: str, by: AbstractBaseUser, at: datetime, scope_id: int
) -> DayOverride:
    facts = {"is_workday": is_workday, "note": note, "document": document}
    row, _ = DayOverride.objects.update_or_create(day=day, defaults=facts)
    record(
        actor=by, verb="workdays.set", about=row, at=at, scope_id=scope_id, reason=note,
        facts={"day": day.isoformat(), "is_workday": is_workday, "document": document},
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def remove_day(*, day_id: int, by: AbstractBaseUser, at: datetime, scope_id: int) -> None:
    """Take an override back; the built-in calendar holds again."""
    row = DayOverride.objects.select_for_update().get(pk=day_id)
    record(actor=by, verb="workdays.removed", about=row, at=at, scope_id=scope_id, facts={"day": row.day.isoformat()})
    row.delete()
