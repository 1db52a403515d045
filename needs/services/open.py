"""需求公开: words fit for everybody's eyes, and residents who second them."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError
from core.people import holds_personal_number
from needs.domain.cycle import OPEN
from needs.models import Need, NeedSecond
from needs.services.answer import PersonalNumber
from needs.services.cycle import taken
from needs.services.history import NeedAlreadyHandled, step, swap

SECONDS_FLOOD = 60  # per community in ten minutes


class NotSecondable(DomainError):
    message = "这件需求已经办完或没有公开，不能附议。"


class SecondedAlready(DomainError):
    message = "这台设备已经附议过这件需求，每台设备只算一次。"


class TooManySeconds(DomainError):
    message = "这个社区刚刚收到很多附议，请十分钟后再试。"
    status = 429


@transaction.atomic(durable=True)
def publish_words(*, need_id: int, words: str, by: User, at: datetime, seen: int | None = None) -> Need:
    """Show these words in public (empty: only category and state again). Raises NotAllowed, PersonalNumber, NeedMoved."""
    need = taken(need_id, by, seen)
    if need.state in (Need.State.MERGED, Need.State.REFUSED):
        raise NeedAlreadyHandled(state=need.get_state_display(), act="公开内容")
    if holds_personal_number(words) or (need.contact_name and need.contact_name in words):
        raise PersonalNumber
    act = "publish" if words.strip() else "unpublish"
    swap(need, public_words=words.strip())
    step(need, act, before=need.state, after=need.state, at=at, by=by, words=words.strip())
    record(actor=by, verb=f"needs.{act}ed", about=need, at=at, scope_id=need.street_id)
    need.refresh_from_db()
    return need


@transaction.atomic(durable=True)
def second_need(*, need_id: int, device: str, at: datetime) -> NeedSecond:
    """附议 from a device (a digest), once. Raises NotSecondable, SecondedAlready, TooManySeconds."""
    need = Need.objects.select_related("community").get(pk=need_id)
    if need.state not in OPEN or not need.public_words:
        raise NotSecondable
    if NeedSecond.objects.filter(need=need, device=device).exists():
        raise SecondedAlready
    recent = NeedSecond.objects.filter(community=need.community_id, at__gt=at - timedelta(minutes=10))
    if recent.count() >= SECONDS_FLOOD:
        raise TooManySeconds
    try:
        with transaction.atomic():
            return NeedSecond.objects.create(need=need, community_id=need.community_id, device=device, at=at)
    except IntegrityError as error:
        raise SecondedAlready from error
