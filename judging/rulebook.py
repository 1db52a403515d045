"""The rule of a session as a page to read and print, what entries bring along, and how firm the ranking is."""

from fractions import Fraction
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.web import person
from core import clock
from core.errors import DomainError, NotAllowed
from judging import forms, rules, services
from judging.domain.examples import examples
from judging.domain.scoring import check_rule
from judging.domain.sensitivity import Sensitivity, Variation, Weight, analyse, points, said
from judging.domain.sentences import sentences
from judging.models import Entry, Judge, LotDraw, Session
from judging.services.lots import commit_lots, draw_lots


@require_safe
@never_cache
def rule(request: HttpRequest, session_id: int) -> HttpResponse:
    """The whole rule in sentences, the rubric with what each grade means, and worked examples of the real engine."""
    user = person(request)
    session = get_object_or_404(rules.rule_sessions(user), pk=session_id)
    read = check_rule(session.rule)
    told = rules.anchors(session)
    facts = {
        "session": session, "sections": sentences(read), "examples": examples(session.rule),
        "lines": [(c, told.get(c["key"], [])) for c in session.rule["criteria"]],
        "full": points(sum((c.most for c in read.criteria.values()), Fraction(0))),
        "version": session.rule["version"], "watches": rules.visible_sessions(user).filter(pk=session.pk).exists(),
    }  # fmt: skip
    return render(request, "judging/rule.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def figures(request: HttpRequest, session_id: int) -> HttpResponse:
    """The other parts' values, factor, bonus and penalty of each entry, until the lock."""
    user = person(request)
    session = get_object_or_404(rules.visible_sessions(user), pk=session_id)
    if not rules.can_run(user, session):
        raise NotAllowed
    columns = rules.other_parts(session.rule)
    entries = Entry.objects.filter(session=session).select_related("proposal__organization")
    form = forms.FiguresForm(
        request.POST if request.method == "POST" else None,
        entries=list(entries.order_by(F("position").asc(nulls_last=True), "pk")), columns=columns,
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        try:
            services.set_figures(session_id=session.pk, figures=form.figures(), by=user, at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已保存。")
            return redirect("judging:figures", session.pk)
    is_open = session.state in {Session.State.SETUP, Session.State.SCORING}
    facts = {"session": session, "form": form, "columns": columns, "is_open": is_open}
    return render(request, "judging/figures.html", facts)


@require_safe
@never_cache
def sensitivity(request: HttpRequest, session_id: int) -> HttpResponse:
    """Which ranks hang on one judge or on five points of weight; how each judge marked. Only after the lock."""
    user = person(request)
    session = get_object_or_404(rules.visible_sessions(user), pk=session_id)
    if not rules.can_check_result(user, session):
        raise NotAllowed("评审会锁定后，由创投办、街道领导和监督员查看；担任本场评委的人不能看。")
    scoring = session.result.scoring
    typed = request.GET.get("cut", "")
    cut = int(typed) if typed.isascii() and typed.isdigit() and 0 < len(typed) < 4 else None
    found = analyse(scoring, cut)
    names = {p["key"]: p["name"] for p in scoring["proposals"]}
    seats = {
        f"J{seat}": f"{seat} {name}"
        for seat, name in Judge.objects.filter(session=session)
        .order_by("seat")
        .values_list("seat", "user__display_name")
    }
    facts = {
        "session": session, "cut": cut, "judges": _judge_rows(found, seats, names), "groups": found.groups,
        "weights": [_weight_row(w, names) for w in found.weights], "severity": session.notes.get("severity", False), "firm": not any(v.changes for v in found.without),
    }  # fmt: skip
    return render(request, "judging/sensitivity.html", facts)


def _judge_rows(found: Sensitivity, seats: dict[str, str], names: dict[str, str]) -> list[dict[str, Any]]:
    spread = {s.judge: s for s in found.judges}
    return [
        {"name": seats.get(v.key, v.key), "spread": spread.get(v.key), "change": _change(v, names)}
        for v in found.without
    ]


def _weight_row(weight: Weight, names: dict[str, str]) -> dict[str, Any]:
    return {
        "label": weight.label, "now": points(weight.now), "unit": "%" if weight.kind == "part" else " 分",
        "moved": [None if v is None else _change(v, names) for v in (weight.less, weight.more)],
    }  # fmt: skip


def _change(variation: Variation, names: dict[str, str]) -> dict[str, Any]:
    return {
        "told": said(variation.changes, names), "crossed": [names[p] for p in variation.crossed], "refused": variation.refused,
    }  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def lots(request: HttpRequest, session_id: int) -> HttpResponse:
    """The witnessed draw of lots for ties; which projects tie is told to nobody before the lock."""
    user = person(request)
    session = get_object_or_404(rules.visible_sessions(user), pk=session_id)
    runs = rules.can_run(user, session) and session.state in (Session.State.SETUP, Session.State.SCORING)
    form = forms.DrawForm(request.POST if request.method == "POST" and "public_number" in request.POST else None)
    if request.method == "POST":
        if not rules.can_run(user, session):
            raise NotAllowed
        try:
            if not form.is_bound:
                commit_lots(session_id=session.pk, by=user, at=clock.now())
                return redirect("judging:lots", session.pk)
            if form.is_valid():
                draw_lots(session_id=session.pk, by=user, at=clock.now(), **form.cleaned_data)
                return redirect("judging:lots", session.pk)
        except DomainError as error:
            form.add_error(None, error.message) if form.is_bound else messages.error(request, error.message)
    draw = LotDraw.objects.filter(session=session).first()
    titles = dict(Entry.objects.filter(session=session).values_list("proposal__receipt_number", "proposal__title"))
    facts = {
        "session": session, "draw": draw, "form": form, "runs": runs,
        "rows": [(number, key, titles.get(key, "")) for number, key in enumerate(draw.order, 1)] if draw else [],
    }  # fmt: skip
    return render(request, "judging/lots.html", facts)
