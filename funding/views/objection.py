"""Pages of 异议: anybody objects and follows the answer; the office investigates; a leader signs."""

from io import BytesIO
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Role
from accounts.rules import may, street_ids
from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from core.files import attachment
from core.finding import narrowed
from core.people import mask_name, mask_phone
from funding import rules, services
from funding.domain.personal import mask
from funding.forms import objection as forms
from funding.forms.decide import ReturnForm
from funding.models import Objection
from jobs.storage import place_of
from needs.public import qr


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def object_to(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Anybody objects while the notice runs, without an account."""
    notice = get_object_or_404(rules.public_notices(), pk=notice_id)
    today = clock.local(clock.now()).date()
    running = notice.starts_on <= today <= notice.ends_on
    post = request.method == "POST"
    form = (
        forms.ObjectionForm(request.POST or None, request.FILES or None, notice=notice)
        if post
        else forms.ObjectionForm(notice=notice)
    )
    status = 200
    if post and form.is_valid():
        data = form.cleaned_data
        if data["website"]:
            return redirect("funding:notice", notice.pk)
        try:
            objection = services.raise_objection(
                notice_id=notice.pk, proposal_id=data["proposal"], name=data["name"], phone=data["phone"], words=data["words"],
                files=data["evidence"], once_key=str(data["once_key"]), at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            return redirect("funding:objection_track", objection.code)
    facts = {
        "notice": notice,
        "form": form,
        "running": running,
        "begun": today >= notice.starts_on,
        "days": services.ANSWER_DAYS,
    }
    return render(request, "funding/object.html", facts, status=status)


@login_not_required
@never_cache
@require_safe
def track(request: HttpRequest, objection_code: str) -> HttpResponse:
    """How far an objection is, for whoever has its code; the answer once it is signed. No name, no phone, no words."""
    objection = get_object_or_404(Objection.objects.select_related("notice", "proposal"), code=objection_code.upper())
    address = request.build_absolute_uri(reverse("funding:objection_track", args=[objection.code]))
    title = mask(objection.proposal.title) if objection.proposal else ""
    return render(request, "funding/objection_track.html", {"objection": objection, "title": title, "qr": qr(address)})


@require_safe
def objection_list(request: HttpRequest) -> HttpResponse:
    """Objections of one's street, newest first."""
    if not street_ids(request.user, Role.OFFICE, Role.LEADER, Role.SUPERVISOR):
        raise NotAllowed
    rows = rules.visible_objections(request.user).order_by("-received_at", "-id")
    rows = narrowed(
        rows, request.GET.get("q", ""), texts=("proposal__title", "proposal__organization__name"), codes=("number",)
    )
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    return render(request, "funding/objection_list.html", {"page": page, "today": clock.local(clock.now()).date()})


@require_safe
def detail(request: HttpRequest, objection_id: int) -> HttpResponse:
    """What was said, the evidence, what was found, what may be done next."""
    return _page(request, _visible(request, objection_id))


def _visible(request: HttpRequest, objection_id: int) -> Objection:
    return get_object_or_404(rules.visible_objections(person(request)), pk=objection_id)


def _page(request: HttpRequest, objection: Objection, status: int = 200, **bound: Any) -> HttpResponse:
    user = person(request)
    office = rules.can_draft(user, objection.notice.plan.round)
    state, clue = objection.state, objection.state == Objection.State.CLUE
    facts = {
        "objection": objection, "files": objection.evidence.order_by("id"),
        "who": objection.name if office else mask_name(objection.name), "phone": objection.phone if office else mask_phone(objection.phone),
        "can_answer": office and state in (Objection.State.RECEIVED, Objection.State.CLUE),
        "can_sign": rules.can_sign_answer(user, objection) and state == Objection.State.DRAFTED,
        "answer_form": forms.AnswerForm(
            is_clue=clue, initial={"finding": objection.finding, "outcome": objection.outcome, "answer": objection.answer}
        ),
        "return_form": ReturnForm(prefix="back"), "today": clock.local(clock.now()).date(), **bound,
    }  # fmt: skip
    return render(request, "funding/objection.html", facts, status=status)


@require_POST
def answer(request: HttpRequest, objection_id: int) -> HttpResponse:
    """The office writes finding and answer."""
    user, objection = person(request), _visible(request, objection_id)
    if not rules.can_draft(user, objection.notice.plan.round):
        raise NotAllowed
    clue = objection.state == Objection.State.CLUE
    form, status = forms.AnswerForm(request.POST, is_clue=clue), 200
    if form.is_valid():
        data = {"outcome": "", "answer": "", **form.cleaned_data}
        try:
            services.draft_answer(objection_id=objection.pk, by=user, at=clock.now(), **data)
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "核查情况已保存。" if clue else "答复已提请领导审批。")
            return redirect("funding:objection", objection.pk)
    return _page(request, objection, status, answer_form=form)


@require_POST
def sign(request: HttpRequest, objection_id: int) -> HttpResponse:
    """A leader signs the answer."""
    user, objection = person(request), _visible(request, objection_id)
    if not may(user, objection.notice.plan.round.street, Role.LEADER):
        raise NotAllowed
    services.sign_answer(objection_id=objection.pk, by=user, at=clock.now())
    messages.success(request, "答复已发出，提出异议的人凭查询码可以看到。")
    return redirect("funding:objection", objection.pk)


@require_POST
def send_back(request: HttpRequest, objection_id: int) -> HttpResponse:
    """A leader sends the answer back with a reason."""
    user, objection = person(request), _visible(request, objection_id)
    if not may(user, objection.notice.plan.round.street, Role.LEADER):
        raise NotAllowed
    form, status = ReturnForm(request.POST, prefix="back"), 200
    if form.is_valid():
        try:
            services.return_answer(objection_id=objection.pk, note=form.cleaned_data["note"], by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
            status = error.status
        else:
            messages.success(request, "答复已退回。")
            return redirect("funding:objection", objection.pk)
    return _page(request, objection, status, return_form=form)


@require_safe
@never_cache
def evidence(request: HttpRequest, objection_id: int, file_id: int) -> HttpResponseBase:
    """One piece of evidence, as an attachment that nothing can run in."""
    file = get_object_or_404(_visible(request, objection_id).evidence, pk=file_id)
    place = place_of(file)
    if not place.exists():
        raise Http404
    return attachment(BytesIO(place.read_bytes()), name=file.shown_name, content_type=file.content_type)
