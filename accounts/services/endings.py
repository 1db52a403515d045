"""Signing people out from outside."""

from collections.abc import Iterable

from django.contrib.sessions.models import Session

from accounts.models import SignIn


def end_sessions(users: Iterable[int], *, but: str | None = None) -> int:
    """Sign these people out everywhere, but for one session; how many sessions ended. Needs an open transaction."""
    rows = SignIn.objects.filter(user__in=list(users)).exclude(session_key=but or "")
    keys = list(rows.values_list("session_key", flat=True))
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    return ended
