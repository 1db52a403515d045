"""Coming in and going out: password, second step, invitation; one's own password."""

import time

from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import forms, services, throttle
from accounts.middleware import said_why
from accounts.models import Authenticator, User
from accounts.services import sessions
from accounts.web import person
from core import clock
from core.errors import DomainError

WRONG = "用户名或密码不正确，请重新输入。连续输错 5 次，该账号将暂停登录 15 分钟。"
LOCKED = "该账号输错次数过多，请 15 分钟后再试，或联系本街道的系统管理员。"
STEP_LOCKED = "动态码输错次数过多，请 15 分钟后再试。手机丢失的，请联系本街道的安全管理员重置。"
STEP_LATE = "第二步超过 10 分钟没有完成，请重新登录。"
STEP_LASTS = 600  # seconds
INVITED = "密码已设好。请用用户名 {name} 和新密码登录。"


def _next(request: HttpRequest, asked: str = "") -> str:
    """Where to go after sign-in: a path of our own, else home."""
    asked = asked or request.POST.get("next") or request.GET.get("next") or ""
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
    said_why(request)
    if request.method == "POST" and form.is_valid():
        typed, at = form.cleaned_data["username"], clock.now()
        account = User.objects.filter(Q(username=typed) | Q(phone=typed)).first()
        if throttle.is_locked(request=request, typed=typed, user=account, at=at):
            form.add_error(None, LOCKED)
            status = 429
        else:
            user = authenticate(request, username=typed, password=form.cleaned_data["password"])
            if isinstance(user, User):
                throttle.forget(typed=typed)
                return _past_password(request, user)
            services.note_sign_in(user=account, success=False, at=at)
            throttle.note_failure(request=request, typed=typed, at=at)
            form.add_error(None, WRONG)
    return render(request, "accounts/sign_in.html", {"form": form, "next": _next(request)}, status=status)


def _past_password(request: HttpRequest, user: User) -> HttpResponse:
    """In, or on to the second step: until then the session belongs to nobody."""
    if not Authenticator.objects.filter(user=user, confirmed_at__isnull=False).exists():
        return _in(request, user, _next(request))
    if request.user.is_authenticated:
        logout(request)
    request.session.cycle_key()
    request.session[sessions.STEP] = {"user": user.pk, "at": int(time.time()), "next": _next(request)}
    return redirect("accounts:second_step")


def _in(request: HttpRequest, user: User, target: str) -> HttpResponse:
    services.note_sign_in(user=user, success=True, at=clock.now())
    login(request, user)
    answer = redirect(target)
    if request.session.get(sessions.OWES):
        request.session["next"] = target
    throttle.remember(request=request, response=answer, user=user)
    return answer


@login_not_required
@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """The code after the password, within ten minutes; five wrong ones lock the step as they lock the password."""
    waiting = request.session.get(sessions.STEP)
    if not isinstance(waiting, dict):
        return redirect("accounts:sign_in")
    user = User.objects.filter(pk=waiting["user"], is_active=True).first()
    if user is None or time.time() - waiting["at"] > STEP_LASTS:
        del request.session[sessions.STEP]
        messages.info(request, STEP_LATE)
        return redirect("accounts:sign_in")
    form = forms.StepForm(request.POST if request.method == "POST" else None)
    status, at, key = 200, clock.now(), throttle.step_key(user)
    if request.method == "POST" and form.is_valid():
        if throttle.is_locked(request=request, typed=key, user=user, at=at):
            form.add_error(None, STEP_LOCKED)
            status = 429
        else:
            try:
                services.use_code(user=user, code=form.cleaned_data["code"], at=at)
            except DomainError as error:
                throttle.note_failure(request=request, typed=key, at=at)
                services.note_step_refused(user=user, at=at)
                form.add_error("code", error.message)
            else:
                throttle.forget(typed=key)
                return _in(request, user, _next(request, waiting["next"]))
    return render(request, "accounts/second_step.html", {"form": form}, status=status)


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
    is_owed = sessions.PASSWORD in request.session.get(sessions.OWES, [])
    if request.method == "POST" and form.is_valid():
        services.change_password(user=user, new=form.cleaned_data["new"], at=clock.now())
        before = request.session.session_key
        update_session_auth_hash(request, user)
        sessions.follow(before=before, request=request)
        sessions.end_others(request, user)
        sessions.settled(request, sessions.PASSWORD)
        messages.success(request, "密码已修改，其他设备上的登录已退出。")
        return onward(request)
    facts = {"form": form, "is_owed": is_owed, "is_first": user.must_change_password}
    return render(request, "accounts/password.html", facts)


def onward(request: HttpRequest, otherwise: str = "portal:home") -> HttpResponse:
    """To the page that was asked for before something was owed; the gate leads to what is still owed."""
    if request.session.get(sessions.OWES):
        return redirect("portal:home")
    return redirect(_next(request, request.session.pop("next", "") or resolve_url(otherwise)))


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, invite: str) -> HttpResponse:
    """An invitation: looking at it uses nothing up, setting the password does."""
    at = clock.now()
    try:
        row = services.open_invitation(token=invite, at=at)
        form = forms.FirstPasswordForm(request.POST if request.method == "POST" else None, user=row.user)
        if request.method == "POST" and form.is_valid():
            user = services.accept(token=invite, new=form.cleaned_data["new"], at=at)
            messages.success(request, INVITED.format(name=user.username))
            return redirect("accounts:sign_in")
    except services.InvitationOver as error:
        return render(request, "accounts/welcome.html", {"refusal": error.message}, status=error.status)
    return render(request, "accounts/welcome.html", {"form": form, "row": row})
