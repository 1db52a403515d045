"""群机器人: WeCom and DingTalk groups of a street, and what was said there."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import DomainError, NotAllowed
from messaging import rules, services
from messaging.forms import AgainForm, RobotForm
from messaging.kinds import kind_of
from messaging.models import Robot
from messaging.services.again import TROUBLE
from messaging.web import person, street_of


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Robots of one's streets, and their lines, newest first."""
    user = person(request)
    if not rules.desk(user).office:
        raise NotAllowed
    page = Paginator(rules.visible_postings(user), 30).get_page(request.GET.get("page"))
    lines = [(row, kind_of(row.kind).label, row.state in TROUBLE) for row in page]
    return render(
        request, "messaging/robots.html", {"robots": rules.visible_robots(user), "page": page, "lines": lines}
    )


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def robot_new(request: HttpRequest) -> HttpResponse:
    """Add a robot."""
    streets = rules.desk(person(request)).office
    return _edit(request, None, street_of(request, streets))


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def robot(request: HttpRequest, robot_id: int) -> HttpResponse:
    """Change a robot; its address and secret are never shown again."""
    row = get_object_or_404(rules.visible_robots(request.user), pk=robot_id)
    return _edit(request, row, row.scope_id)


def _edit(request: HttpRequest, row: Robot | None, scope_id: int) -> HttpResponse:
    first = {n: getattr(row, n) for n in ("channel", "name", "kinds", "is_active")} if row else {}
    form = RobotForm(request.POST if request.method == "POST" else None, robot=row, initial=first)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.save_robot(
                robot_id=row.pk if row else None, scope_id=scope_id, channel=data["channel"], name=data["name"],
                address=data["address"], secret=data["secret"], kinds=data["kinds"], is_active=data["is_active"],
                by=person(request), at=clock.now(),
            )  # fmt: skip
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"群机器人“{data['name']}”已保存。")
            return redirect("messaging:robots")
    return render(request, "messaging/robot_form.html", {"form": form, "robot": row})


@require_http_methods(["GET", "HEAD", "POST"])
def posting(request: HttpRequest, posting_id: int) -> HttpResponse:
    """One line of a robot; POST says it again, with a reason."""
    user = person(request)
    row = get_object_or_404(rules.visible_postings(user), pk=posting_id)
    form = AgainForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.speak_again(posting_id=row.pk, by=user, reason=form.cleaned_data["reason"], at=clock.now())
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, "已放回待发送，一分钟内发出。")
            return redirect("messaging:posting", row.pk)
    context = {"row": row, "form": form, "label": kind_of(row.kind).label, "in_trouble": row.state in TROUBLE}
    return render(request, "messaging/posting.html", context)
