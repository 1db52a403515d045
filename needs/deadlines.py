"""What must be done about needs, salons and claims by when. No words of a resident leave this file: numbers only."""

from typing import Any

from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.deadlines import InArea, InStreet, Named
from accounts.models import Role
from core.deadlines import NOBODY, Deadline, Only, Row, Steps, inside, register
from needs.domain.cycle import PENDING
from needs.models import Claim, Need, Salon, ServiceOrder

OFFICE = InStreet((Role.OFFICE,), "street")
COMMUNITY = InArea((Role.COMMUNITY,), "community")
HANDLERS = (
    Only(COMMUNITY, "tier", (Need.Tier.GRID, Need.Tier.COMMUNITY)),
    Only(OFFICE, "tier", (Need.Tier.STREET,)),
    Named(("handler", "deputy")),
)


def hers(user: Any) -> Q:
    """Needs for which this person answers."""
    found = NOBODY
    for who in HANDLERS:
        found |= who.mine(user)
    return found


def _need(row: Row) -> str:
    return f"需求 {row['number']}（{Need.Category(row['category']).label}）"


def _to_need(row: Row) -> str:
    return inside("needs:detail", row["pk"])


# Late needs come up a level by themselves and whoever stands there is told: needs.services.sweep. Hence no `after` here.
HANDLING = register(
    Deadline(
        "needs.handling", "需求办理", rows=lambda: Need.objects.filter(state__in=PENDING), due="due_on", street="street",
        says=_need, columns=("number", "category"), note="community__name", path=_to_need, people=HANDLERS,
        covers=("needs.Need.due_on",), steps=Steps(before=(1, 0), after=(), in_workdays=True),
    )
)  # fmt: skip
RATING = register(
    Deadline(
        "needs.rating", "评议期满可办结", rows=lambda: Need.objects.filter(state=Need.State.RATING), due="due_on", street="street",
        says=_need, columns=("number", "category"), note="community__name", path=_to_need, people=HANDLERS,
        covers=("needs.Need.due_on",), steps=Steps(before=(0,), after=(5,), in_workdays=True),
    )
)  # fmt: skip
HELD = register(
    Deadline(
        "needs.held", "需求挂起到期", rows=lambda: Need.objects.filter(state=Need.State.HELD), due="held_until", street="street",
        says=_need, columns=("number", "category"), note="community__name", path=_to_need, people=HANDLERS,
        covers=("needs.Need.held_until",), ends=True, steps=Steps(before=(1,), after=(), in_workdays=True),
    )
)  # fmt: skip
SALON = register(
    Deadline(
        "needs.salon", "书记沙龙和纪要", rows=lambda: Salon.objects.filter(state=Salon.State.PLANNED), due="held_on", street="street",
        says=lambda row: f"{row['series']}第{row['number']}期：{row['subject']}", columns=("series", "number", "subject"),
        note="community__name", path=lambda row: inside("needs:salon", row["pk"]), people=(COMMUNITY,), above=(OFFICE,),
        covers=("needs.Salon.held_on",), steps=Steps(before=(3, 1, 0), after=(3,), escalate=10),
    )
)  # fmt: skip
CLAIM = register(
    Deadline(
        "needs.claim", "确认认领", due="closes", is_moment=True, street="order__street", demo="order__is_demo",
        rows=lambda: Claim.objects.filter(
            state=Claim.State.OFFERED, order__state__in=[ServiceOrder.State.LISTED, ServiceOrder.State.COMPARING]
        ).annotate(closes=Coalesce("order__claims_close_at", "order__round__apply_closes_at")).exclude(closes=None),
        says=lambda row: f"{row['order__title']}（{row['organization__name']}）", columns=("order__title", "organization__name"),
        note="order__community__name", path=lambda row: inside("needs:claim", row["pk"]),
        people=(InArea((Role.COMMUNITY,), "order__community"),), above=(InStreet((Role.OFFICE,), "order__street"),),
        covers=("rounds.Round.apply_closes_at", "needs.ServiceOrder.claims_close_at"), steps=Steps(before=(3, 1, 0), after=(1,), escalate=3),
    )
)  # fmt: skip
SERVICE = register(
    Deadline(
        "needs.service", "服务项目到期", rows=lambda: ServiceOrder.objects.filter(state=ServiceOrder.State.CLAIMED, done_at=None), due="service_until",
        street="street", demo="is_demo", says=lambda row: f"{row['number']} {row['title']}", columns=("number", "title"), note="community__name",
        path=lambda row: inside("needs:order", row["pk"]), people=(COMMUNITY,), above=(OFFICE,),
        covers=("needs.ServiceOrder.service_until",), steps=Steps(before=(7, 1, 0), after=(3,), escalate=10),
    )
)  # fmt: skip
