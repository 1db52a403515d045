"""点单 → 沙龙 → 制单 → 承单 → 评审 → 买单 → 实施 → 完成 of one need, for who asked. Only published facts, no names of people."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F

from core.clock import local, spoken
from core.money import show_yuan
from funding.models import Agreement, AllocationPlan, Award, PublicNotice
from judging.models import ResultLine, Session
from needs.models import Claim, Need, OrderStep, SalonItem, ServiceOrder
from projects.models import Proposal

Step = dict[str, Any]
State = ServiceOrder.State
ANSWERS = ("offered", "confirmed", "moved")


def past(title: str, when: Any, text: str) -> Step:
    """A step that has happened."""
    return {"title": title, "when": when, "text": text, "done": True, "links": []}


def ahead(title: str, text: str) -> Step:
    """A step that is to come."""
    return {"title": title, "when": None, "text": text, "done": False, "links": []}


def mark(steps: list[Step], *, ended: bool) -> list[Step]:
    """Set the state of each step: what is done, the first that is not, what is to come."""
    current = next((i for i, s in enumerate(steps) if not s["done"]), len(steps))
    for i, step in enumerate(steps):
        step["state"] = "done" if step["done"] else "now" if i == current and not ended else "todo"
    return steps


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders that answer a need: those that stand on the list, and those that came to nothing."""

    living: list[ServiceOrder]
    over: list[ServiceOrder]
    drafts: int


def chain_of(need: Need) -> list[Step]:
    """The chain of a need that goes by way of an order."""
    steps = [past("已收到", need.collected_at, f"{need.community.name}收到了您的需求，编号 {need.number}。")]
    if need.state == Need.State.REFUSED:
        steps.append(past("不予受理", None, need.refusal_reason))
        return mark(steps, ended=True)
    rows = list(need.orders.select_related("community", "round").order_by("listed_at", "pk"))
    found = Orders(
        [o for o in rows if o.state in (State.LISTED, State.COMPARING, State.CLAIMED)],
        [o for o in rows if o.state == State.LAPSED or (o.state == State.WITHDRAWN and o.listed_at is not None)],
        sum(o.state == State.DRAFT for o in rows),
    )
    steps += _salons(need)
    if found.over:
        steps += _over(found.over)
    if not found.living:
        steps.append(_waits(found))
        return mark(steps, ended=False)
    steps.append(_order_step(found.living))
    claims = list(
        Claim.objects.filter(order__in=found.living, state__in=ANSWERS)
        .select_related("organization", "order")
        .order_by("id")
    )
    confirmed = [c for c in claims if c.state == Claim.State.CONFIRMED]
    proposals = _handed_in(need, found.living)
    ids = [row["pk"] for row in proposals]
    steps += _chosen(confirmed) if confirmed else _answers(found.living, claims, proposals)
    if any(o.mode == ServiceOrder.Mode.SCORING or not o.mode for o in found.living) or (not confirmed and ids):
        steps.append(_judged(ids))
        steps.append(_funded(ids))
    elif ids:
        steps.append(_funded(ids))
    steps += _work(found.living, ids)
    if need.state in (Need.State.RATING, Need.State.CLOSED):
        steps.append(past("反馈和评议", need.answered_at, "结果已反馈，请看下面，并请评议。"))
    else:
        steps.append(ahead("反馈和评议", "社区把结果告诉您，请您评议。"))
    if need.state == Need.State.CLOSED:
        steps.append(past("办结", need.closed_at, "这件事已办结。"))
    return mark(steps, ended=need.state == Need.State.CLOSED)


def _salons(need: Need) -> list[Step]:
    items = SalonItem.objects.filter(needs=need).exclude(salon__state="cancelled").select_related("salon")
    steps = []
    for item in items.order_by("salon__held_on", "pk"):
        day = spoken(item.salon.held_on)
        if item.salon.state == "planned":
            text = f"已列入 {day} {item.salon} 的议题“{item.title}”。"
        else:
            said = item.get_decision_display() if item.decision else "已商量"
            text = f"{day} {item.salon} 商量了“{item.title}”，结论：{said}。"
        steps.append(past("书记沙龙", None, text))
    return steps


def _over(orders: list[ServiceOrder]) -> list[Step]:
    acts = (OrderStep.Act.LAPSE, OrderStep.Act.WITHDRAW)
    last = {s.order_id: s for s in OrderStep.objects.filter(order__in=orders, act__in=acts).order_by("id")}
    steps = []
    for order in orders:
        step = last.get(order.pk)
        when = step.at if step else None
        if order.state == State.LAPSED:
            steps.append(past("流标", when, f"“{order.title}”到截止时间没有单位承接。"))
        else:
            steps.append(past("项目撤回", when, f"“{order.title}”已撤回：{order.withdrawn_reason}"))
    return steps


def _waits(found: Orders) -> Step:
    if found.drafts:
        return ahead("社区制单", "社区正在制作服务项目单。")
    if found.over:
        return ahead("重新安排", "社区会重新上单或另行安排，有进展在这里能看到。")
    return ahead("社区制单", "社区会把相近的需求合成一张服务项目单。")


def _order_step(orders: list[ServiceOrder]) -> Step:
    words = "；".join(f"“{o.title}”（{o.community.name}）" for o in orders)
    return past("社区制单", orders[0].listed_at, f"已制成服务项目单，上到项目超市：{words}。") | {
        "links": [("看服务项目", "needs:market_order", o.pk) for o in orders],
    }


def _handed_in(need: Need, orders: list[ServiceOrder]) -> list[Any]:
    answering = Proposal.objects.filter(needs=need) | Proposal.objects.filter(orders__in=[o.pk for o in orders])
    return list(
        answering.exclude(state__in=["draft", "withdrawn", "refused"])
        .distinct()
        .order_by("submitted_at", "pk")
        .values("pk", "submitted_at", "organization_id")
    )


def _answers(orders: list[ServiceOrder], claims: list[Claim], proposals: list[dict[str, Any]]) -> list[Step]:
    """N organizations answered; several are compared; the deadline."""
    units = {c.organization_id for c in claims} | {p["organization_id"] for p in proposals}
    if not units:
        until = next((o.claims_close_at for o in orders if o.claims_close_at), None)
        wait = (
            f"等社会组织来认领，到 {local(until):%Y-%m-%d %H:%M} 截止。" if until else "等社会组织写项目申报书来承接。"
        )
        return [ahead("社会组织承单", wait)]
    moments = [c.offered_at for c in claims] + [p["submitted_at"] for p in proposals]
    text = f"已有 {len(units)} 家单位愿意承接。"
    if proposals:
        text += f"其中 {len(proposals)} 家写了项目申报书。" if claims else f"已有 {len(proposals)} 份项目申报书。"
    steps = [past("社会组织承单", min(m for m in moments if m is not None), text)]
    if all(o.mode in ("claiming", "direct") for o in orders):
        many = any(o.state == State.COMPARING for o in orders)
        steps.append(ahead("确定承接单位", "几家单位认领，社区正在比较。" if many else "截止后由社区确定。"))
    return steps


def _chosen(confirmed: list[Claim]) -> list[Step]:
    who = "、".join(c.organization.name for c in confirmed)
    why = f"理由：{confirmed[0].reason}" if confirmed[0].reason else ""
    return [past("有单位承接", confirmed[0].decided_at, f"已确认由{who}承接。{why}")]


def _judged(ids: list[int]) -> Step:
    lines = list(
        ResultLine.objects.filter(
            entry__proposal__in=ids,
            result__session__state=Session.State.PUBLISHED,
            result=F("result__session__current"),
        )
        .select_related("result__session", "entry__proposal")
        .order_by("place")
    )
    return {
        "title": "评审", "when": lines[0].result.session.published_at if lines else None, "done": bool(lines),
        "text": "；".join(f"“{line.entry.proposal.title}”第 {line.rank} 名，{line.detail['score']} 分" for line in lines if line.rank) or "评委现场打分，结果公布后在这里能看到。",
        "links": [("看评审结果", "judging:public_result", lines[0].result.session_id)] if lines else [],
    }  # fmt: skip


def _funded(ids: list[int]) -> Step:
    awards = list(
        Award.objects.filter(
            proposal__in=ids, amount__gt=0, plan__state=AllocationPlan.State.APPROVED, plan__notices__isnull=False
        )
        .select_related("proposal__organization", "plan")
        .distinct()
        .order_by("place")
    )
    notice = PublicNotice.objects.filter(plan__in=[a.plan_id for a in awards]).order_by("version", "pk").first()
    return {
        "title": "政府买单", "when": notice.published_at if notice else None, "done": bool(awards),
        "text": "；".join(
            f"“{a.proposal.title}”（{a.proposal.organization.name}）获资助 {show_yuan(a.amount)} 元" for a in awards
        ) or "资助名单公示后在这里能看到。",
        "links": [("看公示", "funding:notice", notice.pk)] if notice else [],
    }  # fmt: skip


def _work(orders: list[ServiceOrder], ids: list[int]) -> list[Step]:
    """服务中 since an agreement is signed or the community says so; 服务完成 when it says what was done."""
    begun = [o.begun_at for o in orders if o.begun_at is not None]
    signed = Agreement.objects.filter(proposal__in=ids, state=Agreement.State.SIGNED).exists()
    if begun or signed:
        steps = [
            past("服务中", min(begun) if begun else None, "承接单位已开始服务。" if begun else "已签订协议，开始服务。")
        ]
    else:
        steps = [ahead("服务中", "确定单位和资金后开始服务。")]
    done = [o for o in orders if o.done_at is not None]
    if not done:
        return [*steps, ahead("服务完成", "做完了会写明做了什么。")]
    said = OrderStep.objects.filter(order__in=done, act=OrderStep.Act.FINISH).order_by("-id").first()
    return [*steps, past("服务完成", done[-1].done_at, said.words if said else "服务已完成。")]
