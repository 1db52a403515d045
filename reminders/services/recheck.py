"""Looking again when a reminder is sent: what has been done, moved or handed to somebody else is left out."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from core.deadlines import Ask, Item, deadline_of, items_of
from messaging.models import Notice
from reminders.domain.words import Line, digest
from reminders.models import Reminder
from reminders.rules import overrides_now


def still_open(notices: Sequence[Notice], at: datetime) -> dict[int, tuple[str, str] | None]:
    """Of these notices those that changed: their new words, or None when nothing is left of them.

    One statement for all, and those of each kind they speak of, whatever their number.
    """
    rows = list(Reminder.objects.filter(notice__in=[n.pk for n in notices]).order_by("pk"))
    open_now = _open(rows, at)
    lines: dict[int, list[Line]] = defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    for row in rows:
        counts[row.notice_id] += 1
        item = open_now.get((row.kind, row.object_id, row.person_id, row.deadline, row.is_above))
        if item is not None:
            lines[row.notice_id].append(
                Line(item.label, item.title, item.note, item.ends_at, item.is_moment, item.path, row.is_above)
            )
    overrides = overrides_now() if any(len(lines[pk]) != counts[pk] for pk in counts) else {}
    found: dict[int, tuple[str, str] | None] = {}
    for notice in notices:
        left = lines[notice.pk]
        if len(left) != counts[notice.pk]:
            found[notice.pk] = digest(left, at, overrides) if left else None
    return found


def _open(rows: Sequence[Reminder], at: datetime) -> dict[tuple[str, int, int, datetime, bool], Item]:
    """What is still open, by kind, thing, person, end, and whether it is above her."""
    asked: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        asked[row.kind].add(row.object_id)
    found = {}
    for kind, occasions in asked.items():
        deadline = deadline_of(kind)
        if deadline is None:
            continue
        for item in items_of(deadline, Ask(at, occasions=occasions)):
            for people, is_above in ((item.people, False), (item.above, True)):
                for person in people:
                    found[item.kind, item.occasion, person, item.ends_at, is_above] = item
    return found
