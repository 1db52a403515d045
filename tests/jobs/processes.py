"""Real workers and beats on the test database, killed with all their children at the end."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings as live

from tests.live import database_url


def wait(until: Callable[[], object], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if until():
            return
        time.sleep(0.1)
    raise AssertionError("not in time")


class Crew:
    """The processes of one test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def worker(self, **changed: str) -> "subprocess.Popen[bytes]":
        return self._begin(["worker", "-c", "1", "--without-gossip", "--without-mingle"], changed)

    def beat(self, **changed: str) -> "subprocess.Popen[bytes]":
        schedule = self.folder / f"schedule{len(self.running)}"
        return self._begin(["beat", "--pidfile=", "--schedule", str(schedule)], changed)

    def _begin(self, words: list[str], changed: dict[str, str]) -> "subprocess.Popen[bytes]":
        env = os.environ | {"PORTAL_DATA": str(self.folder), "DATABASE_URL": database_url()} | changed
        command = [sys.executable, "-m", "celery", "-A", "tests.jobs.celery_app:celery", *words, "-l", "INFO"]
        with (self.folder / f"log{len(self.running)}").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=live.BASE_DIR, env=env, stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(process)
        return process

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("log*")))

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end(self) -> None:
        for process in self.running:
            self.kill(process)


def children_of(pid: int) -> list[int]:
    """The processes that a process has forked."""
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
