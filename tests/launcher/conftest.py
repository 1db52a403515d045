"""A portal of its own for the launcher's tests: real processes, a data folder and server folder below /tmp."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from chuangtou.embedded.places import ROOT, Places, settle

OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PORTAL_", "EMAIL_", "HOST", "PORT", "PUSH_", "LOG_LEVEL", "EMBED_")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


class Launcher:
    """One `python -m chuangtou.up`, its words in a file."""

    def __init__(self, site: "Site", words: tuple[str, ...], changes: dict[str, str]) -> None:
        self.words_file = Path(tempfile.mkstemp(dir=site.folder, suffix=".out")[1])
        with self.words_file.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chuangtou.up", *words],
                cwd=ROOT,
                env=site.environment | changes,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        return self.words_file.read_text(encoding="utf-8")

    def until(self, words: str) -> "Launcher":
        wait_for(lambda: words in self.said or self.process.poll() is not None, 240)
        assert words in self.said, self.said
        return self

    def ends(self, number: signal.Signals | None = None, seconds: float = 180.0) -> int:
        if number:
            self.process.send_signal(number)
        return self.process.wait(seconds)


class Site:
    """A data folder with its port and environment."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data = folder, data
        self.port, self.push_port = free_port(), free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        self.environment = kept | {
            "PORTAL_DATA": str(data),
            "PORT": str(self.port),
            "PUSH_PORT": str(self.push_port),
            "HOST": "127.0.0.1",
            "PORTAL_DEMO": "0",
            "EMBED_HOME": str(folder / "home"),
        }

    @property
    def places(self) -> Places:
        before = os.environ.get("EMBED_HOME")
        os.environ["EMBED_HOME"] = self.environment["EMBED_HOME"]
        try:
            return settle(self.data)
        finally:
            if before is None:
                del os.environ["EMBED_HOME"]
            else:
                os.environ["EMBED_HOME"] = before

    def launch(self, *words: str, **changes: str) -> Launcher:
        return Launcher(self, words, changes)

    def started(self, **changes: str) -> Launcher:
        return self.launch(**changes).until("The portal is ready")

    def status(self) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=20) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def push_is_well(self, port: int) -> bool:
        """Whether live updates answer on that port and hear Redis."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def sql(self, statement: str) -> list[tuple]:
        connection = psycopg2.connect(host=str(self.places.sockets), user="portal", dbname="portal")
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def keys(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.places.sockets / "valkey.sock"))

    def processes(self) -> dict[int, str]:
        """Every process of this site, by id: told by its command line, its environment or its folder."""
        marks = [os.fsencode(self.data), os.fsencode(self.places.servers)]
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes()
                traces = words + (entry / "environ").read_bytes() + os.fsencode((entry / "cwd").readlink())
            except OSError:
                continue
            if int(entry.name) != os.getpid() and any(mark in traces for mark in marks):
                found[int(entry.name)] = words.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    def pid_of(self, *words: str) -> int:
        """The eldest process whose command line has all the words."""
        return min(pid for pid, line in self.processes().items() if all(word in line for word in words))

    def kill_everything(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def nothing_is_left(self) -> bool:
        return self.processes() == {}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that a server account can reach (pytest's own is closed to others)."""
    path = Path(tempfile.mkdtemp(prefix="launcher-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    """A portal whose data folder has Chinese and a space in its name."""
    site = Site(folder, folder / "演示 数据")
    yield site
    site.kill_everything()
    wait_for(site.nothing_is_left)
    shutil.rmtree(site.places.sockets, ignore_errors=True)  # below /tmp for an ordinary user
