"""A hundred at the closing second: those whom the database dates before it are in, the rest get a sentence; once each."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier, BoundedSemaphore

import pytest
from django.db import connection

from audit.models import Event
from core import clock
from core.errors import DomainError
from organizations.models import Membership
from projects import services
from projects.models import Proposal, ProposalVersion
from tests.projects import make
from tests.world import build, organization, person

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 100
ATTEMPTS = 3
PLACES = 50  # connections at a time, as a server has them; the small database of a test has a hundred for all


def crowd(street, at):
    """A hundred complete drafts of as many organizations, each with a member of its own."""
    need, found = make.make_need(street, at), []
    for n in range(CROWD):
        who = person(f"crowd{n}", at)
        unit = organization(street.area, f"第{n:03d}互助社", at)
        Membership.objects.create(organization=unit, user=who, duty="clerk", since=at)
        draft = make.make_draft(street, at, organization=unit, by=who, title=f"项目{n}")
        make.save(draft, street, at, by=who, need_ids=(need.pk,), title=f"项目{n}")
        found.append((draft.pk, who))
    return found


def closing_in(street, seconds):
    """The street's drafts in a round that closes so many seconds from now by the database's clock."""
    now = clock.now()
    old = street.round
    make.ruled(street, apply_opens_at=now - timedelta(days=1), apply_closes_at=now + timedelta(seconds=seconds))
    Proposal.objects.filter(round=old).update(round=street.round, theme=street.themes[0])
    return street.round.apply_closes_at


def test_a_hundred_at_the_closing_second(record_property):
    street = build(clock.now()).here
    drafts = crowd(street, clock.now())
    closes = closing_in(street, 15)
    barrier, width = Barrier(CROWD), 4  # seconds around the closing in which they come

    begins = time.monotonic() + (closes - clock.now()).total_seconds() - width / 2
    places = BoundedSemaphore(PLACES)

    def ask(pk, who):
        at, began = clock.now(), time.perf_counter()
        try:
            answer = services.submit_proposal(proposal_id=pk, by=who, at=at).receipt_number
        except DomainError as error:
            answer = error
        return at, answer, time.perf_counter() - began

    def come(i):
        """The view's own order: the database's clock first, then the service; three times, as fingers do."""
        pk, who = drafts[i]
        said = []
        try:
            barrier.wait(60)
            time.sleep(max(begins + width * i / CROWD - time.monotonic(), 0))
            for _ in range(ATTEMPTS):
                with places:
                    said.append(ask(pk, who))
                    connection.close()
        finally:
            connection.close()
        return said

    with ThreadPoolExecutor(CROWD) as pool:
        heard = list(pool.map(come, range(CROWD)))

    numbers = set()
    for (pk, _), said in zip(drafts, heard, strict=True):
        stored = Proposal.objects.get(pk=pk)
        first = said[0][0]
        versions = list(ProposalVersion.objects.filter(proposal=pk))
        if first < closes:
            assert {answer for _, answer, _ in said} == {stored.receipt_number}
            assert (stored.state, stored.submitted_at, len(versions)) == ("submitted", first, 1)
            numbers.add(stored.receipt_number)
        else:
            assert (stored.state, stored.receipt_number, versions) == ("draft", None, [])
            for _, answer, _ in said:
                assert isinstance(answer, services.RoundClosed)
                assert answer.message.endswith("截止，不能再提交。您的草稿已保留。")
    assert len(numbers) == ProposalVersion.objects.count() == Event.objects.filter(verb="projects.submitted").count()
    assert 0 < len(numbers) < CROWD
    waits = sorted(took for said in heard for _, _, took in said)
    figures = f"{len(numbers)} of {CROWD} in time; median {waits[len(waits) // 2]:.3f} s, slowest {waits[-1]:.3f} s"
    record_property("crowd", figures)
    print(figures)


def test_the_hundredth_place_of_one_organization_is_one_receipt():
    """A hundred clicks on one proposal in the last second: one version, one number."""
    street = build(clock.now()).here
    draft = make.make_complete_draft(street, clock.now())
    barrier, places = Barrier(CROWD), BoundedSemaphore(PLACES)

    def come(_):
        barrier.wait(60)
        with places:
            return sent()

    def sent():
        try:
            return services.submit_proposal(
                proposal_id=draft.pk, by=street.people["member"], at=clock.now()
            ).receipt_number
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as pool:
        numbers = set(pool.map(come, range(CROWD)))
    assert numbers == {Proposal.objects.get().receipt_number}
    assert (ProposalVersion.objects.count(), Proposal.objects.get().requested) == (1, Decimal("8000.00"))
