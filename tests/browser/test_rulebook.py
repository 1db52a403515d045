"""The rule book in a real browser: the set-up form, the rule, figures and the check after the lock."""

from decimal import Decimal

import pytest

from core import clock
from judging import services
from judging.domain.rubrics import RUBRICS
from judging.models import Session
from tests.browser.walker import Walker
from tests.judging.make import hand_in, lock, make_session
from tests.world import PASSWORD, build

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_rule_figures_and_check(chromium, live_server):
    at = clock.now()
    world = build(at)
    office = world.here.people["office"]
    rule = services.make_rule(RUBRICS["community"].as_criteria(), quorum=2)
    session = make_session(world, at, entries=4, rule=rule)
    services.set_rule(
        session_id=session.pk, rule=rule, by=office, at=at, notes={"anchors": RUBRICS["community"].anchors()}
    )
    walkers = [Walker(chromium, live_server.url), Walker(chromium, live_server.url, phone=True)]
    for walker in walkers:
        walker.sign_in("office_a", PASSWORD)
        for page in ("setup", "rule", "figures"):
            walker.go(f"/sessions/{session.pk}/{page}/")
            walker.axe(page)
    services.commit_draw(session_id=session.pk, by=office, at=at)
    services.draw_order(session_id=session.pk, public_number="1", witnesses="x", by=office, at=at)
    services.open_scoring(session_id=session.pk, by=office, at=at)
    session = Session.objects.get(pk=session.pk)
    for i, entry in enumerate(session.entries.order_by("position")):
        for k, judge in enumerate(("judge", "second_judge", "third_judge")):
            less = Decimal(i + k * ((i * 7 + k) % 4)) / 2
            marks = {c["key"]: str(Decimal(c["max"]) - less) for c in session.rule["criteria"]}
            hand_in(session, entry, world.here.people[judge], at, marks=marks)
    lock(world, session, at)
    for walker in walkers:
        for page in ("rule", "figures", "check"):
            walker.go(f"/sessions/{session.pk}/{page}/{'?cut=2' if page == 'check' else ''}")
            walker.axe(page)
    faults = [f for walker in walkers for f in walker.faults]
    assert not faults, "\n".join(sorted(set(faults)))
