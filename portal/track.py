"""The resident follows her need like a parcel. Only published facts are shown; no personal data, no account."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import DomainError
from delivery.forms import RatingForm
from delivery.rules import rateable, ratings_of
from delivery.services import rate_project
from needs.forms.need import RateForm
from needs.models import Need, NeedRating
from needs.rules import need_by_code
from needs.services import rate_need
from portal.chain import Step, chain_of, mark, past


def steps_of(need: Need) -> list[Step]:
    """The stages of one need: {title, when, text, state, links}; `state` done, now or todo.

    A need that goes by way of an order follows the chain of the competition; any other one the steps of its own life.
    """
    if need.state != Need.State.REFUSED and not need.orders.exists() and need.route != Need.Route.ORDER:
        return way_of(need)
    return chain_of(need)


SPOKEN = {
    "analyse": "社区已分析，{route}。", "begin": "已开始办理。", "hold": "暂时挂起：{words}", "resume": "已恢复办理。", "refer": "已转交{words}",
    "transfer": "已转交：{words}", "reopen": "重新办理：{words}", "merge": "与同类需求合在一起办，您的查询码照常可用。",
    "split": "改为单独办理。", "escalate": "已上报，请上一级协调。", "overdue": "超过办理期限，已自动上报。",
}  # fmt: skip


def way_of(need: Need) -> list[Step]:
    """收到 → 分析 → 处置 → 反馈 → 评议 → 办结 of a need, with what happened on the way; no names."""
    gone: list[Step] = [past("已收到", need.collected_at, f"{need.community.name}收到了您的需求，编号 {need.number}。")]
    for step in need.steps.order_by("id"):
        if step.act in SPOKEN:
            words = step.words if step.act in ("hold", "refer", "transfer", "reopen") else ""
            text = SPOKEN[step.act].format(words=words, route=need.get_route_display() or "已定办法")
            gone.append(past(step.get_act_display(), step.at, text))
        elif step.act in ("tell", "answer"):
            gone.append(past("反馈", step.at, "有新的反馈，请看下面。"))
        elif step.act == "close":
            gone.append(past("办结", step.at, "这件事已办结。"))
    if need.state == Need.State.HELD:
        until = f"到{need.held_until.month}月{need.held_until.day}日自动恢复办理。" if need.held_until else ""
        gone.append({"title": "已挂起", "when": None, "text": until, "done": False, "links": []})
        return mark(gone, ended=False)
    at = LIFE.index(need.state) if need.state in LIFE else 0
    ahead: list[Step] = [{"title": t, "when": None, "text": x, "done": False, "links": []} for t, x in STAGES[at:]]
    return mark([*gone, *ahead], ended=need.state == Need.State.CLOSED)


LIFE = ["collected", "analysed", "handling", "feedback", "rating", "closed"]
STAGES = [
    ("分析", "社区会看清是什么事、该谁来办。"), ("处置", "定好办法，就要着手办理。"), ("办理", "正在办理，办好会告诉您。"),
    ("反馈", "已经办好，会把结果告诉您。"), ("评议", "请您在下面评议。"),
]  # fmt: skip


def _page(
    request: HttpRequest,
    need: Need,
    status: int = 200,
    bound: RatingForm | None = None,
    bad: int = 0,
    rate_form: RateForm | None = None,
) -> HttpResponse:
    """What is shown is how the need is worked on: that of the need it was merged into, where there is one."""
    head = need.merged_into or need
    own = NeedRating.objects.filter(need=need, slip=None).first()
    rated = ratings_of(need)
    projects = [
        (p, rated.get(p.pk), bound if p.pk == bad and bound else RatingForm(auto_id=f"r{p.pk}_%s"))
        for p in rateable(need)
    ]
    facts = {
        "need": need, "head": head, "steps_": steps_of(head), "projects": projects, "has_errors": bound is not None or rate_form is not None,
        "feedbacks": list(head.feedbacks.order_by("-id")), "own_rating": own, "photos": list(need.photos.order_by("position")), "seconds": head.seconds.count(),
        "can_rate": own is None and head.state in (Need.State.RATING, Need.State.CLOSED),
        "rate_form": rate_form or RateForm(auto_id="n_%s"),
    }  # fmt: skip
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


@login_not_required
@require_POST
def rate_handling(request: HttpRequest, code: str) -> HttpResponse:
    """评议 of how the need was handled, by tracking code, without an account."""
    need = _need(code)
    form = RateForm(request.POST, auto_id="n_%s")
    status = 400
    if form.is_valid():
        try:
            rate_need(need_id=need.pk, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "谢谢您的评议。")
            return redirect("portal:track", need.tracking_code)
    return _page(request, need, status, rate_form=form)
