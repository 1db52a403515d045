"""Asking and answering at the same moment: the counts and states hold."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from messaging.models import Notice
from rounds import services
from rounds.models import Question
from tests.world import build

pytestmark = pytest.mark.django_db(transaction=True)


def together(count, work):
    """Run `work(i)` in that many threads at the same moment; what each returned or raised."""
    barrier = Barrier(count)

    def one(i):
        try:
            barrier.wait(20)
            return work(i)
        except Exception as error:  # noqa: BLE001
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def ask(world, at, words="能申报吗？", key=None):
    return services.ask_question(round_id=world.here.round.pk, words=words, asker="", at=at, by=None, once_key=key).pk


def test_the_last_place_before_a_flood_goes_to_one(at):
    world = build(at)
    for n in range(services.FLOOD - 1):
        ask(world, at, f"{n}")
    found = together(6, lambda i: ask(world, at + timedelta(seconds=1)))
    assert sorted(map(str, found))[1:] == ["TooManyQuestions"] * 5
    assert Question.objects.count() == services.FLOOD


def test_one_form_sent_at_once_is_one_question(at):
    world = build(at)
    assert len(set(together(6, lambda i: ask(world, at, key="k")))) == 1
    assert Question.objects.count() == 1


def test_two_officers_answer_at_once_and_one_is_told(at):
    world = build(at)
    asked = services.ask_question(
        round_id=world.here.round.pk, words="能申报吗？", asker="", at=at, by=world.here.people["member"]
    )
    found = together(
        2,
        lambda i: (
            services.answer_question(
                question_id=asked.pk, public_words="能申报吗？", answer=f"答{i}", by=world.here.people["office"], at=at
            ).answer
        ),
    )
    assert min(found) == "QuestionSettled"
    assert Question.objects.get().answer == max(found)
    assert Notice.objects.filter(occasion=f"question:{asked.pk}").count() == 1
