"""Children that never outlive their parent (Linux), and how to end them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def dies_with_parent(at_death: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that makes the kernel send `at_death` when the parent dies; None where there is no such call.

    On macOS a `kill -9` of the parent therefore leaves the child running; the locks it inherited make the next start
    wait for it instead of meeting it.
    """
    if _libc is None:
        return None
    parent = os.getpid()

    def set_it() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(at_death))
        if os.getppid() != parent:
            os._exit(1)

    return set_it


def end(child: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]], *, group: bool = False) -> None:
    """Send each signal in turn and wait its seconds, until the child is gone; with `group`, sweep its group at the end."""
    for step, seconds in steps:
        if child.poll() is not None:
            break
        child.send_signal(step)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if group:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def until(condition: Callable[[], bool], seconds: float, *, every: float = 0.05) -> bool:
    """Wait for `condition`, at most `seconds`; tell whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True
