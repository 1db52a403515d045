"""Who waited long for a job, or in vain, finds a message: jobs stands below and only says that one has ended."""

from datetime import datetime
from typing import Any

from django.urls import reverse

from jobs.domain.limits import KEPT, NOTABLE
from jobs.models import Job
from jobs.signals import job_ended
from messaging.services.notify import notify


def tell_owner(sender: Any, job: Job, at: datetime, **_: Any) -> None:
    """Into the inbox alone, once per run, in the transaction that ends the job. What was quick is still on the screen."""
    is_done = job.state == Job.State.DONE
    if is_done and at - job.created_at < NOTABLE:
        return
    subject = f"文件已做好：{job.title}" if is_done else f"文件没有做成：{job.title}"
    body = f"请在下载中心领取，保留 {KEPT.days} 天。" if is_done else f"{job.error}可以在下载中心重新生成。"
    notify(
        recipients=[job.owner_id], occasion=f"job:{job.pk}:{job.attempts}", subject=subject, body=body,
        link=reverse("jobs:detail", args=[job.pk]), at=at, email=False, scope_id=job.scope_id,
    )  # fmt: skip


def connect() -> None:
    """Begin to listen."""
    job_ended.connect(tell_owner, dispatch_uid="messaging.tell_owner")
