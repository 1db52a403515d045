"""How a person wants to be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from core.errors import DomainError
from messaging.kinds import all_kinds
from messaging.models import Delivery, Preference


class QuietHoursHalf(DomainError):
    message = "免打扰的开始和结束要一起填写，且不能相同。"


@transaction.atomic(durable=True)
def save_preference(
    *,
    person: Any,
    choices: Mapping[str, Mapping[str, bool]],
    quiet_from: int | None,
    quiet_until: int | None,
    digest_hour: int | None,
    at: datetime,
) -> Preference:
    """Keep a person's wishes. What the rules require stays on whatever is asked. Raises QuietHoursHalf."""
    if (quiet_from is None) != (quiet_until is None) or (quiet_from is not None and quiet_from == quiet_until):
        raise QuietHoursHalf
    kept: dict[str, dict[str, bool]] = {}
    for kind in all_kinds():
        asked = choices.get(kind.key, {})
        kept[kind.key] = {
            Delivery.Channel.EMAIL.value: kind.is_required or bool(asked.get("email", True)),
            Delivery.Channel.SMS.value: bool(asked.get("sms", False)),
        }
    wish, _ = Preference.objects.update_or_create(
        person_id=person.pk,
        defaults={
            "choices": kept, "quiet_from": quiet_from, "quiet_until": quiet_until, "digest_hour": digest_hour, "changed_at": at,
        },
    )  # fmt: skip
    return wish
