"""资金总览 from the rows: a fixed number of statements whatever the number of rounds, projects and funds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from accounts.rules import street_ids
from funding.domain import overview
from funding.domain.balance import Line
from funding.domain.overview import Calendar, Due, Project, Sums
from funding.models import Agreement, AllocationPlan, Award, Instalment, Payment, PaymentPart, Repayment
from funding.rules.agreement import visible_funds
from funding.rules.books import ACTIVE, _by
from funding.rules.plan import READERS, Person, held_up
from rounds.models import Round

ZERO = Decimal("0.00")
PAID = Payment.State.PAID


@dataclass(frozen=True, slots=True)
class Purse:
    """One fund: its yearly budget, what agreements draw on it, what was paid from it and not returned."""

    name: str
    owner: str
    budget: Decimal
    drawn: Decimal
    paid: Decimal
    is_demo: bool

    @property
    def free(self) -> Decimal:
        """What no agreement draws on yet."""
        return self.budget - self.drawn


@dataclass(frozen=True, slots=True)
class Held:
    """A project that is held up, and why."""

    proposal_id: int
    project: str
    why: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page 资金总览 shows of some rounds."""

    total: Sums
    streets: list[Sums]
    themes: list[Sums]
    communities: list[Sums]
    funds: list[Purse]
    calendar: Calendar
    held: list[Held]


def money_rounds(user: Person) -> "QuerySet[Round]":
    """Opened rounds of the streets whose money the person may read, newest first."""
    rounds = Round.objects.filter(street__in=street_ids(user, *READERS)).exclude(state=Round.State.DRAFT)
    return rounds.select_related("street").order_by("-year", "-number", "-id")


def overview_of(user: Person, rounds: Sequence[Round], today: date) -> Overview:
    """The money of these rounds, in twelve statements; the funds are those of the rounds' streets and years."""
    ids = [r.pk for r in rounds]
    projects = _projects(ids, {r.pk: r.street.name for r in rounds})
    streets: dict[str, Decimal] = {}
    for round_ in rounds:
        streets[round_.street.name] = streets.get(round_.street.name, ZERO) + round_.budget
    calendar = overview.fall_due(_dues(ids), today)
    names = {p.proposal_id: p.line.name for p in projects}
    held = [Held(pk, names[pk], why, is_late=False) for pk, why in held_up(*ids).items() if pk in names]
    held += [
        Held(d.proposal_id, d.project, f"{d.title}应于 {d.due_on:%Y-%m-%d} 拨付，未拨清", is_late=True)
        for d in calendar.overdue
    ]
    return Overview(
        total=overview.add_up("合计", projects, sum((r.budget for r in rounds), ZERO)),
        streets=[
            overview.add_up(name, [p for p in projects if p.street == name], pool) for name, pool in streets.items()
        ],
        themes=overview.by(projects, lambda p: p.theme),
        communities=overview.by(projects, lambda p: p.community),
        funds=_funds(user, rounds),
        calendar=calendar,
        held=held,
    )


def _projects(rounds: list[int], streets: dict[int, str]) -> list[Project]:
    """Every project of the rounds with an award in the approved plan or an amount agreed."""
    place = ("proposal", "proposal__title", "proposal__theme__name", "proposal__community__name")
    awards = Award.objects.filter(
        plan__round__in=rounds, plan__state=AllocationPlan.State.APPROVED, amount__gt=0
    ).order_by("plan__round", "place")
    agreements = Agreement.objects.filter(round__in=rounds).exclude(state=Agreement.State.DROPPED).order_by("pk")
    where: dict[int, tuple[str, str, str, int]] = {}
    given: dict[int, Decimal] = {}
    for pk, title, theme, community, round_id, amount in awards.values_list(*place, "plan__round", "amount"):
        where[pk], given[pk] = (title, theme or "未分主题", community or "未定社区", round_id), amount
    agreed: dict[int, tuple[Decimal, str]] = {}
    for pk, title, theme, community, round_id, amount, state in agreements.values_list(
        *place, "round", "amount", "state"
    ):
        agreed[pk] = amount, state
        if amount:
            where.setdefault(pk, (title, theme or "未分主题", community or "未定社区", round_id))
    paid: dict[int, Decimal] = {}
    waiting: dict[int, Decimal] = {}
    payments = Payment.objects.filter(agreement__round__in=rounds, state__in=ACTIVE).order_by()
    for pk, state, amount in payments.values_list("agreement__proposal", "state").annotate(s=Sum("amount")):
        group = paid if state == PAID else waiting
        group[pk] = group.get(pk, ZERO) + amount
    back = Repayment.objects.filter(part__payment__agreement__round__in=rounds).order_by()
    returned = _by(back.values_list("part__payment__agreement__proposal").annotate(s=Sum("amount")))
    return [
        Project(
            pk, streets[round_id], theme, community,
            Line(
                title, given.get(pk, ZERO), agreed.get(pk, (ZERO, ""))[0], waiting.get(pk, ZERO), paid.get(pk, ZERO),
                returned.get(pk, ZERO), ended=agreed.get(pk, (ZERO, ""))[1] == Agreement.State.ENDED,
            ),
        )
        for pk, (title, theme, community, round_id) in where.items()
    ]  # fmt: skip


def _dues(rounds: list[int]) -> list[Due]:
    """Dated instalments of agreements in force, with what was paid of each and not returned."""
    terms = Instalment.objects.filter(
        agreement__round__in=rounds, agreement__state=Agreement.State.SIGNED, due_on__isnull=False
    )
    given = Payment.objects.filter(agreement__round__in=rounds, state=PAID).order_by()
    paid = _by(given.values_list("instalment").annotate(s=Sum("amount")))
    back = Repayment.objects.filter(part__payment__agreement__round__in=rounds).order_by()
    returned = _by(back.values_list("part__payment__instalment").annotate(s=Sum("amount")))
    rows = terms.order_by("due_on", "pk").values_list(
        "pk", "agreement__number", "agreement__proposal__title", "agreement__proposal", "title", "due_on", "amount"
    )
    return [
        Due(number, project, proposal, title, due_on, amount, paid.get(pk, ZERO) - returned.get(pk, ZERO))
        for pk, number, project, proposal, title, due_on, amount in rows
        if due_on is not None
    ]


def _funds(user: Person, rounds: Sequence[Round]) -> list[Purse]:
    streets, years = {r.street_id for r in rounds}, {r.year for r in rounds}
    seen: QuerySet[Any] = visible_funds(user)
    funds = seen.filter(street__in=streets, year__in=years) if rounds else seen.none()
    parts = PaymentPart.objects.filter(draw__fund__in=funds.order_by().values("pk"), payment__state=PAID).order_by()
    paid = _by(parts.values_list("draw__fund").annotate(s=Sum("amount")))
    back = Repayment.objects.filter(part__draw__fund__in=funds.order_by().values("pk")).order_by()
    returned = _by(back.values_list("part__draw__fund").annotate(s=Sum("amount")))
    return [
        Purse(
            str(f), f.community.name if f.community else f.street.name, f.budget, f.drawn or ZERO,
            paid.get(f.pk, ZERO) - returned.get(f.pk, ZERO), f.is_demo,
        )
        for f in funds.order_by("-year", "pk")
    ]  # fmt: skip
