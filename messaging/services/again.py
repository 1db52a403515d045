"""Sending again what did not arrive, or of which nobody knows: only by a person's deliberate act, on the record."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from audit.services import record
from core.errors import DomainError
from core.queue import enqueue
from messaging.models import Delivery, Outgoing, Posting

TROUBLE = (Outgoing.State.FAILED, Outgoing.State.UNKNOWN, Outgoing.State.DROPPED)


class NothingToSendAgain(DomainError):
    message = "这条消息现在不需要重发，请刷新页面查看最新状态。"


class ReasonMissing(DomainError):
    message = "请写明为什么重发，例如“已电话确认对方没有收到”。"


@transaction.atomic(durable=True)
def send_again(*, delivery_id: int, scope_id: int | None, by: Any, reason: str, at: datetime) -> Delivery:
    """Put a delivery in trouble on its way once more, with the same number. Raises ReasonMissing, NothingToSendAgain."""
    row = Delivery.objects.select_for_update(of=("self",)).select_related("notice").get(pk=delivery_id)
    _again(Delivery, row, scope_id, by, reason, at)
    return row


@transaction.atomic(durable=True)
def speak_again(*, posting_id: int, by: Any, reason: str, at: datetime) -> Posting:
    """The same for a robot's line."""
    row = Posting.objects.select_for_update(of=("self",)).select_related("robot").get(pk=posting_id)
    _again(Posting, row, row.robot.scope_id, by, reason, at)
    return row


def _again(
    model: type[Delivery] | type[Posting], row: Delivery | Posting, scope_id: int | None, by: Any, reason: str, at: datetime
) -> None:  # fmt: skip
    if not reason.strip():
        raise ReasonMissing
    moved = model.objects.filter(pk=row.pk, state__in=TROUBLE).update(
        state=Outgoing.State.DUE, resends=F("resends") + 1, attempts=0, not_before=None, expires_at=None, claimed_at=None,
        error="",
    )  # fmt: skip
    if not moved:
        raise NothingToSendAgain
    record(
        actor=by, verb="messaging.sent_again", about=row, at=at, scope_id=scope_id, reason=reason.strip(),
        facts={"was": row.state},
    )  # fmt: skip
    from messaging.tasks import send_due

    enqueue(send_due)
