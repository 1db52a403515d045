"""The resident's rating."""

from datetime import datetime

from django.db import IntegrityError, transaction

from audit.services import record
from core.errors import DomainError
from delivery import rules
from delivery.models import Rating
from needs.models import Need


class NotRateable(DomainError):
    message = "这个项目还没有公示资助结果，暂时不能评议。"


class RatedBefore(DomainError):
    message = "您已经评议过这个项目，谢谢。"


@transaction.atomic(durable=True)
def rate_project(*, need: Need, proposal_id: int, stars: int, words: str, at: datetime) -> Rating:
    """The person who asked rates a project that answered, once. Raises NotRateable, RatedBefore."""
    proposal = next((p for p in rules.rateable(need) if p.pk == proposal_id), None)
    if proposal is None:
        raise NotRateable
    try:
        with transaction.atomic():
            row = Rating.objects.create(need=need, proposal=proposal, stars=stars, words=words.strip(), rated_at=at)
    except IntegrityError as error:
        raise RatedBefore from error
    record(actor=None, verb="delivery.rated", about=row, at=at, scope_id=need.street_id, facts={"stars": stars})
    return row
