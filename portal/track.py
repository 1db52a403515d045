"""The resident follows her need like a parcel. Only published facts are shown; no personal data, no account."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import DomainError
from core.money import show_yuan
from delivery.forms import RatingForm
from delivery.rules import rateable, ratings_of
from delivery.services import rate_project
from funding.models import AllocationPlan, Award, PublicNotice
from judging.models import ResultLine, Session
from needs.models import Need
from needs.rules import need_by_code
from projects.models import Proposal

Step = dict[str, Any]


def steps_of(need: Need) -> list[Step]:
    """The stages of one need: {title, when, text, state, links}; `state` done, now or todo."""
    orders = list(need.orders.exclude(state="draft").select_related("community", "round").order_by("listed_at", "pk"))
    answering = Proposal.objects.filter(needs=need) | Proposal.objects.filter(orders__in=[o.pk for o in orders])
    handed_in = list(
        answering.exclude(state__in=["draft", "withdrawn", "refused"])
        .distinct()
        .order_by("submitted_at", "pk")
        .values("pk", "submitted_at")
    )
    ids = [row["pk"] for row in handed_in]
    lines = list(
        ResultLine.objects.filter(
            entry__proposal__in=ids,
            result__session__state=Session.State.PUBLISHED,
            result=F("result__session__current"),
        )
        .select_related("result__session", "entry__proposal")
        .order_by("place")
    )
    awards = list(
        Award.objects.filter(
            proposal__in=ids, amount__gt=0, plan__state=AllocationPlan.State.APPROVED, plan__notices__isnull=False
        )
        .select_related("proposal__organization", "plan")
        .distinct()
        .order_by("place")
    )
    notice = PublicNotice.objects.filter(plan__in=[a.plan_id for a in awards]).order_by("version", "pk").first()
    claimed = [c for o in orders for c in o.claims.filter(state="confirmed").select_related("organization")]
    steps: list[Step] = [
        {
            "title": "已收到",
            "when": need.collected_at,
            "text": f"{need.community.name}收到了您的需求，编号 {need.number}。",
            "done": True,
            "links": [],
        }
    ]
    if need.state == Need.State.REFUSED:
        steps.append({"title": "不予受理", "when": None, "text": need.refusal_reason, "done": True, "links": []})
        return _mark(steps, ended=True)
    steps.append(_order_step(orders))
    if claimed:
        who = "、".join(c.organization.name for c in claimed)
        steps.append(
            {
                "title": "有单位承接",
                "when": claimed[0].decided_at,
                "text": f"已确认由{who}承接。",
                "done": True,
                "links": [],
            }
        )
        return _mark(steps, ended=True)
    steps.append(
        {
            "title": "社会组织承单", "when": handed_in[0]["submitted_at"] if handed_in else None, "done": bool(handed_in), "links": [],
            "text": f"已有 {len(handed_in)} 家单位写了项目申报书。" if handed_in else "等社会组织写项目申报书来承接。",
        }
    )  # fmt: skip
    steps.append(
        {
            "title": "评审", "when": lines[0].result.session.published_at if lines else None, "done": bool(lines),
            "text": "；".join(f"“{line.entry.proposal.title}”第 {line.rank} 名，{line.detail['score']} 分" for line in lines if line.rank) or "评委现场打分，结果公布后在这里能看到。",
            "links": [("看评审结果", "judging:public_result", lines[0].result.session_id)] if lines else [],
        }
    )  # fmt: skip
    steps.append(
        {
            "title": "政府买单", "when": notice.published_at if notice else None, "done": bool(awards),
            "text": "；".join(
                f"“{a.proposal.title}”（{a.proposal.organization.name}）获资助 {show_yuan(a.amount)} 元" for a in awards
            ) or "资助名单公示后在这里能看到。",
            "links": [("看公示", "funding:notice", notice.pk)] if notice else [],
        }
    )  # fmt: skip
    return _mark(steps, ended=False)


def _order_step(orders: list[Any]) -> Step:
    words = "；".join(f"“{o.title}”（{o.community.name}）" for o in orders)
    return {
        "title": "社区制单", "when": orders[0].listed_at if orders else None, "done": bool(orders),
        "text": f"已制成服务项目单：{words}。" if orders else "社区会把相近的需求合成一张服务项目单。",
        "links": [("看服务项目", "needs:market_order", o.pk) for o in orders],
    }  # fmt: skip


def _mark(steps: list[Step], *, ended: bool) -> list[Step]:
    """Set the state of each step: what is done, the first that is not, what is to come."""
    current = next((i for i, s in enumerate(steps) if not s["done"]), len(steps))
    for i, step in enumerate(steps):
        step["state"] = "done" if step["done"] else "now" if i == current and not ended else "todo"
    return steps


def _page(
    request: HttpRequest, need: Need, status: int = 200, bound: RatingForm | None = None, bad: int = 0
) -> HttpResponse:
    rated = ratings_of(need)
    projects = [
        (p, rated.get(p.pk), bound if p.pk == bad and bound else RatingForm(auto_id=f"r{p.pk}_%s"))
        for p in rateable(need)
    ]
    facts = {"need": need, "steps_": steps_of(need), "projects": projects, "has_errors": bound is not None}
    answer = render(request, "portal/track.html", facts, status=status)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _need(code: str) -> Need:
    need = need_by_code(code)
    if need is None:
        raise Http404
    return need


@login_not_required
@never_cache
@require_safe
def track(request: HttpRequest, code: str) -> HttpResponse:
    """The page behind a tracking code."""
    return _page(request, _need(code))


@login_not_required
@require_POST
def rate(request: HttpRequest, code: str, proposal_id: int) -> HttpResponse:
    """居民评议 by tracking code, without an account."""
    need = _need(code)
    form = RatingForm(request.POST, auto_id=f"r{proposal_id}_%s")
    if form.is_valid():
        try:
            rate_project(need=need, proposal_id=proposal_id, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "谢谢您的评议。")
            return redirect("portal:track", need.tracking_code)
    return _page(request, need, 409, form, proposal_id)
