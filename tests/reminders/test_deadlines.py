"""Every kind of deadline: who answers for it, the same asked both ways; its page opens; it ends when it is done."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.deadlines import Ask, Deadline, Only, all_deadlines, deadline_of, items_for, items_of, register
from core.people import PERSONAL
from tests.needs.make import post
from tests.reminders.cases import CASES

WHO_SHE_IS = 2  # statements: her roles, her organizations
BY_NAME = 5  # kinds in which anybody may be named: a need's worker, its holder, its rating, a seat, an agreement


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def fresh(user):
    """The person as a new request sees her."""
    return User.objects.get(pk=user.pk)


def test_every_kind_has_a_case_here():
    assert {d.key for d in all_deadlines()} == set(CASES)


@pytest.mark.parametrize("key", sorted(CASES))
def test_who_answers_for_it_and_sees_it(world, at, key):
    make, own, above, day = CASES[key]
    make(world, at)
    here = world.here.people
    everyone = {u.pk: name for name, u in here.items()} | {u.pk: f"there {n}" for n, u in world.there.people.items()}
    (item, *more) = items_of(deadline_of(key), Ask(at, occasions=None))
    several = {"funding.instalment", "judging.seat"}
    if key == "rounds.close":
        (item, *more) = [i for i in (item, *more) if i.street_id == world.here.area.pk]
    assert (key in several) or not more
    named = {everyone.get(pk, str(pk)) for pk in item.people}
    assert (named - {"second_judge", "third_judge"}, {everyone[pk] for pk in item.above}) == (own, above)
    assert item.street_id == world.here.area.pk
    assert day is None or item.day == day
    assert not PERSONAL.search(f"{item.title} {item.note} {item.path}")
    for pk, name in everyone.items():  # the same, asked the other way round
        user = User.objects.get(pk=pk)
        soon = {i.pk for i in items_of(deadline_of(key), Ask(at, user=user))}
        assert (item.pk in soon) == (name in named), name
        late = item.ends_at + timedelta(days=1)
        seen = {i.pk: i.is_own for i in items_of(deadline_of(key), Ask(late, user=fresh(user)))}
        expected = name in named or name in above
        assert (item.pk in seen) == (expected and not deadline_of(key).ends), name
        assert seen.get(item.pk, True) == (name in named or not expected or deadline_of(key).ends), name


@pytest.mark.parametrize("key", sorted(CASES))
def test_its_page_opens_for_everybody_it_is_shown_to(world, at, key):
    make, own, above, _ = CASES[key]
    make(world, at)
    for name in own | above:
        client = Client()
        client.force_login(world.here.people[name])
        items = [i for i in items_of(deadline_of(key), Ask(at)) if world.here.people[name].pk in i.people | i.above]
        assert items
        assert {client.get(item.href).status_code for item in items} == {200}, (name, items)


@pytest.mark.parametrize("key", ["needs.handling", "projects.draft"])
def test_a_batch_costs_the_same_whatever_its_size(world, at, key):
    make, *_ = CASES[key]
    made = make(world, at)

    def count():
        with CaptureQueriesContext(connection) as found:
            items = items_of(deadline_of(key), Ask(at))
        return len(items), len(found)

    few = count()
    if key == "needs.handling":
        for i in range(30):
            post(world, at, words=f"第{i}盏灯坏了")
    else:
        values = {f.attname: getattr(made, f.attname) for f in made._meta.concrete_fields if f.name != "id"}
        model = type(made)
        model.objects.bulk_create(model(**values | {"once_key": None, "title": f"草稿{i}"}) for i in range(30))
    many = count()
    assert (few[0], many[0] >= 30, many[1]) == (1, True, few[1])
    assert few[1] <= 5


def test_a_person_asks_once_per_kind_that_can_be_hers(world, at):
    for key in ("needs.handling", "projects.draft", "rounds.open"):
        CASES[key][0](world, at)
    for name in ("office", "leader", "member", "community", "finance", "judge", "grid"):
        user = fresh(world.here.people[name])
        hers = sum(name in own | above for _, own, above, _ in CASES.values())
        with CaptureQueriesContext(connection) as found:
            items_for(user, at, None, None)
        assert len(found) <= hers + WHO_SHE_IS + BY_NAME, (name, len(found))


def test_a_key_is_taken_once():
    with pytest.raises(ValueError, match="two deadlines named"):
        register(deadline_of("needs.handling"))


def test_only_asks_nothing_about_rows_it_does_not_mean(world, at):
    class Nobody:
        def columns(self):
            return ()

        def of(self, rows):
            return [{len(rows)} for _ in rows]

    who = Only(Nobody(), "state", ("a",))
    assert who.of([{"state": "a"}, {"state": "b"}, {"state": "a"}]) == [{2}, (), {2}]


def test_what_ends_is_never_late():
    for deadline in all_deadlines():
        steps = deadline.default_steps()
        if deadline.ends:
            assert (steps.after, steps.escalate) == ((), None)
        assert isinstance(deadline, Deadline)
        assert not steps.escalate or deadline.above, deadline.key
