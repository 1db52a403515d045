"""Steps of an order, who is told of them, and what becomes of its needs: what every verb on orders writes along."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F

from accounts.models import Role, RoleGrant, User
from audit.services import record
from core.errors import DomainError
from messaging.services import notify
from needs.domain import cycle, orders
from needs.models import Need, OrderStep, ServiceOrder
from needs.services.history import deadlines, role_of, step, swap
from organizations.models import Membership


class OrderMoved(DomainError):
    message = "这张服务项目单刚刚由别人处理过，这次没有改动。请看下面的最新情况再办。"


class OrderNotNow(DomainError):
    message = "服务项目单现在是“{state}”，不能{act}。请刷新页面查看。"


VERBS = {
    "draft": "needs.order_drafted", "edit": "needs.order_edited", "list": "needs.order_listed", "extend": "needs.order_extended",
    "lapse": "needs.order_lapsed", "relist": "needs.order_relisted", "compare": "needs.order_compared", "send": "needs.order_sent",
    "withdraw": "needs.order_withdrawn", "begin": "needs.order_begun", "finish": "needs.order_finished",
}  # fmt: skip


def locked(order_id: int) -> ServiceOrder:
    """The order as it stands, locked until the transaction ends. Raises ServiceOrder.DoesNotExist."""
    rows = ServiceOrder.objects.select_for_update(of=("self",)).select_related("community", "round", "directed_to")
    return rows.get(pk=order_id)


def order_step(
    order: ServiceOrder, act: str, *, at: datetime, by: User | None, words: str = "", public: bool | None = None
) -> OrderStep:
    """Append to the history of an order."""
    return OrderStep.objects.create(
        order=order, act=act, state=order.state, words=words.strip()[:1000], by=by, at=at,
        is_public=act in orders.PUBLIC if public is None else public, by_name=by.display_name if by is not None else "",
        by_role=role_of(by, order.community),
    )  # fmt: skip


def move_order(
    order: ServiceOrder, act: str, *, by: User | None, at: datetime, words: str = "", facts: dict[str, Any] | None = None, **changes: Any
) -> ServiceOrder:  # fmt: skip
    """Do an act of the table on a locked order: state, history, record. Raises OrderNotNow."""
    try:
        after = orders.target(act, order.state)
    except orders.NotNow as error:
        raise OrderNotNow(state=order.get_state_display(), act=OrderStep.Act(act).label) from error
    before = order.state
    ServiceOrder.objects.filter(pk=order.pk).update(state=after, version=F("version") + 1, **changes)
    order.refresh_from_db()
    order_step(order, act, at=at, by=by, words=words)
    if act in VERBS:
        record(
            actor=by, verb=VERBS[act], about=order, at=at, scope_id=order.street_id, reason=words.strip(),
            facts={"number": order.number, "from": before, "to": after} | (facts or {}),
        )  # fmt: skip
    return order


def tell_askers(order: ServiceOrder, act: str, said: str, *, by: User | None, at: datetime) -> None:
    """The people who asked read it on their tracking page by themselves; those who stand for them hear of it here.

    One message to each handler or worker who took a need in, whatever the number of needs: she tells those without a
    telephone. Nobody is told what she did herself.
    """
    if order.is_demo:
        return
    rows = order.needs.exclude(is_demo=True).values_list("number", "handler_id", "posted_by_id", "contact_phone")
    found = list(rows.order_by("id"))
    people = {pk for _, handler, posted, _ in found for pk in (handler, posted) if pk is not None}
    if by is not None:
        people.discard(by.pk)
    numbers = "、".join(number for number, *_ in found[:10])
    left = sum(bool(phone) for *_, phone in found)
    asks = f"其中 {left} 位居民留了电话，请转告。" if left else "居民凭查询码能看到这一进展，没有手机的请当面转告。"
    notify(
        recipients=sorted(people), occasion=f"order:{order.pk}:{act}:v{order.version}", subject=f"{order.title}：{said}"[:120],
        body=f"服务项目单 {order.number}“{order.title}”：{said}\n它回应的需求：{numbers}{'等' if len(found) > 10 else ''}。{asks}",
        link=f"/orders/{order.pk}/", at=at, email=False, kind="needs.order_news", scope_id=order.street_id,
    )  # fmt: skip


def tell_organization(
    order: ServiceOrder, organization_ids: Iterable[int], subject: str, body: str, *, mark: str, at: datetime
) -> None:
    """Tell the members of these organizations about their claim."""
    if order.is_demo:
        return
    people = Membership.objects.filter(organization__in=list(organization_ids), user__is_active=True)
    notify(
        recipients=sorted(set(people.values_list("user_id", flat=True))), occasion=f"order:{order.pk}:{mark}", subject=subject[:120], body=body,
        link=f"/market/{order.pk}/", at=at, kind="needs.claim_answer", scope_id=order.street_id,
    )  # fmt: skip


def tell_buyer(order: ServiceOrder, subject: str, body: str, *, mark: str, at: datetime) -> None:
    """Tell the community's workers, and the office where the street buys, that something of an order waits for them."""
    if order.is_demo:
        return
    who = RoleGrant.objects.filter(role=Role.COMMUNITY, area=order.community_id, user__is_active=True)
    if order.buyer == ServiceOrder.Buyer.STREET or not who.exists():
        who = who | RoleGrant.objects.filter(role=Role.OFFICE, area=order.street_id, user__is_active=True)
    notify(
        recipients=sorted(set(who.values_list("user_id", flat=True))), occasion=f"order:{order.pk}:{mark}", subject=subject[:120],
        body=body, link=f"/orders/{order.pk}/", at=at, email=False, kind="needs.claim_waiting", scope_id=order.street_id,
    )  # fmt: skip


def release_needs(order: ServiceOrder, said: str, *, by: User | None, at: datetime) -> None:
    """Needs that no other living order answers run against a deadline of their own again. Needs an open transaction."""
    kept = ServiceOrder.objects.filter(state__in=orders.ALIVE).exclude(pk=order.pk)
    waiting = (
        Need.objects.select_for_update(of=("self",))
        .filter(links__order=order.pk, state=Need.State.HANDLING)
        .exclude(links__order__in=kept.values("pk"))
        .select_related("community")
        .order_by("pk")
    )
    for need in waiting:
        swap(need, **deadlines(state=cycle.HANDLING, route=need.route, street_id=need.street_id, at=at))
        step(need, "order_over", before=need.state, after=need.state, at=at, by=by, words=said)


def hold_needs(order: ServiceOrder, *, at: datetime) -> None:
    """The order stands again: its needs have no deadline of their own. Needs an open transaction."""
    waiting = (
        Need.objects.select_for_update(of=("self",))
        .filter(links__order=order.pk, state=Need.State.HANDLING)
        .order_by("pk")
    )
    for need in waiting:
        swap(need, due_on=None, escalate_on=None)
