"""Sessions of people: where somebody is signed in, what she owes before she may go on, and how they end.

The session itself holds three keys: `signed_at` and `seen_at` (whole seconds since 1970, by this machine's clock, as the
session's own expiry is) and `owes` (what must be done first). A session whose maker set its expiry by hand, as the judge's
seat does, is timed by its maker and owes nothing: it opens a few pages only.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts.domain.devices import device_words
from accounts.models import Authenticator, SignIn, User
from accounts.services.endings import end_sessions
from accounts.services.factors import must_have_factor
from accounts.services.people import street_of
from audit.services import record

SIGNED, SEEN, OWES, STEP = "signed_at", "seen_at", "owes", "second_step"
PASSWORD, FACTOR = "password", "factor"
OWN_EXPIRY = "_session_expiry"
RECENT = 600  # seconds after the sign-in in which the password is not asked for again
ROTATION = timedelta(days=90)
LONGEST = settings.SESSION_COOKIE_AGE

_patience: list[Callable[[User], bool]] = []


def add_patience(source: Callable[[User], bool]) -> None:
    """Say who is not signed out for sitting still; asked only when somebody has been still for too long."""
    if source not in _patience:
        _patience.append(source)


def is_patient(user: User) -> bool:
    """Whether this person may sit still until the longest session ends."""
    return any(source(user) for source in _patience)


def owed(user: User, at: datetime) -> list[str]:
    """What must be done before anything else: a new password, a second factor."""
    found = [PASSWORD] if user.must_change_password or _is_stale(user, at) else []
    bound = Authenticator.objects.filter(user=user, confirmed_at__isnull=False)
    if must_have_factor(user) and not bound.exists():
        found.append(FACTOR)
    return found


def _is_stale(user: User, at: datetime) -> bool:
    """等保 wants passwords changed every 90 days; the demonstration's stay as they are printed."""
    if settings.SECURITY_PROFILE != "dengbao" or user.is_demo:
        return False
    return at - user.password_changed_at > ROTATION


def begin(*, request: HttpRequest, user: User) -> None:
    """A new session: stamped, listed among the person's devices, and what she owes is known."""
    session = request.session
    if not session.session_key:
        session.create()
    now = int(time.time())
    at = datetime.fromtimestamp(now, UTC)
    session[SIGNED] = session[SEEN] = now
    session[OWES] = owed(user, at)
    session.pop(STEP, None)
    device = device_words(request.META.get("HTTP_USER_AGENT", ""))
    alive = Session.objects.filter(expire_date__gt=at).values("session_key")
    SignIn.objects.filter(user=user).exclude(session_key__in=alive).delete()
    SignIn.objects.update_or_create(
        session_key=session.session_key or "", defaults={"user": user, "device": device, "signed_at": at}
    )


def settled(request: HttpRequest, what: str) -> None:
    """One thing owed is done."""
    request.session[OWES] = [one for one in request.session.get(OWES, []) if one != what]


def owe(request: HttpRequest, what: str) -> None:
    """One thing more is owed from now on."""
    request.session[OWES] = [*(one for one in request.session.get(OWES, []) if one != what), what]


def follow(*, before: str | None, request: HttpRequest) -> None:
    """The session goes on under a new key."""
    SignIn.objects.filter(session_key=before or "").update(session_key=request.session.session_key or "")


@transaction.atomic(durable=True)
def end_others(request: HttpRequest, user: User, at: datetime | None = None) -> int:
    """Sign the person out on every other device; how many sessions ended. Recorded where `at` is given."""
    ended = end_sessions([user.pk], but=request.session.session_key)
    if at is not None:
        record(
            actor=user, verb="accounts.sessions_ended", about=user, at=at, scope_id=street_of(user), facts={"ended": ended}
        )  # fmt: skip
    return ended


def forget(session_key: str | None) -> None:
    """The session was signed out."""
    SignIn.objects.filter(session_key=session_key or "").delete()


def is_recent(request: HttpRequest) -> bool:
    """Whether the password was typed a moment ago."""
    return time.time() - int(request.session.get(SIGNED, 0)) < RECENT


def over(request: HttpRequest) -> str:
    """Why this session is over: `idle`, `age`, or nothing. Notes that the person is there, at most once a minute."""
    session = request.session
    if SESSION_KEY not in session or OWN_EXPIRY in session:
        return ""
    now, signed, seen = time.time(), session.get(SIGNED), session.get(SEEN)
    if not isinstance(signed, int) or not isinstance(seen, int) or now - signed > LONGEST:
        return "age"
    if now - seen > settings.IDLE_MINUTES * 60:
        user = request.user
        if not isinstance(user, User) or not is_patient(user):
            return "idle"
    if now - seen > 60 and _is_by_hand(request):
        session[SEEN] = int(now)
    return ""


def _is_by_hand(request: HttpRequest) -> bool:
    """Whether a person asked: a page or something sent. A page left open that asks for news keeps nobody signed in."""
    accept = request.headers.get("Accept", "")
    return request.method not in ("GET", "HEAD") or not accept or "text/html" in accept


def devices_of(user: User, at: datetime) -> list[dict[str, Any]]:
    """Where the person is signed in, newest first: {"row", "seen_at"}; three statements at most."""
    rows = list(SignIn.objects.filter(user=user).order_by("-signed_at", "-pk")[:50])
    alive = {
        s.session_key: s
        for s in Session.objects.filter(session_key__in=[r.session_key for r in rows], expire_date__gt=at)
    }
    found = []
    for row in rows:
        session = alive.get(row.session_key)
        if session is not None:
            seen = session.get_decoded().get(SEEN)
            moment = datetime.fromtimestamp(seen, UTC) if isinstance(seen, int) else row.signed_at
            found.append({"row": row, "seen_at": moment})
    return found
