"""The calendar feed: RFC 5545, made by the `icalendar` library. What stands in it is what the calendar page shows, no more."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings

from core.deadlines import ONE, Item

EVERY = timedelta(hours=1)  # how often a client should look


def etag(items: Sequence[Item], at: datetime) -> str:
    """A weak ETag of what the feed says: another only when something in it is another (DTSTAMP alone is not)."""
    told = [
        (i.kind, i.pk, i.label, i.title, i.note, i.path, i.ends_at.isoformat(), i.is_own, i.ends_at <= at)
        for i in items
    ]
    return f'W/"{hashlib.sha256(repr((settings.SITE_URL, settings.SITE_NAME, told)).encode()).hexdigest()[:32]}"'


def feed(items: Sequence[Item], at: datetime) -> bytes:
    """The items as a calendar, one event each; its UID stays the same as long as the thing is the same."""
    from icalendar import Calendar, Event  # only loaded where a feed is made

    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SITE_NAME}//deadlines//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{settings.SITE_NAME} 期限")
    calendar.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    host = urlsplit(settings.SITE_URL).hostname or "portal"
    for item in items:
        event = Event()
        event.add("uid", f"{item.kind}-{item.pk}@{host}")
        event.add("dtstamp", at)
        event.add("dtstart", item.ends_at if item.is_moment else item.day)
        if not item.is_moment:
            event.add("dtend", item.day + ONE)
        event.add(
            "summary",
            f"{'【逾期】' if item.ends_at <= at else ''}{'督办 ' if not item.is_own else ''}{item.label}：{item.title}",
        )
        event.add("description", "\n".join(x for x in (item.note, settings.SITE_URL + item.path) if x))
        event.add("url", settings.SITE_URL + item.path)
        event.add("categories", [item.label])
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())
