"""Files that people hand in as evidence: told by their content, stored under a name of ours."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from core.errors import DomainError
from jobs.models import StoredFile
from jobs.storage import store

MOST_FILES, MOST_BYTES = 3, 5 * 1024 * 1024
KINDS = {
    b"%PDF-": ("application/pdf", "pdf"),
    b"\xff\xd8\xff": ("image/jpeg", "jpg"),
    b"\x89PNG\r\n\x1a\n": ("image/png", "png"),
}


class BadEvidence(DomainError):
    message = "材料“{name}”不能接收：{why}"
    status = 400


def check_evidence(files: Sequence[Any], most: int = MOST_FILES, megabytes: int = 5) -> None:
    """At most `most` files of `megabytes` each, PDF, JPEG or PNG by their content. Raises BadEvidence."""
    if len(files) > most:
        raise BadEvidence(name=files[most].name, why=f"最多 {most} 个文件。")
    for file in files:
        if file.size > megabytes * 1024 * 1024:
            raise BadEvidence(name=file.name, why=f"文件超过 {megabytes} MB，请压缩后再传。")
        if _kind(file) is None:
            raise BadEvidence(name=file.name, why="只能上传 PDF、JPG 或 PNG。")


def _kind(file: Any) -> tuple[str, str] | None:
    file.seek(0)
    head = file.read(8)
    file.seek(0)
    return next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)


def keep(file: Any, name: str, at: datetime) -> StoredFile:
    """Store one checked file as `name` with the ending of its kind."""
    kind = _kind(file)
    assert kind is not None  # noqa: S101 - checked before
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=root, prefix="incoming-", delete=False) as handle:
        for chunk in file.chunks():
            handle.write(chunk)
        handle.flush()
    return store(source=Path(handle.name), shown_name=f"{name}.{kind[1]}", content_type=kind[0], at=at)
