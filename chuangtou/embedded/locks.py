"""File locks (flock). A lock dies with its last holder, however that one died, so nothing is ever stale."""

import fcntl
import os
import time
from pathlib import Path


class Lock:
    """One lock file. Its text is whatever the holder wrote; the lock itself is the only truth about life and death.

    The descriptor is not inherited, unless handed to a child by `pass_fds`: then the child holds the lock as well,
    and it stays taken until the last of them is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1

    def take(self, *, shared: bool = False, wait: float = 0.0) -> bool:
        """Take the lock, trying for `wait` seconds; False when somebody else kept it."""
        if self.fd < 0:
            self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
                time.sleep(0.05)
            else:
                return True

    def release(self) -> None:
        """Let go (our share of it)."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def is_held(self, *, shared: bool = True) -> bool:
        """Tell whether somebody holds it so that a `shared` (or else exclusive) taker would have to wait."""
        probe = Lock(self.path)
        try:
            return not probe.take(shared=shared)
        finally:
            probe.release()

    def write(self, text: str) -> None:
        """Leave a word for those who find the lock taken."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, text.encode(), 0)

    def read(self) -> str:
        """Return the holder's word, empty when there is none."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
