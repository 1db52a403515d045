"""What time does to service orders: when the deadline for claims is over, nobody came (流标) or several (比选)."""

from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from accounts.models import User
from needs.domain import orders
from needs.models import CLAIMED_MODES, Claim, ServiceOrder
from needs.services.order_history import move_order, release_needs, tell_askers, tell_buyer

BATCH = 200


def settle(order: ServiceOrder, *, at: datetime) -> ServiceOrder:
    """What the time brings about, on a locked order: nobody came (流标), or several (比选). Does nothing before the deadline."""
    if order.state != ServiceOrder.State.LISTED or order.mode not in CLAIMED_MODES or not order.closed_at(at):
        return order
    count = order.claims.filter(state=Claim.State.OFFERED).count()
    act = orders.after_deadline(order.mode, count)
    if act == "lapse":
        lapse(order, at=at)
    elif act == "compare":
        move_order(order, "compare", by=None, at=at, words=f"{count} 家单位认领，由社区比较后确定，或转入竞评。")
        body = f"{order.number}“{order.title}”有 {count} 家单位认领。请比较后确定一家并写明理由，或转入竞评期次。"
        tell_buyer(order, f"请比选：{order.title}", body, mark=f"compare:v{order.version}", at=at)
        tell_askers(order, "compare", f"有 {count} 家单位愿意承接，正在比较。", by=None, at=at)
    return order


def lapse(order: ServiceOrder, *, at: datetime, by: User | None = None) -> ServiceOrder:
    """流标, on a locked order: askers are told, their needs run against a deadline again."""
    said = "到截止时间没有单位承接，社区会重新安排。"
    move_order(order, "lapse", by=by, at=at, words=said)
    release_needs(order, f"服务项目单 {order.number} 流标，请另行安排或重新上单。", by=by, at=at)
    body = f"{order.number}“{order.title}”到截止时间没有单位认领。可以改期重新上单，或撤回后另行安排。"
    tell_buyer(order, f"流标：{order.title}", body, mark=f"lapse:v{order.version}", at=at)
    tell_askers(order, "lapse", said, by=by, at=at)
    return order


def sweep_orders(*, at: datetime) -> int:
    """Settle orders whose deadline is over, at most 200 at a time; safe to run twice at once. Returns how many changed."""
    over = ServiceOrder.objects.filter(
        state=ServiceOrder.State.LISTED, mode__in=CLAIMED_MODES, claims_close_at__lte=at, is_demo=False
    ).annotate(waiting=Count("claims", filter=Q(claims__state=Claim.State.OFFERED)))
    due = over.filter(Q(waiting=0) | Q(waiting__gt=1, mode=ServiceOrder.Mode.CLAIMING))
    changed = 0
    for pk in list(due.order_by("claims_close_at", "pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            order = (
                ServiceOrder.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("community", "round")
                .filter(pk=pk)
                .first()
            )
            if order is not None:
                before = order.state
                changed += settle(order, at=at).state != before
    return changed
