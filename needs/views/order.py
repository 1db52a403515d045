"""Pages of orders for those who work with them: drafting, listing, what is done on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role, User
from accounts.rules import communities_of, holds
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.finding import narrowed
from core.numbers import whole, wholes
from needs import rules, services
from needs.forms import order as forms
from needs.models import SalonItem, ServiceOrder
from needs.sources import fund_names

State = ServiceOrder.State
WAITING = {
    "claims": Q(claims__state="offered", state__in=[State.LISTED, State.COMPARING]),
    "pledges": Q(pledges__state="offered"),
}


@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """Service orders of one's community or street."""
    user = person(request)
    if not holds(user, Role.COMMUNITY, *rules.WATCHERS):
        raise NotAllowed
    found = rules.visible_orders(user).annotate(
        need_count=Count("links", distinct=True),
        claim_count=Count("claims", filter=Q(claims__state="offered"), distinct=True),
    )
    state = request.GET.get("state", "")
    if state in State.values:
        found = found.filter(state=state)
    waiting = request.GET.get("waiting", "")
    if waiting in WAITING:
        found = found.filter(pk__in=ServiceOrder.objects.filter(WAITING[waiting]).values("pk"))
    words = request.GET.get("q", "")[:60]
    found = narrowed(found, words, texts=("title",), codes=("number",))
    page = Paginator(found.order_by("-id"), 30).get_page(request.GET.get("page"))
    facts = {
        "page": page,
        "state": state,
        "states": State.choices,
        "q": words,
        "chosen": bool(words or state or waiting),
    }
    return render(request, "needs/orders.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def order_new(request: HttpRequest) -> HttpResponse:
    """Turn the chosen needs into an order."""
    user = person(request)
    communities = communities_of(user, Role.COMMUNITY, Role.OFFICE)
    if not communities:
        raise NotAllowed
    source = request.POST if request.method == "POST" else request.GET
    ids = wholes(source.getlist("need"))[:100]
    chosen = list(rules.visible_needs(user).filter(pk__in=ids).order_by("id"))
    initial: dict[str, Any] = {
        "community": chosen[0].community_id if chosen else communities[0].pk,
        "content": "\n".join(n.words for n in chosen),
    }
    theme = next((t for t in rules.themes_of(rules.home_street(user)) if t.code == source.get("theme")), None)
    if theme is not None:
        more = f"参考活动：{theme.activities}\n参考指标：{theme.indicators}"
        initial |= {
            "title": theme.name,
            "target": theme.target_group,
            "content": f"{initial['content']}\n{more}".strip(),
        }
    item = _salon_item(user, source.get("salon_item", ""))
    if item is not None:
        initial |= {"community": item.salon.community_id, "title": item.title[:60]}
    form = forms.OrderForm(request.POST if request.method == "POST" else None, communities=communities, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = {k: v for k, v in form.cleaned_data.items() if k != "seen"}
        try:
            order = services.draft_order(
                need_ids=[n.pk for n in chosen], by=user, at=clock.now(), theme_code=theme.code if theme else "",
                salon_item_id=item.pk if item else None, **data,
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"已制单 {order.number}，请核对后上单。")
            return redirect("needs:order", order.pk)
    facts = {"form": form, "chosen": chosen, "theme": theme, "item": item}
    return render(request, "needs/order_new.html", facts | {"funds": _funds(communities[0].street_id)})


def _funds(street_id: int | None) -> list[str]:
    return fund_names(street_id) if street_id is not None else []


def _salon_item(user: User, text: str) -> SalonItem | None:
    """The point of a salon that an order is made from, if this person may write that salon."""
    pk = whole(text)
    if pk is None:
        return None
    found = SalonItem.objects.filter(
        salon__in=rules.visible_salons(user).values("pk"), salon__state="planned", order=None
    ).select_related("salon__community")
    item = found.filter(pk=pk).first()
    return item if item and rules.can_hold_salon(user, item.salon.community) else None


def _writable(request: HttpRequest, order_id: int) -> ServiceOrder:
    """A visible order that this person may write; others are refused."""
    user = person(request)
    order = get_object_or_404(rules.visible_orders(user), pk=order_id)
    if not rules.can_draft_order(user, order.community):
        raise NotAllowed
    return order


@require_http_methods(["GET", "HEAD", "POST"])
def order_edit(request: HttpRequest, order_id: int) -> HttpResponse:
    """Change a draft."""
    order, user = _writable(request, order_id), person(request)
    if request.method != "POST" and order.state != State.DRAFT:
        messages.info(request, "这张单子已经上单，不能再修改。")
        return redirect("needs:order", order.pk)
    form = forms.OrderForm(
        request.POST if request.method == "POST" else None,
        communities=[order.community],
        initial=forms.initial_of(order) | {"seen": order.version},
    )
    status = 200
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        data["category"] = data["category"] or order.category
        try:
            services.edit_order(
                order_id=order.pk, sites=data.pop("sites"), seen=data.pop("seen"), facts=data, by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "已保存。")
            return redirect("needs:order", order.pk)
    facts = {"form": form, "order": order, "funds": _funds(order.street_id)}
    return render(request, "needs/order_edit.html", facts, status=status)


@require_safe
def order_detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order for those who work with it: its needs, its claims, its resources, what may be done."""
    return order_page(request, get_object_or_404(rules.visible_orders(person(request)), pk=order_id))


@dataclass(frozen=True, slots=True)
class Act:
    """Something done on an order: its button, what it brings about, its form, its verb."""

    words: str
    hint: str
    done: str
    run: Callable[..., Any]


ACTS = {
    "send": Act("转入竞评", "由竞评期次的评委选，认领过的单位改写项目申报书。", "已转入竞评。", services.send_to_round),
    "begin": Act("登记开始服务", "承接单位已经着手，居民查进度能看到。", "已登记开始服务。", services.begin_order),
    "finish": Act("登记服务完成", "写明做了什么；随后请把结果反馈给居民，请居民评议。", "已登记服务完成。", services.finish_order),
    "extend": Act("延长认领期限", "截止前才能延长，认领过的单位会收到。", "已延长认领期限。", services.extend_order),
    "relist": Act("重新上单", "没有单位来的项目，改一个截止时间再挂出去。", "已重新上单。", services.relist_order),
    "withdraw": Act("撤回", "撤回后不能恢复，回应的需求恢复办理期限。", "已撤回。", services.withdraw_order),
}  # fmt: skip


def _form(act: str, order: ServiceOrder, at: Any, data: Any = None) -> Form:
    if act == "send":
        return forms.SendForm(data, prefix=act, rounds=rules.rounds_for_scoring(order.street_id, at))
    if act in ("extend", "relist"):
        return forms.DeadlineForm(data, prefix=act, with_reason=act == "extend")
    return forms.WithdrawForm(data, prefix=act) if act == "withdraw" else forms.WorkForm(data, prefix=act)


def acts_of(order: ServiceOrder, at: Any, claims: int) -> list[str]:
    """Names of what may be done with an order as it stands, the likeliest first; the services ask again."""
    found = []
    state, over = order.state, order.closed_at(at)
    if state == State.COMPARING or (state == State.LISTED and over and order.mode == "claiming" and claims > 1):
        found.append("send")
    in_hand = state == State.CLAIMED or (state == State.LISTED and order.mode == "scoring")
    if in_hand and order.begun_at is None:
        found.append("begin")
    if order.begun_at is not None and order.done_at is None:
        found.append("finish")
    if state == State.LISTED and order.claims_close_at is not None and not over:
        found.append("extend")
    if state == State.LAPSED:
        found.append("relist")
    if state in (State.DRAFT, State.LISTED, State.COMPARING, State.LAPSED) and order.begun_at is None:
        found.append("withdraw")
    return found


def order_page(request: HttpRequest, order: ServiceOrder, status: int = 200, **more: Any) -> HttpResponse:
    """The page of an order; `bound` is a form of an act that was refused, `list_form` that of listing."""
    user, at = person(request), clock.now()
    bound: dict[str, Form] = more.pop("bound", {})
    claims = list(order.claims.select_related("organization").order_by("id"))
    offered = sum(c.state == "offered" for c in claims)
    writes = rules.can_draft_order(user, order.community)
    acts = [(act, ACTS[act], bound.get(act) or _form(act, order, at)) for act in acts_of(order, at, offered)]
    waits = order.mode == "claiming" and order.claims_close_at is not None and not order.closed_at(at)
    facts = {
        "order": order,
        "now": at,
        "order_needs": order.needs.select_related("community").order_by("id"),
        "sites": order.sites.select_related("community").order_by("id"),
        "claims": claims,
        "steps_": order.steps.order_by("id"),
        "salon_items": order.salon_items.select_related("salon").order_by("id"),
        "pledges": order.pledges.select_related("resource__unit").order_by("id"),
        "can_write": writes,
        "can_list": writes and order.state == State.DRAFT,
        "can_decide": rules.can_decide_claim(user, order) and order.state in (State.LISTED, State.COMPARING),
        "claims_run": waits,
        "acts": acts if writes else [],
        "bound": list(bound),
        "list_form": forms.ListForm(rounds=rules.rounds_for_orders(order.street_id), order=order),
        **more,
    }
    return render(request, "needs/order.html", facts, status=status)


@require_POST
def order_list_it(request: HttpRequest, order_id: int) -> HttpResponse:
    """Put an order on a round's list."""
    order, user = _writable(request, order_id), person(request)
    form = forms.ListForm(request.POST, rounds=rules.rounds_for_orders(order.street_id), order=order)
    if form.is_valid():
        data = form.cleaned_data
        try:
            services.list_order(
                order_id=order.pk, round_id=data["round"].pk, closes_at=data["closes_at"], by=user, at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已上单，项目超市里可以看到了。")
            return redirect("needs:order", order.pk)
    return order_page(request, order, 409, list_form=form)


@require_POST
def order_do(request: HttpRequest, order_id: int, act: str) -> HttpResponse:
    """Do one of ACTS."""
    order, user, at = _writable(request, order_id), person(request), clock.now()
    if act not in ACTS:
        raise Http404
    form = _form(act, order, at, request.POST)
    status = 400
    if form.is_valid():
        data = dict(form.cleaned_data)
        if "round" in data:
            data["round_id"] = data.pop("round").pk
        try:
            ACTS[act].run(order_id=order.pk, by=user, at=at, **data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, ACTS[act].done)
            return redirect("needs:order", order.pk)
    order.refresh_from_db()
    return order_page(request, order, status, bound={act: form})
