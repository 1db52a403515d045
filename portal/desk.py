"""The desk of one round: the whole chain at a glance, each stage with its figures and the way in."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.urls import reverse

from core.money import show_yuan
from funding.models import AllocationPlan, PublicNotice
from judging.models import Session
from needs.models import Need, OrderNeed, ServiceOrder
from projects.models import Proposal
from rounds.models import Round


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the chain: `state` done, now or todo; `figures` are (words, value); `links` are (words, href)."""

    name: str
    state: str
    figures: list[tuple[str, str]]
    links: list[tuple[str, str]]


def stages(round_: Round, *, runs: bool) -> list[Stage]:
    """The chain of a round with live figures, in seven queries whatever its size. `runs`: the office's links too."""
    needs = Need.objects.filter(street=round_.street_id).aggregate(
        all=Count("pk"), ordered=Count("pk", filter=Exists(OrderNeed.objects.filter(need=OuterRef("pk"))))
    )
    orders = ServiceOrder.objects.filter(round=round_).aggregate(
        listed=Count("pk", filter=~Q(state__in=["draft", "withdrawn"])), claimed=Count("pk", filter=Q(state="claimed"))
    )
    proposals = Proposal.objects.filter(round=round_).aggregate(
        draft=Count("pk", filter=Q(state="draft")),
        waiting=Count("pk", filter=Q(state="submitted")),
        returned=Count("pk", filter=Q(state="returned")),
        passed=Count("pk", filter=Q(state="passed")),
        handed_in=Count("pk", filter=~Q(state="draft")),
        asked=Sum("requested", filter=~Q(state__in=["draft", "withdrawn"])),
    )
    sessions = list(Session.objects.filter(round=round_, rehearsal_of=None).order_by("held_on", "id"))
    plan: Any = (
        AllocationPlan.objects.filter(round=round_)
        .annotate(spent=Sum("awards__amount"), funded=Count("awards", filter=Q(awards__amount__gt=0)))
        .order_by("-state", "-version")
    )
    plans = sorted(plan, key=lambda p: (p.state != "approved", -p.version))
    notice = PublicNotice.objects.filter(plan__round=round_).order_by("-version", "-id").first()
    locked = any(s.state in ("locked", "published") for s in sessions)
    query = f"?round={round_.pk}"
    return [
        Stage(
            "居民点单、社区制单",
            "done" if orders["listed"] else "now",
            [("本街道需求", f"{needs['all']} 件"), ("已制单", f"{needs['ordered']} 件"), ("已上单", f"{orders['listed']} 项")],
            [("需求台账", reverse("needs:list")), ("项目超市", reverse("needs:market_round", args=[round_.pk]))],
        ),
        Stage(
            "社会组织承单",
            _state(done=bool(proposals["passed"]) and not proposals["waiting"], now=bool(proposals["handed_in"])),
            [
                ("草稿", f"{proposals['draft']} 份"), ("待初审", f"{proposals['waiting']} 份"),
                ("待补正", f"{proposals['returned']} 份"), ("初审通过", f"{proposals['passed']} 份"),
                ("申请资金合计", f"{show_yuan(proposals['asked'] or Decimal(0))} 元"),
            ],
            [("申报项目和初审", reverse("projects:list") + query), ("截止提醒记录", reverse("reminders:sent", args=[round_.pk]))],
        ),
        Stage(
            "路演评审",
            _state(done=locked, now=bool(sessions)),
            [(s.name, s.get_state_display()) for s in sessions] or [("评审会", "尚未设置")],
            [(s.name, reverse("judging:session", args=[s.pk])) for s in sessions]
            + ([("新设评审会", reverse("judging:new", args=[round_.pk]))] if runs else []),
        ),
        Stage(
            "政府买单",
            _state(done=bool(plans) and plans[0].state == "approved", now=bool(plans)),
            [
                (f"方案第 {p.version} 版 {p.get_state_display()}", f"{p.funded} 项，{show_yuan(p.spent or Decimal(0))} 元")
                for p in plans[:1]
            ]
            or [("资金分配方案", "尚未拟订")],
            [(f"方案第 {p.version} 版", reverse("funding:plan", args=[p.pk])) for p in plans]
            + ([("拟订方案", reverse("funding:plan_new", args=[round_.pk]))] if runs and locked else []),
        ),
        Stage(
            "公示",
            "done" if notice else "todo",
            [("公示期", f"{notice.starts_on:%Y-%m-%d} 至 {notice.ends_on:%Y-%m-%d}")] if notice else [("公示", "尚未发布")],
            [("查看公示", reverse("funding:notice", args=[notice.pk]))] if notice else [],
        ),
    ]  # fmt: skip


def _state(*, done: bool, now: bool) -> str:
    return "done" if done else "now" if now else "todo"


def bar(found: list[Stage]) -> list[tuple[str, str]]:
    """The same chain for the step bar."""
    return [(stage.name, stage.state) for stage in found]


def context(round_: Round, *, runs: bool, reads: bool, watches: bool) -> dict[str, Any]:
    """What the desk template needs; `reads`: whether the links to proposals and money lead anywhere for this
    person; `watches`: those to needs, reminders and sessions.
    """
    found = stages(round_, runs=runs)
    if not reads:
        found = [Stage(s.name, s.state, s.figures, []) for s in found]
    elif not watches:
        closed = {"需求台账", "截止提醒记录"}
        found = [Stage(s.name, s.state, s.figures, [x for x in s.links if x[0] not in closed]) for s in found]
        found[2] = Stage(found[2].name, found[2].state, found[2].figures, [])
    return {"round": round_, "stages": found, "bar": bar(found)}
