"""What the residents of the demonstration were told of their needs, and what they said of the result: made up."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import User
from needs.models import Need
from needs.services import close_need, give_feedback, publish_words, rate_need

STARS = (5, 4, 5, 5, 3)


def tell_of_order(rows: Iterable[Need], by: User, at: datetime) -> None:
    """The first answer: the need stands in a service order."""
    for need in rows:
        words = "您的需求已列入服务项目单，承接单位定下来后会在这里告诉您。"
        give_feedback(need_id=need.pk, kind="current", words=words, is_final=False, by=by, at=at)
        publish_words(need_id=need.pk, words=need.words, by=by, at=at)


def tell_result(rows: Iterable[Need], words: str, by: User, at: datetime) -> None:
    """The last answer; two days later the asker rates, and the next day the need is closed."""
    for i, need in enumerate(rows):
        kind = "network" if need.channel == Need.Channel.ONLINE else "visit"
        give_feedback(need_id=need.pk, kind=kind, words=words, is_final=True, by=by, at=at)
        stars = STARS[(need.pk + i) % len(STARS)]
        rate_need(need_id=need.pk, stars=stars, words="", at=at + timedelta(days=2))
        close_need(need_id=need.pk, by=by, at=at + timedelta(days=3))
