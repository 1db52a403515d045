"""Pages of the resource list 资源清单: what units offer, what they pledge to which order."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Area, Role, User
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.numbers import whole
from core.people import mask_name, mask_phone
from needs import rules, services
from needs.forms import resource as forms
from needs.forms.act import ReasonOnly
from needs.models import Pledge, Resource
from organizations.models import Organization
from organizations.rules import organizations_of


@require_safe
def resource_list(request: HttpRequest) -> HttpResponse:
    """Resources one may see: filtered, the newest first; the totals by unit beside."""
    user = person(request)
    if not rules.sees_resources(user):
        raise NotAllowed
    base = rules.visible_resources(user)
    chosen = {name: request.GET.get(name, "")[:40] for name in ("q", "kind", "community", "off")}
    found = base.filter(is_active=chosen["off"] != "1")
    if chosen["kind"] in Resource.Kind.values:
        found = found.filter(kind=chosen["kind"])
    place = whole(chosen["community"])
    if place is not None:
        found = found.filter(Q(community=place) | Q(community=None))
    words = chosen["q"].strip()
    if words:
        found = found.filter(Q(title__icontains=words) | Q(details__icontains=words) | Q(unit__name__icontains=words))
    page = Paginator(found.order_by("-id"), 30).get_page(request.GET.get("page"))
    places = Area.objects.communities().filter(pk__in=base.order_by().values("community"))
    facts = {
        "page": page, "chosen": chosen, "kinds": Resource.Kind.choices, "is_filtered": any(chosen.values()),
        "communities": places.in_chinese_order(), "can_register": bool(_ways(user)),
    }  # fmt: skip
    return render(request, "needs/resources.html", facts)


def _ways(user: User) -> list[str]:
    """As what a person registers resources: `staff` on behalf of units, `member` for her organization."""
    staff = street_ids(user, Role.OFFICE, Role.COMMUNITY)
    return ["staff"] if staff else ["member"] if organizations_of(user) else []


def _form(request: HttpRequest, user: User, resource: Resource | None = None, **kwargs: Any) -> forms.ResourceForm:
    """The form as this person may use it: the office for the whole street, a community for itself, a member for her own."""
    is_member = "member" in _ways(user)
    mine = organizations_of(user)
    office = street_ids(user, Role.OFFICE)
    own = Area.objects.communities().filter(street__in={o.street_id for o in mine})
    places = own if is_member else Area.objects.communities().filter(pk__in=rules.communities_to_register(user))
    return forms.ResourceForm(
        request.POST if request.method == "POST" else None,
        communities=places.in_chinese_order(),
        whole_street=is_member or bool(office),
        organizations=Organization.objects.filter(pk__in=[o.pk for o in mine]) if is_member else None,
        resource=resource,
        **kwargs,
    )


@require_http_methods(["GET", "HEAD", "POST"])
def resource_new(request: HttpRequest) -> HttpResponse:
    """Register what a unit offers."""
    user = person(request)
    if not _ways(user):
        raise NotAllowed
    form = _form(request, user)
    status = 200
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        organization: Organization | None = data.pop("organization", None)
        place: Area | None = data["community"]
        name, kind = data.pop("unit_name", ""), data.pop("unit_kind", "organization")
        if organization is not None:
            street = organization.street
        elif place is not None and place.street is not None:
            street = place.street
        else:
            street = Area.objects.get(pk=street_ids(user, Role.OFFICE)[0])
        try:
            row = services.register_resource(
                street=street, unit_name=name, unit_kind=kind, organization=organization, once_key=data.pop("once_key"), facts=data,
                by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "已登记到资源清单。")
            return redirect("needs:resource", row.pk)
    return render(request, "needs/resource_edit.html", {"form": form}, status=status)


def _writable(request: HttpRequest, resource_id: int) -> Resource:
    user = person(request)
    resource = get_object_or_404(rules.visible_resources(user), pk=resource_id)
    if not rules.can_edit_resource(user, resource):
        raise NotAllowed
    return resource


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def resource_edit(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Change a resource. Whoever changes it does not see the contact here: left empty, it stays."""
    resource, user = _writable(request, resource_id), person(request)
    form = _form(request, user, resource, initial=forms.initial_of(resource, with_contact=False))
    form.fields["contact_phone"].help_text = "留空就保留原来的联系人和电话"
    status = 200
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        if not data["contact_name"] and not data["contact_phone"]:
            data |= {"contact_name": resource.contact_name, "contact_phone": resource.contact_phone}
        try:
            services.edit_resource(resource_id=resource.pk, facts=data, by=user, at=clock.now(), seen=data.pop("seen"))
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "已保存。")
            return redirect("needs:resource", resource.pk)
    return render(request, "needs/resource_edit.html", {"form": form, "resource": resource}, status=status)


@never_cache
@require_safe
def resource_detail(request: HttpRequest, resource_id: int) -> HttpResponse:
    """One resource: what, when, by whom; its pledges."""
    return _page(request, get_object_or_404(rules.visible_resources(person(request)), pk=resource_id))


def _page(request: HttpRequest, resource: Resource, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    writes = rules.can_edit_resource(user, resource)
    facts = {
        "resource": resource,
        "masked_name": mask_name(resource.contact_name) if resource.contact_name else "",
        "masked_phone": mask_phone(resource.contact_phone) if resource.contact_phone else "",
        "pledges": resource.pledges.select_related("order__community").order_by("-id"),
        "left": rules.money_left(resource),
        "writes": writes,
        "can_see_contact": rules.can_see_resource_contact(user, resource),
        "contact_form": ReasonOnly(prefix="contact"),
        "off_form": ReasonOnly(prefix="off"),
        **bound,
    }
    return render(request, "needs/resource.html", facts, status=status)


@never_cache
@require_POST
def resource_contact(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Show the contact once, as a recorded act."""
    user = person(request)
    resource = get_object_or_404(rules.visible_resources(user), pk=resource_id)
    if not rules.can_see_resource_contact(user, resource):
        raise NotAllowed
    form = ReasonOnly(request.POST, prefix="contact")
    if not form.is_valid():
        return _page(request, resource, 400, contact_form=form)
    name, phone = services.show_resource_contact(
        resource_id=resource.pk, reason=form.cleaned_data["reason"], by=user, at=clock.now()
    )
    return _page(request, resource, contact={"name": name, "phone": phone})


@require_POST
def resource_active(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Take a resource off the list with a reason, or put it on again."""
    resource, user = _writable(request, resource_id), person(request)
    form = ReasonOnly(request.POST, prefix="off")
    back = not resource.is_active
    if not back and not form.is_valid():
        return _page(request, resource, 400, off_form=form)
    reason = "" if back else form.cleaned_data["reason"]
    services.set_active(resource_id=resource.pk, is_active=back, reason=reason, by=user, at=clock.now())
    messages.success(request, "已恢复到清单。" if back else "已停用，不再推荐。")
    return redirect("needs:resource", resource.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def pledge_new(request: HttpRequest, resource_id: int) -> HttpResponse:
    """Promise a resource to an order: its unit, or staff on its behalf."""
    user = person(request)
    resource = get_object_or_404(rules.visible_resources(user), pk=resource_id)
    orders = rules.pledgeable_orders(resource.street_id)
    if not rules.can_edit_resource(user, resource):
        orders = orders.filter(pk__in=rules.visible_orders(user).values("pk"))
        if not rules.can_see_resource_contact(user, resource):
            raise NotAllowed
    form = forms.PledgeForm(
        request.POST if request.method == "POST" else None, orders=orders.order_by("-listed_at", "-id"), resource=resource,
        initial={"order": whole(request.GET.get("order", ""))},
    )  # fmt: skip
    status = 200
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.offer_pledge(
                resource_id=resource.pk, order_id=data["order"].pk, words=data["words"], amount=data.get("amount"), by=user, at=clock.now()
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "已登记承诺，等社区确认。")
            return redirect("needs:resource", resource.pk)
    facts = {"form": form, "resource": resource, "left": rules.money_left(resource)}
    return render(request, "needs/pledge.html", facts, status=status)


@require_safe
def order_resources(request: HttpRequest, order_id: int) -> HttpResponse:
    """What fits an order, and why; what is pledged to it."""
    order = get_object_or_404(rules.visible_orders(person(request)), pk=order_id)
    facts = {
        "order": order, "suggestions": rules.suggestions(order), "can_decide": rules.can_decide_pledge(person(request), order),
        "open": order.state in rules.PLEDGED_TO and order.done_at is None,
        "pledges": order.pledges.select_related("resource__unit").order_by("id"),
    }  # fmt: skip
    return render(request, "needs/order_resources.html", facts)


@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """Totals by unit: on the list, pledged, kept, money confirmed."""
    user = person(request)
    if not rules.sees_resources(user):
        raise NotAllowed
    page = Paginator(rules.unit_totals(user), 50).get_page(request.GET.get("page"))
    return render(request, "needs/units.html", {"page": page})


ANSWERS: dict[str, tuple[Callable[..., Pledge], str]] = {
    "confirm": (services.confirm_pledge, "已确认承诺。"),
    "keep": (services.keep_pledge, "已登记兑现。"),
    "decline": (services.decline_pledge, "已登记不确认。"),
    "withdraw": (services.withdraw_pledge, "已撤回承诺。"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def pledge(request: HttpRequest, pledge_id: int) -> HttpResponse:
    """One pledge: the community answers, the unit may take it back."""
    user = person(request)
    seen = Q(order__in=rules.visible_orders(user).values("pk")) | Q(
        resource__in=rules.visible_resources(user).values("pk")
    )
    rows = Pledge.objects.filter(seen).select_related(
        "order__community", "resource__unit", "resource__community", "resource__street"
    )
    found = get_object_or_404(rows, pk=pledge_id)
    decides, owns = rules.can_decide_pledge(user, found.order), rules.can_edit_resource(user, found.resource)
    if not decides and not owns:
        raise NotAllowed
    answer = request.POST.get("answer", "")
    form = ReasonOnly(request.POST if answer in ("decline", "withdraw") else None, prefix="why")
    error, status = "", 200
    if request.method == "POST":
        status = 400
        if answer in ANSWERS and (answer in ("confirm", "keep") or form.is_valid()):
            run, said = ANSWERS[answer]
            given = {"reason": form.cleaned_data["reason"]} if answer in ("decline", "withdraw") else {}
            try:
                run(pledge_id=found.pk, by=user, at=clock.now(), **given)
            except DomainError as refused:
                error, status = refused.message, refused.status
            else:
                messages.success(request, said)
                return redirect("needs:pledge", found.pk)
    facts = {"pledge": found, "decides": decides, "owns": owns, "form": form, "error": error, "answer": answer}
    return render(request, "needs/pledge_decide.html", facts, status=status)
