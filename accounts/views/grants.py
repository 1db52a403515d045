"""The security administrator's pages: roles, second factors, hand-over."""

from collections import Counter

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import forms, rules, services
from accounts.models import Area, Authenticator, Role, RoleGrant, RoleRequest, User
from accounts.views.people import someone
from accounts.web import need, person
from core import clock
from core.deadlines import items_for
from core.errors import DomainError, NotAllowed
from core.finding import narrowed

MOST_REQUESTS = 100


@require_http_methods(["GET", "HEAD", "POST"])
def grants(request: HttpRequest) -> HttpResponse:
    """Security administrator: who holds which role in the street."""
    by = person(request)
    streets = need(by, Role.SECURITY_ADMIN)
    areas = Area.objects.filter(street__in=streets).exclude(kind=Area.Kind.DISTRICT).order_by("path")
    form = forms.GrantForm(
        request.POST if request.method == "POST" else None,
        people=rules.people_of(streets).order_by("username"),
        areas=areas,
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            with transaction.atomic(durable=True):
                services.grant_role(
                    user=data["user"], role=Role(data["role"]), area=data["area"], at=clock.now(), by=by
                )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"已授予 {data['user'].display_name}：{Role(data['role']).label}。")
            return redirect("accounts:grants")
    rows = RoleGrant.objects.filter(area__street__in=streets).select_related("user", "area", "granted_by")
    rows = narrowed(
        rows, request.GET.get("q", ""), texts=("user__display_name", "area__name"), codes=("user__username",)
    )
    page = Paginator(rows.order_by("user__username", "role"), 30).get_page(request.GET.get("page"))
    asked = RoleRequest.objects.filter(area__street__in=streets, decided_at=None).select_related(
        "user", "area", "asked_by"
    )
    facts = {"page": page, "form": form, "asked": asked.order_by("pk")[:MOST_REQUESTS], "count": asked.count()}
    return render(request, "accounts/grants.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def grant_revoke(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Security administrator: take a role away, with a reason."""
    by = person(request)
    streets = need(by, Role.SECURITY_ADMIN)
    grant = get_object_or_404(RoleGrant.objects.select_related("user", "area"), pk=grant_id, area__street__in=streets)
    form = forms.ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic(durable=True):
                services.revoke_role(grant_id=grant.pk, at=clock.now(), by=by, reason=form.cleaned_data["reason"])
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "角色已收回。")
            return redirect("accounts:grants")
    return render(request, "accounts/grant_revoke.html", {"grant": grant, "form": form})


@require_POST
def request_decide(request: HttpRequest, role_request_id: int) -> HttpResponse:
    """Security administrator: grant what the system administrator asked for, or not."""
    by = person(request)
    asked = RoleRequest.objects.select_related("user").filter(area__street__in=rules.street_ids(by))
    row = get_object_or_404(asked, pk=role_request_id)
    if not rules.holds(by, Role.SECURITY_ADMIN):
        raise NotAllowed
    is_granted = request.POST.get("act") == "grant"
    if not is_granted and request.POST.get("act") != "refuse":
        raise NothingChosen
    try:
        services.decide_request(request_id=row.pk, is_granted=is_granted, by=by, at=clock.now())
    except DomainError as error:
        messages.error(request, f"{row.user.display_name}：{error.message}")
    else:
        words = "已授予" if is_granted else "未授予"
        messages.success(request, f"{words} {row.user.display_name}：{row.get_role_display()}。")
    return redirect("accounts:grants")


class NothingChosen(DomainError):
    message = "请选择授予或不授予。"
    status = 400


@require_http_methods(["GET", "HEAD", "POST"])
def factors(request: HttpRequest) -> HttpResponse:
    """Security administrator: which roles must have a second factor, and who has one."""
    by = person(request)
    streets = need(by, Role.SECURITY_ADMIN)
    street = Area.objects.get(pk=streets[0])
    policy = services.policy_of(street)
    first = {"is_required": "1" if policy.is_required else "0", "roles": policy.roles}
    form = forms.PolicyForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        services.set_policy(street=street, by=by, at=clock.now(), **form.cleaned_data)
        messages.success(request, "已改为要求动态码。" if form.cleaned_data["is_required"] else "已改为不要求动态码。")
        return redirect("accounts:factors")
    bound = Authenticator.objects.filter(user=OuterRef("user"), confirmed_at__isnull=False)
    rows = RoleGrant.objects.filter(area__street=street, role__in=policy.roles, user__is_active=True)
    rows = (
        rows.select_related("user", "area")
        .annotate(is_bound=Exists(bound))
        .order_by("is_bound", "user__username", "role")
    )
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    facts = {
        "form": form, "policy": policy, "street": street, "page": page, "roles": [Role(r).label for r in policy.roles],
        "missing": rows.filter(is_bound=False).values("user").distinct().count(),
        "is_demo": User.objects.filter(street=street, is_demo=True).exists(),
    }  # fmt: skip
    return render(request, "accounts/factors.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def factor_reset(request: HttpRequest, user_id: int) -> HttpResponse:
    """Security administrator: take a lost second factor off, with a reason."""
    by, who, streets = someone(request, user_id)
    if not rules.holds(by, Role.SECURITY_ADMIN):
        raise NotAllowed
    form = forms.ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.reset_factor(
                user_id=who.pk, by=by, at=clock.now(), reason=form.cleaned_data["reason"], scope_id=streets[0]
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{who.display_name} 的动态码已重置，其登录已全部退出。")
            return redirect("accounts:person", who.pk)
    return render(request, "accounts/factor_reset.html", {"who": who, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, user_id: int) -> HttpResponse:
    """Security administrator: the person's roles to a successor, her account ended, in one step."""
    by, who, _ = someone(request, user_id)
    if not rules.holds(by, Role.SECURITY_ADMIN):
        raise NotAllowed
    mine = rules.street_ids(by, Role.SECURITY_ADMIN)
    others = (
        rules.people_of(mine).distinct().filter(is_active=True).exclude(pk__in=[who.pk, by.pk]).order_by("username")
    )
    form = forms.HandOverForm(request.POST if request.method == "POST" else None, people=others)
    at = clock.now()
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.hand_over(
                user_id=who.pk, successor_id=data["successor"].pk, reason=data["reason"], by=by, at=at, streets=mine
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{who.display_name} 的工作已交给 {data['successor'].display_name}。")
            return redirect("accounts:person", data["successor"].pk)
    duties = Counter(item.label for item in items_for(who, at, None, None, tasks_only=True))
    grants = RoleGrant.objects.filter(user=who, area__street__in=mine).select_related("area").order_by("role")
    facts = {
        "who": who,
        "form": form,
        "grants": list(grants),
        "duties": sorted(duties.items()),
        "count": duties.total(),
    }
    return render(request, "accounts/hand_over.html", facts)
