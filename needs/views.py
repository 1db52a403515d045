"""Pages of needs and orders for those who work with them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.rules import communities_of, holds
from accounts.web import person
from audit.models import Event
from audit.words import verb_words
from core import clock
from core.errors import DomainError, NotAllowed
from core.people import mask_name, mask_phone
from needs import forms, rules, services
from needs.models import Claim, Need, ServiceOrder
from organizations.models import Organization
from organizations.rules import at_home, organizations_of


def _works_with_needs(request: HttpRequest) -> None:
    if not holds(request.user, *rules.POSTERS, *rules.WATCHERS):
        raise NotAllowed


@require_safe
def need_list(request: HttpRequest) -> HttpResponse:
    """The ledger of needs, filters in the address; several can be chosen for one order."""
    user = person(request)
    _works_with_needs(request)
    found = rules.visible_needs(user)
    chosen = {k: request.GET.get(k, "") for k in ("community", "category", "state", "channel", "q")}
    if chosen["community"].isdigit():
        found = found.filter(community=int(chosen["community"]))
    for name, values in (("category", Need.Category), ("state", Need.State), ("channel", Need.Channel)):
        if chosen[name] in values.values:
            found = found.filter(**{name: chosen[name]})
    if chosen["q"].strip():
        found = found.filter(Q(words__icontains=chosen["q"].strip()) | Q(number__icontains=chosen["q"].strip()))
    page = Paginator(found.order_by("-id"), 30).get_page(request.GET.get("page"))
    facts = {
        "page": page,
        "chosen": chosen,
        "communities": sorted(
            {(n.pk, n.name) for n in communities_of(user, Role.COMMUNITY, *rules.WATCHERS)}, key=lambda c: c[1]
        ),
        "categories": Need.Category.choices,
        "states": Need.State.choices,
        "channels": Need.Channel.choices,
        "can_order": holds(user, Role.COMMUNITY, Role.OFFICE),
        "can_post": holds(user, *rules.POSTERS),
    }
    return render(request, "needs/list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def need_new(request: HttpRequest) -> HttpResponse:
    """A worker writes a need down."""
    user = person(request)
    communities = rules.communities_to_post(user)
    if not communities:
        raise NotAllowed
    form = forms.NeedForm(request.POST if request.method == "POST" else None, communities=communities)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        data["once_key"] = str(data["once_key"])
        try:
            need = services.post_need(by=user, at=clock.now(), **data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"需求已登记，编号 {need.number}，查询码 {need.tracking_code}。")
            return redirect("needs:detail", need.pk)
    return render(request, "needs/new.html", {"form": form})


def _history(need: Need) -> list[tuple[Event, str]]:
    events = Event.objects.about("needs.need", need.pk).select_related("actor")
    return [(event, verb_words(event.verb)) for event in events]


@require_safe
def need_detail(request: HttpRequest, need_id: int) -> HttpResponse:
    """One need with its masked contact and its history."""
    user = person(request)
    need = get_object_or_404(rules.visible_needs(user).select_related("posted_by"), pk=need_id)
    return _need_page(request, need)


def _need_page(request: HttpRequest, need: Need, status: int = 200, **more: Any) -> HttpResponse:
    user = person(request)
    facts = {
        "need": need,
        "masked_name": mask_name(need.contact_name),
        "masked_phone": mask_phone(need.contact_phone),
        "history": _history(need),
        "orders": need.orders.order_by("id"),
        "can_handle": rules.can_handle(user, need) and need.state == Need.State.COLLECTED,
        "can_see_contact": rules.can_see_contact(user, need) and bool(need.contact_name or need.contact_phone),
        "refuse_form": forms.RefuseForm(prefix="no"),
        "contact_form": forms.ContactForm(prefix="who"),
        **more,
    }
    return render(request, "needs/detail.html", facts, status=status)


@require_POST
def need_refuse(request: HttpRequest, need_id: int) -> HttpResponse:
    """不予受理 with its reason."""
    user = person(request)
    need = get_object_or_404(rules.visible_needs(user), pk=need_id)
    if not rules.can_handle(user, need):
        raise NotAllowed
    form = forms.RefuseForm(request.POST, prefix="no")
    if form.is_valid():
        try:
            services.refuse_need(need_id=need.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已登记不予受理，居民查进度时会看到理由。")
            return redirect("needs:detail", need.pk)
    return _need_page(request, need, 409, refuse_form=form)


@require_POST
@never_cache
def need_contact(request: HttpRequest, need_id: int) -> HttpResponse:
    """Show the contact data once, as a recorded act."""
    user = person(request)
    need = get_object_or_404(rules.visible_needs(user), pk=need_id)
    if not rules.can_see_contact(user, need):
        raise NotAllowed
    form = forms.ContactForm(request.POST, prefix="who")
    if form.is_valid():
        name, phone = services.show_contact(
            need_id=need.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now()
        )
        return _need_page(request, need, contact={"name": name, "phone": phone})
    return _need_page(request, need, 409, contact_form=form)


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
    if state in ServiceOrder.State.values:
        found = found.filter(state=state)
    page = Paginator(found.order_by("-id"), 30).get_page(request.GET.get("page"))
    return render(request, "needs/orders.html", {"page": page, "state": state, "states": ServiceOrder.State.choices})


@require_http_methods(["GET", "HEAD", "POST"])
def order_new(request: HttpRequest) -> HttpResponse:
    """Turn the chosen needs into an order."""
    user = person(request)
    communities = communities_of(user, Role.COMMUNITY, Role.OFFICE)
    if not communities:
        raise NotAllowed
    source = request.POST if request.method == "POST" else request.GET
    ids = [int(v) for v in source.getlist("need") if v.isdigit()][:100]
    chosen = list(rules.visible_needs(user).filter(pk__in=ids).order_by("id"))
    initial = {
        "community": chosen[0].community_id if chosen else communities[0].pk,
        "content": "\n".join(n.words for n in chosen),
    }
    form = forms.OrderForm(request.POST if request.method == "POST" else None, communities=communities, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            order = services.draft_order(need_ids=[n.pk for n in chosen], by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"已制单 {order.number}，请核对后上单。")
            return redirect("needs:order", order.pk)
    return render(request, "needs/order_new.html", {"form": form, "chosen": chosen})


@require_safe
def order_detail(request: HttpRequest, order_id: int) -> HttpResponse:
    """One order for those who work with it: its needs, its claims, what may be done."""
    user = person(request)
    order = get_object_or_404(rules.visible_orders(user).select_related("drafted_by"), pk=order_id)
    return _order_page(request, order)


def _order_page(request: HttpRequest, order: ServiceOrder, status: int = 200, **more: Any) -> HttpResponse:
    user = person(request)
    facts = {
        "order": order,
        "order_needs": order.needs.select_related("community").order_by("id"),
        "claims": order.claims.select_related("organization").order_by("id"),
        "can_list": rules.can_draft_order(user, order.community) and order.state == ServiceOrder.State.DRAFT,
        "can_decide": rules.can_decide_claim(user, order) and order.state == ServiceOrder.State.LISTED,
        "list_form": forms.ListForm(rounds=rules.rounds_for_orders(order.street_id)),
        **more,
    }
    return render(request, "needs/order.html", facts, status=status)


@require_POST
def order_list_it(request: HttpRequest, order_id: int) -> HttpResponse:
    """Put an order on a round's list."""
    user = person(request)
    order = get_object_or_404(rules.visible_orders(user), pk=order_id)
    if not rules.can_draft_order(user, order.community):
        raise NotAllowed
    form = forms.ListForm(request.POST, rounds=rules.rounds_for_orders(order.street_id))
    if form.is_valid():
        try:
            services.list_order(order_id=order.pk, round_id=form.cleaned_data["round"].pk, by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已上单，项目超市里可以看到了。")
            return redirect("needs:order", order.pk)
    return _order_page(request, order, 409, list_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def claim_new(request: HttpRequest, order_id: int) -> HttpResponse:
    """A member of an organization claims a listed order."""
    user = person(request)
    order = get_object_or_404(rules.listed_orders(), pk=order_id)
    mine = [o.pk for o in organizations_of(user) if o.street_id == order.street_id]
    if not mine:
        if not at_home(user, order.street_id):
            raise Http404
        raise NotAllowed("只有本街道登记组织的成员可以认领。")
    form = forms.ClaimForm(
        request.POST if request.method == "POST" else None, organizations=Organization.objects.filter(pk__in=mine)
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.offer_claim(order_id=order.pk, by=user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已提交认领，请等待社区确认。")
            return redirect("needs:market_order", order.pk)
    return render(request, "needs/claim.html", {"form": form, "order": order})


@require_http_methods(["GET", "HEAD", "POST"])
def claim_decide(request: HttpRequest, claim_id: int) -> HttpResponse:
    """The buyer's side confirms or declines a claim."""
    user = person(request)
    visible = Claim.objects.filter(order__in=rules.visible_orders(user)).select_related(
        "order__community", "organization"
    )
    claim = get_object_or_404(visible, pk=claim_id)
    if not rules.can_decide_claim(user, claim.order):
        raise NotAllowed
    form = forms.RefuseForm(request.POST if request.POST.get("answer") == "no" else None, prefix="no")
    form.fields["reason"].label = "不确认的理由"
    form.fields["reason"].help_text = "认领单位会看到"
    error = ""
    if request.method == "POST":
        try:
            if request.POST.get("answer") == "yes":
                services.confirm_claim(claim_id=claim.pk, by=user, at=clock.now())
                messages.success(request, f"已确认由“{claim.organization.name}”承接。")
                return redirect("needs:order", claim.order_id)
            if form.is_valid():
                services.decline_claim(claim_id=claim.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now())
                messages.success(request, "已登记不确认。")
                return redirect("needs:order", claim.order_id)
        except DomainError as refused:
            error = refused.message
    return render(request, "needs/claim_decide.html", {"claim": claim, "form": form, "error": error})
