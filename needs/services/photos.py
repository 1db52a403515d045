"""Photos of needs: drawn anew, stored, at most three."""

import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Area, User
from audit.services import record
from core.errors import DomainError, NotAllowed
from core.pictures import redrawn
from jobs.storage import store
from needs import rules
from needs.models import MOST_PHOTOS, Need, NeedPhoto
from needs.services.intake import check_flood, post

JPEG = "image/jpeg"


class TooManyPhotos(DomainError):
    message = "一件需求最多 {most} 张照片，已有 {known} 张。"


def post_with_photos(*, photos: Sequence[Any], community: Area, at: datetime, by: User | None, **facts: Any) -> Need:
    """`post_need` with photos (uploaded files). A flooded community is refused before any photo is unpacked.

    Sent twice with the same `once_key`, the need and its photos are there once. Raises what `post` does, BadPicture,
    TooManyPhotos.
    """
    if photos and by is None:
        check_flood(community, at)
    drawn = _drawn(photos)
    with transaction.atomic(durable=True):
        need = post(community=community, at=at, by=by, **facts)
        if not NeedPhoto.objects.filter(need=need).exists():
            _attach(need, drawn, at)
        return need


def add_photos(*, need_id: int, photos: Sequence[Any], by: User, at: datetime) -> int:
    """Add photos to a need, by who works on it. Returns how many it has now. Raises NotAllowed, BadPicture, TooManyPhotos."""
    drawn = _drawn(photos)
    with transaction.atomic(durable=True):
        need = Need.objects.select_for_update(of=("self",)).select_related("community", "grid").get(pk=need_id)
        if not rules.can_work(by, need):
            raise NotAllowed
        count = _attach(need, drawn, at)
        record(actor=by, verb="needs.photos_added", about=need, at=at, scope_id=need.street_id, facts={"n": len(drawn)})
        return count


def _drawn(photos: Sequence[Any]) -> list[bytes]:
    if len(photos) > MOST_PHOTOS:
        raise TooManyPhotos(most=MOST_PHOTOS, known=0)
    return [redrawn(photo) for photo in photos]


def _attach(need: Need, drawn: Sequence[bytes], at: datetime) -> int:
    known = NeedPhoto.objects.filter(need=need).count()
    if known + len(drawn) > MOST_PHOTOS:
        raise TooManyPhotos(most=MOST_PHOTOS, known=known)
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    for position, data in enumerate(drawn, known + 1):
        with tempfile.NamedTemporaryFile(dir=root, prefix="incoming-", delete=False) as handle:
            handle.write(data)
            handle.flush()
        name = f"{need.number}-照片{position}.jpg"
        stored = store(source=Path(handle.name), shown_name=name, content_type=JPEG, at=at)
        NeedPhoto.objects.create(need=need, position=position, file=stored, added_at=at)
    return known + len(drawn)
