"""A street's rules, a person's wishes, her secret link."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.deadlines import Deadline, Steps
from core.errors import DomainError, NotAllowed
from reminders.models import CalendarWish, Rule
from reminders.rules import rule_streets


class RuleMoved(DomainError):
    message = "这条规则刚刚由别人修改过，这次没有保存。请看下面的最新内容再改。"
    status = 409


@transaction.atomic(durable=True)
def save_rule(
    *, street: Area, deadline: Deadline, is_on: bool, before: Sequence[int], after: Sequence[int], in_workdays: bool,
    escalate: int | None, revision: int, by: User, at: datetime, due_day: int | None = None, due_in_workdays: bool = False,
) -> Rule:  # fmt: skip
    """Keep when a street reminds of a kind, and by when a monthly one is due. `revision` is the one that was read, 0 where
    there was none.

    Raises NotAllowed, RuleMoved.
    """
    if street.pk not in rule_streets(by):
        raise NotAllowed
    facts = Steps(tuple(sorted(set(before), reverse=True)), tuple(sorted(set(after))), in_workdays, escalate)
    Rule.objects.get_or_create(street=street, kind=deadline.key, defaults={"changed_at": at})
    done = Rule.objects.filter(street=street, kind=deadline.key, revision=revision).update(
        is_on=is_on, before=list(facts.before), after=list(facts.after), in_workdays=in_workdays, escalate=escalate,
        due_day=due_day, due_in_workdays=due_in_workdays, revision=revision + 1, changed_at=at,
    )  # fmt: skip
    if not done:
        raise RuleMoved
    row = Rule.objects.get(street=street, kind=deadline.key)
    record(
        actor=by, verb="reminders.rule_saved", about=row, at=at, scope_id=street.pk,
        facts={
            "kind": deadline.key, "is_on": is_on, "before": row.before, "after": row.after, "escalate": escalate,
            "due_day": due_day, "due_in_workdays": due_in_workdays,
        },
    )  # fmt: skip
    return row


@transaction.atomic(durable=True)
def save_wish(*, person: User, is_digest: bool, hour: int, at: datetime) -> CalendarWish:
    """Keep how a person wants to be reminded."""
    facts = {"is_digest": is_digest, "hour": hour, "changed_at": at}
    row, _ = CalendarWish.objects.update_or_create(person=person, defaults=facts)
    return row


def digest_of(secret: str) -> str:
    """What is kept of a secret link."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic(durable=True)
def make_feed(*, person: User, at: datetime) -> str:
    """A new secret for the person's calendar feed; the one before no longer opens it. It is never shown again."""
    secret = secrets.token_urlsafe(32)
    facts = {"feed": digest_of(secret), "feed_made_at": at, "changed_at": at}
    row, _ = CalendarWish.objects.update_or_create(person=person, defaults=facts)
    record(actor=person, verb="reminders.feed_made", about=row, at=at, scope_id=person.street_id)
    return secret


@transaction.atomic(durable=True)
def revoke_feed(*, person: User, at: datetime) -> None:
    """The person's secret link opens nothing any more; twice is once."""
    row = CalendarWish.objects.select_for_update().filter(person=person, feed__isnull=False).first()
    if row is None:
        return
    row.feed = row.feed_made_at = None
    row.changed_at = at
    row.save(update_fields=["feed", "feed_made_at", "changed_at"])
    record(actor=person, verb="reminders.feed_revoked", about=row, at=at, scope_id=person.street_id)
