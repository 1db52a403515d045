"""What waits for whom."""

from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse

from accounts.models import Role, User
from accounts.rules import area_paths, street_ids
from core.clock import local
from needs.deadlines import hers
from needs.models import Need, ServiceOrder
from needs.rules.need import within


def open_tasks(user: User, at: datetime) -> list[dict[str, Any]]:
    """What waits: needs to handle, drafts to put on the list, claims and pledges to decide, orders nobody came for.

    Late needs that one answers for stand in the calendar one by one; only the office is told how many others are late.
    """
    found: list[dict[str, Any]] = []
    paths, streets = area_paths(user, Role.COMMUNITY), street_ids(user, Role.OFFICE)
    if not paths and not streets:
        return found
    mine = within(paths, "community") | Q(street__in=streets)
    late = Q(street__in=streets, due_on__lt=local(at).date()) & ~hers(user)
    n = Need.objects.filter(mine).pending().aggregate(
        new=Count("pk", filter=Q(state=Need.State.COLLECTED)), over=Count("pk", filter=late),
        tell=Count("pk", filter=Q(state=Need.State.FEEDBACK)),
    )  # fmt: skip
    to = reverse("needs:list")
    if n["over"]:
        found.append(
            {"title": "社区的需求已超期", "href": f"{to}?due=over", "state": "late", "count": n["over"], "hint": "超期的会自动上报一级；该您办的在日历里。"}
        )  # fmt: skip
    if n["new"]:
        found.append(
            {"title": "分析新收到的需求", "href": f"{to}?state=collected", "state": "todo", "count": n["new"],
             "hint": "定处置方式；相近的合并，或合成一单。"}
        )  # fmt: skip
    if n["tell"]:
        found.append(
            {"title": "把办理结果反馈给居民", "href": f"{to}?state=feedback", "state": "todo", "count": n["tell"], "hint": ""}
        )  # fmt: skip
    decidable = Q(state="comparing") | Q(state="listed") & (
        Q(claims_close_at=None) | Q(claims_close_at__lte=at) | Q(mode="direct")
    )
    orders = ServiceOrder.objects.filter(mine).aggregate(
        drafts=Count("pk", filter=Q(state="draft"), distinct=True),
        claims=Count("claims", filter=Q(claims__state="offered") & decidable, distinct=True),
        lapsed=Count("pk", filter=Q(state="lapsed", is_demo=False), distinct=True),
        pledges=Count("pledges", filter=Q(pledges__state="offered"), distinct=True),
    )
    to = reverse("needs:orders")
    waiting = (
        ("drafts", "服务项目单待上单", f"{to}?state=draft", ""),
        ("claims", "认领待确认", f"{to}?waiting=claims", "截止后写明理由确定一家，其他单位会收到。"),
        ("lapsed", "流标的项目待安排", f"{to}?state=lapsed", "可以改期重新上单，或撤回后另行安排。"),
        ("pledges", "资源承诺待确认", f"{to}?waiting=pledges", ""),
    )
    found += [
        {"title": title, "href": href, "state": "todo", "count": orders[key], "hint": hint}
        for key, title, href, hint in waiting
        if orders[key]
    ]
    return found
