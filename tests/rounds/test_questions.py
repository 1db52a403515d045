"""Questions and answers: from anybody, to everybody, with nobody's name."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import NotAllowed
from messaging.models import Notice
from organizations.models import Membership
from projects.services import start_proposal, withdraw_proposal
from rounds import services
from rounds.models import Question, Round
from tests.projects.make import make_submitted_proposal
from tests.world import person

ASKED = {"words": "备案队伍能申报吗？", "asker": "王某某", "website": ""}


def ask(world, at, words="能申报吗？", by=None, key=None):
    return services.ask_question(round_id=world.here.round.pk, words=words, asker="王某某", at=at, by=by, once_key=key)


def answer(world, question, at, words="可以。", public="能申报吗？"):
    return services.answer_question(
        question_id=question.pk, public_words=public, answer=words, by=world.here.people["office"], at=at
    )


@pytest.fixture
def noon(at, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: at)
    return at


def test_a_visitor_asks_and_everybody_reads_the_answer_without_a_name(world, noon, client):
    url = f"/calls/{world.here.round.pk}/"
    sent = client.post(url, ASKED | {"once_key": str(uuid.uuid4())})
    assert sent.status_code == 302
    question = Question.objects.get()
    assert (question.words, question.asker, question.asked_by, question.state) == (
        "备案队伍能申报吗？",
        "王某某",
        None,
        "waiting",
    )
    assert "备案队伍能申报吗" not in client.get(url).content.decode()
    office = Client()
    office.force_login(world.here.people["office"])
    assert "王某某" in office.get(f"/rounds/{world.here.round.pk}/questions/").content.decode()
    done = office.post(
        f"/rounds/questions/{question.pk}/", {"public_words": "备案队伍能申报吗？", "answer": "能，社区出具意见。"}
    )
    assert done["Location"] == f"/rounds/{world.here.round.pk}/questions/"
    page = Client().get(url).content.decode()
    assert "能，社区出具意见。" in page
    assert "王某某" not in page


def test_sent_twice_is_one_question(world, noon, client):
    body = ASKED | {"once_key": str(uuid.uuid4())}
    for _ in range(2):
        assert client.post(f"/calls/{world.here.round.pk}/", body).status_code == 302
    assert Question.objects.count() == 1


def test_what_fills_the_hidden_field_is_thanked_and_dropped(world, noon, client):
    body = ASKED | {"once_key": str(uuid.uuid4()), "website": "http://x"}
    assert client.post(f"/calls/{world.here.round.pk}/", body).status_code == 302
    assert Question.objects.count() == 0


def test_a_flood_is_stopped_and_nothing_typed_is_lost(world, noon, client):
    for n in range(services.FLOOD):
        ask(world, noon - timedelta(minutes=9), words=f"{n}")
    answered = client.post(f"/calls/{world.here.round.pk}/", ASKED | {"once_key": str(uuid.uuid4())})
    assert answered.status_code == 429
    assert "备案队伍能申报吗？" in answered.content.decode()
    assert ask(world, noon + timedelta(minutes=2)).pk


def test_bad_input_is_said_at_the_field(world, noon, client):
    answered = client.post(f"/calls/{world.here.round.pk}/", {"once_key": str(uuid.uuid4()), "words": ""})
    assert answered.status_code == 200
    assert "请填写您的问题。" in answered.content.decode()


def test_asking_ends_at_its_second(world, at):
    row = world.here.round
    assert ask(world, row.apply_closes_at - timedelta(microseconds=1)).pk
    with pytest.raises(services.AskingClosed):
        ask(world, row.apply_closes_at)
    early = Round(state="open", apply_opens_at=at, apply_closes_at=row.apply_closes_at, asks_until=at)
    assert not early.may_ask_at(at)


def test_who_has_begun_a_proposal_gets_a_message(world, at):
    here = world.here
    Membership.objects.create(organization=here.organization, user=person("second_member", at), duty="head", since=at)
    start_proposal(
        round_id=here.round.pk, organization=here.organization, title="草稿", by=here.people["member"], at=at
    )
    gone = make_submitted_proposal(here, at, organization=here.other_organization, by=here.people["other_member"])
    withdraw_proposal(proposal_id=gone.pk, reason="不报了", by=here.people["other_member"], at=at)
    question = ask(world, at, by=here.people["judge"])
    answer(world, question, at)
    told = Notice.objects.filter(occasion=f"question:{question.pk}")
    assert sorted(told.values_list("recipient__username", flat=True)) == ["judge_a", "member_a", "second_member"]
    notice = told.first()
    assert notice.link == f"/calls/{here.round.pk}/"
    assert "王某某" not in notice.subject + notice.body
    assert "可以。" in notice.body


def test_the_office_is_told_once_a_day(world, at):
    for hours in (0, 1, 24):
        ask(world, at + timedelta(hours=hours), words="楼上王某某问的")
    told = Notice.objects.filter(kind="rounds.asked")
    assert [n.recipient for n in told] == [world.here.people["office"]] * 2
    assert told.first().link == f"/rounds/{world.here.round.pk}/questions/"
    assert "王某某" not in told.first().body + told.first().subject


def test_an_answer_with_a_personal_number_is_not_published(world, at):
    question = ask(world, at)
    for public, words in (("打13800001234", "可以。"), ("能吗？", "找13800001234")):
        with pytest.raises(services.PersonalNumber):
            answer(world, question, at, words, public)
    assert Question.objects.get().state == "waiting"


def test_settled_once(world, at):
    question, office = ask(world, at), world.here.people["office"]
    answer(world, question, at)
    before = Question.objects.filter(pk=question.pk).values().get()
    with pytest.raises(services.QuestionSettled):
        answer(world, question, at, "改了。")
    with pytest.raises(services.QuestionSettled):
        services.decline_question(question_id=question.pk, reason="重复", by=office, at=at)
    for act in (lambda: Question.objects.update(answer="改了"), lambda: Question.objects.all().delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    waiting = ask(world, at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Question.objects.filter(pk=waiting.pk).update(words="别的话")
    assert Question.objects.filter(pk=question.pk).values().get() == before


def test_declined_stays_inside_with_its_reason(world, noon, client):
    question = ask(world, noon, words="与此无关")
    office = Client()
    office.force_login(world.here.people["office"])
    url = f"/rounds/questions/{question.pk}/decline/"
    assert office.post(url, {"d-reason": ""}).status_code == 400
    assert office.post(url, {"d-reason": "与征集无关"}).status_code == 302
    assert Question.objects.get().state == "declined"
    assert "与此无关" not in client.get(f"/calls/{world.here.round.pk}/").content.decode()
    assert Notice.objects.filter(occasion=f"question:{question.pk}").count() == 0


@pytest.mark.parametrize("role", ["leader", "host", "community", "member", "judge"])
def test_only_the_office_answers(world, at, role):
    question = ask(world, at)
    with pytest.raises(NotAllowed):
        services.answer_question(
            question_id=question.pk, public_words="x", answer="y", by=world.here.people[role], at=at
        )
    with pytest.raises(NotAllowed):
        services.answer_question(
            question_id=question.pk, public_words="x", answer="y", by=world.there.people["office"], at=at
        )


def test_pages_cost_the_same_however_many_questions(world, noon, client):
    office = Client()
    office.force_login(world.here.people["office"])
    pages = ((client, f"/calls/{world.here.round.pk}/"), (office, f"/rounds/{world.here.round.pk}/questions/"))

    def cost():
        found = []
        for who, url in pages:
            with CaptureQueriesContext(connection) as caught:
                who.get(url)
            found.append(len(caught))
        return found

    def fill(first, last):
        for i in range(first, last):
            then = noon - timedelta(days=3) + timedelta(minutes=11 * i)
            answer(world, ask(world, then, by=world.here.people["member"]), noon)
            ask(world, then)

    fill(0, 2)
    cost()  # the first look loads what later ones find
    few = cost()
    fill(2, 14)
    assert cost() == few
