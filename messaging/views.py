"""The inbox."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import get_script_prefix
from django.views.decorators.http import require_POST, require_safe

from core import clock
from messaging import rules, services


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """One's own notices, newest first."""
    page = Paginator(rules.visible_notices(request.user), 30).get_page(request.GET.get("page"))
    return render(request, "messaging/inbox.html", {"page": page})


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
