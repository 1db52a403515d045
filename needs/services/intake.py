"""Writing needs."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.numbers import code, next_number
from needs import rules
from needs.models import Need

FLOOD = 30  # needs without an account per community in ten minutes


class TooManyNeeds(DomainError):
    message = "这个社区刚刚收到很多需求，请十分钟后再提交，或直接联系社区工作人员。您填写的内容还在。"
    status = 429


class NeedAlreadyHandled(DomainError):
    message = "该需求已制单、办结或不予受理，不能再处理。请刷新页面查看。"


class ReasonMissing(DomainError):
    message = "请写明理由。"


def street_of(community: Area) -> int:
    """Id of the street a community belongs to."""
    if community.street_id is None:
        raise NotAllowed
    return community.street_id


def post(
    *,
    community: Area,
    channel: str,
    category: str,
    words: str,
    people_count: int,
    urgency: str,
    at: datetime,
    by: User | None,
    contact_name: str = "",
    contact_phone: str = "",
    consented: bool = False,
    once_key: str | None = None,
    is_demo: bool = False,
) -> Need:
    """Register one need and give it a number and a tracking code. Needs an open transaction.

    The same `once_key` gives the same need back. Raises NotAllowed for a worker of elsewhere, TooManyNeeds when a
    community is flooded by posts without an account.
    """
    if by is not None and not rules.can_post_need(by, community):
        raise NotAllowed
    if once_key:
        known = Need.objects.filter(once_key=once_key).first()
        if known is not None:
            return known
    if by is None and not is_demo:
        recent = Need.objects.filter(community=community, posted_by=None, collected_at__gt=at - timedelta(minutes=10))
        if recent.count() >= FLOOD:
            raise TooManyNeeds
    number = f"XQ-{local(at).year}-{next_number('needs_number'):06d}"
    try:
        with transaction.atomic():
            need = Need.objects.create(
                number=number, tracking_code=code(10), street_id=street_of(community), community=community, channel=channel,
                category=category, words=words.strip(), people_count=people_count, urgency=urgency, posted_by=by,
                contact_name=contact_name, contact_phone=contact_phone, consented_at=at if consented else None,
                collected_at=at, once_key=once_key, is_demo=is_demo,
            )  # fmt: skip
    except IntegrityError:
        known = Need.objects.filter(once_key=once_key).first() if once_key else None
        if known is None:
            raise
        return known
    record(actor=by, verb="needs.posted", about=need, at=at, scope_id=community.street_id, facts={"number": number})
    return need


@transaction.atomic(durable=True)
def post_need(
    *, community: Area, channel: str, category: str, words: str, people_count: int, urgency: str, at: datetime, by: User | None,
    contact_name: str = "", contact_phone: str = "", consented: bool = False, once_key: str | None = None, is_demo: bool = False,
) -> Need:  # fmt: skip
    """`post` in a transaction of its own."""
    return post(
        community=community, channel=channel, category=category, words=words, people_count=people_count, urgency=urgency,
        at=at, by=by, contact_name=contact_name, contact_phone=contact_phone, consented=consented, once_key=once_key,
        is_demo=is_demo,
    )  # fmt: skip


@transaction.atomic(durable=True)
def refuse_need(*, need_id: int, reason: str, by: User, at: datetime) -> Need:
    """不予受理, with a compulsory reason the resident reads. Raises NotAllowed, ReasonMissing, NeedAlreadyHandled."""
    need = Need.objects.select_related("community").get(pk=need_id)
    if not rules.can_handle(by, need):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    moved = Need.objects.filter(pk=need_id, state=Need.State.COLLECTED).update(
        state=Need.State.REFUSED, refusal_reason=reason.strip()
    )
    if not moved:
        raise NeedAlreadyHandled
    record(actor=by, verb="needs.refused", about=need, at=at, scope_id=need.street_id, reason=reason.strip())
    need.refresh_from_db()
    return need


@transaction.atomic(durable=True)
def show_contact(*, need_id: int, reason: str, by: User, at: datetime) -> tuple[str, str]:
    """Name and phone of the person who asked, to the community's own worker, as a recorded act with its reason."""
    need = Need.objects.select_related("community").get(pk=need_id)
    if not rules.can_see_contact(by, need):
        raise NotAllowed
    if not reason.strip():
        raise ReasonMissing
    record(actor=by, verb="needs.contact_shown", about=need, at=at, scope_id=need.street_id, reason=reason.strip())
    return need.contact_name, need.contact_phone
