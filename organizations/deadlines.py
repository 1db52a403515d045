"""Who answers for a row: the people of the organization it belongs to; the end of its registration certificate, and training."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import BooleanField, DateField, IntegerField, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.deadlines import InStreet
from accounts.models import Area, Role
from core.clock import local
from core.deadlines import NOBODY, Deadline, Row, Steps, Term, inside, register, terms_of
from organizations.domain.monthly import Month
from organizations.models import Hearing, HearingDue, Membership, Organization, SignUp, Training
from organizations.rules import organizations_of
from workdays.domain import ONE, Overrides, add_workdays
from workdays.models import DayOverride


@dataclass(frozen=True, slots=True)
class Members:
    """Everybody who acts for the organization that `at` points to."""

    at: str

    def columns(self) -> Sequence[str]:
        return (self.at,)

    def mine(self, user: Any) -> Q:
        found = [o.pk for o in organizations_of(user)]
        return Q(**{f"{self.at}__in": found}) if found else NOBODY

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        wanted = {row[self.at] for row in rows}
        found: dict[int, set[int]] = {pk: set() for pk in wanted}
        members = Membership.objects.filter(organization__in=wanted, user__is_active=True)
        for organization, user in members.values_list("organization_id", "user_id") if wanted else ():
            found[organization].add(user)
        return [found[row[self.at]] for row in rows]


@dataclass(frozen=True, slots=True)
class Invited:
    """Everybody of the organizations a training is meant for: those that `signed_up`, or those that did not yet."""

    signed_up: bool

    def columns(self) -> Sequence[str]:
        return ("pk", "street", "audience")

    def mine(self, user: Any) -> Q:
        found = NOBODY
        for row in organizations_of(user):
            come = Q(pk__in=SignUp.objects.filter(organization=row.pk, withdrawn_at=None).values("training"))
            meant = Q(street=row.street_id, audience__contains=[row.kind])
            found |= come if self.signed_up else meant & ~come
        return found

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        if not rows:
            return []
        streets = {row["street"] for row in rows}
        come = set(
            SignUp.objects.filter(training__in=[row["pk"] for row in rows], withdrawn_at=None).values_list(
                "training_id", "organization_id"
            )
        )
        members = list(
            Membership.objects.filter(organization__street__in=streets, user__is_active=True).values_list(
                "organization__street_id", "organization__kind", "organization_id", "user_id"
            )
        )
        return [
            {
                user
                for street, kind, unit, user in members
                if street == row["street"]
                and (
                    (row["pk"], unit) in come
                    if self.signed_up
                    else kind in row["audience"] and (row["pk"], unit) not in come
                )
            }
            for row in rows
        ]


LICENCE = register(
    Deadline(
        "organizations.licence", "登记证书到期", due="licence_until", street="street", demo="is_demo",
        rows=lambda: Organization.objects.filter(moved_out_on=None), says=lambda row: row["name"], columns=("name",), note="street__name",
        path=lambda row: inside("organizations:detail", row["pk"]), people=(Members("pk"),), above=(InStreet((Role.OFFICE,), "street"),),
        covers=("organizations.Organization.licence_until",), steps=Steps(before=(30, 7, 0), after=(5,), escalate=10),
    )
)  # fmt: skip
SIGN_UP = register(
    Deadline(
        "organizations.sign_up", "培训报名截止", due="sign_up_until", street="street", is_moment=True, ends=True,
        rows=lambda: Training.objects.filter(cancelled_at=None), says=lambda row: row["title"], columns=("title",), note="place",
        path=lambda row: inside("organizations:training", row["pk"]), people=(Invited(signed_up=False),),
        covers=("organizations.Training.sign_up_until",), steps=Steps(before=(3, 1)),
    )
)  # fmt: skip
TRAINING = register(
    Deadline(
        "organizations.training", "培训", due="begins_at", street="street", is_moment=True, ends=True, is_event=True,
        rows=lambda: Training.objects.filter(cancelled_at=None), says=lambda row: row["title"], columns=("title",), note="place",
        path=lambda row: inside("organizations:training", row["pk"]),
        people=(Invited(signed_up=True), InStreet((Role.OFFICE,), "street")), covers=("organizations.Training.begins_at",),
        steps=Steps(before=(1, 0)),
    )
)  # fmt: skip

# --- monthly sheets

SHEET, TERM = "organizations.monthly", Term(5)
BACK = 24  # months
# Months that are over and have no sheet, one line per resident organization of the street. Both ends are parameters.
MISSING = """
SELECT m::date AS month, o.is_demo
FROM organizations_organization o
CROSS JOIN LATERAL (
  SELECT min(make_date(i.year, i.month, 1)) AS day FROM organizations_monthlyitems i WHERE i.street_id = o.street_id
) begun
CROSS JOIN LATERAL generate_series(
  greatest(begun.day, date_trunc('month', o.moved_in_on + interval '1 month' - interval '1 day')::date, %s::date),
  %s::date, interval '1 month'
) m
WHERE o.street_id = accounts_area.id AND begun.day IS NOT NULL AND o.moved_in_on IS NOT NULL
  AND (o.moved_out_on IS NULL OR m < date_trunc('month', o.moved_out_on))
  AND NOT EXISTS (
    SELECT FROM organizations_monthlysheet s
    WHERE s.organization_id = o.id AND s.year = extract(year FROM m) AND s.month = extract(month FROM m)
  )
"""


def due_of(month: Month, term: Term, overrides: Overrides) -> date:
    """By which day of the following month a month's sheets are due."""
    after = month.plus(1)
    first = date(after.year, after.month, 1)
    return add_workdays(first - ONE, term.day, overrides) if term.in_workdays else first.replace(day=term.day)


def _dues(months: Sequence[Month]) -> str:
    """Due days by street and month as JSON; street 0 is any without a term of its own."""
    terms = {0: TERM, **terms_of(SHEET)}
    worked = any(term.in_workdays for term in terms.values())
    overrides = dict(DayOverride.objects.values_list("day", "is_workday")) if worked else {}
    return json.dumps(
        {
            street: {f"{m.year}-{m.month:02d}": due_of(m, term, overrides).isoformat() for m in months}
            for street, term in terms.items()
        }
    )


def _unmarked(rows: "QuerySet[Area]", at: datetime) -> "QuerySet[Area]":
    """Streets with what they lack of the newest month that is over and lacks a sheet, and of all before it."""
    last = Month.of(local(at).date()).plus(-1)
    months = [last.plus(-n) for n in range(BACK)]
    ends = [date(m.year, m.month, 1) for m in (months[-1], last)]
    dues = _dues(months)

    def of_missing(what: str, *first: str, kind: Any, around: str = "{}", tail: str = "") -> RawSQL:
        sql = around.format(f"(SELECT {what} FROM ({MISSING}) lacking {tail})")  # noqa: S608 - constant text
        return RawSQL(sql, [*first, *ends], output_field=kind)  # noqa: S611 - values are parameters

    by_street = "((coalesce(%s::jsonb -> accounts_area.id::text, %s::jsonb -> '0') ->> {})::date)"
    return rows.annotate(
        sheet_month=of_missing("max(month)", kind=DateField()),
        sheet_due=of_missing("to_char(max(month), 'YYYY-MM')", dues, dues, kind=DateField(), around=by_street),
        sheet_all=of_missing("count(*)", kind=IntegerField()),
        sheet_new=of_missing("count(*)", kind=IntegerField(), tail="GROUP BY month ORDER BY month DESC LIMIT 1"),
        is_demo=of_missing("bool_and(is_demo)", kind=BooleanField()),
    )


def _lacking(row: Row) -> str:
    month: date = row["sheet_month"]
    more = row["sheet_all"] - row["sheet_new"]
    words = f"{month.year}年{month.month}月还有 {row['sheet_new']} 家没有登记"
    return f"{words}，以前月份还缺 {more} 张" if more else words


MONTHLY = register(
    Deadline(
        SHEET, "登记月积分表", rows=Area.objects.streets, as_of=_unmarked, due="sheet_due",
        street="pk", says=_lacking, columns=("sheet_month", "sheet_new", "sheet_all"), note="name", demo="is_demo",
        path=lambda row: f"{inside('organizations:monthly')}?year={row['sheet_month'].year}",
        people=(InStreet((Role.OFFICE,), "pk"),), above=(InStreet((Role.LEADER,), "pk"),), covers=(), term=TERM,
        steps=Steps(before=(3, 1, 0), after=(1, 3), escalate=5),
    )
)  # fmt: skip

REPORT = register(
    Deadline(
        "organizations.hearing_report", "提交述职报告", due="hearing__held_on", street="hearing__street", demo="hearing__is_demo",
        rows=lambda: HearingDue.objects.filter(hearing__state=Hearing.State.PLANNED, report=""), says=lambda row: row["hearing__title"],
        columns=("hearing__title", "hearing"), note="organization__name", path=lambda row: inside("organizations:hearing", row["hearing"]),
        people=(Members("organization"),), covers=("organizations.Hearing.held_on",), steps=Steps(before=(15, 7, 1), after=(), escalate=None),
    )
)  # fmt: skip
