"""The nightly sweep: files past their time, what killed workers left behind, old notes of failures."""

import shutil
import time
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from jobs.models import Job, StoredFile, TaskFailure
from jobs.storage import WORKSHOP, is_used, lock_content, place_of

FAILURES_KEPT = timedelta(days=90)
LEFT_OVER = 24 * 3600  # seconds after which a folder in the workshop belongs to nobody


def tidy(*, at: datetime) -> int:
    """Expire what is past its time; returns how many jobs that were. Their rows stay and say so. Safe to run twice."""
    due = Job.objects.filter(state=Job.State.DONE, expires_at__lte=at).order_by("pk")
    count = sum(_expire(job_id, at) for job_id in list(due.values_list("pk", flat=True)))
    TaskFailure.objects.filter(failed_at__lt=at - FAILURES_KEPT).delete()
    _clear_workshop()
    return count


@transaction.atomic(durable=True)
def _expire(job_id: int, at: datetime) -> int:
    """The file goes with its row, unless another row needs either.

    It is removed before the commit, under the lock that storing the same content takes: a crash in between leaves a
    job whose file is missing and whose time is over, which the next night finishes.
    """
    due = Job.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        pk=job_id, state=Job.State.DONE, expires_at__lte=at
    )
    job = due.select_related("file").first()
    if job is None or job.file is None:
        return 0
    lock_content(job.file.sha256)
    file = StoredFile.objects.select_for_update().get(pk=job.file.pk)  # nobody begins to need it meanwhile
    Job.objects.filter(pk=job_id).update(state=Job.State.EXPIRED, file=None)
    if is_used(file):
        return 1
    file.delete()
    if not StoredFile.objects.filter(path=file.path).exists():
        place_of(file).unlink(missing_ok=True)
    return 1


def _clear_workshop() -> None:
    workshop = Path(settings.MEDIA_ROOT) / WORKSHOP
    if not workshop.is_dir():
        return
    for folder in workshop.iterdir():
        if folder.stat().st_mtime < time.time() - LEFT_OVER:
            shutil.rmtree(folder, ignore_errors=True)
