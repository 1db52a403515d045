"""资金总览: sums of many projects' money by street, theme and community, and what falls due. Pure, exact; yuan."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.exact import plain_text
from funding.domain.balance import Line

ZERO = Decimal("0.00")
NEAR, FAR = timedelta(days=30), timedelta(days=60)


def share(part: Decimal, whole: Decimal) -> str:
    """`33.3`: in per cent, one decimal, half-up. An em dash where there is nothing to take a share of."""
    return plain_text(part * 100 / whole, 1) if whole else "—"


@dataclass(frozen=True, slots=True)
class Project:
    """One project's money and where it belongs."""

    proposal_id: int
    street: str
    theme: str
    community: str
    line: Line


@dataclass(frozen=True, slots=True)
class Sums:
    """The money of several projects under one name. `pool` is what there was to hand out, zero where it is not known."""

    name: str
    projects: int
    pool: Decimal
    allocated: Decimal
    agreed: Decimal
    waiting: Decimal
    paid: Decimal
    returned: Decimal

    @property
    def net(self) -> Decimal:
        """Paid and not returned."""
        return self.paid - self.returned

    @property
    def left(self) -> Decimal:
        """In the pool and allocated to nobody."""
        return self.pool - self.allocated

    @property
    def paid_share(self) -> str:
        """Net paid of what was allocated, per cent."""
        return share(self.net, self.allocated)

    @property
    def execution(self) -> str:
        """Net paid of the pool, per cent."""
        return share(self.net, self.pool)


def add_up(name: str, projects: Iterable[Project], pool: Decimal = ZERO) -> Sums:
    """One name for the money of all these projects; a project counts once something is allocated or agreed."""
    lines = [p.line for p in projects]
    return Sums(
        name, len(lines), pool,
        *(sum((getattr(line, key) for line in lines), ZERO) for key in ("allocated", "agreed", "waiting", "paid", "returned")),
    )  # fmt: skip


def by(projects: Iterable[Project], key: Callable[[Project], str]) -> list[Sums]:
    """The projects in groups, the largest allocation first, then by name. No project is in two groups or in none."""
    groups: dict[str, list[Project]] = {}
    for project in projects:
        groups.setdefault(key(project), []).append(project)
    return sorted((add_up(name, group) for name, group in groups.items()), key=lambda s: (-s.allocated, s.name))


@dataclass(frozen=True, slots=True)
class Due:
    """An instalment that is not yet paid in full."""

    agreement: str
    project: str
    proposal_id: int
    title: str
    due_on: date
    amount: Decimal
    paid: Decimal

    @property
    def unpaid(self) -> Decimal:
        """What is still to be paid."""
        return self.amount - self.paid


@dataclass(frozen=True, slots=True)
class Calendar:
    """Unpaid instalments by when they fall due. A day falls into exactly one of the three."""

    overdue: tuple[Due, ...]
    near: tuple[Due, ...]
    far: tuple[Due, ...]


def fall_due(dues: Iterable[Due], today: date) -> Calendar:
    """Before today; today and the next 30 days; after that up to the 60th day. What is paid in full or later is left out."""
    rows = sorted((d for d in dues if d.unpaid > 0), key=lambda d: (d.due_on, d.agreement, d.title))
    return Calendar(
        tuple(d for d in rows if d.due_on < today),
        tuple(d for d in rows if today <= d.due_on <= today + NEAR),
        tuple(d for d in rows if today + NEAR < d.due_on <= today + FAR),
    )
