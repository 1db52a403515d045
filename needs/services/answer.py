"""反馈 and 评议: what the people who asked are told, and what they say of it."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.services import record
from core.errors import DomainError
from core.numbers import code
from core.people import holds_personal_number
from jobs.evidence import check_evidence, keep
from needs.domain import cycle
from needs.models import Feedback, Need, NeedRating, RatingSlip
from needs.services.cycle import again, taken
from needs.services.history import NeedAlreadyHandled, move, step, swap

MOST_SLIPS = 60  # per need


class PersonalNumber(DomainError):
    message = "这段话里像是有手机号或身份证号，居民会看到，请删去后再提交。"


class NotRateableYet(DomainError):
    message = "这件事还没有反馈办理结果，暂时不能评议。"


class RatedAlready(DomainError):
    message = "您已经评议过，每个查询码或评议单只能评议一次。"


class TooManySlips(DomainError):
    message = "一件需求最多印 {most} 张评议单，已印 {known} 张。"


@transaction.atomic(durable=True)
def give_feedback(
    *, need_id: int, kind: str, words: str, is_final: bool, by: User, at: datetime, file: Any = None, seen: int | None = None
) -> Feedback:  # fmt: skip
    """Tell everybody who asked; with `is_final`, that it is handled: from then on they may rate.

    Raises NotAllowed, PersonalNumber, BadEvidence, NeedMoved, NeedAlreadyHandled.
    """
    need = taken(need_id, by, seen, worker=True)
    if holds_personal_number(words):
        raise PersonalNumber
    if need.state in (Need.State.REFUSED, Need.State.MERGED):
        raise NeedAlreadyHandled(state=need.get_state_display(), act="反馈")
    if file is not None:
        check_evidence([file], most=1)
    first: dict[str, Any] = {} if need.answered_at else {"answered_at": at}
    if is_final:
        move(need, "answer", by=by, at=at, words=words, **again(need, cycle.RATING, at), **first)
    else:
        swap(need, **first)
        step(need, "tell", before=need.state, after=need.state, at=at, by=by, words=words.strip())
        record(actor=by, verb="needs.told", about=need, at=at, scope_id=need.street_id, facts={"kind": kind})
    stored = keep(file, f"{need.number}-反馈佐证", at) if file is not None else None
    return Feedback.objects.create(
        need=need, kind=kind, words=words.strip(), is_final=is_final, file=stored, by=by, by_name=by.display_name, at=at
    )


@transaction.atomic(durable=True)
def rate_need(*, need_id: int, stars: int, words: str, at: datetime, slip_id: int | None = None) -> NeedRating:
    """Whoever asked (`need_id`: her own need, merged or not) rates once; or the holder of a slip does, once.

    Raises NotRateableYet, RatedAlready.
    """
    own = Need.objects.select_related("community", "merged_into__community").get(pk=need_id)
    # The share lock lets no move of the need slip in between
    head = Need.objects.select_for_update(of=("self",)).select_related("community").get(pk=own.head_id)
    if head.state not in (Need.State.RATING, Need.State.CLOSED):
        raise NotRateableYet
    try:
        with transaction.atomic():
            rating = NeedRating.objects.create(need=own, slip_id=slip_id, stars=stars, words=words.strip(), at=at)
    except IntegrityError as error:
        raise RatedAlready from error
    step(head, "rate", before=head.state, after=head.state, at=at, by=None, words=rating.get_stars_display())
    record(actor=None, verb="needs.rated", about=head, at=at, scope_id=head.street_id, facts={"stars": stars})
    return rating


@transaction.atomic(durable=True)
def print_slips(*, need_id: int, count: int, by: User, at: datetime) -> list[RatingSlip]:
    """New slips with codes of their own. Raises NotAllowed, NeedAlreadyHandled (not to be rated), TooManySlips."""
    need = taken(need_id, by, None, worker=True)
    Need.objects.select_for_update().get(pk=need.pk)
    if need.state not in (Need.State.RATING, Need.State.CLOSED):
        raise NeedAlreadyHandled(state=need.get_state_display(), act="印评议单")
    known = need.slips.count()
    if known + count > MOST_SLIPS:
        raise TooManySlips(most=MOST_SLIPS, known=known)
    slips = RatingSlip.objects.bulk_create(
        RatingSlip(need=need, code=code(10), printed_by=by, printed_at=at) for _ in range(count)
    )
    record(actor=by, verb="needs.slips_printed", about=need, at=at, scope_id=need.street_id, facts={"count": count})
    return slips
