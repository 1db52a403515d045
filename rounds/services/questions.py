"""Questions about a call: asked by anybody, answered by the office to everybody."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import Role, RoleGrant, User
from accounts.rules import may
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.people import holds_personal_number
from messaging.services import notify
from rounds.kinds import ASKED
from rounds.models import Question, Round
from rounds.signals import question_answered

FLOOD = 20  # questions about one call in ten minutes


class AskingClosed(DomainError):
    message = "这份征集公告不再接收提问，已答复的问题可以在本页查看。"


class TooManyQuestions(DomainError):
    message = "刚刚收到很多提问，请十分钟后再提交。您填写的内容还在。"
    status = 429


class QuestionSettled(DomainError):
    message = "这个问题已经处理过，请刷新后查看。"


class PersonalNumber(DomainError):
    message = "公布的文字里有像手机号或身份证号的号码，请删去后再公布。"


@transaction.atomic(durable=True)
def ask_question(
    *, round_id: int, words: str, asker: str, at: datetime, by: User | None, once_key: str | None = None
) -> Question:
    """Put a question about a call. The same `once_key` gives the same question back.

    Raises AskingClosed, TooManyQuestions.
    """
    # The lock makes the count below exact however many ask at once.
    row = Round.objects.select_for_update(of=("self",)).select_related("street").get(pk=round_id)
    known = Question.objects.filter(once_key=once_key).first() if once_key else None
    if known is not None:
        return known
    if not row.may_ask_at(at):
        raise AskingClosed
    if Question.objects.filter(round=row, asked_at__gt=at - timedelta(minutes=10)).count() >= FLOOD:
        raise TooManyQuestions
    try:
        with transaction.atomic():
            question = Question.objects.create(
                round=row, words=words.strip(), asker=asker.strip(), asked_by=by, asked_at=at, once_key=once_key
            )
    except IntegrityError:  # the same key at the call of another round
        return Question.objects.get(once_key=once_key)
    record(actor=by, verb="rounds.asked", about=question, at=at, scope_id=row.street_id)
    _tell_office(row, at)
    return question


def _tell_office(row: Round, at: datetime) -> None:
    """Into the inboxes of the street's office, once a day and call however many ask; no words of the asker in it."""
    office = RoleGrant.objects.filter(role=Role.OFFICE, area=row.street, user__is_active=True).order_by("user")
    notify(
        recipients=list(office.values_list("user", flat=True)), occasion=f"asked:{row.pk}:{local(at).date().isoformat()}",
        subject=f"征集公告有新提问：{row.title}", body="有人对征集公告提问，答复后会公布给所有人。", link=f"/rounds/{row.pk}/questions/",
        at=at, email=False, kind=ASKED.key, scope_id=row.street_id,
    )  # fmt: skip


def _waiting(question_id: int, by: User) -> Question:
    question = Question.objects.select_for_update(of=("self",)).select_related("round__street").get(pk=question_id)
    if not may(by, question.round.street, Role.OFFICE):
        raise NotAllowed
    if question.state != Question.State.WAITING:
        raise QuestionSettled
    return question


@transaction.atomic(durable=True)
def answer_question(*, question_id: int, public_words: str, answer: str, by: User, at: datetime) -> Question:
    """Publish a question, in the words the office gives it, with the answer. Raises NotAllowed, QuestionSettled, PersonalNumber."""
    question = _waiting(question_id, by)
    if holds_personal_number(public_words) or holds_personal_number(answer):
        raise PersonalNumber
    question.public_words, question.answer = public_words.strip(), answer.strip()
    question.state, question.settled_by, question.settled_at = Question.State.ANSWERED, by, at
    question.save(update_fields=["public_words", "answer", "state", "settled_by", "settled_at"])
    record(actor=by, verb="rounds.answered", about=question, at=at, scope_id=question.round.street_id)
    question_answered.send(sender=Question, question=question, at=at)
    return question


@transaction.atomic(durable=True)
def decline_question(*, question_id: int, reason: str, by: User, at: datetime) -> Question:
    """Keep a question out of the public list, with a reason. Raises NotAllowed, QuestionSettled."""
    question = _waiting(question_id, by)
    question.state, question.reason = Question.State.DECLINED, reason.strip()
    question.settled_by, question.settled_at = by, at
    question.save(update_fields=["state", "reason", "settled_by", "settled_at"])
    record(
        actor=by,
        verb="rounds.declined",
        about=question,
        at=at,
        scope_id=question.round.street_id,
        reason=question.reason,
    )
    return question
