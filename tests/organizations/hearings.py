"""Hearings for tests: planned, opened, voted, closed."""

from datetime import timedelta

from organizations import services
from organizations.domain.hearing import DEFAULT
from organizations.models import HearingVoter


def planned(world, at, **changed):
    """A hearing of today that hears every organization of the street."""
    facts = {
        "street": world.here.area, "year": 2026, "title": "述职评议", "held_on": at.date(), "venue": "会议室", "votes_until": at + timedelta(days=2),
        "scope": "all", "rule": DEFAULT, "by": world.here.people["office"],
    }  # fmt: skip
    return services.plan_hearing(**facts | changed, at=at)


def opened(world, at, **changed):
    row = planned(world, at, **changed)
    return services.open_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)


def codes(world, hearing, at, count=5, community=0):
    return services.print_hearing_codes(
        hearing_id=hearing.pk, community=world.here.communities[community], count=count, by=world.here.people["office"], at=at
    )  # fmt: skip


def marks(hearing, option="good"):
    return dict.fromkeys(hearing.dues.values_list("pk", flat=True), option)


def voted(world, hearing, at, worker="good", residents=("good",) * 5):
    """A worker's ballot and one by code for each of `residents`."""
    services.vote(hearing_id=hearing.pk, marks=marks(hearing, worker), by=world.here.people["community"], at=at)
    for code, option in zip(codes(world, hearing, at, len(residents)), residents, strict=True):
        services.vote_by_code(code_id=code.pk, marks=marks(hearing, option), at=at)
    assert HearingVoter.objects.filter(hearing=hearing).count() == 1


def closed(world, at, **votes):
    row = opened(world, at)
    voted(world, row, at, **votes)
    return services.close_hearing(hearing_id=row.pk, by=world.here.people["office"], at=at)
