"""The registry of organizations."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Area, Role
from accounts.rules import street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from organizations import forms, rules, services


@require_safe
def organization_list(request: HttpRequest) -> HttpResponse:
    """Organizations of one's street, in Chinese order."""
    user = person(request)
    if not street_ids(user, *rules.READERS):
        raise NotAllowed
    found = rules.visible_organizations(user).select_related("community", "street").annotate(people=Count("members"))
    page = Paginator(found.order_by("pinyin", "pk"), 30).get_page(request.GET.get("page"))
    facts = {"page": page, "can_register": bool(street_ids(user, Role.OFFICE))}
    return render(request, "organizations/list.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def organization_new(request: HttpRequest) -> HttpResponse:
    """The office registers an organization."""
    user = person(request)
    streets = street_ids(user, Role.OFFICE)
    if not streets:
        raise NotAllowed
    street = Area.objects.get(pk=streets[0])
    communities = Area.objects.communities().under(street).in_chinese_order()
    form = forms.OrganizationForm(request.POST if request.method == "POST" else None, communities=communities)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.register_organization(street=street, at=clock.now(), by=user, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"“{row.name}”已登记。")
            return redirect("organizations:detail", row.pk)
    return render(request, "organizations/new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def organization_detail(request: HttpRequest, organization_id: int) -> HttpResponse:
    """One organization with its people; the office adds members."""
    user = person(request)
    row = get_object_or_404(rules.visible_organizations(user).select_related("street", "community"), pk=organization_id)
    manages = services.may_manage(user, row)
    form = forms.MemberForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if not manages:
            raise NotAllowed
        if form.is_valid():
            try:
                with transaction.atomic(durable=True):
                    services.add_member(
                        organization=row,
                        user=form.cleaned_data["username"],
                        duty=form.cleaned_data["duty"],
                        at=clock.now(),
                        by=user,
                    )
            except DomainError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, "成员已添加。")
                return redirect("organizations:detail", row.pk)
    members = row.members.select_related("user").order_by("since", "pk")
    return render(
        request, "organizations/detail.html", {"row": row, "members": members, "form": form, "manages": manages}
    )
