"""The inbox and how one wants to be told."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import get_script_prefix
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock
from core.told import told_to
from messaging import rules, services
from messaging.forms import PreferenceForm
from messaging.kinds import kind_of
from messaging.models import Preference
from messaging.web import person


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """One's own notices, newest first; unread only, one kind only, if asked."""
    found = rules.visible_notices(request.user)
    only, kind = request.GET.get("only", ""), request.GET.get("kind", "")[:60]
    kinds = sorted(
        {kind_of(k) for k in found.order_by().values_list("kind", flat=True).distinct()}, key=lambda k: k.label
    )
    if only == "unread":
        found = found.filter(read_at=None)
    if kind:
        found = found.filter(kind=kind)
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    asked = {"told": told_to(request), "only": only, "kind": kind, "kinds": kinds, "filtered": bool(only or kind)}
    return render(request, "messaging/inbox.html", {"page": page, **asked})


@require_safe
@never_cache
def unread(request: HttpRequest) -> JsonResponse:
    """`{"unread": 3}` for the badge of open pages."""
    return JsonResponse({"unread": rules.unread_count(request.user)})


@require_POST
def read(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Mark one notice as read and go where it points."""
    notice = get_object_or_404(rules.visible_notices(request.user), pk=notice_id)
    services.mark_read(notice_id=notice.pk, recipient_id=notice.recipient_id, at=clock.now())
    return redirect(get_script_prefix().rstrip("/") + notice.link if notice.link else "messaging:inbox")


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all as read."""
    if request.user.pk:
        services.mark_all_read(recipient_id=request.user.pk, at=clock.now())
    return redirect("messaging:inbox")


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    """消息设置: which kinds by which channel, quiet hours, a daily digest."""
    user = person(request)
    wish = Preference.objects.filter(person=user.pk).first()
    form = PreferenceForm(request.POST if request.method == "POST" else None, wish=wish)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        services.save_preference(
            person=user, choices=data["choices"], quiet_from=data["quiet_from"], quiet_until=data["quiet_until"],
            digest_hour=data["digest_hour"], at=clock.now(),
        )  # fmt: skip
        messages.success(request, "消息设置已保存，从下一条消息起生效。")
        return redirect("messaging:preferences")
    return render(request, "messaging/preferences.html", {"form": form, "email": user.email, "phone": user.phone})
