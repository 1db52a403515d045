"""Joins what no app below may join: an answer about a call reaches those who have begun a proposal in the round."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from messaging.services import notify
from organizations.models import Membership
from projects.models import Proposal
from rounds.kinds import ANSWERED
from rounds.models import Question
from rounds.signals import question_answered


def tell_applicants(sender: Any, question: Question, at: datetime, **_: Any) -> None:
    """Members of every organization with a standing proposal in the round, and the asker if signed in."""
    standing = Proposal.objects.in_round(question.round).exclude(state=Proposal.State.WITHDRAWN)
    people = list(
        Membership.objects.filter(organization__in=standing.values("organization"))
        .order_by("user")
        .values_list("user", flat=True)
        .distinct()
    )
    if question.asked_by_id is not None:
        people.append(question.asked_by_id)
    notify(
        recipients=people, occasion=f"question:{question.pk}", subject="", body="", link=reverse("rounds:call", args=[question.round_id]),
        at=at, kind=ANSWERED.key, scope_id=question.round.street_id,
        data={"round": question.round.title, "words": question.public_words, "answer": question.answer},
    )  # fmt: skip


def connect() -> None:
    """Begin to listen."""
    question_answered.connect(tell_applicants, dispatch_uid="portal.tell_applicants")
