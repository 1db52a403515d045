"""Asking a virus scanner of the house about a file before it is kept.

`VIRUS_SCANNER` names a command and its options; the file's path is put behind. It answers as clamscan does: 0 clean,
1 infected, anything else could not look. What could not be looked at is not kept.
"""

import logging
import shlex
import subprocess
import tempfile
from pathlib import Path

from django.conf import settings

from core.errors import DomainError

log = logging.getLogger(__name__)
PATIENCE = 20  # seconds


class Infected(DomainError):
    message = "文件“{name}”被病毒扫描拦下，没有保存。请先在电脑上查杀病毒，再上传干净的文件。"
    status = 400


class CannotScan(DomainError):
    message = "病毒扫描暂时不可用，文件“{name}”没有保存。请稍后再试，或联系系统管理员。"
    status = 400


def scan(data: bytes, *, name: str) -> None:
    """Nothing where no scanner is named or it says clean. Raises Infected, CannotScan."""
    command = shlex.split(settings.VIRUS_SCANNER)
    if not command:
        return
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        try:
            done = subprocess.run([*command, str(path)], capture_output=True, timeout=PATIENCE, check=False)
        except (OSError, subprocess.TimeoutExpired):
            log.exception("virus scanner did not run")
            raise CannotScan(name=name) from None
    if done.returncode == 1:
        log.warning("virus scanner refused a file: %s", done.stdout[-500:].decode(errors="replace"))
        raise Infected(name=name)
    if done.returncode != 0:
        log.error("virus scanner ended with %s: %s", done.returncode, done.stderr[-500:].decode(errors="replace"))
        raise CannotScan(name=name)
