"""The organizations' year of 辛店: twelve monthly sheets, a hearing with ballots, confirmed stars. All scores are made up."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from audit.services import record_many
from core.clock import local
from organizations.domain.hearing import DEFAULT as HEARING_RULE
from organizations.domain.hearing import RESIDENTS
from organizations.domain.monthly import DEFAULT, TOP, Item, Month
from organizations.domain.rating import CRITERIA
from organizations.models import Hearing, HearingBallot, HearingCode, MonthlyItems, MonthlySheet, Organization
from organizations.services import (
    Choice,
    close_hearing,
    comment_standing,
    confirm_ratings,
    enter_rating,
    open_hearing,
    plan_hearing,
    print_hearing_codes,
    set_items,
    vote,
    write_report,
)
from portal.demo.people import Place, start

# Twelve months up to the last one that is over; None is a month that nobody entered.
SCORES: dict[str, list[str | None]] = {
    "临淄义工协会": ["9.5", "9.2", "9.8", "10", "9.6", "9.4", "9.9", "9.7", "10", "9.5", "9.8", "9.6"],
    "城际救援六支队": ["8.2", "7.9", "7.5", "7.0", "6.8", "6.6", "6.4", "6.2", "6.0", "5.6", "5.8", "5.2"],
    "众爱长者养护中心": ["8.8", "9.0", "5.8", "8.5", "8.9", "9.1", "9.0", "8.7", "9.2", "9.3", "9.1", "9.0"],
    "正心国学苑": ["8.5", "8.4", "8.1", "7.8", "7.5", "7.7", "7.2", "7.0", "6.6", "5.5", None, "5.7"],
}
# Marks of the year: Party building, monthly points, projects, satisfaction, finance; and the stars decided.
YEAR: dict[str, tuple[tuple[int, int, int, int, int], int]] = {
    "临淄义工协会": ((95, 96, 92, 96, 90), 5),
    "城际救援六支队": ((72, 70, 75, 82, 70), 3),
    "众爱长者养护中心": ((82, 88, 85, 90, 84), 4),
    "正心国学苑": ((55, 78, 80, 85, 80), 0),
}
# Marks of residents and workers for the four in the same order; g good, f fair, b bad, u unknown.
BALLOTS = ["gggf", "gfgg", "ggfu", "gfgb", "gbgf", "gfff", "ggug", "gfgf", "gugg", "fbgf"]
OPTION = {"g": "good", "f": "fair", "b": "bad", "u": "unknown"}
WORDS = "全年按计划开展服务，活动、人次和经费见台账；党员参加了主题党日；不足是志愿者培训偏少（演示）。"


def play_year(place: Place, now: datetime) -> None:
    """Months up to the one before `now`; the hearing, marks and stars are of the calendar year before."""
    rows = [place.organizations[name] for name in SCORES]
    last = Month.of(local(now).date()).plus(-1)
    first = last.plus(-11)
    Organization.objects.filter(pk__in=[r.pk for r in rows]).update(moved_in_on=date(first.year, first.month, 1))
    scheme = set_items(street=place.area, items=DEFAULT, starts=first, by=place.people["office"], at=_after(first))
    _months(place, rows, scheme, first, now)
    year = local(now).year - 1
    _hearing(place, rows, year, now - timedelta(days=40))
    _stars(place, rows, year, now - timedelta(days=30))
    plan_hearing(
        street=place.area, year=year + 1, title=f"{year + 1}年社会组织述职评议（演示）", held_on=local(now).date() + timedelta(days=20),
        venue="街道社会组织服务中心", votes_until=now + timedelta(days=22), scope="residents", rule=HEARING_RULE, by=place.people["office"],
        at=now, is_demo=True,
    )  # fmt: skip


def _after(month: Month) -> datetime:
    """The third of the next month, when the centre enters."""
    after = month.plus(1)
    return start(after.year, after.month, 3)


def marks_for(items: tuple[Item, ...], score: Decimal) -> dict[str, str]:
    """Marks that come to a score, the later items lowered first."""
    left, found = min(score, TOP), {}
    for item in items:
        found[item.key] = str(Decimal(0) if item.is_bonus else min(item.top, left))
        left -= Decimal(found[item.key])
    return found


def _months(place: Place, rows: list[Organization], scheme: MonthlyItems, first: Month, now: datetime) -> None:
    office = place.people["office"]
    sheets = MonthlySheet.objects.bulk_create(
        MonthlySheet(
            organization=row, year=month.year, month=month.month, number=1, items=scheme.items, marks=marks_for(DEFAULT, Decimal(score)),
            total=Decimal(score), note="演示", entered_by=office, entered_at=min(_after(month), now),
        )
        for row in rows
        for month, score in ((first.plus(n), score) for n, score in enumerate(SCORES[row.name]))
        if score is not None
    )  # fmt: skip
    record_many(
        actor=office, verb="organizations.sheet_entered", at=min(_after(first.plus(11)), now),
        rows=[(s, place.area.pk, {"organization": s.organization_id, "month": f"{s.year}-{s.month:02d}", "total": str(s.total)}) for s in sheets],
    )  # fmt: skip


def _hearing(place: Place, rows: list[Organization], year: int, at: datetime) -> None:
    office = place.people["office"]
    hearing = plan_hearing(
        street=place.area, year=year, title=f"{year}年社会组织述职评议（演示）", held_on=local(at).date(), venue="街道社会组织服务中心",
        votes_until=at + timedelta(days=3), scope="residents", rule=HEARING_RULE, by=office, at=at, is_demo=True,
    )  # fmt: skip
    dues = {due.organization_id: due for due in hearing.dues.all()}
    for row in rows:
        write_report(due_id=dues[row.pk].pk, words=WORDS, by=place.people[f"member:{row.name}"], at=at)
    open_hearing(hearing_id=hearing.pk, by=office, at=at)
    order = [dues[row.pk].pk for row in rows]
    for name, ballot in zip(sorted(place.communities), BALLOTS, strict=False):
        worker = place.people[f"worker:{name}"]
        vote(
            hearing_id=hearing.pk,
            marks={pk: OPTION[mark] for pk, mark in zip(order, ballot, strict=True)},
            by=worker,
            at=at,
        )
        _residents(hearing, place, name, order, at)
    close_hearing(hearing_id=hearing.pk, by=office, at=at + timedelta(days=1))
    standing = rows[3].standings.get(year=year)
    comment_standing(
        standing_id=standing.pk, words="暑期场地维修，少办了两期国学班，今年已补上（演示）。", by=place.people[f"member:{rows[3].name}"],
        at=at + timedelta(days=2),
    )  # fmt: skip


def _residents(hearing: Hearing, place: Place, name: str, order: list[int], at: datetime) -> None:
    """Ten residents of a community by code, all at once."""
    codes = print_hearing_codes(
        hearing_id=hearing.pk, community=place.communities[name], count=len(BALLOTS), by=place.people["office"], at=at
    )
    HearingCode.objects.filter(pk__in=[c.pk for c in codes]).update(is_used=True)
    HearingBallot.objects.bulk_create(
        HearingBallot(
            hearing=hearing,
            group=RESIDENTS,
            marks={str(pk): OPTION[m] for pk, m in zip(order, ballot, strict=True)},
        )
        for ballot in BALLOTS
    )


def _stars(place: Place, rows: list[Organization], year: int, at: datetime) -> None:
    choices = []
    for row in rows:
        marks, stars = YEAR[row.name]
        sheet = enter_rating(
            organization_id=row.pk, year=year, marks=dict(zip(CRITERIA, map(Decimal, marks), strict=True)), shown=0, by=place.people["office"], at=at
        )  # fmt: skip
        choices.append(Choice(row.pk, sheet.number, stars))
    confirm_ratings(street=place.area, year=year, choices=choices, by=place.people["leader"], at=at)
