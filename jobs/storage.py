"""Files on disk: written to a temporary name, synced, renamed; the row comes after."""

import hashlib
import os
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import ForeignObjectRel

from jobs.models import StoredFile

WORKSHOP = ".workshop"  # below the media root, where builders write: renaming from there is one step


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
    lock_content(name)
    relative = f"files/{name[:2]}/{name}"
    target = Path(settings.MEDIA_ROOT) / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    source.chmod(0o640)
    source.replace(target)
    _sync_folder(target.parent)
    return StoredFile.objects.create(
        sha256=name, size=size, content_type=content_type, shown_name=shown_name, path=relative, created_at=at
    )


def lock_content(sha256: str) -> None:
    """Storing and removing one content take turns; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"jobs.file:{sha256}"])


def is_used(file: StoredFile) -> bool:
    """Whether any row of any app points to the file, be it through a table of pairs, which would go along unasked."""
    relations = StoredFile._meta.get_fields(include_hidden=True)
    pointing = [r for r in relations if isinstance(r, ForeignObjectRel) and not r.many_to_many]
    return any(r.related_model._base_manager.filter(**{r.field.name: file}).exists() for r in pointing)  # noqa: SLF001


def place_of(file: StoredFile) -> Path:
    """Where a stored file lies."""
    return Path(settings.MEDIA_ROOT) / file.path


def _sync_folder(folder: Path) -> None:
    """A renamed file survives a power cut once its folder is on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
