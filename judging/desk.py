"""The judge's pages: one's own list, one project a screen. Nothing about anybody else."""

import secrets
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.web import person
from core import clock, live
from core.errors import DomainError, NotAllowed
from core.files import attachment
from jobs.storage import place_of
from judging import rules, services
from judging.access import elsewhere
from judging.cookie import device_of, keep_device
from judging.domain.ballot import votes
from judging.domain.values import TICK
from judging.forms import StepBackForm
from judging.middleware import KEY
from judging.models import Entry, Judge, Recusal, ScoreSheet, Session
from judging.phone import channels, told
from judging.services.access import SeatElsewhere, digest_of, hold_seat
from projects.domain.parts import with_parts
from projects.models import Attachment


def _seat(request: HttpRequest, session_id: int) -> Judge:
    """One's own seat in a session whose scoring has opened; anybody else finds nothing."""
    open_to_judges = Judge.objects.exclude(
        session__state__in=[Session.State.SETUP, Session.State.ENDED]
    ).select_related("user", "session__round", "session__stage")
    return get_object_or_404(open_to_judges, session=session_id, user=person(request))


def _entry(request: HttpRequest, seat: Judge, entry_id: int) -> Entry | None:
    """An entry of the judge's session with what is read of it; None, with a word to the judge, if she stepped back."""
    recused = Recusal.objects.filter(judge=seat, entry=OuterRef("pk"))
    rows = Entry.objects.select_related("proposal__organization", "version").annotate(is_recused=Exists(recused))
    entry = rows.filter(rules.assigned_to(seat), pk=entry_id, session=seat.session_id).first()
    if entry is None:
        raise Http404
    if entry.is_recused:
        messages.info(request, "您已回避此项目，不能查看和评分。")
        return None
    return entry


@require_safe
@never_cache
def desk(request: HttpRequest, session_id: int) -> HttpResponse:
    """已评 n/N, the list in running order, the next one to score."""
    seat = _seat(request, session_id)
    if KEY in request.session and seat.session.state == Session.State.PUBLISHED:
        logout(request)  # signed in to the seat alone, and the session is over
        messages.info(request, "评审结果已公布，席位的登录已结束。谢谢您。")
        return redirect("judging:public_result", session_id)
    device = device_of(request)
    if not _holds(seat, device):
        return elsewhere(request, seat)
    rows = rules.desk(seat)
    own = [r for r in rows if r.state not in ("recused", "gone")]
    facts = {
        "session": seat.session, "seat": seat, "rows": rows, "done": sum(r.state == "submitted" for r in own), "all": len(own),
        "next": next((r for r in own if r.state != "submitted"), None), "is_open": seat.session.state == Session.State.SCORING,
        "phone": _phone(request, seat, rows),
    }  # fmt: skip
    page = live.allow_push(request, render(request, "judging/desk.html", facts))
    keep_device(request, page, device)
    return page


def _holds(seat: Judge, device: str) -> bool:
    """One device at a time while scoring; afterwards there is nothing left to change."""
    if seat.session.state != Session.State.SCORING or seat.device == digest_of(device):
        return True
    return hold_seat(judge=seat, device=device, at=clock.now())


def _phone(request: HttpRequest, seat: Judge, rows: list[rules.DeskRow]) -> dict[str, Any]:
    """All that the page needs to go on without a network: the rule, the list, one's own sheets."""
    session = seat.session
    own = {s.entry_id: s for s in ScoreSheet.objects.filter(judge=seat)}
    entries = []
    for row in rows:
        hidden = row.state in ("recused", "gone")
        sheet = own.get(row.entry_id)
        entries.append(
            {
                "id": row.entry_id, "position": row.position, "title": row.title, "organization": row.organization,
                "state": row.state if hidden else "", "words": row.words if hidden else "", "theme": row.theme,
                "requested": row.requested, "sheet": told(sheet) if sheet and not hidden else None,
                "href": reverse("judging:sheet", args=[session.pk, row.entry_id]),
                "material": reverse("judging:material", args=[session.pk, row.entry_id]),
                "step_back": reverse("judging:step_back", args=[session.pk, row.entry_id]),
            }
        )  # fmt: skip
    return {
        "session": session.pk, "judge": seat.pk, "seat": seat.seat, "state": session.state, "paced": session.is_paced,
        "locked_at": session.locked_at.isoformat() if session.locked_at else None,
        "criteria": session.rule["criteria"], "anchors": rules.anchors(session), "full": f"{sum((Decimal(c['max']) for c in session.rule['criteria']), Decimal(0)).normalize():f}",
        "ticks": votes(session.rule), "worker": f"{reverse('judging:worker')}?name=chuangtou-judge", "entries": entries, "send": reverse("judging:send", args=[session.pk]), "beat": reverse("judging:beat", args=[session.pk]),
        "now": clock.now().isoformat(), **channels(request, session),
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def sheet(request: HttpRequest, session_id: int, entry_id: int) -> HttpResponse:
    """One project: marks, running total; keep, read back, hand in."""
    device = device_of(request)
    done: DomainError | None = None
    if request.method == "POST" and request.POST.get("do") != "check":
        answer = _save(request, entry_id, device)
        if isinstance(answer, HttpResponse):
            return answer
        done = answer
    seat = _seat(request, session_id)
    if isinstance(done, SeatElsewhere) or not _holds(seat, device):
        return elsewhere(request, seat)
    page = _sheet(request, seat, entry_id, done)
    keep_device(request, page, device)
    return page


def _sheet(request: HttpRequest, seat: Judge, entry_id: int, done: DomainError | None) -> HttpResponse:
    session_id = seat.session_id
    entry = _entry(request, seat, entry_id)
    if entry is None:
        return redirect("judging:desk", session_id)
    if request.method == "POST":
        return _again(request, seat, entry, done)
    stored = ScoreSheet.objects.filter(judge=seat, entry=entry).first()
    return _page(request, seat, entry, stored, dict(stored.marks) if stored else {}, stored.revision if stored else 0)


def _page(
    request: HttpRequest, seat: Judge, entry: Entry, stored: ScoreSheet | None, marks: dict[str, str], revision: int,
    *, status: int = 200, bad: str = "", error: str = "", confirm: str = "", theirs: dict[str, str] | None = None,
) -> HttpResponse:  # fmt: skip
    rows = [
        {
            **c,
            "value": marks.get(c["key"], ""),
            "error": error if c["key"] == bad else "",
            "theirs": None if theirs is None else theirs.get(c["key"], "未填"),
        }
        for c in seat.session.rule["criteria"]
    ]
    listed = rules.desk(seat)
    own = [r for r in listed if r.state not in ("recused", "gone") or r.entry_id == entry.pk]
    at = next(i for i, r in enumerate(own) if r.entry_id == entry.pk)
    facts: dict[str, Any] = {
        "session": seat.session, "seat": seat, "entry": entry, "content": entry.version.content, "rows": rows, "stored": stored,
        "comment": request.POST.get("comment", "")[:300] if request.method == "POST" else stored.comment if stored else "",
        "revision": revision, "client_id": secrets.token_hex(16), "error": "" if bad else error, "has_errors": bool(error),
        "confirm": confirm, "is_open": seat.session.state == Session.State.SCORING, "full": sum(Decimal(c["max"]) for c in seat.session.rule["criteria"]),
        "before": own[at - 1] if at > 0 else None, "after": own[at + 1] if at + 1 < len(own) else None,
        "votes": votes(seat.session.rule), "voted": marks.get(TICK) == "1",
        "done": sum(r.state == "submitted" for r in listed), "all": sum(r.state not in ("recused", "gone") for r in listed),
    }  # fmt: skip
    return render(request, "judging/sheet.html", facts, status=status)


def _given(request: HttpRequest) -> dict[str, str]:
    return {k.removeprefix("mark-"): str(v) for k, v in request.POST.items() if k.startswith("mark-")}


def _revision(request: HttpRequest) -> int:
    typed = request.POST.get("revision", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 0


def _save(request: HttpRequest, entry_id: int, device: str) -> HttpResponse | DomainError:
    """Store first, look at nothing else: the answer on success, the refusal otherwise."""
    submit = request.POST.get("do") == "submit"
    try:
        saved = services.save_sheet(
            entry_id=entry_id, judge=person(request), marks=_given(request), submit=submit, at=clock.now(),
            request=services.Request(client_id=request.POST.get("client_id", "")[:64], base=_revision(request)),
            holder=digest_of(device), comment=request.POST.get("comment", ""),
        )  # fmt: skip
    except (NotAllowed, Entry.DoesNotExist) as error:
        raise Http404 from error
    except DomainError as error:
        return error
    moment = f"{clock.local(saved.saved_at):%H:%M:%S}"
    if submit:
        # Of a tick-vote: a sheet of marks that was handed in is never empty.
        told_total = "投了一票" if TICK in saved.marks else f"{saved.total:.2f} 分" if saved.marks else "没有投票"
        messages.success(request, f"“{saved.title}”已送达：{told_total}（{moment}）。")
        return redirect("judging:desk", saved.session_id)
    messages.success(request, f"已暂存（{moment}）。")
    return redirect("judging:sheet", saved.session_id, entry_id)


def _again(request: HttpRequest, seat: Judge, entry: Entry, refusal: DomainError | None) -> HttpResponse:
    """The page once more with everything typed: to read back before handing in, or with the refusal."""
    given, revision = _given(request), _revision(request)
    stored = ScoreSheet.objects.filter(judge=seat, entry=entry).first()
    if refusal is None:
        try:
            _, total = services.read_marks(seat.session.rule, given, whole=True)
        except services.BadMark as error:
            refusal = error
        else:
            said = f"{total:.2f}" if votes(seat.session.rule) is None else "投一票" if total else "不投票"
            return _page(request, seat, entry, stored, given, revision, confirm=said)
    theirs = None
    if isinstance(refusal, services.SheetChangedMeanwhile):
        stored, revision, theirs = refusal.sheet, refusal.sheet.revision, dict(refusal.sheet.marks)
    bad = refusal.key if isinstance(refusal, services.BadMark) else ""
    return _page(
        request,
        seat,
        entry,
        stored,
        given,
        revision,
        status=refusal.status,
        bad=bad,
        error=refusal.message,
        theirs=theirs,
    )


@require_safe
def material(request: HttpRequest, session_id: int, entry_id: int) -> HttpResponse:
    """The frozen proposal that is judged."""
    seat = _seat(request, session_id)
    entry = _entry(request, seat, entry_id)
    if entry is None:
        return redirect("judging:desk", session_id)
    return render(
        request,
        "judging/material.html",
        {"session": seat.session, "entry": entry, "content": with_parts(entry.version.content)},
    )


@never_cache
@require_safe
def material_file(request: HttpRequest, session_id: int, entry_id: int, attachment_id: int) -> HttpResponseBase:
    """A document of the version that is judged, for its judges; of no other version."""
    seat = _seat(request, session_id)
    entry = _entry(request, seat, entry_id)
    if entry is None:
        return redirect("judging:desk", session_id)
    if attachment_id not in [a["id"] for a in entry.version.content.get("attachments", [])]:
        raise Http404
    found = get_object_or_404(Attachment.objects.select_related("file"), proposal=entry.proposal_id, pk=attachment_id)
    place = place_of(found.file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=found.name, content_type=found.file.content_type)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def step_back(request: HttpRequest, session_id: int, entry_id: int) -> HttpResponse:
    """The judge declares 回避: the reason, then the project is gone from her pages."""
    seat = _seat(request, session_id)
    entry = _entry(request, seat, entry_id)
    if entry is None or seat.session.state != Session.State.SCORING:
        return redirect("judging:desk", session_id)
    form = StepBackForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.declare_recusal(
                entry_id=entry.pk, judge=person(request), reason=form.cleaned_data["reason"], at=clock.now()
            )
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已登记回避，您不再查看和评分这个项目。创投办会确认。")
            return redirect("judging:desk", session_id)
    return render(request, "judging/step_back.html", {"session": seat.session, "entry": entry, "form": form})
