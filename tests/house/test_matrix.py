"""Role × URL: whoever may see what. A URL without an entry fails; a stranger of the other street finds nothing."""

import json
import logging
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.house.scene import play

# Open to everybody, by name: nothing else is.
OPEN = {
    "portal:front", "portal:help", "portal:elder", "portal:gallery", "portal:track", "portal:rate", "portal:healthz",
    "portal:readyz", "portal:metrics",
    "accounts:sign_in", "accounts:second_step", "accounts:welcome", "needs:ask", "needs:asked", "needs:asked_photo", "needs:patrol_worker", "needs:track_entry", "needs:market", "needs:market_round", "needs:market_order",
    "needs:ask_similar", "needs:slip", "needs:open", "needs:open_need", "needs:second", "portal:rate_handling", "rounds:calls", "rounds:call", "rounds:call_word", "rounds:call_rules", "judging:public_result", "judging:screen", "judging:board", "judging:seat_qr", "judging:worker", "judging:invitation", "funding:notices", "funding:notice", "funding:object",
    "funding:objection_track", "reminders:feed", "organizations:apply", "organizations:applied", "organizations:join", "organizations:ballot_entry", "organizations:ballot",
}  # fmt: skip

ROLES = [
    "office", "leader", "finance", "host", "supervisor", "community", "grid", "system_admin", "security_admin", "audit_admin",
    "member", "other_member", "judge", "third_judge",
]  # fmt: skip

# Answer to each role of the object's own street, in the order of ROLES; `ask` posts nothing where only POST is known.
# 2 shown or led on, 3 refused, 4 not found, 9 refused for what was sent (empty).
CODES = {200: "2", 302: "2", 400: "9", 409: "9", 403: "3", 404: "4"}
EXPECTED: dict[str, str] = json.loads((Path(__file__).parent / "matrix.json").read_text())
# Where the role is refused before the object is looked for, a stranger reads 403; the same role of elsewhere reads 404.
ROLE_FIRST = {
    "accounts:grant_revoke": "security_admin",
    "accounts:person_state": "system_admin",
    "needs:theme_edit": "office",
    "needs:theme_restore": "office",
}


def names():
    """Every named pattern: name → pattern."""
    found = {}

    def walk(patterns, space):
        for p in patterns:
            if isinstance(p, URLResolver):
                walk(p.url_patterns, p.app_name or space)
            elif isinstance(p, URLPattern) and p.name:
                found[f"{space}:{p.name}"] = p

    walk(get_resolver(settings.ROOT_URLCONF).url_patterns, "")
    return found


def keys_of(pattern):
    return re.findall(r"<(?:\w+:)?(\w+)>", str(pattern.pattern))


def address(name, pattern, ids):
    """The URL of a name for the objects of the scene."""
    ids = dict(ids)
    if name.startswith("messaging:"):
        ids["notice_id"] = ids["inbox_id"]
    if name.startswith("delivery:"):
        ids["paper_id"] = ids["expense_paper_id"]
    if name in ("funding:agreement_new", "funding:approval_word", "projects:opinion", "projects:opinion_remind"):
        ids["proposal_id"] = ids["funded_id"]
    if name == "rounds:word":
        ids["what"] = "w1"
    if name == "needs:claim_new":
        ids["order_id"] = ids["claim_order_id"]
    return reverse(name, kwargs={k: ids[k] for k in keys_of(pattern)})


def ask(client, url):
    """The answer's code; whatever was written is taken back."""
    point = transaction.savepoint()
    answer = client.get(url)
    if answer.status_code == 405:
        answer = client.post(url, {})
    transaction.savepoint_rollback(point)
    return CODES.get(answer.status_code, str(answer.status_code))


def column(scene, street, every):
    """Answers by URL name for each role of a street."""
    clients = []
    for role in ROLES:
        client = Client(raise_request_exception=False)
        client.force_login(street.people[role])
        clients.append(client)
    # Signing out comes last: it ends these clients' sessions.
    order = sorted(every, key=lambda name: (name == "accounts:sign_out", name))
    return {name: "".join(ask(c, address(name, every[name], scene.ids)) for c in clients) for name in order}


@pytest.fixture
def scene(world, at, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    logging.disable(logging.CRITICAL)
    yield play(world, at)
    logging.disable(logging.NOTSET)


def test_every_url_is_in_the_matrix():
    assert set(names()) == set(EXPECTED)


def test_open_urls_are_these_and_no_others():
    def is_open(pattern):
        return getattr(pattern.callback, "login_required", True) is False

    assert {n for n, p in names().items() if is_open(p)} == OPEN


def test_roles_of_the_street(scene):
    found = column(scene, scene.world.here, names())
    assert found == EXPECTED


def test_a_legitimate_person_of_the_other_street_finds_nothing(scene):
    every = {n: p for n, p in names().items() if keys_of(p) and n not in OPEN}
    found = column(scene, scene.world.there, every)
    wrong = {}
    for name, answers in found.items():
        for role, code in zip(ROLES, answers, strict=True):
            if code != ("3" if name in ROLE_FIRST and role != ROLE_FIRST[name] else "4"):
                wrong[name, role] = code
    assert wrong == {}


def test_a_visitor_is_sent_to_sign_in(scene):
    client = Client(raise_request_exception=False)
    for name, pattern in names().items():
        if name in OPEN:
            continue
        answer = client.get(address(name, pattern, scene.ids))
        assert (name, answer.status_code) == (name, 302)
        assert answer["Location"].startswith("/account/sign-in/?next=")


def test_each_role_differs_from_every_other_in_a_refusal():
    columns = ["".join(row[i] for _, row in sorted(EXPECTED.items())) for i in range(len(ROLES))]
    for i, one in enumerate(columns):
        for other in columns[i + 1 :]:
            assert any(a != b and {a, b} & {"3", "4"} for a, b in zip(one, other, strict=True))


def test_nobody_is_staff(world):
    assert not any(
        getattr(u, "is_staff", False) for street in (world.here, world.there) for u in street.people.values()
    )
