"""Taking back what has not gone out yet."""

from datetime import datetime
from typing import Any

from django.db import transaction

from audit.services import record
from core.errors import DomainError
from messaging.models import Delivery, Mass, Notice, Posting


class TooLate(DomainError):
    message = "消息已经发出，不能撤回。如内容有误，请再发一条更正。"


@transaction.atomic(durable=True)
def recall_occasion(*, occasion: str, scope_id: int, by: Any, at: datetime) -> int:
    """Take back every notice of an occasion in a street while it is held; all of them or none. Returns how many.

    Raises TooLate when the hold is over, or a sender has already taken one of them.
    """
    held = Notice.objects.select_for_update().filter(occasion=occasion, scope_id=scope_id, recalled_at=None)
    rows = list(held.order_by("pk"))
    if not rows or any(n.held_until is None or n.held_until <= at for n in rows):
        raise TooLate
    waiting = Delivery.objects.select_for_update().filter(notice__in=rows)
    if any(state != Delivery.State.DUE for state in waiting.order_by("pk").values_list("state", flat=True)):
        raise TooLate
    Notice.objects.filter(pk__in=[n.pk for n in rows]).update(recalled_at=at)
    Delivery.objects.filter(notice__in=rows, state=Delivery.State.DUE).update(state=Delivery.State.RECALLED)
    Posting.objects.filter(occasion=occasion, robot__scope_id=scope_id, state=Posting.State.DUE).update(
        state=Posting.State.RECALLED
    )
    if occasion.startswith("mass:"):
        Mass.objects.filter(pk=int(occasion.partition(":")[2]), state=Mass.State.RELEASED).update(
            state=Mass.State.RECALLED
        )
    record(
        actor=by, verb="messaging.recalled", about=rows[0], at=at, scope_id=scope_id,
        facts={"occasion": occasion, "people": len(rows)},
    )  # fmt: skip
    return len(rows)
