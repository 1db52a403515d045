"""The big screen, by an unguessable link and without an account: only what the host has shown."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from core import clock, live
from judging.board import board
from judging.models import Stage


@login_not_required
@require_safe
def screen(request: HttpRequest, key: str) -> HttpResponse:
    """The hall's page; it follows the board by push, and by polling where push is absent."""
    stage = get_object_or_404(Stage.objects.select_related("session", "entry"), key=key)
    facts = {
        "session": stage.session,
        "board": board(stage.session, stage, clock.now()),
        "channel": live.address(request.get_host(), request.is_secure(), live.channel("stage", key)),
        "poll": reverse("judging:board", args=[key]),
        "now": clock.now(),
    }
    return live.allow_push(request, render(request, "judging/screen.html", facts))


@login_not_required
@require_safe
def board_json(request: HttpRequest, key: str) -> HttpResponse:
    """The newest board. Out of Redis, so that a hall that polls costs the database nothing; from the rows where it is away."""
    body = live.latest(live.channel("stage", key))
    if body is None:
        stage = Stage.objects.select_related("session", "entry").filter(key=key).first()
        if stage is None:
            raise Http404
        content = board(stage.session, stage, clock.now())
        live.publish(live.channel("stage", key), content)
        body = live.encode(content)
    return live.board_response(request, body)
