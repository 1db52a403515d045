"""下载中心: what one has asked for, how far it is, the file."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core import clock
from core.errors import NotAllowed
from core.files import attachment
from jobs import rules, services
from jobs.domain.words import left_words
from jobs.models import OPEN, Job
from jobs.rules import visible_jobs
from jobs.storage import place_of

HELD_UP = "排队中，系统恢复后自动继续"
IN_LINE = "排队中，前面的导出做完就轮到"


def _facts(job: Job, *, busy: int, at: datetime) -> dict[str, Any]:
    percent = 100 * job.rows_done // job.rows_total if job.rows_total else 0
    return {
        "state": job.state,
        "words": job.get_state_display(),
        "note": _note(job, busy=busy, at=at),
        "done": job.rows_done,
        "total": job.rows_total,
        "percent": percent,
    }


def _note(job: Job, *, busy: int, at: datetime) -> str:
    """What goes on, in words; `busy` is how many jobs of this person are in the hands of workers."""
    if job.state == Job.State.RUNNING:
        if not job.rows_total:
            return "正在准备数据" if not job.rows_done else f"已写 {job.rows_done} 行"
        return f"已写 {job.rows_done} 行，共 {job.rows_total} 行"
    if job.state != Job.State.WAITING:
        return ""
    if job.handed_at is None:
        return IN_LINE if busy >= services.AT_ONCE else HELD_UP
    return HELD_UP if job.handed_at < at - services.STALE else "排队中，马上开始"


def _busy(request: HttpRequest) -> int:
    return visible_jobs(request.user).filter(state__in=OPEN, handed_at__isnull=False).order_by().count()


@require_safe
@never_cache
def job_list(request: HttpRequest) -> HttpResponse:
    """One's own jobs, thirty a page."""
    at = clock.now()
    page = Paginator(visible_jobs(request.user), 30).get_page(request.GET.get("page"))
    busy = _busy(request)
    rows = [
        {
            "job": job, "facts": _facts(job, busy=busy, at=at), "can_retry": rules.can_retry(job),
            "left": left_words(job.expires_at, at) if job.expires_at else "",
            "can_fetch": job.state == Job.State.DONE and job.expires_at is not None and job.expires_at > at,
        }
        for job in page
    ]  # fmt: skip
    return render(request, "jobs/list.html", {"page": page, "rows": rows, "now": at, "most": services.MOST_OPEN})


@require_safe
@never_cache
def detail(request: HttpRequest, job_id: int) -> HttpResponse:
    """One job with its progress; the page asks `state` each second while it runs."""
    job = get_object_or_404(visible_jobs(request.user), pk=job_id)
    at = clock.now()
    is_over = job.state == Job.State.EXPIRED or (job.expires_at is not None and job.expires_at <= at)
    facts = {
        "job": job, "now": at, "left": left_words(job.expires_at, at) if job.expires_at else "", "is_over": is_over,
        "may": rules.can_fetch(request.user, job), "can_retry": rules.can_retry(job), **_facts(job, busy=_busy(request), at=at),
    }  # fmt: skip
    return render(request, "jobs/detail.html", facts)


@require_safe
@never_cache
def state(request: HttpRequest, job_id: int) -> JsonResponse:
    """`{"state", "words", "note", "done", "total", "percent"}` of one's own job."""
    job = get_object_or_404(visible_jobs(request.user), pk=job_id)
    return JsonResponse(_facts(job, busy=_busy(request), at=clock.now()))


@require_POST
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """End one's own job that waits or runs."""
    job = get_object_or_404(visible_jobs(request.user), pk=job_id)
    services.cancel_job(job_id=job.pk, by=_person(request), at=clock.now())
    messages.success(request, f"已取消“{job.title}”。需要时可以重新生成。")
    return _back(request, job)


@require_POST
def retry(request: HttpRequest, job_id: int) -> HttpResponse:
    """Have it done again, from the data as it is now."""
    job = get_object_or_404(visible_jobs(request.user), pk=job_id)
    again = services.retry_job(job_id=job.pk, by=_person(request), at=clock.now())
    return _back(request, again)


@require_safe
@never_cache
def download(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """The file, as an attachment and in pieces, to its owner while she may have it, until it expires."""
    done = (Job.State.DONE, Job.State.EXPIRED)
    job = get_object_or_404(visible_jobs(request.user), pk=job_id, state__in=done)
    if not rules.can_fetch(request.user, job):
        raise Http404
    if job.file is None or job.expires_at is None or job.expires_at <= clock.now():
        return render(request, "jobs/expired.html", {"job": job}, status=410)
    place = place_of(job.file)
    if not place.exists():
        raise Http404
    return attachment(place.open("rb"), name=job.file.shown_name, content_type=job.file.content_type)


def _person(request: HttpRequest) -> Any:
    if not request.user.is_authenticated:
        raise NotAllowed
    return request.user


def _back(request: HttpRequest, job: Job) -> HttpResponse:
    """To the page of the list where the button was, else to the job."""
    there = request.POST.get("back", "")
    if there and url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure()):
        return redirect(there)
    return redirect("jobs:detail", job.pk)
