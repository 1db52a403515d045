"""Taking a demonstration street away, whole: rows, acts, messages, jobs, sessions, files."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from accounts.models import Area, Role, User
from accounts.rules import holds
from audit.models import DemoStreet
from audit.services import record
from core.errors import DomainError, NotAllowed
from jobs.models import Job, StoredFile
from jobs.storage import is_used, lock_content
from messaging.models import Delivery, Notice
from portal.demo.loading import KIND


class NoDemonstration(DomainError):
    message = "这个街道不是演示街道，不能删除。"


class NameDiffers(DomainError):
    message = "街道名写得不对，请照写“{name}”。没有删除任何内容。"
    status = 400


class NotApart(DomainError):
    message = "{why}"


def demonstrations() -> list[Area]:
    """The streets that were born as demonstrations."""
    return list(Area.objects.filter(pk__in=DemoStreet.objects.values("street_id")).order_by("pinyin", "pk"))


@transaction.atomic(durable=True)
def remove_demonstration(*, street_id: int, typed: str, by: User, at: datetime) -> int:
    """Remove a demonstration street with everything in it, all or nothing; how many rows that were.

    `typed` is its name, as a person wrote it. The remover may be among what goes. Files leave the disk after the commit.
    Raises NotAllowed, NoDemonstration, NameDiffers, NotApart (a record of another street hangs on it).
    """
    if not holds(by, Role.SYSTEM_ADMIN):
        raise NotAllowed
    street = Area.objects.filter(pk=street_id, pk__in=DemoStreet.objects.values("street_id")).first()
    if street is None:
        raise NoDemonstration
    if typed.strip() != street.name:
        raise NameDiffers(name=street.name)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT portal_remove_demonstration(%s)::text", [street.pk])
            (answer,) = cursor.fetchone()
    except IntegrityError as error:
        raise NotApart(why=str(error).partition("\n")[0]) from error
    found = json.loads(answer)
    left = User.objects.filter(pk=by.pk).first()
    facts = {"street": street.name, "rows": found["rows"], "files": len(found["paths"])}
    if not DemoStreet.objects.exists():
        found["paths"] += _forget_loading()
    record(actor=left, verb="portal.demonstration_removed", about=street, at=at, facts=facts)
    transaction.on_commit(lambda: _unlink(found["paths"]))
    return int(found["rows"])


def _forget_loading() -> list[str]:
    """Delete the jobs that loaded demonstrations, with what was said of them and their files of accounts; where those lie."""
    jobs = Job.objects.filter(kind=KIND)
    said = Notice.objects.filter(
        link__in=[reverse("jobs:detail", args=[pk]) for pk in jobs.values_list("pk", flat=True)]
    )
    Delivery.objects.filter(notice__in=said).delete()
    said.delete()
    files = [job.file for job in jobs.select_related("file") if job.file is not None]
    jobs.delete()
    gone = [file for file in files if not is_used(file)]
    StoredFile.objects.filter(pk__in=[file.pk for file in gone]).delete()
    return [file.path for file in gone]


def _unlink(paths: Sequence[str]) -> None:
    """Take files from the disk that no row names any more; one that is just being stored again stays."""
    for path in paths:
        with transaction.atomic():
            lock_content(Path(path).name)
            if not StoredFile.objects.filter(path=path).exists():
                (Path(settings.MEDIA_ROOT) / path).unlink(missing_ok=True)
