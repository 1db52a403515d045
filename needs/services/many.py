"""Registering many needs at once: all of them or none, in a fixed number of statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Area, User
from audit.services import record_many
from core.clock import local
from core.errors import NotAllowed
from core.numbers import code, next_numbers
from messaging.services import notify
from needs import rules
from needs.models import Need, NeedStep
from needs.services.history import assignees, deadlines, found_by, role_of
from needs.services.intake import GridElsewhere, own_grid, street_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One need to register. `collected_at` is when it was heard, None for now."""

    community: Area
    channel: str
    category: str
    words: str
    people_count: int = 1
    urgency: str = Need.Urgency.LOW
    grid: Area | None = None
    contact_name: str = ""
    contact_phone: str = ""
    collected_at: datetime | None = None
    source: str = ""

    @property
    def has_contact(self) -> bool:
        return bool(self.contact_name or self.contact_phone)


def post_many(*, entries: Sequence[Entry], by: User, at: datetime, key: str) -> list[Need]:
    """Register all entries in their order; contacts in them are taken as consented. Needs an open transaction.

    The same `key` gives the same needs back. One message tells each responsible person how many wait for her. Raises
    NotAllowed when any community is not hers to post for, GridElsewhere.
    """
    for community in {e.community.pk: e.community for e in entries}.values():
        if not rules.can_post_need(by, community):
            raise NotAllowed
    if any(
        e.grid is not None and (e.grid.kind != Area.Kind.GRID or e.grid.parent_id != e.community.pk) for e in entries
    ):
        raise GridElsewhere
    if known := _known(key, by):
        return known
    fresh = _drawn(entries, by, at, key)
    try:
        with transaction.atomic():
            made = Need.objects.bulk_create(fresh, batch_size=500)
    except IntegrityError:
        if known := _known(key, by):
            return known
        raise
    NeedStep.objects.bulk_create([_first_step(need, by, at) for need in made], batch_size=500)
    record_many(
        actor=by, verb="needs.posted", at=at, rows=[(n, n.street_id, {"number": n.number}) for n in made]
    )  # fmt: skip
    _tell(made, by, at, key)
    return made


def _known(key: str, by: User) -> list[Need]:
    found = Need.objects.filter(once_key__startswith=f"{key}:", posted_by=by)
    return list(found.select_related("community").order_by("pk"))


def _drawn(entries: Sequence[Entry], by: User, at: datetime, key: str) -> list[Need]:
    numbers = next_numbers("needs_number", len(entries))
    places: dict[tuple[int, int | None], tuple[Area | None, int | None, int | None]] = {}
    terms: dict[int, dict[str, Any]] = {}
    found = []
    for i, (e, number) in enumerate(zip(entries, numbers, strict=True)):
        street_id = street_of(e.community)
        place = (e.community.pk, e.grid.pk if e.grid else None)
        if place not in places:
            grid = e.grid or own_grid(by, e.community)
            places[place] = (grid, *assignees(e.community, grid))
        grid, handler, deputy = places[place]
        if street_id not in terms:
            terms[street_id] = deadlines(state=Need.State.COLLECTED, route="", street_id=street_id, at=at)
        said = e.words.strip()
        found.append(
            Need(
                number=f"XQ-{local(at).year}-{number:06d}", tracking_code=code(10), street_id=street_id, community=e.community,
                channel=e.channel, grid=grid, category=e.category, words=said, people_count=e.people_count, urgency=e.urgency,
                posted_by=by, contact_name=e.contact_name, contact_phone=e.contact_phone, source=e.source,
                consented_at=at if e.has_contact else None, collected_at=e.collected_at or at, once_key=f"{key}:{i}",
                stage_at=at, handler_id=handler, deputy_id=deputy, first_asked_id=by.pk,
                tier=Need.Tier.GRID if grid else Need.Tier.COMMUNITY,
                **found_by(said, e.community.pk, street_id), **terms[street_id],
            )
        )  # fmt: skip
    return found


def _first_step(need: Need, by: User, at: datetime) -> NeedStep:
    return NeedStep(
        need=need, act=NeedStep.Act.POST, from_state="", to_state=need.state, by=by, by_name=by.display_name,
        by_role=role_of(by, need.community), at=at,
    )  # fmt: skip


def _tell(made: Sequence[Need], by: User, at: datetime, key: str) -> None:
    """One message per responsible person and street; no words of residents in it."""
    counts: dict[tuple[int, int], int] = {}
    for need in made:
        if need.handler_id is not None and need.handler_id != by.pk:
            place = (need.handler_id, need.street_id)
            counts[place] = counts.get(place, 0) + 1
    for (handler, street_id), count in counts.items():
        notify(
            recipients=[handler], occasion=f"needs:{key}:{street_id}", subject=f"新需求待办：{count} 件",
            body=f"刚登记的 {count} 件需求由您承办，请按期处理。", link="/needs/?mine=1", at=at, email=False,
            kind="needs.waiting", scope_id=street_id,
        )  # fmt: skip


@transaction.atomic(durable=True)
def post_pasted(*, entries: Sequence[Entry], by: User, at: datetime, key: str) -> list[Need]:
    """`post_many` in a transaction of its own: what was picked from a chat."""
    return post_many(entries=entries, by=by, at=at, key=key)
