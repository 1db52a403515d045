"""Hints of 回避 for the office, and the judge's own declaration of relations."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from judging import forms, rules, services
from judging.hints import applicants_of
from judging.hints import hints as hints_of
from judging.models import Judge, Relation, Session
from judging.services.hints import declare_relation, keep_judge
from organizations.models import Organization


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def hints(request: HttpRequest, session_id: int) -> HttpResponse:
    """Who should perhaps step back, with the reason; 登记回避 or 不回避 with words."""
    user = person(request)
    session = get_object_or_404(rules.visible_sessions(user), pk=session_id)
    if not rules.can_run(user, session):
        raise NotAllowed
    at = clock.now()
    if request.method == "POST":
        judge, _, entry = request.POST.get("pair", "").partition("-")
        found = [h for h in hints_of(session, at) if (str(h.judge_id), str(h.entry_id)) == (judge, entry)]
        words = request.POST.get("reason", "")
        try:
            for hint in found[:1]:
                act: dict[str, Any] = {"judge_id": hint.judge_id, "entry_id": hint.entry_id, "by": user, "at": at}
                if request.POST.get("do") == "keep":
                    keep_judge(**act, reason=words)
                    messages.success(request, "已记录不回避的理由。")
                else:
                    services.recuse(**act, reason=words.strip() or "；".join(hint.reasons)[:200])
                    messages.success(request, "已登记回避。")
        except DomainError as error:
            messages.error(request, error.message)
        return redirect("judging:hints", session.pk)
    facts = {"session": session, "hints": hints_of(session, at), "is_open": session.state == Session.State.SETUP}
    return render(request, "judging/hints.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def relations(request: HttpRequest, session_id: int) -> HttpResponse:
    """A judge says, before the session, what she has to do with the applicants. She sees names, no proposal."""
    user = person(request)
    open_sessions = Session.objects.filter(state__in=[Session.State.SETUP, Session.State.SCORING])
    seat = get_object_or_404(
        Judge.objects.select_related("session__round"), session__in=open_sessions, session=session_id, user=user
    )
    units = Organization.objects.filter(pk__in=applicants_of(seat.session)).order_by("pinyin", "name")
    form = forms.RelationForm(request.POST if request.method == "POST" else None, units=units)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        declare_relation(
            session_id=session_id, user_id=user.pk, organization_id=data["organization"], kind=data["kind"], words=data["words"],
            by=user, at=clock.now(),
        )  # fmt: skip
        messages.success(request, "已申报，创投办会据此安排回避。")
        return redirect("judging:relations", session_id)
    own = Relation.objects.filter(user=user, organization__in=units).select_related("organization").order_by("pk")
    return render(
        request,
        "judging/relations.html",
        {"session": seat.session, "form": form, "own": own, "has_errors": form.errors},
    )
