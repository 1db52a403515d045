"""日历: a person's deadlines by month, how she wants to be reminded, her secret feed."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from accounts.web import person
from core import clock
from core.deadlines import Item, inside, items_for
from core.numbers import whole
from reminders import ical, services
from reminders.forms import WishForm
from reminders.models import CalendarWish
from reminders.rules import LATEST, overrides_now, rule_streets, wish_of
from reminders.services.settings import digest_of
from workdays.domain import months_of

FIRST_YEAR, AHEAD = 2004, 2
DECEMBER = 12
BACK, FORWARD = timedelta(days=92), timedelta(days=400)
IN_CELL = 2  # titles shown in a day of the table
MOST_LATE = 50  # things of earlier months shown


def month_asked(raw: str, today: date) -> date:
    """The first day of the month that an address names (`2026-11`), else of today's."""
    year, _, month = raw.partition("-")
    y, m = whole(year), whole(month)
    if y is None or m is None or not (FIRST_YEAR <= y <= today.year + AHEAD and 1 <= m <= DECEMBER):
        return today.replace(day=1)
    return date(y, m, 1)


def _moved(first: date, months: int, today: date) -> str:
    """The month before or after as an address, empty beyond the calendar."""
    number = first.year * DECEMBER + first.month - 1 + months
    year, month = divmod(number, DECEMBER)
    return f"{year}-{month + 1:02d}" if FIRST_YEAR <= year <= today.year + AHEAD else ""


@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """One month (`?month=2026-11`): a table of its days with what ends on them, and the same as a list."""
    user, at = person(request), clock.now()
    today = clock.local(at).date()
    first = month_asked(request.GET.get("month", ""), today)
    overrides = overrides_now()
    weeks = months_of(first.year, overrides)[first.month - 1]
    days = [day for week in weeks for day in week if day]
    is_now = first == today.replace(day=1)
    found = items_for(user, at, today - timedelta(days=LATEST) if is_now else first, days[-1].day)
    by_day: dict[date, list[Item]] = defaultdict(list)
    for item in found:
        by_day[item.day].append(item)
    late = [item for item in found if item.day < first]
    cells = [[(day, by_day[day.day]) if day else None for day in week] for week in weeks]
    facts = {
        "first": first, "today": today, "at": at, "weeks": cells, "in_cell": IN_CELL,
        "days": [(day, by_day[day.day]) for day in days if by_day[day.day]],
        "late": late[:MOST_LATE], "late_count": len(late), "late_more": len(late) - MOST_LATE,
        "before": _moved(first, -1, today), "after": _moved(first, 1, today), "is_now": is_now,
        "sets_rules": bool(rule_streets(user)),
    }  # fmt: skip
    return render(request, "reminders/calendar.html", facts)


def _settings(request: HttpRequest, user: User, form: WishForm | None = None, **more: Any) -> HttpResponse:
    wish = wish_of(user)
    facts = {"form": form or WishForm(wish=wish), "wish": wish, "link": "", **more}
    return render(request, "reminders/settings.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """How one wants to be reminded, and the feed's link."""
    user = person(request)
    form = WishForm(request.POST if request.method == "POST" else None, wish=wish_of(user))
    if request.method == "POST" and form.is_valid():
        services.save_wish(
            person=user, is_digest=form.cleaned_data["is_digest"] == "1", hour=form.cleaned_data["hour"], at=clock.now()
        )
        messages.success(request, "提醒设置已保存。")
        return redirect("reminders:preferences")
    return _settings(request, user, form)


@require_POST
@never_cache
def feed_make(request: HttpRequest) -> HttpResponse:
    """A new secret link, shown this once; the old one ends."""
    user = person(request)
    secret = services.make_feed(person=user, at=clock.now())
    return _settings(request, user, link=settings.SITE_URL + inside("reminders:feed", secret))


@require_POST
def feed_revoke(request: HttpRequest) -> HttpResponse:
    """The secret link opens nothing any more."""
    services.revoke_feed(person=person(request), at=clock.now())
    messages.success(request, "订阅链接已停用，手机日历里的内容不会再更新。")
    return redirect("reminders:preferences")


@login_not_required
@require_safe
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar of whoever the secret link belongs to; 304 while nothing has changed, 404 once it is revoked."""
    wish = CalendarWish.objects.filter(feed=digest_of(secret), person__is_active=True).select_related("person").first()
    if wish is None or not isinstance(wish.person, User):
        raise Http404
    at = clock.now()
    today = clock.local(at).date()
    items = items_for(wish.person, at, today - BACK, today + FORWARD)
    tag = ical.etag(items, at)
    known = [part.strip() for part in request.headers.get("If-None-Match", "").split(",")]
    answer = (
        HttpResponse(status=304)
        if tag in known or tag.removeprefix("W/") in known
        else HttpResponse(ical.feed(items, at), content_type="text/calendar; charset=utf-8")
    )
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"
    answer["X-Robots-Tag"] = "noindex"
    return answer
