"""The session that a request is about."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.web import person
from core.errors import NotAllowed
from judging import rules
from judging.models import Session


def visible_session(request: HttpRequest, session_id: int) -> Session:
    """A session the person may look at. Raises Http404."""
    return get_object_or_404(rules.visible_sessions(person(request)), pk=session_id)


def run_session(request: HttpRequest, session_id: int) -> Session:
    """A session the person runs. Raises Http404, NotAllowed."""
    session = visible_session(request, session_id)
    if not rules.can_run(person(request), session):
        raise NotAllowed
    return session
