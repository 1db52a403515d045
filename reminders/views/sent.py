"""Who was reminded when."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.rules import may
from accounts.web import person
from core.deadlines import deadline_of
from core.errors import NotAllowed
from reminders.models import Reminder
from reminders.rules import steps_of
from rounds.rules import visible_rounds

KIND = "projects.draft"


@require_safe
def sent(request: HttpRequest, round_id: int) -> HttpResponse:
    """Reminders of one round, for office, leader and supervisor."""
    user = person(request)
    round_ = get_object_or_404(visible_rounds(user), pk=round_id)
    if not may(user, round_.street, Role.OFFICE, Role.LEADER, Role.SUPERVISOR):
        raise NotAllowed
    found = Reminder.objects.filter(kind=KIND, object_id=round_.pk).select_related("person", "notice").order_by("-id")
    page = Paginator(found, 30).get_page(request.GET.get("page"))
    deadline = deadline_of(KIND)
    steps = steps_of(round_.street_id, deadline) if deadline else None
    days = "、".join(str(n) for n in sorted(steps.before, reverse=True)) if steps else ""
    hint = (
        f"申报截止前 {days} 天，系统会自动提醒还有草稿没提交的单位，每人每次只提醒一遍。"
        if days
        else "本街道没有开启申报截止提醒。"
    )
    return render(request, "reminders/sent.html", {"page": page, "round": round_, "hint": hint})
