"""Starting the Excel reports that hang on no page of their own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.web import person
from core import clock
from core.sheets import file_title
from funding import rules
from funding.models import PublicNotice
from jobs.services import start_job


@require_POST
def notice_export(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Start the export of E9, for those who may see the plan; the next page shows its progress."""
    user = person(request)
    plans = rules.visible_plans(user)
    notice = get_object_or_404(PublicNotice.objects.filter(plan__in=plans).select_related("plan__round"), pk=notice_id)
    at, round_ = clock.now(), notice.plan.round
    part = f"第{notice.version}版" if notice.version > 1 else ""
    title = file_title(
        year=round_.year, about=round_.title, part=part, report="拟立项项目公示表", day=clock.local(at).date()
    )
    job = start_job(
        owner=user, kind="funding.e9", title=title, params={"notice": notice.pk}, at=at, scope_id=round_.street_id
    )
    return redirect("jobs:detail", job.pk)
