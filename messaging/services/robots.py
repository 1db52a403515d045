"""Robots of group chats."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from audit.services import record
from core.errors import DomainError
from messaging.channels import Unsendable
from messaging.channels.dingtalk import DingTalk
from messaging.channels.robots import Line
from messaging.channels.wecom import WeCom
from messaging.models import Robot

WAYS: dict[str, type[WeCom] | type[DingTalk]] = {Robot.Channel.WECOM: WeCom, Robot.Channel.DINGTALK: DingTalk}


class NameTaken(DomainError):
    message = "已有同名的群机器人，请换一个名称。"


class BadAddress(DomainError):
    """The address is not one of the platform's; the message says what to do."""


@transaction.atomic(durable=True)
def save_robot(
    *,
    robot_id: int | None,
    scope_id: int,
    channel: str,
    name: str,
    address: str,
    secret: str,
    kinds: list[str],
    is_active: bool,
    by: Any,
    at: datetime,
) -> Robot:
    """Add or change a robot. The record never holds its address or secret. Raises BadAddress, NameTaken."""
    try:
        WAYS[channel]().prepare(Line(address, secret, "试一试", 1, settings.SITE_URL, "/home/"))
    except Unsendable as error:
        raise BadAddress(f"{error}。") from error
    facts = {
        "channel": channel, "name": name, "address": address, "secret": secret, "kinds": sorted(kinds), "is_active": is_active,
    }  # fmt: skip
    try:
        with transaction.atomic():
            if robot_id is None:
                robot = Robot.objects.create(scope_id=scope_id, made_at=at, **facts)
            else:
                Robot.objects.filter(pk=robot_id, scope_id=scope_id).update(**facts)
                robot = Robot.objects.get(pk=robot_id, scope_id=scope_id)
    except IntegrityError as error:
        raise NameTaken from error
    record(
        actor=by, verb="messaging.robot_saved", about=robot, at=at, scope_id=scope_id,
        facts={"channel": channel, "kinds": sorted(kinds), "is_active": is_active},
    )  # fmt: skip
    return robot
