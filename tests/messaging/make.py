"""Notices, mass messages, robots for tests."""

import uuid
from datetime import datetime

from django.db import transaction

from accounts.models import User
from messaging.kinds import MASS
from messaging.models import Delivery, Mass, Notice, Posting, Robot
from messaging.services import draft_mass, notify, save_robot
from tests.world import Street


@transaction.atomic
def make_notice(
    user: User, at: datetime, occasion: str = "test:1", link: str = "/help/", *, email: bool = True
) -> Notice:
    """One notice to one person, with its e-mail due."""
    notify(
        recipients=[user.pk],
        occasion=occasion,
        subject=f"通知 {occasion}",
        body="请看一看。",
        link=link,
        at=at,
        email=email,
    )
    return Notice.objects.get(recipient=user, occasion=occasion)


def make_mass(street: Street, at: datetime, audiences: tuple[str, ...] = ("organizations.members",)) -> Mass:
    """A draft of the street's office to the members of its organizations."""
    return draft_mass(
        scope_id=street.area.pk, audiences=list(audiences), subject="停电通知", body="周三停电，系统照常。",
        once_key=uuid.uuid4(), by=street.people["office"], at=at,
    )  # fmt: skip


def make_delivery(user: User, at: datetime, state: str = "failed", occasion: str = "test:trouble") -> Delivery:
    """A delivery by e-mail in a state of trouble."""
    row = Delivery.objects.get(notice=make_notice(user, at, occasion))
    if state == "unknown":
        Delivery.objects.filter(pk=row.pk).update(state="claimed", claimed_at=at)
    Delivery.objects.filter(pk=row.pk).update(state=state, error="邮件服务器拒收（550）")
    row.refresh_from_db()
    return row


def make_robot(street: Street, at: datetime, *, kinds: tuple[str, ...] = (MASS, "general"), **changed: str) -> Robot:
    """A WeCom robot of the street that tells of mass and general messages."""
    facts = {
        "channel": "wecom", "name": "工作群", "address": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=abc", "secret": "",
    } | changed  # fmt: skip
    return save_robot(
        robot_id=None, scope_id=street.area.pk, kinds=list(kinds), is_active=True, by=street.people["office"], at=at, **facts
    )  # fmt: skip


def make_posting(robot: Robot, at: datetime) -> Posting:
    """A line of a robot that was refused."""
    return Posting.objects.create(
        robot=robot,
        occasion="test:line",
        kind="general",
        count=3,
        link="/home/",
        created_at=at,
        state="failed",
        error="拒收",
    )
