"""Writing service orders 制单: draft, edit, list, extend, withdraw; what happens when the deadline is over."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Area, User
from audit.services import record
from core.clock import local
from core.errors import DomainError, NotAllowed
from core.numbers import next_number
from needs import rules
from needs.domain import orders
from needs.models import CLAIMED_MODES, Claim, Need, OrderNeed, OrderSite, ServiceOrder
from needs.services.cycle import NO_DEADLINE
from needs.services.history import ReasonMissing, move
from needs.services.intake import street_of
from needs.services.order_history import (
    OrderMoved,
    OrderNotNow,
    hold_needs,
    locked,
    move_order,
    order_step,
    release_needs,
    tell_askers,
    tell_organization,
)
from needs.services.salon import attach_order
from needs.signals import order_withdrawing
from organizations.models import Organization
from rounds.models import Round

Mode = ServiceOrder.Mode


class NoNeeds(DomainError):
    message = "请至少选择一件需求。"


class NeedsOfAnotherStreet(DomainError):
    message = "所选需求不属于同一街道，不能合成一单。"


class OrderNotDraft(DomainError):
    message = "该服务项目单已经上单，不能再修改。"


class OrderUnfinished(DomainError):
    message = "还不能上单，请先补齐：{what}。"
    status = 400


class RoundNotOpenForOrders(DomainError):
    message = "只能上到本街道已开启的期次。"


class BadDeadline(DomainError):
    message = "认领截止要晚于现在，最长一年；延长时要晚于原来的截止。"
    status = 400


class DeadlineOver(DomainError):
    message = "认领已于 {at} 截止，不能再延长。没有单位认领的，可以重新上单。"


class DirectedElsewhere(DomainError):
    message = "定向单位必须是本街道登记的组织，并写明理由；其他方式不写定向单位。"
    status = 400


class SiteElsewhere(DomainError):
    message = "实施点必须在本街道的社区。"
    status = 400


class NotInWork(DomainError):
    message = "还没有开始服务，请先登记开始。"


class NotChosenYet(DomainError):
    message = "还没有确定承接单位，不能登记开始服务。"


class InWorkAlready(DomainError):
    message = "这个项目已登记过，请刷新页面查看。"


FIELDS = (
    "title", "category", "target", "content", "price_ceiling", "mode", "buyer", "fund_source", "service_from", "service_until", "directed_to",
    "directed_reason",
)  # fmt: skip
Sites = Sequence[tuple[int, str]]


def _checked(facts: Mapping[str, Any], street_id: int | None) -> dict[str, Any]:
    """The columns that `facts` name, stripped. Raises DirectedElsewhere."""
    found: dict[str, Any] = {k: v.strip() if isinstance(v, str) else v for k, v in facts.items() if k in FIELDS}
    chosen: Organization | None = found.get("directed_to")
    is_direct = found.get("mode") == Mode.DIRECT
    if is_direct != (chosen is not None) or is_direct != bool(found.get("directed_reason")):
        raise DirectedElsewhere
    if chosen is not None and chosen.street_id != street_id:
        raise DirectedElsewhere
    return found


def _set_sites(order: ServiceOrder, sites: Sites) -> None:
    known = set(
        Area.objects.communities().filter(street=order.street_id, pk__in=[pk for pk, _ in sites]).values_list("pk", flat=True)
    )  # fmt: skip
    if any(pk not in known for pk, _ in sites):
        raise SiteElsewhere
    order.sites.all().delete()
    OrderSite.objects.bulk_create(
        OrderSite(order=order, community_id=pk, unit=unit) for pk, unit in dict.fromkeys(sites)
    )


@transaction.atomic(durable=True)
def draft_order(
    *,
    community: Area,
    need_ids: Sequence[int],
    title: str,
    target: str,
    content: str,
    price_ceiling: Decimal | None,
    by: User,
    at: datetime,
    theme_code: str = "",
    salon_item_id: int | None = None,
    is_demo: bool = False,
    is_price_demo: bool = False,
    sites: Sites = (),
    once_key: str | None = None,
    **more: Any,
) -> ServiceOrder:
    """Turn one or several needs of a street into a service order; they are handled by way of it. A salon's point is noted as its origin.

    `more` are further columns of FIELDS; the same `once_key` gives the same order back. Raises NotAllowed, NoNeeds,
    NeedsOfAnotherStreet, DirectedElsewhere, SiteElsewhere, NeedAlreadyHandled (needs that are not to be handled any
    more), and as `attach_order`.
    """
    if not rules.can_draft_order(by, community):
        raise NotAllowed
    known = ServiceOrder.objects.filter(once_key=once_key, community=community).first() if once_key else None
    if known is not None:
        return known
    found = list(
        Need.objects.select_for_update(of=("self",)).filter(pk__in=need_ids).select_related("community").order_by("pk")
    )
    if not found or len(found) != len(set(need_ids)):
        raise NoNeeds
    if any(n.street_id != community.street_id for n in found):
        raise NeedsOfAnotherStreet
    if any(not rules.can_handle(by, n) for n in found):
        raise NotAllowed
    facts = {
        "title": title, "target": target, "content": content, "price_ceiling": price_ceiling, "category": found[0].category,
    } | {k: v for k, v in more.items() if k != "category" or v}  # fmt: skip
    row = ServiceOrder(
        number=f"FW-{local(at).year}-{next_number('needs_order_number'):05d}", street_id=street_of(community), community=community,
        is_price_demo=is_price_demo, drafted_by=by, drafted_at=at, theme_code=theme_code, is_demo=is_demo, once_key=once_key,
        **_checked(facts, community.street_id),
    )  # fmt: skip
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        known = ServiceOrder.objects.filter(once_key=once_key, community=community).first() if once_key else None
        if known is None:
            raise
        return known
    OrderNeed.objects.bulk_create(OrderNeed(order=row, need=n) for n in found)
    _set_sites(row, sites or [(community.pk, "")])
    for need in found:  # no deadline of its own any more: the order and its round have theirs
        said = f"服务项目单 {row.number}“{row.title}”"
        move(need, "order", by=by, at=at, words=said, route=Need.Route.ORDER, facts={"order": row.pk}, **NO_DEADLINE)
    order_step(row, "draft", at=at, by=by)
    record(
        actor=by, verb="needs.order_drafted", about=row, at=at, scope_id=row.street_id,
        facts={"number": row.number, "needs": [n.number for n in found]},
    )  # fmt: skip
    if salon_item_id is not None:
        attach_order(item_id=salon_item_id, order=row, by=by, at=at)
    return row


def _mine(order_id: int, by: User, seen: int | None = None) -> ServiceOrder:
    """The order, locked, for the buyer's side. Raises NotAllowed, OrderMoved."""
    order = locked(order_id)
    if not rules.can_draft_order(by, order.community):
        raise NotAllowed
    if seen is not None and order.version != seen:
        raise OrderMoved
    return order


@transaction.atomic(durable=True)
def edit_order(
    *, order_id: int, facts: Mapping[str, Any], sites: Sites, by: User, at: datetime, seen: int | None = None
) -> ServiceOrder:
    """Change a draft. Raises NotAllowed, OrderMoved, OrderNotDraft, DirectedElsewhere, SiteElsewhere."""
    order = _mine(order_id, by, seen)
    if order.state != ServiceOrder.State.DRAFT:
        raise OrderNotDraft
    changes = _checked(facts, order.street_id)
    _set_sites(order, sites or [(order.community_id, "")])
    return move_order(order, "edit", by=by, at=at, **changes)


def _deadline(closes_at: datetime | None, at: datetime, after: datetime | None = None) -> datetime | None:
    if closes_at is not None and not (max(at, after or at) < closes_at and (closes_at - at).days <= 366):
        raise BadDeadline
    return closes_at


@transaction.atomic(durable=True)
def list_order(
    *, order_id: int, round_id: int, by: User, at: datetime, closes_at: datetime | None = None
) -> ServiceOrder:
    """Put a draft on a round's public list. What it does not say itself (mode, buyer, fund) it takes from the round.

    `closes_at`: until when it may be claimed; without, until the community decides. Raises NotAllowed, OrderNotDraft,
    RoundNotOpenForOrders, OrderUnfinished, BadDeadline.
    """
    order = _mine(order_id, by)
    round_ = Round.objects.filter(pk=round_id, street=order.street_id, state=Round.State.OPEN).first()
    if round_ is None:
        raise RoundNotOpenForOrders
    if order.state != ServiceOrder.State.DRAFT:
        raise OrderNotDraft
    taken = {
        "mode": order.mode or round_.mode, "buyer": order.buyer or round_.buyer, "fund_source": order.fund_source or round_.fund_source,
    }  # fmt: skip
    missing = orders.lacking(
        {f: getattr(order, f) for f in ("title", "target", "content", "directed_to_id", "directed_reason")} | taken
    )
    if missing:
        raise OrderUnfinished(what="、".join(missing))
    until = _deadline(closes_at, at) if taken["mode"] in CLAIMED_MODES else None
    move_order(
        order, "list", by=by, at=at, facts={"round": round_id}, words=_until(until), round_id=round_id, listed_at=at, claims_close_at=until,
        **taken,
    )  # fmt: skip
    if order.directed_to_id is not None:
        tell_organization(
            order, [order.directed_to_id], f"定向邀请贵单位承接：{order.title}", f"理由：{order.directed_reason}。{_until(until)}",
            mark="direct", at=at,
        )  # fmt: skip
    tell_askers(order, "list", "已上到项目超市，等社会组织来承接。", by=by, at=at)
    return order


def _until(moment: datetime | None) -> str:
    return f"认领截止 {local(moment):%Y-%m-%d %H:%M}" if moment else ""


@transaction.atomic(durable=True)
def extend_order(*, order_id: int, closes_at: datetime, reason: str, by: User, at: datetime) -> ServiceOrder:
    """Give claims more time, before the deadline, with a public reason.

    Raises NotAllowed, ReasonMissing, OrderNotNow, DeadlineOver, BadDeadline.
    """
    order = _mine(order_id, by)
    if not reason.strip():
        raise ReasonMissing
    before = order.claims_close_at
    if order.state != ServiceOrder.State.LISTED or before is None:
        raise OrderNotNow(state=order.get_state_display(), act="延长认领期限")
    if at >= before:
        raise DeadlineOver(at=f"{local(before):%Y-%m-%d %H:%M}")
    until = _deadline(closes_at, at, before)
    said = f"{_until(until)}。{reason.strip()}"
    move_order(order, "extend", by=by, at=at, words=said, claims_close_at=until)
    mine = order.claims.filter(state=Claim.State.OFFERED).values_list("organization_id", flat=True)
    tell_organization(order, mine, f"认领期限延长：{order.title}", said, mark=f"extend:v{order.version}", at=at)
    tell_askers(order, "extend", f"认领期限延长，{_until(until)}。", by=by, at=at)
    return order


@transaction.atomic(durable=True)
def relist_order(*, order_id: int, closes_at: datetime, by: User, at: datetime) -> ServiceOrder:
    """Offer an order again for which nobody came. Raises NotAllowed, OrderNotNow, RoundNotOpenForOrders, BadDeadline."""
    order = _mine(order_id, by)
    if order.round is None or order.round.state != Round.State.OPEN:
        raise RoundNotOpenForOrders
    until = _deadline(closes_at, at)
    move_order(order, "relist", by=by, at=at, words=_until(until), claims_close_at=until, listed_at=at)
    hold_needs(order, at=at)
    tell_askers(order, "relist", "重新上到项目超市，等社会组织来承接。", by=by, at=at)
    return order


@transaction.atomic(durable=True)
def withdraw_order(*, order_id: int, reason: str, by: User, at: datetime, seen: int | None = None) -> ServiceOrder:
    """Take an order back before anybody is chosen, with a reason that claimants and askers read.

    Raises NotAllowed, OrderMoved, ReasonMissing, OrderNotNow; and OrderAnswered where a proposal handed in answers it.
    """
    order, why = _mine(order_id, by, seen), reason.strip()
    if not why:
        raise ReasonMissing
    was_listed = order.listed_at is not None
    if order.begun_at is not None:
        raise OrderNotNow(state="服务中", act="撤回")
    answers: list[Any] = order_withdrawing.send(ServiceOrder, order=order)
    drafting = [pk for _, named in answers for pk in named]
    move_order(order, "withdraw", by=by, at=at, words=why, withdrawn_reason=why)
    mine = list(order.claims.filter(state=Claim.State.OFFERED).values_list("organization_id", flat=True))
    order.claims.filter(state=Claim.State.OFFERED).update(
        state=Claim.State.DECLINED, decided_by=by, decided_at=at, reason=f"项目已撤回：{why}"
    )
    mine = sorted({*mine, *drafting})
    tell_organization(order, mine, f"项目已撤回：{order.title}", f"理由：{why}", mark="withdrawn", at=at)
    release_needs(order, f"服务项目单 {order.number} 已撤回：{why}", by=by, at=at)
    if was_listed:
        tell_askers(order, "withdraw", f"项目已撤回：{why}", by=by, at=at)
    return order


@transaction.atomic(durable=True)
def begin_order(*, order_id: int, words: str, by: User, at: datetime) -> ServiceOrder:
    """The service begins, as the community notes. Raises NotAllowed, OrderNotNow, NotChosenYet, InWorkAlready."""
    order = _mine(order_id, by)
    if order.begun_at is not None:
        raise InWorkAlready
    if order.state == ServiceOrder.State.LISTED and order.mode != Mode.SCORING:
        raise NotChosenYet
    move_order(order, "begin", by=by, at=at, words=words, begun_at=at)
    tell_askers(order, "begin", "承接单位已开始服务。", by=by, at=at)
    return order


@transaction.atomic(durable=True)
def finish_order(*, order_id: int, words: str, by: User, at: datetime) -> ServiceOrder:
    """The service is done; what was done is public. Raises NotAllowed, ReasonMissing, NotInWork, InWorkAlready."""
    order = _mine(order_id, by)
    if not words.strip():
        raise ReasonMissing("请写明做了什么，居民会看到。")
    if order.begun_at is None:
        raise NotInWork
    if order.done_at is not None:
        raise InWorkAlready
    move_order(order, "finish", by=by, at=at, words=words, done_at=at)
    tell_askers(order, "finish", "服务已完成，请把结果反馈给居民并请居民评议。", by=by, at=at)
    return order
