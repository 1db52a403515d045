"""下载中心: what one has asked for, how far it is, the file."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import clock
from core.files import attachment
from jobs.models import Job
from jobs.rules import visible_jobs
from jobs.storage import place_of


def _facts(job: Job) -> dict[str, Any]:
    percent = 100 * job.rows_done // job.rows_total if job.rows_total else 0
    return {
        "state": job.state,
        "words": job.get_state_display(),
        "done": job.rows_done,
        "total": job.rows_total,
        "percent": percent,
    }


@require_safe
@never_cache
def job_list(request: HttpRequest) -> HttpResponse:
    """One's own jobs, thirty a page."""
    page = Paginator(visible_jobs(request.user), 30).get_page(request.GET.get("page"))
    return render(request, "jobs/list.html", {"page": page, "now": clock.now()})


@require_safe
@never_cache
def detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """One job with its progress; the page asks `state` each second while it runs."""
    job = get_object_or_404(visible_jobs(request.user), pk=job_id)
    return render(request, "jobs/detail.html", {"job": job, "now": clock.now(), **_facts(job)})


@require_safe
@never_cache
def state(request: HttpRequest, job_id: int) -> JsonResponse:
    """`{"state", "words", "done", "total", "percent"}` of one's own job."""
    return JsonResponse(_facts(get_object_or_404(visible_jobs(request.user), pk=job_id)))


@require_safe
@never_cache
def download(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The file, as an attachment, to its owner, until it expires."""
    job = get_object_or_404(visible_jobs(request.user), pk=job_id, state=Job.State.DONE)
    if job.file is None or job.expires_at is None:
        raise Http404
    if job.expires_at <= clock.now():
        return render(request, "jobs/expired.html", {"job": job}, status=410)
    place = place_of(job.file)
    if not place.exists():
        raise Http404
    return attachment(place.open("rb"), name=job.file.shown_name, content_type=job.file.content_type)
