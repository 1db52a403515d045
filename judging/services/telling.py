"""Telling the screens: a new version of the board after every act that they must know of."""

import secrets
from datetime import datetime

from django.db import transaction
from django.db.models import F

from core import live
from judging.board import board
from judging.models import Session, Stage


def new_key() -> str:
    """What makes a screen's link unguessable: 144 bits."""
    return secrets.token_urlsafe(18)


def stage_of(session: Session, at: datetime) -> Stage:
    """The session's stage; made at the first look."""
    stage, _ = Stage.objects.get_or_create(session=session, defaults={"key": new_key(), "changed_at": at})
    return stage


def tell(session: Session, stage: Stage, at: datetime) -> None:
    """Send the board to every screen after the commit."""
    content = board(session, stage, at)
    name = live.channel("stage", stage.key)
    transaction.on_commit(lambda: live.publish(name, content))


def session_changed(session: Session, at: datetime) -> None:
    """The session itself moved (opened, locked, published): a new version, inside the caller's transaction."""
    if Stage.objects.filter(session=session).update(version=F("version") + 1, changed_at=at):
        tell(session, Stage.objects.select_related("entry").get(session=session), at)
