"""What a judge's phone says and hears between pages: one sheet at a time, and a sign of life. JSON both ways."""

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.web import person
from core import clock, live
from core.errors import DomainError, NotAllowed
from judging import services
from judging.cookie import device_of
from judging.models import Judge, ScoreSheet, Session
from judging.services import Request
from judging.services.access import SeatElsewhere, digest_of

LARGEST = 20_000  # bytes of one request
MOST = 200  # unanswered requests that one may build on
CODES = {
    services.ScoringNotOpen: "not_open",
    services.EntryNotOpen: "not_open",
    services.EntryClosed: "closed",
    services.ScoringClosed: "locked",
    services.Recused: "recused",
    services.ProposalGone: "gone",
    services.BadMark: "bad_mark",
    services.AlreadyHandedIn: "handed_in",
    services.SheetChangedMeanwhile: "conflict",
    SeatElsewhere: "elsewhere",
    services.TooManyVotes: "too_many",
    services.TooBusy: "busy",
}


@require_POST
@never_cache
def send(request: HttpRequest, session_id: int) -> HttpResponse:
    """Keep or hand in one sheet. The body: `entry`, `do` (keep or submit), `marks`, `comment`, `id`, `base`, `after`, `device`, `counter`.

    200 with the sheet as it stands; otherwise `code`, `message` and, for a conflict, `theirs`. The same request again gets
    the same answer.
    """
    asked = _read(request)
    if asked is None:
        if not Judge.objects.filter(session=session_id, user=person(request)).exists():
            raise Http404
        return JsonResponse({"code": "unreadable", "message": "请求看不懂，请刷新页面后再试。"}, status=400)
    entry_id, marks, submit, wanted, comment = asked
    try:
        sheet = services.save_sheet(
            entry_id=entry_id, judge=person(request), marks=marks, submit=submit, at=clock.now(), request=wanted,
            comment=comment, session_id=session_id, holder=digest_of(device_of(request)),
        )  # fmt: skip
    except NotAllowed as error:
        raise Http404 from error
    except DomainError as error:
        answer: dict[str, Any] = {"code": CODES.get(type(error), "refused"), "message": error.message}
        if isinstance(error, services.SheetChangedMeanwhile):
            answer["theirs"] = told(error.sheet)
        if isinstance(error, services.BadMark):
            answer["key"] = error.key
        return JsonResponse(answer, status=error.status)
    return JsonResponse({"code": "saved", "id": wanted.client_id, "sheet": told(sheet)})


def told(sheet: ScoreSheet) -> dict[str, Any]:
    """A judge's own sheet as her phone keeps it."""
    return {
        "state": sheet.state, "marks": sheet.marks, "comment": sheet.comment, "revision": sheet.revision, "at": sheet.saved_at.isoformat(),
        "total": None if sheet.total is None else f"{sheet.total:.2f}",
    }  # fmt: skip


def _read(request: HttpRequest) -> tuple[int, dict[str, str], bool, Request, str] | None:
    """The request's parts, each of the right shape; None otherwise."""
    said = _body(request)
    if said is None:
        return None
    entry, marks, do = said.get("entry"), said.get("marks"), said.get("do")
    name, device, base, counter, after = (said.get(k) for k in ("id", "device", "base", "counter", "after"))
    if not (_whole(entry) and _whole(base) and _whole(counter) and do in ("keep", "submit")):
        return None
    if not (_text(name, 64) and _text(device, 40) and isinstance(after, list) and all(_text(a, 64) for a in after)):
        return None
    if not (isinstance(marks, dict) and len(after) <= MOST and all(v == "" or _text(v, 12) for v in marks.values())):
        return None
    wanted = Request(
        client_id=str(name), base=said["base"], device=str(device), counter=said["counter"], after=tuple(after)
    )
    comment = said.get("comment", "")
    if comment != "" and not _text(comment, 300):
        return None
    return said["entry"], marks, do == "submit", wanted, comment


def _body(request: HttpRequest) -> dict[str, Any] | None:
    try:
        said = json.loads(request.body) if len(request.body) <= LARGEST else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and "\x00" not in value


def _whole(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**31


@require_POST
@never_cache
def beat(request: HttpRequest, session_id: int) -> HttpResponse:
    """The device is alive; answers where its board is to be had."""
    at = clock.now()
    seat = Judge.objects.select_related("session__stage").filter(session=session_id, user=person(request)).first()
    if seat is None or seat.session.state == Session.State.SETUP:
        raise Http404
    if seat.session.state == Session.State.SCORING and seat.device not in ("", digest_of(device_of(request))):
        return JsonResponse({"code": "elsewhere", "message": SeatElsewhere().message}, status=409)
    Judge.objects.filter(pk=seat.pk).update(seen_at=at)
    return JsonResponse({"at": at.isoformat(), **channels(request, seat.session)})


def channels(request: HttpRequest, session: Session) -> dict[str, str]:
    """Where a phone follows the stage: push, and polling where push is absent."""
    key = session.stage.key
    return {
        "push": live.address(request.get_host(), request.is_secure(), live.channel("stage", key)),
        "poll": reverse("judging:board", args=[key]),
    }
