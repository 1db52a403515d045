"""Moment × role × page: whatever a judge gave changes no byte of anybody else's page before its time.

The same competition is played twice with other marks, comments and winners, and every page is asked for by everybody;
before the lock the answers must be equal, so that counts, order, search and digests are covered without being named.
"""

import logging
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import User
from core import clock
from judging.models import Session
from judging.services.stage import direct
from tests.house.scene import play
from tests.house.test_matrix import EXPECTED, OPEN, ROLES, address, keys_of, names
from tests.judging.make import hand_in, lock, open_session, publish

JUDGES = ["judge", "second_judge", "third_judge"]
WATCHERS = {"office", "leader", "host", "supervisor"}
# What may differ between two renderings of the same page: tokens made anew each time, and the head of a locked ledger.
HEX = "[0-9a-fA-F]"
ANEW = re.compile(
    rf"[A-Za-z0-9]{{64}}|{HEX}{{8}}(-{HEX}{{4}}){{3}}-{HEX}{{12}}|\b{HEX}{{32}}\b|[\w-]{{40,}}|({HEX}{{4}} ){{3,}}{HEX}{{4}}"
)
NUMBER = re.compile(r"(?<=评分表 )\d+")  # rows written and taken back use up numbers
SEARCHES = ("?q=9", "?sort=score", "?sort=-score", "?order=rank", "?o=score", "?state=submitted")
# Signing out ends the client's session; the others tell of the machine (disk, workers, since when
# somebody is signed in), which changes by itself.
UNPLAYED = ("accounts:sign_out", "accounts:own", "portal:healthz", "portal:readyz", "portal:operations")
WINNERS = ([0, 1, 2], [2, 1, 0])


@pytest.fixture
def hall(world, at, settings, tmp_path, monkeypatch):
    """A session of three projects that is being scored, in a world where everything else exists too."""
    settings.MEDIA_ROOT = tmp_path
    logging.disable(logging.CRITICAL)
    monkeypatch.setattr(clock, "now", lambda: at + timedelta(minutes=30))
    scene = play(world, at)
    session, entries = open_session(world, at, entries=3, name="第二场")
    ids = scene.ids | {
        "session_id": session.pk,
        "entry_id": entries[0].pk,
        "proposal_id": entries[0].proposal_id,
        "key": session.stage.key,
    }
    yield session, entries, ids
    logging.disable(logging.NOTSET)


def marks_of(session, place, judge):
    """Marks that tell place and judge apart in every figure."""
    return {
        c["key"]: str(Decimal(c["max"]) - Decimal("0.5") * (1 + 2 * place + judge)) for c in session.rule["criteria"]
    }


def score(world, session, entries, at, order, by=JUDGES):
    """Every judge hands in; `order` says which project is best."""
    for number, key in enumerate(JUDGES):
        for place, index in enumerate(order if key in by else WINNERS[0]):
            marks = marks_of(session, place, number)
            hand_in(session, entries[index], world.here.people[key], at, marks=marks, client=f"{key}-{index}")


def bare(answer):
    """What a reader can tell from an answer, without what is made anew for each."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, NUMBER.sub("", ANEW.sub("…", body.decode("utf-8", "replace")))


def everything(ids, people):
    """Every page of every name as each of `people` (None: nobody) sees it: (who, URL) → answer."""
    every, found = names(), {}
    for who in people:
        client = Client(raise_request_exception=False)
        role = None
        if who is not None:
            user = User.objects.get(pk=who)
            client.force_login(user)
            User.objects.filter(pk=who).update(last_login=user.created_at)
            role = ROLES.index(user.username.removesuffix("_a")) if user.username.endswith("_a") else None
        for name in every:
            if name in UNPLAYED or not set(keys_of(every[name])) <= ids.keys() | {"notice_id"}:
                continue
            if (role is not None and name in EXPECTED and EXPECTED[name][role] != "2") or (
                role is None and name not in OPEN
            ):
                continue  # refused even when all is published: the matrix of roles holds that
            url = address(name, every[name], ids)
            for tail in (
                "",
                *(SEARCHES if name.split(":")[1] in ("list", "results", "session", "desk", "proposals") else ()),
            ):
                point = transaction.savepoint()
                answer = client.get(url + tail)
                if answer.status_code != 405:
                    found[who, url + tail] = bare(answer)
                transaction.savepoint_rollback(point)
    return found


def played(world, hall, at, people, act):
    """The pages after `act(order)` for both winners."""
    session, entries, ids = hall
    seen = []
    for order in WINNERS:
        point = transaction.savepoint()
        act(session, entries, order)
        seen.append(everything(ids, people))
        transaction.savepoint_rollback(point)
    return seen


def pk(world, *keys):
    return [world.here.people[key].pk for key in keys]


def differing(first, second, names_of):
    assert first.keys() == second.keys()
    return sorted({(names_of.get(who, "nobody"), url) for (who, url) in first if first[who, url] != second[who, url]})


def test_while_scoring_nobody_sees_what_a_judge_gave(world, hall, at):
    """Nobody in an office, no applicant, no visitor, no stranger: not a byte differs."""
    others = [*pk(world, *[r for r in ROLES if r not in JUDGES]), world.there.people["office"].pk, None]
    first, second = played(world, hall, at, others, lambda s, e, order: score(world, s, e, at, order))
    named = {u.pk: u.username for u in User.objects.all()}
    assert differing(first, second, named) == []
    assert len(first) > 60 * len(others) / 2


def test_while_scoring_a_judge_sees_nothing_of_another(world, hall, at):
    """Only the second and third judge differ; the first one's pages stay."""
    first, second = played(
        world, hall, at, pk(world, "judge"), lambda s, e, order: score(world, s, e, at, order, by=JUDGES[1:])
    )
    assert differing(first, second, {}) == []


def test_locked_is_for_the_watchers_alone(world, hall, at):
    """After the lock judges, applicants, communities, finance and visitors still see no difference, revealed or not asked."""

    def act(session, entries, order):
        score(world, session, entries, at, order)
        lock(world, session, at)

    hidden = [*pk(world, *[r for r in ROLES if r not in WATCHERS | set(JUDGES)]), world.there.people["office"].pk, None]
    first, second = played(world, hall, at, hidden, act)
    named = {u.pk: u.username for u in User.objects.all()}
    assert differing(first, second, named) == []
    shown = played(world, hall, at, pk(world, "office", "supervisor"), act)
    told = differing(*shown, named)
    result = f"/sessions/{hall[0].pk}/result/"
    assert [url for _, url in told if url == result] == [result] * 2


def test_a_locked_result_is_not_told_to_judges(world, hall, at):
    """A judge whose own marks are the same sees the same, whoever won."""

    def act(session, entries, order):
        score(world, session, entries, at, order, by=JUDGES[1:])
        lock(world, session, at)

    first, second = played(world, hall, at, pk(world, "judge"), act)
    assert differing(first, second, {}) == []


def test_the_screen_tells_only_what_was_revealed(world, hall, at):
    """The hall's link before the first reveal, after it, and at the end."""
    office = world.here.people["office"]

    def reveal(times):
        def act(session, entries, order):
            score(world, session, entries, at, order)
            lock(world, session, at)
            for _ in range(times):
                direct(session_id=session.pk, act="reveal", by=office, at=at + timedelta(hours=2))

        return act

    screens = ("/screen/",)
    for times, differs in ((0, False), (3, True)):
        first, second = played(world, hall, at, [None], reveal(times))
        told = [url for _, url in differing(first, second, {}) if url.startswith(screens)]
        assert bool(told) is differs


def test_published_is_for_everybody(world, hall, at):
    """And nothing of a single judge by name."""
    session, _, _ = hall

    def act(one, entries, order):
        score(world, one, entries, at, order)
        lock(world, one, at)
        publish(world, Session.objects.get(pk=one.pk), at)

    first, second = played(world, hall, at, [None], act)
    url = f"/results/{session.pk}/"
    assert url in [u for _, u in differing(first, second, {})]
    page = first[None, url][1]
    assert all(world.here.people[j].display_name not in page for j in JUDGES)
