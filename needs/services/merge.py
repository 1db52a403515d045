"""同类合并: needs that say the same are worked on as one; every person who asked stays, with her own code."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from core.errors import DomainError, NotAllowed
from needs import rules
from needs.domain.cycle import OPEN, TABLE
from needs.models import Need
from needs.services.cycle import NO_DEADLINE, again, taken
from needs.services.history import NeedAlreadyHandled, NeedMoved, move


class NothingToMerge(DomainError):
    message = "请至少勾选一件同类需求。"


class NotMergeable(DomainError):
    message = "{number} 不能并入：只能合并同一社区、还在办理的需求。"


@transaction.atomic(durable=True)
def merge_needs(
    *, head_id: int, need_ids: Sequence[int], by: User, at: datetime, words: str = "", seen: int | None = None
) -> Need:  # fmt: skip
    """Put needs into another one of the same community; those already in them come along.

    Raises NotAllowed, NothingToMerge, NotMergeable, NeedAlreadyHandled, NeedMoved.
    """
    ids = sorted({pk for pk in need_ids if pk != head_id})
    if not ids:
        raise NothingToMerge
    rows = {
        n.pk: n
        for n in Need.objects.select_for_update(of=("self",))
        .filter(pk__in=[head_id, *ids])
        .select_related("community", "street", "grid")
        .order_by("pk")
    }
    head = rows.pop(head_id)
    if not rules.can_handle(by, head):
        raise NotAllowed
    if seen is not None and head.version != seen:
        raise NeedMoved
    if head.state not in OPEN:
        raise NeedAlreadyHandled(state=head.get_state_display(), act="合并")
    if len(rows) != len(ids):
        raise NotAllowed
    for need in rows.values():
        if need.community_id != head.community_id or need.state not in TABLE["merge"]:
            raise NotMergeable(number=need.number)
    for need in rows.values():
        _into(need, head, by=by, at=at, words=words)
    return head


def _into(need: Need, head: Need, *, by: User, at: datetime, words: str) -> None:
    said = f"并入 {head.number}。{words.strip()}".strip()
    kept = need.kept_state or need.state
    under = list(need.merged.select_for_update(of=("self",)).select_related("community").order_by("pk"))
    move(
        need, "merge", by=by, at=at, words=said, facts={"into": head.pk}, merged_into=head, kept_state=kept, held_until=None,
        public_words="", **NO_DEADLINE,
    )  # fmt: skip
    Need.objects.filter(pk__in=[n.pk for n in under]).update(merged_into=head)


@transaction.atomic(durable=True)
def split_need(*, need_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """Take a merged need out again, with a reason; it goes on where it stood. Raises NotAllowed, ReasonMissing, NeedMoved."""
    need = taken(need_id, by, seen)
    return move(
        need, "split", by=by, at=at, words=reason, merged_into=None, kept_state="", **again(need, need.kept_state, at)
    )
