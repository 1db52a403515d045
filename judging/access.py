"""Doors of the hall: the office's page of seats, the judge's invitation, seat QR, PIN, and the move to another device."""

from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from judging import rules
from judging.cookie import device_of, keep_device
from judging.forms import AnswerForm, PinForm
from judging.middleware import KEY
from judging.models import Judge, SeatPass, Session
from judging.services import access


def _session(request: HttpRequest, session_id: int) -> Session:
    session = get_object_or_404(rules.visible_sessions(person(request)), pk=session_id)
    if not rules.can_host(person(request), session):
        raise NotAllowed
    return session


@require_safe
@never_cache
def people(request: HttpRequest, session_id: int) -> HttpResponse:
    """Seats: who answered, who is in, the PIN; new links and codes."""
    session = _session(request, session_id)
    seats = Judge.objects.filter(session=session).select_related("user").order_by("seat")
    facts = {
        "session": session, "seats": seats, "is_on": session.state == Session.State.SCORING,
        "is_over": session.state not in (Session.State.SETUP, Session.State.SCORING),
    }  # fmt: skip
    return render(request, "judging/people.html", facts)


@require_POST
@never_cache
def issue(request: HttpRequest, session_id: int) -> HttpResponse:
    """A new invitation or QR of one seat, or of all; a new PIN. Links stand on this answer and nowhere else."""
    session = _session(request, session_id)
    act: dict[str, Any] = {"session_id": session.pk, "by": person(request), "at": clock.now()}
    kind = request.POST.get("kind", "")
    try:
        if kind == "pin":
            access.make_pin(**act)
            return redirect("judging:people", session.pk)
        if kind not in SeatPass.Kind.values:
            raise access.UnknownPass
        chosen = request.POST.get("judge", "")
        seats = Judge.objects.filter(session=session).select_related("user").order_by("seat")
        if chosen:
            seats = seats.filter(pk=int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else 0)
        name = "judging:seat_qr" if kind == SeatPass.Kind.QR else "judging:invitation"
        links = []
        for judge in seats:
            token = access.issue_pass(**act, judge_id=judge.pk, kind=kind)
            link = request.build_absolute_uri(reverse(name, args=[token]))
            links.append((judge, link, segno.make(link, error="m").svg_inline(scale=4, border=2, omitsize=True)))
    except DomainError as error:
        if isinstance(error, NotAllowed):
            raise
        messages.error(request, error.message)
        return redirect("judging:people", session.pk)
    return render(request, "judging/passes.html", {"session": session, "links": links, "kind": kind})


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    return render(request, "judging/door.html", {"refusal": error.message}, status=error.status)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The invitation: 出席 or not; with the PIN of the hall it opens the seat. Shows no project."""
    part = request.POST.get("part", "") if request.method == "POST" else ""
    answer = AnswerForm(request.POST if part == "answer" else None)
    pin = PinForm(request.POST if part == "pin" else None)
    device, at = device_of(request), clock.now()
    try:
        judge = access.pass_of(token, SeatPass.Kind.INVITATION).judge
        if part == "answer" and answer.is_valid():
            access.answer_invitation(token=token, at=at, **answer.cleaned_data)
            messages.success(request, "已收到您的答复，谢谢。")
            return redirect("judging:invitation", token)
        if part == "pin" and pin.is_valid():
            return _in(
                request, access.enter_by_pin(token=token, pin=pin.cleaned_data["pin"], device=device, at=at), device
            )
    except (access.UnknownPass, access.Over) as error:
        return _refused(request, error)
    except DomainError as error:
        pin.add_error("pin", error.message)
    facts = {
        "judge": judge, "session": judge.session, "answer": answer if part == "answer" else AnswerForm(
            initial={"answer": judge.answer, "words": judge.answer_words}
        ), "pin": pin, "is_on": judge.session.state == Session.State.SCORING, "has_errors": bool(pin.errors or answer.errors),
    }  # fmt: skip
    page = render(request, "judging/invitation.html", facts, status=400 if pin.errors or answer.errors else 200)
    keep_device(request, page, device)  # wrong PINs are counted on this device
    return page


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def seat_qr(request: HttpRequest, token: str) -> HttpResponse:
    """The seat's QR: looking at it uses nothing up, the button signs in."""
    try:
        if request.method == "POST":
            device = device_of(request)
            return _in(request, access.use_qr(token=token, device=device, at=clock.now()), device)
        judge = access.pass_of(token, SeatPass.Kind.QR).judge
    except DomainError as error:
        return _refused(request, error)
    return render(request, "judging/door.html", {"judge": judge, "session": judge.session})


LONGEST = 7 * 24 * 3600  # seconds; ended earlier by the publication, see the desk


def _in(request: HttpRequest, judge: Judge, device: str) -> HttpResponse:
    """Signed in to the seat alone, until the session is over."""
    request.session.flush()
    login(request, judge.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[KEY] = judge.session_id
    request.session.set_expiry(LONGEST)
    answer = redirect("judging:desk", judge.session_id)
    keep_device(request, answer, device)
    return answer


def elsewhere(request: HttpRequest, judge: Judge) -> HttpResponse:
    """The seat is open on another device; one button brings it here."""
    facts = {"judge": judge, "session": judge.session}
    return render(request, "judging/elsewhere.html", facts, status=409)


@require_POST
@never_cache
def claim(request: HttpRequest, session_id: int) -> HttpResponse:
    """Go on with this device."""
    seats = Judge.objects.exclude(session__state=Session.State.SETUP).select_related("user", "session__round")
    judge = get_object_or_404(seats, session=session_id, user=person(request))
    device = device_of(request)
    access.hold_seat(judge=judge, device=device, at=clock.now(), move=True)
    answer = redirect("judging:desk", session_id)
    keep_device(request, answer, device)
    return answer
