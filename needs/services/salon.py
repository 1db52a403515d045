"""Writing secretary salons: calling one, its guests and agenda, what was decided, closing the minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from needs import rules
from needs.models import Need, Salon, SalonGuest, SalonItem, ServiceOrder
from needs.services.history import ReasonMissing
from needs.services.intake import street_of
from organizations.models import Organization

Decision = SalonItem.Decision


class SalonClosed(DomainError):
    message = "这次沙龙已办结或取消，不能再修改。"


class SalonNumberTaken(DomainError):
    message = "该社区“{series}”已有第 {number} 期，请换一个期次。"
    status = 400


class GuestTwice(DomainError):
    message = "“{name}”写了两次，请只留一行。"
    status = 400


class NeedsOfElsewhere(DomainError):
    message = "所选需求不属于本社区，不能列入议题。"
    status = 400


class DecisionIncomplete(DomainError):
    message = "请写明“{title}”的结论。"
    status = 400


class SalonUnfinished(DomainError):
    message = "还不能办结：{why}"
    status = 400


class ItemHasOrder(DomainError):
    message = "该议题已形成服务项目单，不能删除，也不能改结论。"


@dataclass(frozen=True, slots=True)
class Guest:
    """One invited unit: its kind (SalonGuest.Kind), name, and how many of its people came."""

    kind: str
    name: str
    people: int = 0


def _note(salon: Salon, verb: str, by: User, at: datetime, reason: str = "", **facts: Any) -> None:
    about = {"salon": str(salon), "community": salon.community_id, **facts}
    record(actor=by, verb=verb, about=salon, at=at, scope_id=salon.street_id, facts=about, reason=reason)


@transaction.atomic(durable=True)
def plan_salon(
    *, community: Area, series: str, number: int | None, subject: str, held_on: date, begins: time, venue: str, convener: str, by: User,
    at: datetime, once_key: str | None = None, is_demo: bool = False,
) -> Salon:  # fmt: skip
    """Call a salon; without a number it takes the next of its series. The same `once_key` gives the same salon back.

    Raises NotAllowed, SalonNumberTaken.
    """
    if not rules.can_hold_salon(by, community):
        raise NotAllowed
    known = Salon.objects.filter(once_key=once_key, community=community).first() if once_key else None
    if known is not None:
        return known
    Area.objects.select_for_update().get(pk=community.pk)
    if number is None:
        number = (Salon.objects.filter(community=community, series=series).aggregate(n=Max("number"))["n"] or 0) + 1
    try:
        with transaction.atomic():
            salon = Salon.objects.create(
                street_id=street_of(community), community=community, series=series.strip(), number=number, subject=subject.strip(),
                held_on=held_on, begins=begins, venue=venue.strip(), convener=convener.strip(), planned_by=by, planned_at=at,
                once_key=once_key, is_demo=is_demo,
            )  # fmt: skip
    except IntegrityError as error:
        raise SalonNumberTaken(series=series, number=number) from error
    _note(salon, "needs.salon_planned", by, at)
    return salon


def _open(salon_id: int, by: User) -> Salon:
    """The salon, locked, if this person may write it and it is not closed."""
    salon = Salon.objects.select_for_update(of=("self",)).select_related("community").get(pk=salon_id)
    if not rules.can_hold_salon(by, salon.community):
        raise NotAllowed
    if salon.state != Salon.State.PLANNED:
        raise SalonClosed
    return salon


@transaction.atomic(durable=True)
def edit_salon(*, salon_id: int, facts: Mapping[str, Any], by: User, at: datetime) -> Salon:
    """Change subject, day, hour, place, convener, number or series. Raises NotAllowed, SalonClosed, SalonNumberTaken."""
    salon = _open(salon_id, by)
    for name in ("series", "number", "subject", "held_on", "begins", "venue", "convener"):
        if name in facts:
            setattr(salon, name, facts[name])
    try:
        with transaction.atomic():
            salon.save()
    except IntegrityError as error:
        raise SalonNumberTaken(series=salon.series, number=salon.number) from error
    return salon


@transaction.atomic(durable=True)
def set_guests(*, salon_id: int, guests: Sequence[Guest], by: User, at: datetime) -> list[SalonGuest]:
    """The whole list of who was invited and how many came; registered organizations are found by their name.

    Raises NotAllowed, SalonClosed, GuestTwice.
    """
    salon = _open(salon_id, by)
    seen: set[tuple[str, str]] = set()
    for guest in guests:
        if (guest.kind, guest.name) in seen:
            raise GuestTwice(name=guest.name)
        seen.add((guest.kind, guest.name))
    known = dict(
        Organization.objects.filter(street=salon.street_id, name__in=[g.name for g in guests]).values_list("name", "pk")
    )
    salon.guests.all().delete()
    return SalonGuest.objects.bulk_create(
        SalonGuest(
            salon=salon, kind=g.kind, name=g.name, people=g.people,
            organization_id=known.get(g.name) if g.kind == SalonGuest.Kind.ORGANIZATION else None,
        )
        for g in guests
    )  # fmt: skip


def _needs_of(salon: Salon, need_ids: Sequence[int]) -> list[Need]:
    found = list(Need.objects.filter(pk__in=need_ids))
    if len(found) != len(set(need_ids)) or any(n.community_id != salon.community_id for n in found):
        raise NeedsOfElsewhere
    return found


@transaction.atomic(durable=True)
def add_item(*, salon_id: int, title: str, need_ids: Sequence[int], by: User, at: datetime) -> SalonItem:
    """Put a point on the agenda. Raises NotAllowed, SalonClosed, NeedsOfElsewhere."""
    salon = _open(salon_id, by)
    found = _needs_of(salon, need_ids)
    last = salon.items.aggregate(n=Max("position"))["n"] or 0
    item = SalonItem.objects.create(salon=salon, position=last + 1, title=title.strip())
    item.needs.set(found)
    return item


def _item(item_id: int, by: User) -> SalonItem:
    salon = _open(SalonItem.objects.values_list("salon_id", flat=True).get(pk=item_id), by)
    item = SalonItem.objects.get(pk=item_id)
    item.salon = salon
    return item


@transaction.atomic(durable=True)
def edit_item(
    *, item_id: int, title: str, need_ids: Sequence[int], said: str, decision: str, words: str, by: User, at: datetime
) -> SalonItem:
    """What was said and decided on a point. Raises NotAllowed, SalonClosed, NeedsOfElsewhere, DecisionIncomplete, ItemHasOrder."""
    item = _item(item_id, by)
    if item.order_id is not None and decision != Decision.ORDER:
        raise ItemHasOrder
    if decision not in ("", Decision.ORDER) and not words.strip():
        raise DecisionIncomplete(title=title)
    found = _needs_of(item.salon, need_ids)
    item.title, item.said, item.decision, item.words = title.strip(), said.strip(), decision, words.strip()
    item.save(update_fields=["title", "said", "decision", "words"])
    item.needs.set(found)
    return item


@transaction.atomic(durable=True)
def drop_item(*, item_id: int, by: User, at: datetime) -> None:
    """Take a point off the agenda. Raises NotAllowed, SalonClosed, ItemHasOrder."""
    item = _item(item_id, by)
    if item.order_id is not None:
        raise ItemHasOrder
    item.needs.clear()
    item.delete()


def attach_order(*, item_id: int, order: ServiceOrder, by: User, at: datetime) -> SalonItem:
    """Note on a point that this order came of it. Needs an open transaction. Raises NotAllowed, SalonClosed, ItemHasOrder."""
    item = _item(item_id, by)
    if item.order_id is not None:
        raise ItemHasOrder
    if order.community_id != item.salon.community_id:
        raise NeedsOfElsewhere
    item.order, item.decision = order, Decision.ORDER
    item.save(update_fields=["order", "decision"])
    return item


def unfinished(salon: Salon) -> str:
    """Why the minutes cannot be closed yet; empty when they can."""
    if not salon.guests.filter(people__gt=0).exists():
        return "还没有登记到会人数。"
    items = list(salon.items.order_by("position"))
    if not items:
        return "还没有议题。"
    for item in items:
        if not item.decision:
            return f"“{item.title}”还没有结论。"
        if item.decision == Decision.ORDER and item.order_id is None:
            return f"“{item.title}”的结论是制单，请先制成服务项目单。"
    return ""


@transaction.atomic(durable=True)
def close_salon(*, salon_id: int, summary: str, by: User, at: datetime) -> Salon:
    """Close the minutes; from here on nothing changes. Raises NotAllowed, SalonClosed, SalonUnfinished."""
    salon = _open(salon_id, by)
    why = unfinished(salon) or ("" if salon.held_on <= local(at).date() else "沙龙还没有开。")
    if why:
        raise SalonUnfinished(why=why)
    salon.summary, salon.state, salon.closed_by, salon.closed_at = summary.strip(), Salon.State.CLOSED, by, at
    salon.save(update_fields=["summary", "state", "closed_by", "closed_at"])
    _note(salon, "needs.salon_closed", by, at, items=salon.items.count())
    return salon


@transaction.atomic(durable=True)
def cancel_salon(*, salon_id: int, reason: str, by: User, at: datetime) -> Salon:
    """The salon does not take place. Raises NotAllowed, SalonClosed, ReasonMissing, ItemHasOrder."""
    salon = _open(salon_id, by)
    if not reason.strip():
        raise ReasonMissing
    if salon.items.filter(order__isnull=False).exists():
        raise ItemHasOrder
    salon.state, salon.closed_by, salon.closed_at = Salon.State.CANCELLED, by, at
    salon.cancel_reason = reason.strip()
    salon.save(update_fields=["state", "closed_by", "closed_at", "cancel_reason"])
    _note(salon, "needs.salon_cancelled", by, at, reason.strip())
    return salon
