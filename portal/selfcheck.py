"""每日自检: every invariant asked at night, the answer kept, and whoever must act told once a day."""

from datetime import datetime

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Role, RoleGrant
from accounts.rules import holds
from audit.models import SelfCheck
from audit.services import keep_self_check
from core.clock import local, spoken
from core.errors import NotAllowed
from messaging.services import notify
from portal.invariants import CHECKS, broken


def run_self_check(*, at: datetime) -> SelfCheck:
    """Ask every invariant, store what was found with an audit row; when something is broken, tell the offices and the
    audit administrators, each once a day.
    """
    findings = list(broken())
    with transaction.atomic():
        run = keep_self_check(checks=len(CHECKS), findings=findings, at=at)
        if run.count:
            day = local(at).date()
            notify(
                recipients=_guards(), occasion=f"self-check:{day.isoformat()}", subject=f"每日自检发现 {run.count} 处数据不符",
                body=f"{spoken(day)}自检：{'、'.join(run.names)}。请先停止办理有关事项，联系系统管理员核对。", link="/self-check/", at=at,
            )  # fmt: skip
    return run


def _guards() -> list[int]:
    roles = [Role.OFFICE, Role.AUDIT_ADMIN]
    found = RoleGrant.objects.filter(role__in=roles, user__is_active=True).order_by("user_id")
    return list(dict.fromkeys(found.values_list("user_id", flat=True)))


@require_safe
def self_checks(request: HttpRequest) -> HttpResponse:
    """The runs, newest first: the audit administrator reads the sentences, the office which checks do not hold."""
    if not holds(request.user, Role.OFFICE, Role.AUDIT_ADMIN):
        raise NotAllowed
    page = Paginator(SelfCheck.objects.order_by("-pk"), 30).get_page(request.GET.get("page"))
    return render(request, "portal/self_checks.html", {"page": page, "reads": holds(request.user, Role.AUDIT_ADMIN)})
