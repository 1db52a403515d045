"""What happens by itself: the overdue come up to the next level, the held come back on their day, contacts are forgotten."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from audit.services import record
from core.clock import local
from needs.domain import cycle
from needs.models import Need
from needs.services.cycle import again, resume, tell_tier
from needs.services.history import NeedMoved, overrides, record_overdue, swap, terms_of
from needs.services.importing import forget_imports

BATCH = 200
KEPT = timedelta(days=30)  # how long a contact outlives its need; the form for residents says so


def sweep(*, at: datetime) -> int:
    """Do what is due, at most 200 needs of a kind at a time; safe to run twice at once. Returns how many were moved."""
    today = local(at).date()
    real = Need.objects.filter(is_demo=False)
    late = real.filter(escalate_on__lte=today).pending().order_by("escalate_on", "pk")
    back = real.filter(held_until__lte=today, state=Need.State.HELD).order_by("held_until", "pk")
    bare = real.filter(state=Need.State.COLLECTED, due_on=None).order_by("pk")
    forget_imports(at=at)
    moved = 0
    done = forgettable(at).filter(is_demo=False).order_by("pk")
    for rows, act in ((late, _escalate), (back, _resume), (bare, _give_deadline), (done, _forget)):
        for pk in list(rows.values_list("pk", flat=True)[:BATCH]):
            moved += _one(pk, act, at)
    return moved


def _one(pk: int, act: Callable[[Need, datetime], bool], at: datetime) -> bool:
    with transaction.atomic():
        need = (
            Need.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("community")
            .filter(pk=pk)
            .first()
        )
        if need is None:
            return False
        try:
            return act(need, at)
        except NeedMoved:
            return False


def _escalate(need: Need, at: datetime) -> bool:
    today = local(at).date()
    if need.escalate_on is None or need.escalate_on > today or need.state not in cycle.PENDING:
        return False
    above = cycle.tier_above(need.tier)
    last = above == Need.Tier.STREET
    next_on = None if last else cycle.due(today, terms_of(need.street_id).escalate, overrides())
    swap(need, tier=above, escalate_on=next_on)
    record_overdue(need, above, at)
    need.refresh_from_db()
    tell_tier(need, at)
    return True


def _resume(need: Need, at: datetime) -> bool:
    if need.state != Need.State.HELD or need.held_until is None or need.held_until > local(at).date():
        return False
    resume(need=need, by=None, at=at, words="挂起期满，自动恢复办理。")
    return True


def _give_deadline(need: Need, at: datetime) -> bool:
    if need.state != Need.State.COLLECTED or need.due_on is not None:
        return False
    swap(need, **again(need, cycle.COLLECTED, at))
    return True


def forgettable(at: datetime) -> "QuerySet[Need]":
    """Needs that still hold a contact although they, or the need they were merged into, ended long enough ago."""
    ended, long_ago = [Need.State.CLOSED, Need.State.REFUSED], at - KEPT
    over = Q(state__in=ended, stage_at__lte=long_ago)
    over |= Q(state=Need.State.MERGED, merged_into__state__in=ended, merged_into__stage_at__lte=long_ago)
    return Need.objects.filter(over).exclude(contact_name="", contact_phone="")


def _forget(need: Need, at: datetime) -> bool:
    if not forgettable(at).filter(pk=need.pk).exists():
        return False
    swap(need, contact_name="", contact_phone="")
    record(
        actor=None,
        verb="needs.contact_forgotten",
        about=need,
        at=at,
        scope_id=need.street_id,
        facts={"number": need.number},
    )
    return True
