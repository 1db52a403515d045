"""Dead letters: tasks that were given up, where a system administrator sees them."""

import logging
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from django.conf import settings
from django.db import Error
from django.db.models import QuerySet

from jobs.models import TaskFailure

log = logging.getLogger(__name__)


def note_failure(
    *, name: str, task_key: str, args: Any, error: BaseException | type[BaseException], at: datetime,
    trace: TracebackType | None = None,
) -> None:  # fmt: skip
    """Note a task that will not be tried again, once. Where the database refuses that too, the log has it."""
    kind = error if isinstance(error, type) else type(error)
    facts = {
        "name": name[:100], "args": _ids(args), "error": kind.__name__[:100], "place": _place(trace)[:200], "failed_at": at,
    }  # fmt: skip
    try:
        TaskFailure.objects.get_or_create(task_key=task_key[:60], defaults=facts)
    except Error:
        log.exception("a failed task could not be noted: %s %s", name, task_key)


def failures() -> "QuerySet[TaskFailure]":
    """What failed, newest first."""
    return TaskFailure.objects.order_by("-failed_at", "-pk")


def _ids(value: Any) -> Any:
    """Numbers stay, and lists of them; anything else might be somebody's data."""
    if isinstance(value, int):
        return value
    if isinstance(value, (list, tuple)):
        return [_ids(v) for v in value[:20]]
    return "…"


def _place(trace: TracebackType | None) -> str:
    """File and line of the innermost frame of ours."""
    root = str(settings.BASE_DIR) + "/"
    ours = [f for f in traceback.extract_tb(trace) if f.filename.startswith(root) and "/.venv/" not in f.filename]
    return f"{Path(ours[-1].filename).relative_to(root)}:{ours[-1].lineno}" if ours else ""
