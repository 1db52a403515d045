"""Forty judges hand in thirty projects at once, many twice: every sheet is there exactly once."""

import json
import random
import threading

import pytest
from django.db import connection
from django.test import Client

from judging.models import Judge, Move, ScoreSheet
from tests.judging.make import full_marks, lock, open_session
from tests.world import build, person

JUDGES, PROJECTS = 40, 30


@pytest.mark.django_db(transaction=True)
def test_forty_judges_times_thirty_projects(at):
    world = build(at)
    people = [person(f"crowd{i}", at) for i in range(JUDGES)]
    session, entries = open_session(world, at, entries=PROJECTS, judges=people)
    clients = []
    for user in people:
        client = Client()
        client.force_login(user)
        clients.append(client)
    start, wrong = threading.Barrier(JUDGES), []

    def judge(seat, client):
        dice = random.Random(seat)
        marks = full_marks(session, f"{seat % 7 / 2}")
        jobs = [(e.pk, n) for n, e in enumerate(entries, 1)]
        dice.shuffle(jobs)
        jobs += [job for job in jobs if dice.random() < 0.3]  # answers that were lost, asked for again
        start.wait()
        for entry, number in jobs:
            body = {
                "entry": entry, "do": "submit", "marks": marks, "id": f"d{seat}-{number}", "base": 0, "after": [], "device": f"d{seat}",
                "counter": number,
            }  # fmt: skip
            answer = client.post(f"/judge/{session.pk}/send/", json.dumps(body), content_type="application/json")
            if answer.status_code != 200:
                wrong.append((seat, entry, answer.status_code, answer.content[:200]))
        connection.close()

    threads = [threading.Thread(target=judge, args=pair) for pair in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert ScoreSheet.objects.filter(state="submitted").count() == JUDGES * PROJECTS
    assert Move.objects.filter(kind="submitted").count() == JUDGES * PROJECTS == Move.objects.count()
    assert set(Judge.objects.values_list("moves", flat=True)) == {PROJECTS}
    result = lock(world, session, at)
    assert {len(r["counted"]) for r in result.outcome["results"]} == {JUDGES - 2}
