"""One's own account: where one is signed in, the second factor."""

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import forms, services, throttle
from accounts.domain import codes
from accounts.models import Authenticator, RoleGrant, User
from accounts.services import sessions
from accounts.views.entry import STEP_LOCKED, onward
from accounts.web import person
from core import clock
from core.errors import DomainError
from core.forms import PortalForm

WRONG_PASSWORD = "密码不正确。"  # noqa: S105 - a sentence


@require_safe
@never_cache
def own(request: HttpRequest) -> HttpResponse:
    """Password, second factor and devices of one's own account."""
    user, at = person(request), clock.now()
    facts = {
        "grants": list(RoleGrant.objects.filter(user=user).select_related("area").order_by("role")),
        "devices": sessions.devices_of(user, at), "here": request.session.session_key, "idle": settings.IDLE_MINUTES,
        "hours": sessions.LONGEST // 3600,
        "factor": Authenticator.objects.filter(user=user, confirmed_at__isnull=False).first(),
        "must": services.must_have_factor(user),
    }  # fmt: skip
    return render(request, "accounts/own.html", facts)


@require_POST
def devices_end(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    ended = sessions.end_others(request, person(request), clock.now())
    messages.success(request, f"已退出其他 {ended} 处登录。" if ended else "没有其他登录。")
    return redirect("accounts:own")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def factor(request: HttpRequest) -> HttpResponse:
    """Bind an authenticator, confirm it, renew its recovery codes, take it off."""
    user = person(request)
    row = Authenticator.objects.filter(user=user).first()
    part = request.POST.get("part", "") if request.method == "POST" else ""
    if part == "begin":
        return _begin(request, user)
    if part == "confirm":
        return _confirm(request, user, row)
    if part in ("renew", "remove"):
        return _change(request, user, row, part)
    return _page(request, row)


Forms = dict[str, PortalForm]


def _page(
    request: HttpRequest, row: Authenticator | None, shown: Forms | None = None, status: int = 200
) -> HttpResponse:
    """What there is to do: bind, confirm, or the bound one with its codes left."""
    user = person(request)
    bound = row is not None and row.confirmed_at is not None
    found: dict[str, object] = {
        "row": row, "bound": bound, "is_owed": sessions.FACTOR in request.session.get(sessions.OWES, []),
        "must": services.must_have_factor(user), "asks_password": not sessions.is_recent(request),
        "begin": forms.BeginForm(), "confirm": forms.ConfirmForm(),
        "renew": forms.ProveForm(auto_id="id_renew_%s"), "remove": forms.ProveForm(auto_id="id_remove_%s"),
    }  # fmt: skip
    found |= shown or {}
    found["has_errors"] = any(form.errors for form in (shown or {}).values())
    if row is not None and not bound:
        uri = codes.uri(key=row.key, issuer=settings.SITE_NAME, account=user.username)
        found["code"] = segno.make(uri, error="m").svg_inline(scale=5, border=2, omitsize=True)
        found["key"] = codes.grouped(row.key)
    if row is not None and bound:
        found["left"] = row.recovery_codes.filter(used_at__isnull=True).count()
    return render(request, "accounts/factor.html", found, status=status)


def _begin(request: HttpRequest, user: User) -> HttpResponse:
    form = forms.BeginForm(request.POST)
    if not sessions.is_recent(request) and not (form.is_valid() and _password_ok(request, user, form)):
        return _page(request, None, {"begin": form})
    try:
        services.begin_binding(user=user, at=clock.now())
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("accounts:factor")


def _password_ok(request: HttpRequest, user: User, form: PortalForm) -> bool:
    """Whether the password is right; wrong ones are counted with wrong codes."""
    key, at = throttle.step_key(user), clock.now()
    if throttle.is_locked(request=request, typed=key, user=user, at=at):
        form.add_error(None, STEP_LOCKED)
        return False
    if user.check_password(form.cleaned_data["password"]):
        return True
    throttle.note_failure(request=request, typed=key, at=at)
    form.add_error("password", WRONG_PASSWORD)
    return False


def _confirm(request: HttpRequest, user: User, row: Authenticator | None) -> HttpResponse:
    form = forms.ConfirmForm(request.POST)
    if row is None:
        return redirect("accounts:factor")
    if not form.is_valid():
        return _page(request, row, {"confirm": form})
    try:
        found = services.confirm_binding(user=user, code=form.cleaned_data["code"], at=clock.now())
    except services.AlreadyBound as error:
        messages.info(request, error.message)
        return redirect("accounts:factor")
    except DomainError as error:
        form.add_error("code", error.message)
        return _page(request, row, {"confirm": form})
    sessions.settled(request, sessions.FACTOR)
    return _codes(request, found, is_new=True)


def _codes(request: HttpRequest, found: list[str], *, is_new: bool) -> HttpResponse:
    facts = {
        "codes": [codes.grouped(one) for one in found], "is_new": is_new, "user_name": person(request).username,
        "onward": request.session.get("next", ""),
    }  # fmt: skip
    return render(request, "accounts/factor_codes.html", facts)


def _change(request: HttpRequest, user: User, row: Authenticator | None, part: str) -> HttpResponse:
    form = forms.ProveForm(request.POST, auto_id=f"id_{part}_%s")
    at, key = clock.now(), throttle.step_key(user)
    if row is None or row.confirmed_at is None:
        return redirect("accounts:factor")
    if not form.is_valid() or not _password_ok(request, user, form):
        return _page(request, row, {part: form})
    try:
        services.use_code(user=user, code=form.cleaned_data["code"], at=at)
    except DomainError as error:
        throttle.note_failure(request=request, typed=key, at=at)
        form.add_error("code", error.message)
        return _page(request, row, {part: form})
    if part == "renew":
        return _codes(request, services.renew_codes(user=user, at=at), is_new=False)
    services.remove_factor(user=user, at=at)
    if services.must_have_factor(user):
        sessions.owe(request, sessions.FACTOR)
        messages.info(request, "已解除。您的角色必须有动态码，请马上重新绑定。")
        return redirect("accounts:factor")
    messages.success(request, "动态码已解除，今后凭密码登录。")
    return redirect("accounts:own")


@require_POST
def go_on(request: HttpRequest) -> HttpResponse:
    """The recovery codes are put away: on to what was asked for."""
    return onward(request)
