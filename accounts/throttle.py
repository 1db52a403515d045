"""Failed sign-ins: counted by account, forgiven on devices that the account has used, never judged by address.

Everyone in a hall shares one address, so an address alone locks out the whole jury. A stranger who hammers an account
locks it for strangers only: a device that has signed in to it before still gets in.
"""

import hashlib
from datetime import datetime, timedelta

from django.core import signing
from django.http import HttpRequest, HttpResponse

from accounts.models import SignInAttempt, User

MOST = 5
WINDOW = timedelta(minutes=15)
COOKIE = "device"
SALT = "accounts.device"
KEPT = 400 * 24 * 3600


def account_key(typed: str) -> str:
    """What attempts are counted under: a digest, so that the table holds nobody's phone."""
    return hashlib.sha256(typed.strip().lower().encode()).hexdigest()


def step_key(user: User) -> str:
    """What wrong codes are counted under; nobody can type it as a user name."""
    return f"\0step:{user.pk}"


def is_locked(*, request: HttpRequest, typed: str, user: User | None, at: datetime) -> bool:
    """Whether this device must wait before trying this account again."""
    if user is not None and knows(request, user):
        return _failures(account_key(typed), device_of(request), at) >= MOST
    return _failures(account_key(typed), None, at) >= MOST


def _failures(account: str, device: str | None, at: datetime) -> int:
    found = SignInAttempt.objects.filter(account=account, at__gt=at - WINDOW)
    return (found.filter(device=device) if device else found).count()


def note_failure(*, request: HttpRequest, typed: str, at: datetime) -> None:
    """Write down one failed attempt."""
    SignInAttempt.objects.create(account=account_key(typed), device=device_of(request), at=at)


def forget(*, typed: str) -> None:
    """A right password clears the account's failures."""
    SignInAttempt.objects.filter(account=account_key(typed)).delete()


def device_of(request: HttpRequest) -> str:
    """A name for the device: from its cookie, or `unknown`."""
    cookie = request.COOKIES.get(COOKIE, "")
    return hashlib.sha256(cookie.encode()).hexdigest() if cookie else "unknown"


def known_users(request: HttpRequest) -> list[int]:
    """Ids of the accounts that have signed in on this device."""
    try:
        found = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=KEPT)
    except signing.BadSignature:
        return []
    return [int(pk) for pk in found]


def knows(request: HttpRequest, user: User) -> bool:
    """Whether this device has signed in to this account before."""
    return user.pk in known_users(request)


def remember(*, request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Mark this device as one that knows the account; at most ten accounts a device."""
    ids = [user.pk, *(pk for pk in known_users(request) if pk != user.pk)][:10]
    response.set_cookie(
        COOKIE, signing.dumps(ids, salt=SALT), max_age=KEPT, httponly=True, samesite="Lax", secure=request.is_secure()
    )
