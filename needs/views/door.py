"""Who may come in at all."""

from django.http import HttpRequest

from accounts.rules import holds
from core.errors import NotAllowed
from needs import rules


def works_with_needs(request: HttpRequest) -> None:
    """Raise NotAllowed for who neither posts nor watches needs."""
    if not holds(request.user, *rules.POSTERS, *rules.WATCHERS):
        raise NotAllowed
