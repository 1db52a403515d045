"""The door: `with Services(data) as services:` and both servers run for as long as the block does."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from chuangtou.embedded.daemon import open_log
from chuangtou.embedded.locks import Lock
from chuangtou.embedded.places import ROOT, Places, ServersRefused, settle
from chuangtou.embedded.servers import SERVERS, Server

START_WITHIN = 360.0
STOP_WITHIN = 90.0  # seconds; longer than every step of a server's stop together
OTHERS_AFTER = 1.0


class Claim:
    """Our share in one server."""

    def __init__(self, server: Server, places: Places) -> None:
        self.server = server
        self.places = places
        self.users = Lock(places.locks / f"{server.name}.users")
        self.daemon = Lock(places.locks / f"{server.name}.daemon")
        self.ready = places.locks / f"{server.name}.ready"
        self.error = places.locks / f"{server.name}.error"
        self.started: subprocess.Popen[bytes] | None = None

    def claim(self) -> None:
        """Hold the server's lock; one that is just stopping is waited for."""
        if not self.users.take(shared=True, wait=STOP_WITHIN):
            raise ServersRefused(f"{self.server.name} 停不下来 / {self.server.name} is stopping and does not end")

    def is_looked_after(self) -> bool:
        return self.daemon.is_held()

    def is_ready(self) -> bool:
        """Look whether a daemon holds its lock and says ready; start one where none is; ServersRefused if it gave up."""
        if not self.is_looked_after():
            if self.started is not None and self.started.poll():
                said = self.error.read_text(encoding="utf-8") if self.error.exists() else ""
                raise ServersRefused(said or f"{self.server.name}: exit {self.started.returncode}, {self.places.logs}")
            if self.started is None or self.started.poll() is not None:
                self._start()
            return False
        try:
            return self.ready.read_text(encoding="utf-8") == self.daemon.read() != ""
        except FileNotFoundError:
            return False

    def _start(self) -> None:
        log = open_log(self.places.logs / "daemon.log")
        try:
            self.started = subprocess.Popen(
                [sys.executable, "-m", "chuangtou.embedded.daemon", self.server.name, str(self.places.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        finally:
            os.close(log)

    def release(self) -> None:
        """Give up our share; if it was the last, wait until the server is gone.

        Others must hold theirs for a while to be believed: processes just killed take a moment to let go.
        """
        self.users.release()
        deadline = time.monotonic() + STOP_WITHIN
        alone_at = time.monotonic()
        while self.is_looked_after() and time.monotonic() < deadline:
            others = self.users.is_held(shared=False) and not self.users.is_held(shared=True)
            if not others:
                alone_at = time.monotonic()
            elif time.monotonic() - alone_at > OTHERS_AFTER:
                break
            if self.started is not None:
                self.started.poll()
            time.sleep(0.05)
        if self.started is not None:
            self.started.poll()


class Services:
    """PostgreSQL and Valkey, each unless its URL is in the environment already.

    `environment` holds what programs need to reach them; `locks` the descriptors that children should inherit
    (`pass_fds`), so that the servers outlive them even when this process is killed.
    """

    def __init__(self, data: Path) -> None:
        wanted = [kind for kind in SERVERS.values() if not os.environ.get(kind.variable)]
        self.places = settle(data, servers=bool(wanted))
        self.claims = [Claim(kind(self.places), self.places) for kind in wanted]

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._release()
            raise
        return self

    def _start(self) -> None:
        for claim in self.claims:
            claim.claim()
        waiting = list(self.claims)
        deadline = time.monotonic() + START_WITHIN
        while waiting := [claim for claim in waiting if not claim.is_ready()]:
            if time.monotonic() > deadline:
                names = ", ".join(claim.server.name for claim in waiting)
                raise ServersRefused(f"{names} 迟迟没有就绪 / not ready in time: {names}, {self.places.logs}")
            time.sleep(0.03)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _release(self) -> None:
        for claim in self.claims:
            claim.users.release()
        for claim in self.claims:
            claim.release()

    @property
    def environment(self) -> dict[str, str]:
        return {claim.server.variable: claim.server.url() for claim in self.claims}

    @property
    def application_environment(self) -> dict[str, str]:
        """The same for the portal's own programs, which own nothing in the database."""
        return {claim.server.variable: claim.server.application_url() for claim in self.claims}

    @property
    def locks(self) -> tuple[int, ...]:
        return tuple(claim.users.fd for claim in self.claims)

    def fallen(self) -> list[str]:
        """Name the servers that have gone."""
        return [claim.server.name for claim in self.claims if not claim.is_looked_after()]
