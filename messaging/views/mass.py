"""群发: drafted, previewed with its real recipients, reviewed when they are many, held, recalled."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock
from core.errors import DomainError, NotAllowed
from messaging import rules, services
from messaging.directory import audiences
from messaging.forms import MassForm
from messaging.kinds import kind_of
from messaging.models import Delivery, Mass, Notice
from messaging.web import person, street_of, whole


@require_safe
def masses(request: HttpRequest) -> HttpResponse:
    """What was written to many in one's streets."""
    user = person(request)
    mine = rules.desk(user)
    if not (mine.office or mine.review):
        raise NotAllowed
    page = Paginator(rules.visible_masses(user), 30).get_page(request.GET.get("page"))
    return render(request, "messaging/masses.html", {"page": page, "may_write": bool(mine.office), "now": clock.now()})


@require_http_methods(["GET", "HEAD", "POST"])
def mass_new(request: HttpRequest) -> HttpResponse:
    """A new draft."""
    user = person(request)
    streets = rules.desk(user).office
    scope_id = street_of(request, streets)
    form = MassForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            mass = services.draft_mass(
                scope_id=scope_id, audiences=data["audiences"], subject=data["subject"], body=data["body"],
                once_key=data["once_key"], by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("messaging:mass", mass.pk)
    return render(request, "messaging/mass_form.html", {"form": form, "street": streets[scope_id]})


def _visible(request: HttpRequest, mass_id: int) -> Mass:
    return get_object_or_404(rules.visible_masses(request.user), pk=mass_id)


@require_http_methods(["GET", "HEAD", "POST"])
def mass_edit(request: HttpRequest, mass_id: int) -> HttpResponse:
    """Change a draft or a returned one."""
    user, mass = person(request), _visible(request, mass_id)
    if not rules.can_write(user, mass.scope_id):
        raise NotAllowed
    first = {n: getattr(mass, n) for n in ("audiences", "subject", "body", "once_key", "revision")}
    form = MassForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.edit_mass(
                mass_id=mass.pk, audiences=data["audiences"], subject=data["subject"], body=data["body"],
                revision=data["revision"], by=user, at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            return redirect("messaging:mass", mass.pk)
    return render(request, "messaging/mass_form.html", {"form": form, "mass": mass})


ACTS: dict[str, tuple[str, str]] = {
    "submit": ("write", "已送复核，等另一位同事确认后发出。"),
    "release": ("write", "已提交发送，暂缓期内可以撤回。"),
    "approve": ("review", "已通过复核并提交发送，暂缓期内可以撤回。"),
    "return": ("review", "已退回给起草人。"),
    "recall": ("any", "已撤回，没有人收到。"),
}


@require_http_methods(["GET", "HEAD", "POST"])
def mass(request: HttpRequest, mass_id: int) -> HttpResponse:
    """One message with its real recipients and a sample; POST `act` moves it on."""
    user, row, at = person(request), _visible(request, mass_id), clock.now()
    refusal, status = "", 200
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act not in ACTS:
            refusal, status = "请在页面上选择要做的事。", 400
        else:
            try:
                _act(act, user, row, request, at)
            except DomainError as error:
                refusal, status = error.message, error.status
            else:
                messages.success(request, ACTS[act][1])
                return redirect("messaging:mass", row.pk)
    labels = {a.key: a.label for a in audiences()}
    fates = Delivery.objects.filter(notice__occasion=f"mass:{row.pk}").values("state").annotate(n=Count("pk"))
    states = dict(Delivery.State.choices)
    context = {
        "mass": row, "preview": services.preview_of(row), "groups": [labels.get(k, k) for k in row.audiences], "now": at,
        "refusal": refusal, "most": settings.MASS_REVIEW_OVER, "minutes": settings.MASS_HOLD_MINUTES,
        "may_write": rules.can_write(user, row.scope_id) and row.state in ("draft", "returned"),
        "may_review": rules.can_review(user, row) and row.state == "submitted",
        "may_recall": row.state == "approved" and row.held_until is not None and row.held_until > at,
        "fates": [(f["state"], states[f["state"]], f["n"]) for f in fates.order_by("state")],
        "reader": user.display_name,
    }  # fmt: skip
    context["many"] = context["preview"].count > settings.MASS_REVIEW_OVER
    return render(request, "messaging/mass.html", context, status=status)


def _act(act: str, user: Any, row: Mass, request: HttpRequest, at: Any) -> None:
    needs = ACTS[act][0]
    allowed = {
        "write": rules.can_write(user, row.scope_id),
        "review": row.scope_id in rules.desk(user).review,
        "any": True,
    }[needs]
    if not allowed:
        raise NotAllowed
    revision = whole(request.POST.get("revision", ""))
    facts = {"mass_id": row.pk, "revision": revision, "by": user, "at": at}
    if act == "submit":
        services.submit_mass(**facts)
    elif act == "release":
        services.release_mass(**facts)
    elif act == "approve":
        services.approve_mass(**facts)
    elif act == "return":
        services.return_mass(**facts, words=request.POST.get("words", ""))
    else:
        services.recall_occasion(occasion=f"mass:{row.pk}", scope_id=row.scope_id, by=user, at=at)


@require_safe
def held(request: HttpRequest) -> HttpResponse:
    """What waits and can still be recalled in one's streets: one line per occasion."""
    user, at = person(request), clock.now()
    streets = rules.desk(user).office
    if not streets:
        raise NotAllowed
    found = Notice.objects.held(at).filter(scope_id__in=streets).values("occasion", "scope_id", "kind", "held_until")
    rows = found.annotate(count=Count("pk"), first=Min("pk"), title=Min("subject")).order_by("held_until", "first")
    page = Paginator(rows, 30).get_page(request.GET.get("page"))
    lines = [{**row, "label": kind_of(row["kind"]).label} for row in page]
    return render(request, "messaging/held.html", {"page": page, "lines": lines, "now": at})


@require_POST
def recall(request: HttpRequest, held_id: int) -> HttpResponse:
    """Take back the occasion of one held notice."""
    user, at = person(request), clock.now()
    notice = get_object_or_404(Notice.objects.filter(scope_id__in=rules.desk(user).office), pk=held_id)
    count = services.recall_occasion(occasion=notice.occasion, scope_id=notice.scope_id or 0, by=user, at=at)
    messages.success(request, f"已撤回，{count} 人不会收到这条消息。")
    return redirect("messaging:held")
