"""`python -m chuangtou.embedded.daemon SERVER DATA`: runs one server for as long as somebody uses it.

Three locks in DATA/lock, each held by the living and by nobody else:

- SERVER.users, shared: by every client (the supervisor, its children, a test run). Free = nobody needs the server.
- SERVER.daemon, exclusive: by this process. Free = nobody looks after the server.
- SERVER.servers, exclusive: by this process and, inherited, by every process of the server. Free = the last remains
  of a killed server are gone, and its files may be opened again.
"""

import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from chuangtou.embedded.locks import Lock
from chuangtou.embedded.places import ServersRefused, settle
from chuangtou.embedded.processes import dies_with_parent, end
from chuangtou.embedded.servers import SERVER_ENVIRONMENT, SERVERS, Server

LOOK = 0.25  # seconds between two looks
READY_WITHIN = 300.0  # seconds; recovery after a crash may take a while
LOG_LIMIT = 10 * 1024 * 1024


def open_log(path: Path) -> int:
    """Open a log for appending; one that grew beyond 10 MiB is put aside as `.1` first."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


class Daemon:
    def __init__(self, name: str, data: Path) -> None:
        self.places = settle(data)
        self.server: Server = SERVERS[name](self.places)
        self.users = Lock(self.places.locks / f"{name}.users")
        self.own = Lock(self.places.locks / f"{name}.daemon")
        self.remains = Lock(self.places.locks / f"{name}.servers")
        self.ready = self.places.locks / f"{name}.ready"
        self.error = self.places.locks / f"{name}.error"
        self.log = self.places.logs / f"{name}.log"
        self.told_to_stop = False

    def run(self) -> int:
        """Serve; return 0 after an orderly end (or when another daemon serves already), else 1."""
        if not self.own.take():
            return 0
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        self.error.unlink(missing_ok=True)
        self.ready.unlink(missing_ok=True)
        nonce = secrets.token_hex(8)
        self.own.write(nonce)
        try:
            return self._serve(nonce)
        except ServersRefused as refusal:
            self.error.write_text(str(refusal), encoding="utf-8")
            return 1

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = True

    def _serve(self, nonce: str) -> int:
        if not self.remains.take(wait=60):
            raise ServersRefused(
                f"上一次的 {self.server.name} 还没有退出 / Processes of the previous {self.server.name} have not ended yet"
            )
        self.server.prepare()
        log = open_log(self.log)
        child = subprocess.Popen(
            self.server.command(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            start_new_session=True,
            pass_fds=(self.remains.fd,),
            preexec_fn=dies_with_parent(self.server.at_parents_death),  # noqa: PLW1509 - no threads here
            user=self.places.uid,
            group=self.places.gid,
            extra_groups=self.places.groups,
        )
        try:
            self._wait_until_it_answers(child)
            self.server.finish()
            self.ready.write_text(nonce, encoding="utf-8")
            while child.poll() is None and not self.told_to_stop:
                if self.users.take():  # kept until we are gone: a new client waits for that, then starts a new daemon
                    break
                time.sleep(LOOK)
            died = child.poll() is not None
        finally:
            self.ready.unlink(missing_ok=True)
            end(child, self.server.stop)
        return int(died)

    def _wait_until_it_answers(self, child: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + READY_WITHIN
        while not self.server.answers():
            if child.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
                raise ServersRefused(
                    "\n".join([f"{self.server.name} 没有启动 / {self.server.name} did not start ({self.log}):", *tail])
                )
            if self.told_to_stop:
                raise ServersRefused("中途停止 / Stopped while starting")
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(Daemon(sys.argv[1], Path(sys.argv[2])).run())
