"""What a person has before her, and by which rule a street reminds."""

from datetime import date, datetime, timedelta
from typing import Any

from accounts.models import Role, User
from accounts.rules import street_ids
from core.clock import local
from core.deadlines import Deadline, Item, Steps, Term, all_deadlines, items_for
from reminders.models import CalendarWish, Rule
from workdays.models import DayOverride

SOON = 15  # days ahead that the to-do list looks
LATEST = 366  # days back that something late is still shown


def overrides_now() -> dict[date, bool]:
    """The override table as the calendar's arithmetic takes it."""
    return dict(DayOverride.objects.values_list("day", "is_workday"))


def steps_by(rule: Rule | None, deadline: Deadline) -> Steps | None:
    """When a street reminds of a kind by its own rule, else by the usual one; None: never."""
    if rule is None:
        return deadline.default_steps()
    if not rule.is_on:
        return None
    late = not deadline.ends
    after, escalate = (tuple(rule.after), rule.escalate) if late else ((), None)
    return Steps(tuple(rule.before), after, rule.in_workdays, escalate)


def steps_of(street_id: int, deadline: Deadline) -> Steps | None:
    """When a street reminds of a kind; None: never."""
    return steps_by(Rule.objects.filter(street=street_id, kind=deadline.key).first(), deadline)


def rules_now() -> dict[tuple[int, str], Rule]:
    """All streets' own rules by (street, kind)."""
    return {(rule.street_id, rule.kind): rule for rule in Rule.objects.all()}


def terms_now(kind: str) -> dict[int, Term]:
    """The streets' own terms of a monthly kind; one statement."""
    rows = Rule.objects.filter(kind=kind, due_day__isnull=False).values_list("street_id", "due_day", "due_in_workdays")
    return {street: Term(day or 0, in_workdays) for street, day, in_workdays in rows}


def near(user: User, at: datetime) -> list[Item]:
    """What she has to do that is late or ends within fifteen days, soonest first."""
    today = local(at).date()
    return items_for(user, at, today - timedelta(days=LATEST), today + timedelta(days=SOON), tasks_only=True)


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """Deadlines of a person as tasks of her to-do list; at most one statement a kind."""
    return [
        {"title": f"{'督办' if not i.is_own else i.label}：{i.title if i.is_own else i.label + ' ' + i.title}", "href": i.href,
         "state": "late" if i.ends_at <= at else "todo", "count": 0, "hint": i.note, "due": i.ends_at,
         "due_on": None if i.is_moment else i.day}
        for i in near(user, at)
    ]  # fmt: skip


def wish_of(user: User) -> CalendarWish | None:
    """How this person wants her calendar, if she ever said."""
    return CalendarWish.objects.filter(person=user).first()


def rule_streets(user: User) -> list[int]:
    """Streets whose rules the person sets."""
    return street_ids(user, Role.OFFICE)


def kinds_for_streets() -> list[Deadline]:
    """All kinds, by their label."""
    return sorted(all_deadlines(), key=lambda d: d.label)
