"""Judges read the documents of the version that is judged, and of no other."""

import pytest

from judging import services
from judging.models import Entry
from projects.services.papers import add_attachment
from tests.judging.make import signed_in
from tests.projects import make
from tests.projects.files import pdf, word
from tests.world import build


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def now(db):
    from core import clock

    return clock.now()


def test_a_judge_takes_the_documents_of_the_judged_version_only(now):
    from projects.services import submit_proposal

    here = build(now).here
    who, office = here.people, here.people["office"]
    draft = make.make_complete_draft(here, now)
    old = add_attachment(proposal_id=draft.pk, kind="registration", file=pdf(), by=who["member"], at=now)
    submit_proposal(proposal_id=draft.pk, by=who["member"], at=now)
    make.decide(draft, here, "pass", now)
    rule = services.make_rule(services_criteria(), quorum=2)
    session = services.create_session(
        round_id=here.round.pk, name="路演", held_on=now.date(), venue="礼堂", by=office, at=now, rule=rule
    )
    services.set_entries(session_id=session.pk, proposal_ids=[draft.pk], by=office, at=now)
    services.seat_judges(
        session_id=session.pk, user_ids=[who[k].pk for k in ("judge", "second_judge", "third_judge")], by=office, at=now
    )
    services.commit_draw(session_id=session.pk, by=office, at=now)
    services.draw_order(session_id=session.pk, public_number="2026133", witnesses="见证人", by=office, at=now)
    services.open_scoring(session_id=session.pk, by=office, at=now)
    entry = Entry.objects.get()
    later = _later(draft, here, now, word())

    def answer(key, attachment):
        return signed_in(who[key]).get(f"/judge/{session.pk}/{entry.pk}/material/{attachment.pk}/")

    found = answer("judge", old)
    assert (found.status_code, found["X-Content-Type-Options"]) == (200, "nosniff")
    assert found["Content-Disposition"].startswith("attachment")
    assert answer("judge", later).status_code == 404
    assert answer("member", old).status_code == 404
    page = signed_in(who["judge"]).get(f"/judge/{session.pk}/{entry.pk}/material/").content.decode()
    assert (old.name in page, later.name in page) == (True, False)


def _later(draft, here, at, file):
    """A document that came to the proposal after the version that is judged."""
    from projects.models import Proposal

    Proposal.objects.filter(pk=draft.pk).update(state="draft")
    found = add_attachment(proposal_id=draft.pk, kind="other", file=file, by=here.people["member"], at=at)
    Proposal.objects.filter(pk=draft.pk).update(state="passed")
    return found


def services_criteria():
    from judging.domain.rubrics import RUBRICS

    return RUBRICS["community"].as_criteria()
