"""A real Celery worker on the test database and its own queues."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from tests.live import database_url


def environment(**changed: str) -> dict[str, str]:
    """The environment of a process that works on the test database."""
    return os.environ | {"DATABASE_URL": database_url()} | changed


@contextmanager
def worker(prefix: str, folder: Path, **changed: str) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a worker of one process on the queues with this prefix; killed with all its children at the end."""
    command = [
        sys.executable, "-m", "celery", "-A", "chuangtou", "worker", "-c", "1", "-l", "INFO", "--without-gossip",
        "--without-mingle",
    ]  # fmt: skip
    env = environment(PORTAL_DATA=str(folder), PORTAL_QUEUE_PREFIX=prefix, **changed)
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a worker and its children at once, as a power cut would."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(fact: Callable[[], object], seconds: float = 60) -> object:
    """Wait until `fact()` is true; returns it. Fails when it does not come true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := fact():
            return found
        time.sleep(0.2)
    msg = "did not come true in time"
    raise AssertionError(msg)
