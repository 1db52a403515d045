"""Ten points a month: which sheets count, who enters, appeals and decides, what the scores say."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from accounts.models import Role
from accounts.rules import may
from organizations.domain.monthly import LOW, RUN, Item, Level, Month, Verdict, first_whole, judge
from organizations.models import ExitDecision, MonthlyAppeal, MonthlyItems, MonthlySheet, Organization
from organizations.rules.registry import Person, acts_for

WORDS = {
    Level.CLEAR: "正常",
    Level.FIRST: "提醒：上月低于 6 分",
    Level.SECOND: "警告：连续两个月以上低于 6 分",
    Level.RED: "红牌：连续三个月低于 6 分",
    Level.BLOCKED: "缺月，暂不能判定",
}


def can_decide_exit(user: Person, organization: Organization) -> bool:
    """A leader of the street decides, but nobody about her own organization."""
    return may(user, organization.street, Role.LEADER) and not acts_for(user, organization.pk)


def items_of(rows: Iterable[dict[str, Any]]) -> list[Item]:
    """Items as they are kept with a sheet or a street."""
    return [Item(r["key"], r["name"], Decimal(r["top"]), is_bonus=r["is_bonus"]) for r in rows]


def schemes_of(street_id: int) -> list[MonthlyItems]:
    """All versions of a street's items, oldest first."""
    return list(MonthlyItems.objects.filter(street=street_id).order_by("number"))


def scheme_for(schemes: Sequence[MonthlyItems], month: Month) -> MonthlyItems | None:
    """The newest version that holds in a month."""
    found = [s for s in schemes if Month(s.year, s.month) <= month]
    return found[-1] if found else None


def span_of(organization: Organization, schemes: Sequence[MonthlyItems], today: date) -> tuple[Month, Month] | None:
    """From the first whole month that is marked to the last month that is over; None for one that never moved in, or
    where the street has no items. An organization that left is marked up to the month before.
    """
    if organization.moved_in_on is None or not schemes:
        return None
    begin = min(Month(s.year, s.month) for s in schemes)
    last = Month.of(today).plus(-1)
    if organization.moved_out_on is not None:
        last = min(last, Month.of(organization.moved_out_on).plus(-1))
    return max(first_whole(organization.moved_in_on), begin), last


def newest_sheets(organization_ids: Iterable[int], *, year: int | None = None) -> dict[int, dict[Month, MonthlySheet]]:
    """The sheets that count, by organization and month; one statement."""
    rows = MonthlySheet.objects.filter(organization__in=list(organization_ids))
    if year is not None:
        rows = rows.filter(year=year)
    found: dict[int, dict[Month, MonthlySheet]] = {}
    for row in rows.order_by("number"):
        found.setdefault(row.organization_id, {})[Month(row.year, row.month)] = row
    return found


def decided_until(organization_ids: Iterable[int]) -> dict[int, Month]:
    """Up to which month somebody decided on red flags, by organization."""
    rows = ExitDecision.objects.filter(organization__in=list(organization_ids)).order_by("year", "month")
    return {row.organization_id: Month(row.year, row.month) for row in rows}


@dataclass(frozen=True, slots=True)
class Record:
    """One organization's months: `span` is None for one that is not marked."""

    organization: Organization
    span: tuple[Month, Month] | None
    sheets: dict[Month, MonthlySheet]
    verdict: Verdict | None

    @property
    def words(self) -> str:
        """The verdict in words."""
        return WORDS[self.verdict.level] if self.verdict else "未按月积分"

    @property
    def tone(self) -> str:
        """The verdict as the state of a label."""
        level = self.verdict.level if self.verdict else None
        return (
            {Level.RED: "refused", Level.CLEAR: "approved", Level.BLOCKED: "waiting"}.get(level, "returned")
            if level
            else "draft"
        )


def records_of(organizations: Sequence[Organization], street_id: int, today: date) -> list[Record]:
    """The months and verdicts of organizations of one street, in their order; three statements."""
    ids = [o.pk for o in organizations]
    schemes, sheets, decided = schemes_of(street_id), newest_sheets(ids), decided_until(ids)
    found = []
    for row in organizations:
        span, own = span_of(row, schemes, today), sheets.get(row.pk, {})
        scores = {month: sheet.total for month, sheet in own.items()}
        verdict = judge(scores, *span, decided=decided.get(row.pk)) if span else None
        found.append(Record(row, span, own, verdict))
    return found


def residents_of(street_id: int, *, year: int) -> "QuerySet[Organization]":
    """Organizations that were resident at some time of a year, in Chinese order: nobody is ranked."""
    rows = Organization.objects.filter(street=street_id, moved_in_on__lte=date(year, 12, 31))
    return rows.exclude(moved_out_on__lte=date(year, 1, 1)).order_by("pinyin", "pk")


def residents(street_id: int, *, year: int) -> list[Organization]:
    """The same, all of them."""
    return list(residents_of(street_id, year=year))


def red_flags(street_id: int, today: date) -> list[Record]:
    """Organizations of a street with a red flag, in Chinese order; six statements, and only those with enough low months
    are looked at closely.
    """
    low = MonthlySheet.objects.filter(organization__street=street_id, total__lt=LOW)
    months: dict[int, set[tuple[int, int]]] = {}
    for pk, year, month in low.values_list("organization", "year", "month"):
        months.setdefault(pk, set()).add((year, month))
    ids = [pk for pk, found in months.items() if len(found) >= RUN]
    rows = Organization.objects.filter(pk__in=ids).order_by("pinyin", "pk")
    return [r for r in records_of(list(rows), street_id, today) if r.verdict and r.verdict.level is Level.RED]


def open_appeals(street_id: int) -> list[MonthlyAppeal]:
    """Appeals of a street that wait for an answer, oldest first."""
    rows = MonthlyAppeal.objects.filter(sheet__organization__street=street_id, answer=None)
    return list(rows.select_related("sheet__organization").order_by("said_at", "pk"))


def today_of(text: str) -> date:
    """The day that a report was asked for on."""
    return date.fromisoformat(text)
