"""Sign-in, one's own password, and the pages of the three administrators."""

import secrets

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import forms, rules, services, throttle
from accounts.models import Area, Role, RoleGrant, User
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed

WRONG = "用户名或密码不正确，请重新输入。连续输错 5 次，该账号将暂停登录 15 分钟。"
LOCKED = "该账号输错次数过多，请 15 分钟后再试，或联系本街道的系统管理员。"


def _next(request: HttpRequest) -> str:
    """Where to go after sign-in: a path of our own, else home."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if safe else resolve_url("portal:home")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """User name or phone with password. Unknown, wrong and disabled read the same."""
    form = forms.SignInForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        typed, at = form.cleaned_data["username"], clock.now()
        account = User.objects.filter(Q(username=typed) | Q(phone=typed)).first()
        if throttle.is_locked(request=request, typed=typed, user=account, at=at):
            form.add_error(None, LOCKED)
            status = 429
        else:
            user = authenticate(request, username=typed, password=form.cleaned_data["password"])
            services.note_sign_in(user=account, success=isinstance(user, User), at=at)
            if isinstance(user, User):
                throttle.forget(typed=typed)
                login(request, user)
                answer = redirect(_next(request))
                throttle.remember(request=request, response=answer, user=user)
                return answer
            throttle.note_failure(request=request, typed=typed, at=at)
            form.add_error(None, WRONG)
    return render(request, "accounts/sign_in.html", {"form": form, "next": _next(request)}, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("portal:front")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; all other sessions end."""
    user = person(request)
    form = forms.PasswordForm(request.POST if request.method == "POST" else None, user=user)
    if request.method == "POST" and form.is_valid():
        services.change_password(user=user, new=form.cleaned_data["new"], at=clock.now())
        update_session_auth_hash(request, user)
        messages.success(request, "密码已修改，其他设备上的登录已退出。")
        return redirect("portal:home")
    return render(request, "accounts/password.html", {"form": form})


def _need(user: User, role: Role) -> list[int]:
    """Streets in which the person is that administrator; refuses anybody else."""
    found = rules.street_ids(user, role)
    if not found:
        raise NotAllowed
    return found


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """System administrator: accounts of the street. No business data here."""
    streets = _need(person(request), Role.SYSTEM_ADMIN)
    query = request.GET.get("q", "").strip()
    found = rules.people_of(streets)
    if query:
        found = found.filter(Q(username__icontains=query) | Q(display_name__icontains=query))
    page = Paginator(found.order_by("username"), 30).get_page(request.GET.get("page"))
    return render(request, "accounts/people.html", {"page": page, "q": query})


@require_http_methods(["GET", "HEAD", "POST"])
def person_new(request: HttpRequest) -> HttpResponse:
    """System administrator: a new account with a first password that is shown once."""
    by = person(request)
    streets = _need(by, Role.SYSTEM_ADMIN)
    form = forms.PersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        first = f"{secrets.token_urlsafe(9)}-A1"
        with transaction.atomic(durable=True):
            user = services.add_user(
                username=form.cleaned_data["username"], display_name=form.cleaned_data["display_name"], password=first,
                phone=form.cleaned_data["phone"] or None, email=form.cleaned_data["email"], at=clock.now(), by=by,
                scope_id=streets[0],
            )  # fmt: skip
            services.belong(user=user, street_id=streets[0])
        return render(request, "accounts/person_made.html", {"made": user, "first": first})
    return render(request, "accounts/person_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def person_state(request: HttpRequest, user_id: int) -> HttpResponse:
    """System administrator: disable or enable an account, with a reason."""
    by = person(request)
    streets = _need(by, Role.SYSTEM_ADMIN)
    who = get_object_or_404(rules.people_of(streets), pk=user_id)
    form = forms.ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_active(
                user_id=who.pk, active=not who.is_active, by=by, at=clock.now(), reason=form.cleaned_data["reason"],
                scope_id=streets[0],
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"账号“{who.username}”已{'停用' if who.is_active else '启用'}。")
            return redirect("accounts:people")
    return render(request, "accounts/person_state.html", {"who": who, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def grants(request: HttpRequest) -> HttpResponse:
    """Security administrator: who holds which role in the street."""
    by = person(request)
    streets = _need(by, Role.SECURITY_ADMIN)
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
    page = Paginator(rows.order_by("user__username", "role"), 30).get_page(request.GET.get("page"))
    return render(request, "accounts/grants.html", {"page": page, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def grant_revoke(request: HttpRequest, grant_id: int) -> HttpResponse:
    """Security administrator: take a role away, with a reason."""
    by = person(request)
    streets = _need(by, Role.SECURITY_ADMIN)
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
