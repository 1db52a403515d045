"""The registry of organizations."""

from typing import Any

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
from core.finding import narrowed
from organizations import rules, services
from organizations.forms.profile import InviteForm
from organizations.forms.registry import MemberForm, OrganizationForm
from organizations.models import Organization


def own_or_street(request: HttpRequest, organization_id: int) -> Organization:
    """The organization, for its members and the street's readers; 404 for others."""
    found = rules.visible_organizations(person(request)).select_related("street", "community")
    return get_object_or_404(found, pk=organization_id)


@require_safe
def organization_list(request: HttpRequest) -> HttpResponse:
    """Organizations of one's street, in Chinese order."""
    user = person(request)
    if not street_ids(user, *rules.READERS):
        raise NotAllowed
    found = rules.visible_organizations(user).select_related("community", "street").annotate(people=Count("members"))
    words, kind = request.GET.get("q", "")[:60], request.GET.get("kind", "")
    found = narrowed(found, words, texts=("name", "legal_name"), codes=("uscc",))
    if kind in Organization.Kind.values:
        found = found.filter(kind=kind)
    page = Paginator(found.order_by("pinyin", "pk"), 30).get_page(request.GET.get("page"))
    facts = {
        "page": page, "q": words, "kind": kind, "kinds": Organization.Kind.choices, "can_register": bool(street_ids(user, Role.OFFICE)), "waiting": rules.waiting_applications(user),
        "today": clock.local(clock.now()).date(), "accounts_waiting": rules.waiting_accounts(user),
    }  # fmt: skip
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
    form = OrganizationForm(request.POST if request.method == "POST" else None, communities=communities)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.register_organization(street=street, at=clock.now(), by=user, **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"“{row.name}”已登记。")
            return redirect("organizations:detail", row.pk)
    return render(request, "organizations/new.html", {"form": form})


def detail_page(request: HttpRequest, row: Organization, *, status: int = 200, **bound: Any) -> HttpResponse:
    """The page of one organization; `bound` are forms that were refused."""
    user, at = person(request), clock.now()
    manages, staffs = rules.may_manage(user, row), rules.staffs(user, row)
    facts = {
        "row": row, "members": row.members.select_related("user").order_by("since", "pk"), "form": MemberForm(), "manages": manages,
        "staffs": staffs, "invite": InviteForm(prefix="invite"),
        "invitations": rules.open_invitations(row, at) if staffs else [], "account": rules.current_account(row.pk),
        "former": row.former.select_related("user", "successor").order_by("-until", "-pk"), "today": clock.local(at).date(),
        "course": rules.course_of(row, at), "year": clock.local(at).year,
        "branches": rules.branches_of(row) if row.kind == Organization.Kind.PARTY else [],
    }  # fmt: skip
    return render(request, "organizations/detail.html", facts | bound, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def organization_detail(request: HttpRequest, organization_id: int) -> HttpResponse:
    """One organization with its people; the office adds members."""
    user = person(request)
    row = get_object_or_404(rules.visible_organizations(user).select_related("street", "community"), pk=organization_id)
    if request.method != "POST":
        return detail_page(request, row)
    if not rules.may_manage(user, row):
        raise NotAllowed
    form = MemberForm(request.POST)
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
    return detail_page(request, row, form=form)
