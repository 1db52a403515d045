"""资金总览: the arithmetic, the figures of a played agreement, who may look, a fixed number of statements."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from funding import rules
from funding.domain.balance import Line
from funding.domain.overview import Due, Project, add_up, by, fall_due, share
from funding.models import Agreement, Fund, Instalment
from projects.models import Proposal
from tests.funding.money import LATER, ask, paid, signed

TODAY = date(2026, 12, 5)
yuan = st.integers(0, 10**9).map(lambda fen: Decimal(fen) / 100)
projects = st.lists(
    st.builds(
        lambda n, theme, money: Project(n, "街道", theme, "社区", Line(f"项目{n}", *money)),
        st.integers(1, 99), st.sampled_from(["党建", "环保", "文体"]), st.tuples(yuan, yuan, yuan, yuan, yuan),
    ),
    max_size=5,
)  # fmt: skip


@given(projects)
def test_groups_add_up_to_the_whole(rows):
    groups, whole = by(rows, lambda p: p.theme), add_up("合计", rows)
    for key in ("projects", "allocated", "agreed", "waiting", "paid", "returned", "net"):
        assert sum((getattr(g, key) for g in groups), 0) == getattr(whole, key)


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [("1", "3", "33.3"), ("2", "3", "66.7"), ("0.05", "100", "0.1"), ("0", "0", "—"), ("0", "5", "0")],
)
def test_share(part, whole, words):
    assert share(Decimal(part), Decimal(whole)) == words


def due(days, amount="100", done="0"):
    return Due("XY-1", "项目", 1, "第一期", TODAY + timedelta(days=days), Decimal(amount), Decimal(done))


def test_due_days_fall_into_one_place_each():
    found = fall_due([due(n) for n in (-1, 0, 30, 31, 60, 61)] + [due(5, done="100"), due(6, done="40")], TODAY)
    assert [d.due_on - TODAY for d in found.overdue] == [timedelta(-1)]
    assert [(d.due_on - TODAY).days for d in found.near] == [0, 6, 30]
    assert [(d.due_on - TODAY).days for d in found.far] == [31, 60]
    assert sum(d.unpaid for d in found.near) == Decimal(260)


def seen(world, at, who="leader"):
    user = world.here.people[who]
    return rules.overview_of(user, list(rules.money_rounds(user)), (at + LATER).date())


@pytest.mark.django_db
def test_figures_follow_the_money(world, at):
    agreement = signed(world, at)
    first = paid(world, ask(world, agreement, at + LATER), at + LATER)
    ask(world, agreement, at + LATER + timedelta(days=1), position=2)
    day = (at + LATER).date()
    Instalment.objects.filter(agreement=agreement, position=1).update(due_on=day - timedelta(days=3))
    Instalment.objects.filter(agreement=agreement, position=2).update(due_on=day - timedelta(days=1))
    found, second = seen(world, at), agreement.instalments.get(position=2)
    agreement.refresh_from_db()
    total = found.total
    assert (total.projects, total.pool, total.allocated) == (1, Decimal("200000.00"), agreement.amount)
    assert (total.agreed, total.paid, total.waiting) == (agreement.amount, first.amount, second.amount)
    assert total.left == Decimal("200000.00") - agreement.amount
    assert [(s.projects, s.net) for s in found.communities] == [(1, first.amount)]
    assert [(f.drawn, f.paid, f.free) for f in found.funds] == [
        (agreement.amount, first.amount, Decimal(100000) - agreement.amount)
    ]
    assert [(d.title, d.unpaid) for d in found.calendar.overdue] == [(second.title, second.amount)]
    assert [h.is_late for h in found.held] == [True]


@pytest.mark.django_db
def test_another_streets_money_is_not_in_it(world, at):
    signed(world, at)
    user = world.there.people["leader"]
    found = rules.overview_of(user, list(rules.money_rounds(user)), at.date())
    assert (found.total.allocated, found.funds, found.total.pool) == (Decimal("0.00"), [], Decimal("200000.00"))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "code"),
    [("leader", 200), ("office", 200), ("finance", 200), ("supervisor", 200), ("host", 403), ("member", 403)],
)
def test_who_may_look(world, who, code):
    client = Client()
    client.force_login(world.here.people[who])
    assert client.get("/money/").status_code == code


@pytest.mark.django_db
def test_a_filter_that_fits_nothing_is_no_filter(world, at):
    signed(world, at)
    client = Client()
    client.force_login(world.here.people["leader"])
    plain = client.get("/money/")
    for query in (
        "year=1999",
        "round=999999",
        f"round={world.there.round.pk}",
        f"street={world.there.area.pk}",
        "year=²",
    ):
        answer = client.get(f"/money/?{query}")
        assert (query, answer.status_code) == (query, 200)
        assert answer.context["money"] == plain.context["money"]
    one = client.get(f"/money/?round={world.here.round.pk}")
    assert [r.pk for r in one.context["rounds"]] == [world.here.round.pk]


def more(world, at, number):
    """Agreements, instalments and funds beside the first, past the services: the page only reads them."""
    here = world.here
    for n in range(number):
        proposal = Proposal.objects.create(
            round=here.round, organization=here.other_organization, title=f"项目{n}", created_by=here.people["other_member"], created_at=at, saved_at=at
        )  # fmt: skip
        agreement = Agreement.objects.create(
            round=here.round, proposal=proposal, number=f"XY-{number}-{n}", created_at=at
        )
        Instalment.objects.create(
            agreement=agreement, position=1, title="第一期", amount=0, conditions=["signed"], due_on=at.date()
        )
        Fund.objects.create(street=here.area, name=f"资金{number}-{n}", kind="general", year=2026, budget=1)


@pytest.mark.django_db
def test_the_number_of_statements_is_fixed(world, at):
    signed(world, at)
    client = Client()
    client.force_login(world.here.people["leader"])
    client.get("/money/")
    counts = []
    for number in (3, 40):
        more(world, at, number)
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get("/money/")
        counts.append(len(found))
    assert counts[0] == counts[1]
