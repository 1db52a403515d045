"""What is counted of needs, each in one statement whatever the size: the database counts, needs.domain computes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Count, Exists, Func, IntegerField, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import TruncDate, TruncMonth

from accounts.models import Role
from accounts.rules import area_paths, holds, street_ids
from core.clock import SHANGHAI, local
from needs.domain.analysis import Span, running_workdays
from needs.domain.cycle import PENDING, Terms, late_since
from needs.models import Need, NeedRating, NeedTerms, OrderNeed
from needs.rules.need import WATCHERS, Person, within
from workdays.domain import Overrides

ANALYSTS = (Role.OFFICE, Role.LEADER, Role.SUPERVISOR, Role.COMMUNITY)
READ_WORDS = 3000  # of so many needs, the newest, the words are counted
SILENCES = ("silent", "carried", "late")
S = Need.State


def _with_heads(own: Q, head: Q) -> Q:
    """A need of which `own` holds, or that was merged into one of which `head` holds.

    The merged ones are looked up apart: they are few, and joining every need to its head would read all rows twice.
    """
    merged = Need.objects.filter(head, merged_into__isnull=False)
    return own & ~Q(state=S.MERGED) | Q(pk__in=merged.values("pk"))


def refused() -> Q:
    return _with_heads(Q(state=S.REFUSED), Q(merged_into__state=S.REFUSED))


def closed() -> Q:
    return _with_heads(Q(state=S.CLOSED), Q(merged_into__state=S.CLOSED))


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which needs are asked about: collected within a span, of a community, grid, category or channel."""

    span: Span
    community: int | None = None
    grid: int | None = None
    category: str = ""
    channel: str = ""


def can_analyse(user: Person) -> bool:
    """Who has the page of counts at all; what is counted are the needs one sees."""
    return holds(user, *ANALYSTS)


def needs_to_analyse(user: Person) -> "QuerySet[Need]":
    """Needs of one's communities, or of the whole street for office, leader and supervisor."""
    inside = within(area_paths(user, Role.COMMUNITY), "community")
    return Need.objects.filter(inside | Q(street__in=street_ids(user, *WATCHERS)))


def start_of(day: date) -> datetime:
    """Midnight in Shanghai at which a day begins."""
    return datetime.combine(day, time(), SHANGHAI)


def collected(first: date | None, last: date | None) -> Q:
    """Collected from a day to a day, both included, by the calendar of Shanghai."""
    found = Q()
    if first is not None:
        found &= Q(collected_at__gte=start_of(first))
    if last is not None:
        found &= Q(collected_at__lt=start_of(last + timedelta(days=1)))
    return found


def chosen_needs(needs: "QuerySet[Need]", chosen: Chosen, *, earlier: bool = False) -> "QuerySet[Need]":
    """Those that were asked about; `earlier`: with those collected before the span."""
    found = needs.filter(collected(None if earlier else chosen.span.first, chosen.span.last))
    for name in ("community", "grid", "category", "channel"):
        if (value := getattr(chosen, name)) not in (None, ""):
            found = found.filter(**{name: value})
    return found


def _rows(found: "QuerySet[Any, Any]") -> list[dict[str, Any]]:
    return [dict(row) for row in found]


def counts(needs: "QuerySet[Need]", today: date) -> list[dict[str, Any]]:
    """By community and category: all, refused, closed, pending, overdue, and how many are demo data."""
    return _rows(
        needs.values("community", "category").annotate(
            n=Count("pk"), refused=Count("pk", filter=refused()), closed=Count("pk", filter=closed()),
            pending=Count("pk", filter=Q(state__in=PENDING)),
            over=Count("pk", filter=Q(state__in=PENDING, due_on__lt=today)), demo=Count("pk", filter=Q(is_demo=True)),
        )
    )  # fmt: skip


def by_month(needs: "QuerySet[Need]") -> dict[tuple[int, int], tuple[int, int]]:
    """(year, month) → (collected then, closed by now)."""
    rows = (
        needs.annotate(month=TruncMonth("collected_at", tzinfo=SHANGHAI))
        .values_list("month")
        .annotate(n=Count("pk"), closed=Count("pk", filter=closed()))
    )
    return {(local(month).year, local(month).month): (n, closed) for month, n, closed in rows}


def by_grid(needs: "QuerySet[Need]", today: date) -> list[dict[str, Any]]:
    """By community and grid, the most first: all, closed, overdue."""
    return _rows(
        needs.values("community__name", "grid__name")
        .annotate(
            n=Count("pk"), closed=Count("pk", filter=closed()),
            over=Count("pk", filter=Q(state__in=PENDING, due_on__lt=today)),
        )
        .order_by("-n", "community__name", "grid__name")
    )  # fmt: skip


class _DayNumber(Func):
    template, arg_joiner = "(%(expressions)s)", " - "
    output_field = IntegerField()


class _Place(Func):
    template, arg_joiner = "((%(expressions)s])", ")[1 + "
    output_field = IntegerField()


def _workday_at(moment: str, first: date, running: list[int]) -> _Place:
    """The running number of working days at the day of a moment, looked up in the list that begins with `first`."""
    day = _DayNumber(TruncDate(moment, tzinfo=SHANGHAI), Value(first))
    return _Place(Value(running, output_field=ArrayField(IntegerField())), day)


def days_taken(
    needs: "QuerySet[Need]", by: str, first: date, today: date, overrides: Overrides
) -> dict[Any, dict[int, int]]:
    """Closed needs by `by` (a column): {working days from collecting to closing: cases}. `first`: the earliest day."""
    running = running_workdays(first, max(first, today), overrides)
    took = _workday_at("closed_at", first, running) - _workday_at("collected_at", first, running)
    rows = (
        needs.filter(state=S.CLOSED, closed_at__isnull=False)
        .annotate(took=took)
        .values_list(by, "took")
        .annotate(n=Count("pk"))
    )
    found: dict[Any, dict[int, int]] = {}
    for key, days, n in rows:
        if days is not None:
            tally = found.setdefault(key, {})
            tally[max(0, days)] = tally.get(max(0, days), 0) + n
    return found


def ratings(needs: "QuerySet[Need]") -> list[dict[str, Any]]:
    """By community, category and handler: how many ratings, their stars together, how many of four and five stars."""
    return _rows(
        needs.filter(ratings__isnull=False)
        .values("community", "category", "handler__display_name")
        .annotate(
            n=Count("ratings"), total=Sum("ratings__stars"), good=Count("ratings", filter=Q(ratings__stars__gte=4))
        )
    )  # fmt: skip


HANDLED = (S.HANDLING, S.FEEDBACK, S.RATING, S.CLOSED)


def stages(needs: "QuerySet[Need]") -> list[dict[str, Any]]:
    """民情闭环 by community: how many were collected, refused, and came as far as each stage."""
    begun = _with_heads(
        Q(state__in=HANDLED) | Q(kept_state=S.HANDLING),
        Q(merged_into__state__in=HANDLED) | Q(merged_into__kept_state=S.HANDLING),
    )
    answered = _with_heads(Q(answered_at__isnull=False), Q(merged_into__answered_at__isnull=False))
    analysed = _with_heads(~Q(route=""), ~Q(merged_into__route=""))
    marked = Exists(NeedRating.objects.filter(need=OuterRef("pk")))
    return _rows(
        needs.annotate(marked=marked)
        .values("community")
        .annotate(
            n=Count("pk"), refused=Count("pk", filter=refused()), analysed=Count("pk", filter=analysed), begun=Count("pk", filter=begun),
            answered=Count("pk", filter=answered), rated=Count("pk", filter=Q(marked=True)), closed=Count("pk", filter=closed()),
            demo=Count("pk", filter=Q(is_demo=True)),
        )
    )  # fmt: skip


def newest_words(needs: "QuerySet[Need]") -> list[str]:
    """The words of the newest of them."""
    return list(needs.order_by("-id").values_list("words", flat=True)[:READ_WORDS])


def ordered_needs() -> "QuerySet[Any]":
    """Ids of needs that stand on a service order."""
    return OrderNeed.objects.values("need_id")


def covered(
    needs: "QuerySet[Need]", stages: Mapping[str, Sequence["QuerySet[Any]"]], by: str = "community"
) -> list[dict[str, Any]]:
    """By community: how many were accepted (`whole`), and of these how many each stage holds.

    A stage is one or several sets of ids of needs. A merged need is held where the one it was merged into is.
    """
    held = {name: Count("pk", filter=_any_of(sets)) for name, sets in stages.items()}
    return _rows(needs.exclude(refused()).values(by).annotate(whole=Count("pk"), **held))


def _any_of(sets: Sequence["QuerySet[Any]"]) -> Q:
    found = Q(pk__in=[])
    for ids in sets:
        found |= Q(pk__in=ids) | Q(merged_into__in=ids)
    return found


def late_from(streets: Sequence[int], today: date, off: Overrides) -> dict[int, tuple[int, date]]:
    """By street: after how many working days silence is marked, and the newest day on which a need must have been
    collected to be marked today.
    """
    own = dict(NeedTerms.objects.filter(street__in=streets).values_list("street", "answer"))
    days = {pk: own.get(pk, Terms().answer) for pk in streets}
    since = {n: late_since(today, n, off) for n in set(days.values())}
    return {pk: (n, since[n]) for pk, n in days.items()}


def silent_late(late: Mapping[int, tuple[int, date]]) -> Q:
    """Collected so long ago that silence is marked, by each street's own term."""
    found = Q(pk__in=[])
    for street, (_days, since) in late.items():
        found |= Q(street=street) & collected(None, since)
    return found


def unanswered(today: date, late: Mapping[int, tuple[int, date]]) -> dict[str, Q]:
    """The ways in which nobody answered: `silent` at all, `carried` over from a month before this one, `late` beyond
    the street's term.
    """
    nobody = Q(state__in=PENDING, answered_at=None)
    carried = collected(None, today.replace(day=1) - timedelta(days=1))
    return {"silent": nobody, "carried": nobody & carried, "late": nobody & silent_late(late)}


def silent(needs: "QuerySet[Need]", today: date, late: Mapping[int, tuple[int, date]]) -> list[dict[str, Any]]:
    """Needs nobody answered, by community, in each of these ways."""
    ways = unanswered(today, late)
    tell = {name: Count("pk", filter=way) for name, way in ways.items()}
    return _rows(needs.filter(ways["silent"]).values("community").annotate(**tell))
