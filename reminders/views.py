"""Who was reminded when."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import may
from accounts.web import person
from core.errors import NotAllowed
from reminders.models import Reminder
from rounds.rules import visible_rounds


@require_safe
def sent(request: HttpRequest, round_id: int) -> HttpResponse:
    """Reminders of one round, for office, leader and supervisor."""
    user = person(request)
    round_ = get_object_or_404(visible_rounds(user), pk=round_id)
    if not may(user, round_.street, Role.OFFICE, Role.LEADER, Role.SUPERVISOR):
        raise NotAllowed
    found = Reminder.objects.filter(round=round_).select_related("person", "notice").order_by("-id")
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    days = "、".join(str(n) for n in sorted(settings.REMINDER_DAYS_BEFORE, reverse=True))
    hint = f"申报截止前 {days} 天，系统会自动提醒还有草稿没提交的单位，每人每次只提醒一遍。"
    return render(request, "reminders/sent.html", {"page": page, "round": round_, "hint": hint})
