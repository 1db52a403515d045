"""The portal's Celery app plus one slow kind of work, for tests that kill a worker half-way."""

import time

from chuangtou.celery import app as celery  # noqa: F401 - what `celery -A` looks for
from jobs.registry import Work, register


@register("test.slow")
def slow(work: Work) -> None:
    """Write `rows` lines, a moment each."""
    total = work.params["rows"]
    with work.path.open("w") as out:
        for i in range(1, total + 1):
            out.write(f"{i}\n")
            out.flush()
            work.rows(i, total)
            time.sleep(work.params["pause"])
