"""Which deadlines exist. Each app declares its own in `<app>/deadlines.py`, loaded by its AppConfig:

    register(Deadline("projects.completion", "补正截止", rows=…, due="complete_by", …))

A declaration is a queryset of what is still open, the column of its end, and who answers for it. From it follow the
to-do list, the calendar, the feed and the reminders; nobody registers anywhere else. What is closed is simply no row any
more, so nothing has to be cancelled.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any, Protocol

from django.db.models import Case, Q, QuerySet, Value, When
from django.urls import get_script_prefix, reverse

from core.clock import SHANGHAI, local

Row = Mapping[str, Any]
NOBODY = Q(pk__in=[])
ONE = timedelta(days=1)


class Who(Protocol):
    """Who answers for rows of a queryset: `of` for many rows in a fixed number of statements, `mine` the other way round."""

    def columns(self) -> Sequence[str]:
        """What `of` must know of a row."""
        ...

    def mine(self, user: Any) -> Q:
        """The rows for which this person answers."""
        ...

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        """For each row the ids of those who answer for it, active accounts only."""
        ...


@dataclass(frozen=True, slots=True)
class Only:
    """`who`, but only of rows in which the column has one of the values."""

    who: Who
    column: str
    values: tuple[str, ...]

    def columns(self) -> Sequence[str]:
        return (*self.who.columns(), self.column)

    def mine(self, user: Any) -> Q:
        found = self.who.mine(user)
        return found if found == NOBODY else found & Q(**{f"{self.column}__in": self.values})

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        meant = [row for row in rows if row[self.column] in self.values]
        found = iter(self.who.of(meant))
        return [next(found) if row[self.column] in self.values else () for row in rows]


@dataclass(frozen=True, slots=True)
class Except:
    """`who` without those whom the columns of the row name: nobody signs what she wrote herself."""

    who: Who
    fields: tuple[str, ...]

    def columns(self) -> Sequence[str]:
        return (*self.who.columns(), *self.fields)

    def mine(self, user: Any) -> Q:
        found = self.who.mine(user)
        if found == NOBODY:
            return found
        hers = NOBODY
        for field in self.fields:
            hers |= Q(**{f"{field}__isnull": False, field: user.pk})
        return found & ~hers

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        found = self.who.of(rows)
        return [set(people) - {row[field] for field in self.fields} for people, row in zip(found, rows, strict=True)]


@dataclass(frozen=True, slots=True)
class Without:
    """`who` without `others`: nobody checks her own organization's papers."""

    who: Who
    others: Who

    def columns(self) -> Sequence[str]:
        return (*self.who.columns(), *self.others.columns())

    def mine(self, user: Any) -> Q:
        found = self.who.mine(user)
        return found if found == NOBODY else found & ~self.others.mine(user)

    def of(self, rows: Sequence[Row]) -> list[Collection[int]]:
        return [set(a) - set(b) for a, b in zip(self.who.of(rows), self.others.of(rows), strict=True)]


@dataclass(frozen=True, slots=True)
class Steps:
    """When somebody is told: so many days before (0: on the day itself) and after; all positive.

    `in_workdays` counts the days before in working days, else in calendar days. Days after the end always count in
    working days. `escalate`: after so many of them those above are told; None: never.
    """

    before: tuple[int, ...] = (3, 1, 0)
    after: tuple[int, ...] = (1,)
    in_workdays: bool = False
    escalate: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """By which day of the following month something monthly is due: the n-th day, or the n-th working day."""

    day: int
    in_workdays: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One open thing with its end. `due` is a moment, or a day that counts whole. `path` leads there inside the portal."""

    kind: str
    label: str
    pk: int
    occasion: int
    title: str
    path: str
    street_id: int
    due: datetime | date
    people: frozenset[int] = frozenset()
    above: frozenset[int] = frozenset()
    is_own: bool = True
    note: str = ""
    is_demo: bool = False

    @property
    def is_moment(self) -> bool:
        return isinstance(self.due, datetime)

    @property
    def day(self) -> date:
        """The day it ends on, in Shanghai."""
        return local(self.due).date() if isinstance(self.due, datetime) else self.due

    @property
    def ends_at(self) -> datetime:
        """The instant from which on it is late."""
        return self.due if isinstance(self.due, datetime) else midnight(self.due + ONE)

    @property
    def href(self) -> str:
        return get_script_prefix().rstrip("/") + self.path


@dataclass(frozen=True, slots=True)
class Deadline:
    """One kind of deadline.

    `rows` gives what is open; `due` and `street` are columns of it, `is_moment` says that `due` is a moment. `says` and
    `path` make words and address of the `columns` (pk is always there); words never hold personal data of residents.
    `note` is a column with where it belongs, `demo` the one that says it is made up: shown, but nobody is reminded.
    `occasion`: the column of what a person is reminded of once, where several rows are one thing to her. `ends`: once its
    time has come nothing can be done any more, so it is never overdue. `is_event`: good to know, but nothing to do, so it is
    no task. `covers`: model fields it speaks for.
    `as_of` narrows and annotates the rows for a moment, where what is open depends on the day. `term`: the usual day of the
    following month for what is due monthly; a street may have its own, see `terms_of`.
    `is_alone`: told in a message of its own at the exact hour, never in a digest; `letter` makes subject and body then.
    """

    key: str
    label: str
    rows: Callable[[], QuerySet[Any]]
    due: str
    street: str
    says: Callable[[Row], str]
    path: Callable[[Row], str]
    people: tuple[Who, ...]
    covers: tuple[str, ...]
    columns: tuple[str, ...] = ()
    note: str = ""
    demo: str = "is_demo"
    above: tuple[Who, ...] = ()
    is_moment: bool = False
    occasion: str = "pk"
    ends: bool = False
    is_event: bool = False
    is_alone: bool = False
    letter: Callable[[Item], tuple[str, str]] | None = None
    steps: Steps | Callable[[], Steps] = Steps()
    as_of: Callable[[QuerySet[Any], datetime], QuerySet[Any]] | None = None
    term: Term | None = None

    def default_steps(self) -> Steps:
        """The rule where the street has none of its own; what ends is never late."""
        steps = self.steps() if callable(self.steps) else self.steps
        return replace(steps, after=(), escalate=None) if self.ends else steps


@dataclass(frozen=True, slots=True)
class Ask:
    """Which items: from one day to another (both included), of this person, about these occasions; as at a moment."""

    at: datetime
    first: date | None = None
    last: date | None = None
    user: Any = None
    occasions: Collection[int] | None = None


_DEADLINES: dict[str, Deadline] = {}
_terms: list[Callable[[str], Mapping[int, Term]]] = []


def install_terms(source: Callable[[str], Mapping[int, Term]]) -> None:
    """Say where streets keep their own terms: key of a deadline → {street id: term}. The last one installed counts."""
    _terms[:] = [source]


def terms_of(key: str) -> Mapping[int, Term]:
    """The terms that streets have set for a kind."""
    return _terms[0](key) if _terms else {}


def register(deadline: Deadline) -> Deadline:
    """Make a deadline known. Raises ValueError when the key is taken."""
    if deadline.key in _DEADLINES:
        raise ValueError(f"two deadlines named {deadline.key}")
    _DEADLINES[deadline.key] = deadline
    return deadline


def all_deadlines() -> list[Deadline]:
    """All kinds, by their key."""
    return [_DEADLINES[key] for key in sorted(_DEADLINES)]


def deadline_of(key: str) -> Deadline | None:
    """The kind of that key, if there is one."""
    return _DEADLINES.get(key)


def midnight(day: date) -> datetime:
    """The beginning of a day in Shanghai."""
    return datetime.combine(day, time.min, tzinfo=SHANGHAI)


def inside(name: str, *args: Any) -> str:
    """The address of a page inside the portal, without the prefix it is mounted under."""
    return "/" + reverse(name, args=args).removeprefix(get_script_prefix())


def items_of(deadline: Deadline, ask: Ask) -> list[Item]:
    """The open items, soonest first. With a person, hers alone (what is above her only once it is late) in one statement;
    else with everybody who answers for them, in one statement and those of the `Who`s, however many rows there are.
    """
    whos = () if ask.user is not None else (*deadline.people, *deadline.above)
    own = over = NOBODY
    if ask.user is not None:
        own, over = _any(deadline.people, ask.user), _any(deadline.above, ask.user)
        if own == over == NOBODY:
            return []
    rows = _narrowed(deadline, ask)
    if ask.user is not None:
        rows = rows.filter(own | (over & _late(deadline, ask.at)))
        rows = rows.annotate(is_hers=Case(When(own, then=Value(True)), default=Value(False)))
    wanted = {"pk", deadline.due, deadline.street, deadline.occasion, deadline.demo, *deadline.columns}
    wanted |= {deadline.note} if deadline.note else set()
    wanted |= {column for who in whos for column in who.columns()} | ({"is_hers"} if ask.user is not None else set())
    found = list(rows.order_by(deadline.due, "pk").values(*sorted(wanted)))
    people, above = _everybody(deadline.people, found, whos), _everybody(deadline.above, found, whos)
    return [
        Item(
            deadline.key, deadline.label, row["pk"], row[deadline.occasion], deadline.says(row), deadline.path(row),
            row[deadline.street], row[deadline.due], own, over - own, row.get("is_hers", True),
            row[deadline.note] or "" if deadline.note else "", row[deadline.demo],
        )
        for row, own, over in zip(found, people, above, strict=True)
    ]  # fmt: skip


def items_for(
    user: Any, at: datetime, first: date | None, last: date | None, *, tasks_only: bool = False
) -> list[Item]:
    """What this person has before her over all kinds, soonest first; at most one statement a kind."""
    kinds = [d for d in all_deadlines() if not (tasks_only and d.is_event)]
    found = [i for d in kinds for i in items_of(d, Ask(at, first, last, user))]
    return sorted(found, key=lambda i: (i.ends_at, i.kind, i.pk))


def _any(whos: tuple[Who, ...], user: Any) -> Q:
    """Rows of any of these; where there can be none, the database is not asked at all."""
    hers = [mine for mine in (who.mine(user) for who in whos) if mine != NOBODY]
    return reduce(or_, hers, NOBODY) if hers else NOBODY


def _late(deadline: Deadline, at: datetime) -> Q:
    return Q(**{f"{deadline.due}__lte": at} if deadline.is_moment else {f"{deadline.due}__lt": local(at).date()})


def _narrowed(deadline: Deadline, ask: Ask) -> QuerySet[Any]:
    rows = deadline.rows()
    if deadline.as_of is not None:
        rows = deadline.as_of(rows, ask.at)
    rows = rows.filter(**{f"{deadline.due}__isnull": False})
    if deadline.ends:
        rows = rows.exclude(_late(deadline, ask.at))
    if ask.first is not None:
        rows = rows.filter(**{f"{deadline.due}__gte": midnight(ask.first) if deadline.is_moment else ask.first})
    if ask.last is not None:
        end = {"lt": midnight(ask.last + ONE)} if deadline.is_moment else {"lte": ask.last}
        rows = rows.filter(**{f"{deadline.due}__{word}": value for word, value in end.items()})
    if ask.occasions is not None:
        rows = rows.filter(**{f"{deadline.occasion}__in": ask.occasions})
    return rows


def _everybody(whos: tuple[Who, ...], rows: Sequence[Row], asked: Sequence[Who]) -> list[frozenset[int]]:
    if not asked:
        return [frozenset()] * len(rows)
    found: list[set[int]] = [set() for _ in rows]
    for who in whos:
        for people, more in zip(found, who.of(rows), strict=True):
            people.update(more)
    return [frozenset(people) for people in found]
