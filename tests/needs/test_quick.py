"""The quick screen and the patrol: few taps, once, one's own places; what comes late keeps its time."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client

from core import clock
from needs.models import Need
from portal.invariants import broken
from tests.needs.files import photo
from tests.needs.make import post


@pytest.fixture(autouse=True)
def _today(monkeypatch, at):
    monkeypatch.setattr(clock, "now", lambda: at)


def client(user):
    found = Client()
    found.force_login(user)
    return found


@pytest.fixture
def clerk(world):
    return client(world.here.people["community"])


@pytest.fixture
def worker(world):
    return client(world.here.people["grid"])


def quick(world, **more):
    return {
        "community": world.here.communities[0].pk,
        "category": "safety",
        "words": "楼道灯坏了",
        "once_key": str(uuid.uuid4()),
    } | more


def test_one_screen_one_button(world, at, clerk):
    page = clerk.get("/needs/quick/")
    assert page.context["form"]["community"].value() == world.here.communities[0].pk
    assert len([n for n in page.context["form"].fields if n != "once_key"]) == 4
    data = quick(world, photo=photo())
    answer = clerk.post("/needs/quick/", data)
    need = Need.objects.get()
    assert answer["Location"] == f"/needs/quick/?done={need.pk}"
    assert (need.channel, need.posted_by, need.photos.count()) == ("visit", world.here.people["community"], 1)
    body = clerk.get(answer["Location"]).content.decode()
    assert need.number in body
    assert "再记一件" in body
    clerk.post("/needs/quick/", data | {"photo": photo()})
    assert (Need.objects.count(), need.photos.count()) == (1, 1)
    assert list(broken()) == []


def test_what_is_alike_is_shown_and_not_in_the_way(world, at, clerk):
    known = post(world, at)
    piece = clerk.get(
        "/needs/quick/similar/", {"community": known.community_id, "words": "楼道灯坏了"}
    ).content.decode()
    assert known.number in piece
    assert "is_new" not in piece
    answer = clerk.post("/needs/quick/", quick(world), follow=True)
    assert Need.objects.count() == 2
    assert known.number in answer.content.decode()


def test_the_office_finds_the_community_chosen_last(world):
    office = client(world.here.people["office"])
    assert office.get("/needs/quick/").context["form"]["community"].value() is None
    office.post("/needs/quick/", quick(world))
    assert office.get("/needs/quick/").context["form"]["community"].value() == world.here.communities[0].pk


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"community": ""}, "community"), ({"category": ""}, "category"), ({"category": "x"}, "category"), ({"words": " "}, "words"),
        ({"words": "灯" * 1001}, "words"), ({"once_key": "x"}, "once_key"),
    ],
)  # fmt: skip
def test_the_quick_screen_refuses_at_the_field(world, clerk, change, where):
    answer = clerk.post("/needs/quick/", quick(world, **change))
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [where]
    assert not Need.objects.exists()


def test_nobody_writes_for_elsewhere_or_sees_what_others_wrote(world, at, clerk, worker):
    for place in (world.here.communities[1], world.there.communities[0]):
        assert clerk.post("/needs/quick/", quick(world, community=place.pk)).status_code == 400
        assert worker.post("/needs/patrol/", quick(world, community=place.pk, urgency="low")).status_code == 400
    assert not Need.objects.exists()
    other = post(world, at, by=world.here.people["office"])
    for done in (other.pk, 10**14, "x", "-1"):
        assert clerk.get("/needs/quick/", {"done": done}).context["done"] is None


def patrol(world, **more):
    return quick(world, urgency="middle", grid=world.here.grid.pk) | more


def send(worker, data):
    return worker.post("/needs/patrol/", data, headers={"accept": "application/json"})


def test_the_patrol_without_script(world, worker):
    page = worker.get("/needs/patrol/")
    assert page.context["form"]["grid"].value() == world.here.grid.pk
    assert worker.post("/needs/patrol/", patrol(world))["Location"] == "/needs/patrol/"
    need = Need.objects.get()
    assert (need.channel, need.grid, need.urgency) == ("patrol", world.here.grid, "middle")


def test_what_was_kept_on_a_device_arrives_once_with_its_time(world, at, worker):
    who = world.here.people["grid"]
    data = patrol(world, person=who.pk, noted_at=(at - timedelta(hours=5)).isoformat())
    first, again = send(worker, data), send(worker, data)
    need = Need.objects.get()
    assert first.json() == again.json() == {"code": "saved", "number": need.number, "href": f"/needs/{need.pk}/"}
    assert (need.collected_at, need.stage_at) == (at - timedelta(hours=5), at)
    assert list(broken()) == []


@pytest.mark.parametrize("said", ["2031-01-01T00:00:00Z", "2026-01-01T00:00:00Z", ""])
def test_a_clock_that_makes_no_sense_is_not_believed(world, at, worker, said):
    send(worker, patrol(world, person=world.here.people["grid"].pk, noted_at=said))
    assert Need.objects.get().collected_at == at


def test_the_key_of_another_person_gives_nothing_away(world, at, worker, clerk):
    data = patrol(world, person=world.here.people["grid"].pk)
    number = send(worker, data).json()["number"]
    own = send(clerk, data | {"person": world.here.people["community"].pk}).json()
    assert own["number"] != number
    assert Need.objects.count() == 2


def test_entries_of_another_person_are_not_taken(world, worker):
    for person in (world.here.people["community"].pk, "", "x"):
        answer = send(worker, patrol(world, person=person))
        assert (answer.status_code, answer.json()["code"]) == (409, "other_person")
    assert not Need.objects.exists()


def test_a_refusal_says_why(world, worker):
    who = world.here.people["grid"].pk
    answer = send(worker, patrol(world, person=who, words="", category="x"))
    assert (answer.status_code, answer.json()["code"]) == (400, "refused")
    assert "看到或听到什么" in answer.json()["message"]
    assert "类别" in answer.json()["message"]


def test_signed_out_is_a_redirect(world):
    answer = send(Client(), patrol(world))
    assert answer.status_code == 302
    assert not Need.objects.exists()
