"""Reminding: what is due of all deadlines, each person once per thing and offset, in one message a day.

Reading needs no lock. Telling a batch of people holds one that serialises all sweeps, looks again at what they have been
told, and writes the message, its outbox rows and the reminders in one transaction; the unique key `reminder_once` stands
behind it. So two beats and two workers at once, and one that dies in between, tell nobody twice.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count

from core.clock import local
from core.deadlines import Ask, Deadline, Item, Steps, all_deadlines, items_of
from messaging.domain.timing import USUAL, Quiet
from messaging.models import Notice, Preference
from messaging.services import Telling, notify_each, quiet_hours_now
from reminders.domain.schedule import (
    EARLIEST,
    MORNING,
    STALE,
    day_begins,
    due_step,
    exact_offset,
    is_daytime,
    is_over_heads,
    is_told,
    next_morning,
    night_of,
    reach,
)
from reminders.domain.words import Line, digest
from reminders.models import CalendarWish, Reminder, Rule
from reminders.rules import overrides_now, rules_now, steps_by
from workdays.domain import ONE, Overrides

BATCH = 500  # people told in one transaction
LOCK = 0x72656D64  # "remd"


@dataclass(frozen=True, slots=True)
class Call:
    """One person to be told of one thing at one offset. `quiet`: its street's quiet hours. `is_early`: of the last day,
    told on the day before, to whom that day's message would come too late.
    """

    person: int
    item: Item
    offset: int
    is_above: bool
    deadline: Deadline
    quiet: Quiet = USUAL
    is_early: bool = False

    @property
    def about(self) -> tuple[int, str, int, datetime, bool]:
        return self.person, self.item.kind, self.item.occasion, self.item.ends_at, self.is_above

    def line(self) -> Line:
        """Its line in a digest."""
        i = self.item
        return Line(i.label, i.title, i.note, i.ends_at, i.is_moment, i.path, self.is_above)


@dataclass(frozen=True, slots=True)
class Rules:
    """What streets have set, read once a sweep."""

    steps: dict[tuple[int, str], Rule]
    quiet: dict[int, Quiet]
    overrides: Overrides

    def hours(self, street_id: int) -> Quiet:
        """The quiet hours of a street."""
        return self.quiet.get(street_id, USUAL)


def remind(*, at: datetime, kinds: Collection[str] | None = None) -> int:
    """Tell everybody what is due of these kinds (of all when none are named); returns how many reminders were made."""
    quiet = {street: row.hours for street, row in quiet_hours_now().items()}
    rules = Rules(rules_now(), quiet, overrides_now())
    night = max(night_of(hours) for hours in (USUAL, *quiet.values()))
    due: dict[int, list[Call]] = defaultdict(list)
    for deadline in all_deadlines():
        if (kinds is None or deadline.key in kinds) and (deadline.is_alone or is_daytime(at, EARLIEST, night)):
            for call in _untold(_early_ones(list(_calls(deadline, rules, at)))):
                due[call.person].append(call)
    people = sorted(due)
    made = 0
    for start in range(0, len(people), BATCH):
        made += _tell([call for pk in people[start : start + BATCH] for call in due[pk]], at, rules.overrides)
    return made


def remind_closing_drafts(*, at: datetime) -> int:
    """Remind every member of an organization with an unfinished draft; returns how many people were told now."""
    return remind(at=at, kinds=("projects.draft",))


def _calls(deadline: Deadline, rules: Rules, at: datetime) -> Iterator[Call]:
    """Who is to be told of this kind today, whether or not she was already."""
    own = [steps_by(rule, deadline) for (_, kind), rule in rules.steps.items() if kind == deadline.key]
    every = [steps for steps in [deadline.default_steps(), *own] if steps is not None]
    today = local(at).date()
    first, last = _window(every, today)
    for item in items_of(deadline, Ask(at, first, last)):
        steps, quiet = steps_by(rules.steps.get((item.street_id, deadline.key)), deadline), rules.hours(item.street_id)
        if item.is_demo or steps is None:
            continue
        if _may_be_early(deadline, item, steps, today):
            yield from (Call(person, item, 0, False, deadline, quiet, is_early=True) for person in sorted(item.people))
        offset = _offset(deadline, item, steps, at, rules)
        if offset is not None:
            yield from (Call(person, item, offset, False, deadline, quiet) for person in sorted(item.people))
        if item.above and is_over_heads(item.day, today, steps.escalate, rules.overrides):
            above = -(steps.escalate or 0)
            yield from (Call(person, item, above, True, deadline, quiet) for person in sorted(item.above))


def _offset(deadline: Deadline, item: Item, steps: Steps, at: datetime, rules: Rules) -> int | None:
    if deadline.is_alone:
        return exact_offset(item.ends_at, at, steps.before, rules.hours(item.street_id))
    today = local(at).date()
    after = steps.after if not deadline.ends else ()
    return due_step(item.day, today, steps.before, after, rules.overrides, in_workdays=steps.in_workdays)


def _may_be_early(deadline: Deadline, item: Item, steps: Steps, today: date) -> bool:
    """Whether tomorrow's message about something that ends tomorrow may come too late for somebody."""
    return item.is_moment and not deadline.is_alone and 0 in steps.before and item.day - ONE == today


def _early_ones(calls: list[Call]) -> list[Call]:
    """Without the early calls of those whom the last day's own message reaches in time; two statements where there are any."""
    asked = {call.person for call in calls if call.is_early}
    if not asked:
        return calls
    hours = dict(CalendarWish.objects.filter(person__in=asked).values_list("person_id", "hour"))
    own = {wish.person_id: wish.quiet for wish in Preference.objects.filter(person__in=asked)}

    def too_late(call: Call) -> bool:
        hour = min(hours.get(call.person, MORNING), night_of(call.quiet) - 1)
        return day_begins(call.item.day, hour, call.quiet, own.get(call.person)) >= call.item.ends_at

    return [call for call in calls if not call.is_early or too_late(call)]


def _window(every: Sequence[Steps], today: date) -> tuple[date, date]:
    """Ends outside these days have no reminder today; a day more ahead for what tomorrow's message would tell too late."""
    ahead = max((reach(max(s.before, default=0), in_workdays=s.in_workdays) for s in every), default=timedelta(0))
    behind = max((max((*s.after, s.escalate or 0), default=0) for s in every), default=0)
    return today - reach(behind, in_workdays=True) - STALE, today + max(ahead, ONE)


def _untold(calls: list[Call]) -> list[Call]:
    """Those of whom no such step, nor a later one, was told; one statement. Several rows of one thing count once."""
    if not calls:
        return []
    known: dict[tuple[int, str, int, datetime, bool], list[int]] = defaultdict(list)
    rows = Reminder.objects.filter(
        kind__in={c.item.kind for c in calls}, object_id__in={c.item.occasion for c in calls},
        person__in={c.person for c in calls},
    )  # fmt: skip
    for row in rows.values_list("person_id", "kind", "object_id", "deadline", "is_above", "days_before"):
        known[row[:5]].append(row[5])
    found = []
    for call in calls:
        told = known[call.about]
        if not (told if call.is_above else is_told(call.offset, told)):  # those above are told of a thing once
            known[call.about].append(call.offset)
            found.append(call)
    return found


@transaction.atomic
def _tell(calls: list[Call], at: datetime, overrides: Overrides) -> int:
    """Messages, outbox rows and reminders of one batch of people. Returns how many reminders were made."""
    people = {call.person for call in calls}
    wishes = {w.person_id: w for w in CalendarWish.objects.filter(person__in=people)}
    day = local(at).date()
    calls = [c for c in calls if c.deadline.is_alone or is_daytime(at, _hour(wishes.get(c.person)), night_of(c.quiet))]
    if not calls:
        return 0
    people = {call.person for call in calls}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    told = dict(
        Notice.objects.filter(recipient__in=people, occasion__startswith=f"deadlines:{day}:")
        .order_by()
        .values("recipient_id")
        .annotate(n=Count("pk"))
        .values_list("recipient_id", "n")
    )
    letters: list[tuple[Telling, list[Call]]] = []
    by_person: dict[int, list[Call]] = defaultdict(list)
    for call in _untold(calls):
        by_person[call.person].append(call)
    for person, hers in by_person.items():
        letters += _letters(hers, wishes.get(person), told.get(person, 0), at, overrides)
    return _write(letters, at)


def _hour(wish: CalendarWish | None) -> int:
    return wish.hour if wish else MORNING


def _letters(
    calls: list[Call], wish: CalendarWish | None, told: int, at: datetime, overrides: Overrides
) -> Iterator[tuple[Telling, list[Call]]]:
    """One person's messages now: each of what goes alone, and one digest. Who has had hers today gets another only for
    what ends before tomorrow's.
    """
    yield from (_single(call, at, overrides) for call in calls if call.deadline.is_alone)
    rest = [call for call in calls if not call.deadline.is_alone]
    if wish is not None and not wish.is_digest:
        yield from (_single(call, at, overrides) for call in rest)
        return
    if told:
        tomorrow = next_morning(at, _hour(wish))
        rest = [call for call in rest if at < call.item.ends_at <= tomorrow]
    if rest:
        subject, body = digest([call.line() for call in rest], at, overrides)
        link = rest[0].item.path if len(rest) == 1 else "/calendar/"
        occasion = f"deadlines:{local(at).date()}:{told}"
        yield Telling(rest[0].person, occasion, "reminders.digest", subject, body, link, rest[0].item.street_id), rest


def _single(call: Call, at: datetime, overrides: Overrides) -> tuple[Telling, list[Call]]:
    item = call.item
    subject, body = call.deadline.letter(item) if call.deadline.letter else digest([call.line()], at, overrides)
    step = f"up{-call.offset}" if call.is_above else f"T{-call.offset:+d}"
    occasion = f"{item.kind}:{item.occasion}:{item.ends_at.isoformat()}:{step}"
    until = item.ends_at if item.ends_at > at else None
    return Telling(call.person, occasion, "reminders.deadline", subject, body, item.path, item.street_id, until), [call]


def _write(letters: Iterable[tuple[Telling, list[Call]]], at: datetime) -> int:
    """In the caller's transaction: messages with their outbox rows, and one reminder for each thing they speak of."""
    wanted = {(telling.person, telling.occasion): calls for telling, calls in letters}
    notices = notify_each([telling for telling, _ in letters], at=at)
    rows = [
        Reminder(
            kind=call.item.kind, object_id=call.item.occasion, scope_id=call.item.street_id, person_id=call.person,
            deadline=call.item.ends_at, days_before=call.offset, is_above=call.is_above, notice=notice, made_at=at,
        )
        for notice in notices
        for call in wanted[notice.recipient_id, notice.occasion]
    ]  # fmt: skip
    Reminder.objects.bulk_create(rows, batch_size=1000)
    return len(rows)
