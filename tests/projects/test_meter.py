"""How far an application is filled in."""

import pytest
from django.test import Client

from core import clock
from projects.domain.meter import REQUIRED, meter
from projects.services import missing
from tests.projects import make
from tests.projects.test_views import typed
from tests.world import build


@pytest.fixture
def now(db):
    return clock.now()


@pytest.fixture
def here(now):
    return build(now).here


def words(found):
    return {s["title"]: (s["words"], s["is_done"]) for s in found["sections"]}


def test_an_empty_application_lacks_every_field_and_an_empty_table_nothing():
    every = [f for _, _, fields in REQUIRED.values() for f in fields]
    found = meter(every, {})
    assert (found["filled"], found["total"]) == (0, 13)
    assert words(found)["基本信息"] == ("0/7", False)
    assert words(found)["合作单位"] == ("选填", True)


def test_a_gap_in_a_table_counts_and_is_said():
    found = meter(["partners", "partners"], {"partners": 3, "attachments": 1})
    assert (found["filled"], found["total"]) == (13, 15)
    assert words(found)["合作单位"] == ("3 行，2 处待补", False)
    assert words(found)["附件材料"] == ("1 个", True)


def test_every_gap_that_can_be_has_its_section(here, now):
    known = {f for _, _, fields in REQUIRED.values() for f in fields}
    draft = make.make_draft(here, now)
    assert {key for key, _ in missing(draft)} - known == set()


def test_the_page_shows_it_and_autosave_brings_the_new_state(here, now):
    draft, client = make.make_draft(here, now), Client()
    client.force_login(here.people["member"])
    page = client.get(f"/proposals/{draft.pk}/edit/")
    assert page.context["meter"]["filled"] == 1
    assert 'href="#goals"' in page.content.decode()
    answer = client.post(f"/proposals/{draft.pk}/edit/", typed(here, draft, auto="1")).json()
    assert (answer["meter"]["filled"], answer["meter"]["total"]) == (12, 13)
    need = make.make_need(here, now)
    again = typed(here, draft, auto="1", needs=[need.pk]) | {"revision": answer["revision"]}
    assert client.post(f"/proposals/{draft.pk}/edit/", again).json()["meter"]["filled"] == 13
