"""Files on disk: written to a temporary name, synced, renamed; the row comes after."""

import hashlib
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings

from jobs.models import StoredFile


def store(*, source: Path, shown_name: str, content_type: str, at: datetime) -> StoredFile:
    """Move a finished file under the media root, named by its digest, and add its row. Needs an open transaction."""
    digest = hashlib.sha256()
    size = 0
    with source.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
        os.fsync(handle.fileno())
    name = digest.hexdigest()
    relative = f"files/{name[:2]}/{name}"
    target = Path(settings.MEDIA_ROOT) / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    target.chmod(0o640)
    return StoredFile.objects.create(
        sha256=name, size=size, content_type=content_type, shown_name=shown_name, path=relative, created_at=at
    )


def place_of(file: StoredFile) -> Path:
    """Where a stored file lies."""
    return Path(settings.MEDIA_ROOT) / file.path
