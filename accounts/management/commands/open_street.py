"""A real street begins: its place in the tree and its three administrators, each with a link to set her password."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.domain.people_sheet import USERNAME
from accounts.models import Area, Invitation, Role, User
from accounts.services import add_area, add_user, belong, grant_role, link_token
from accounts.services.invitations import issue
from core import clock
from core.deadlines import inside

ADMINISTRATORS = (("system", Role.SYSTEM_ADMIN), ("security", Role.SECURITY_ADMIN), ("audit", Role.AUDIT_ADMIN))


class Command(BaseCommand):
    help = "新设一个街道和它的系统管理员、安全管理员、审计管理员（三人），输出三个邀请链接。街道已存在时拒绝。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("district", help="区名，例如 三水区；没有就新建")
        parser.add_argument("street", help="街道名")
        for option, role in ADMINISTRATORS:
            parser.add_argument(f"--{option}", required=True, metavar="用户名:姓名", help=role.label)

    def handle(self, *args: Any, **options: Any) -> None:
        people = [(role, *self._named(options[option])) for option, role in ADMINISTRATORS]
        names = [username.lower() for _, username, _ in people]
        if len(set(names)) < len(names):
            raise CommandError("三位管理员必须是三个人。")
        taken = [name for name in names if User.objects.filter(username__iexact=name).exists()]
        if taken:
            raise CommandError(f"用户名已被使用：{'、'.join(taken)}。")
        at = clock.now()
        with transaction.atomic(durable=True):
            street = self._street(options["district"], options["street"])
            made = []
            for role, username, name in people:
                user = add_user(username=username, display_name=name, password=None, at=at, by=None, scope_id=street.pk)
                belong(user=user, street_id=street.pk)
                grant_role(user=user, role=role, area=street, at=at, by=None)
                made.append(user)
            rows = issue(users=made, purpose=Invitation.Purpose.NEW, by=None, at=at, scope_id=street.pk)
        for (role, _, name), row in zip(people, rows, strict=True):
            link = inside("accounts:welcome", link_token(row))
            self.stdout.write(f"{role.label} {name}：{settings.SITE_URL}{link}")
        self.stdout.write("链接 7 天内有效，各用一次，请分别交给本人。")

    @staticmethod
    def _named(text: str) -> tuple[str, str]:
        username, _, name = text.partition(":")
        if not USERNAME.fullmatch(username) or not name.strip() or len(name) > 40:
            raise CommandError(f"请写成 用户名:姓名，例如 wangming:王明；不能是 {text}")
        return username, name.strip()

    @staticmethod
    def _street(district: str, name: str) -> Area:
        root = Area.objects.filter(kind=Area.Kind.DISTRICT, name=district).first()
        root = root or add_area(kind=Area.Kind.DISTRICT, name=district)
        if Area.objects.filter(parent=root, name=name).exists():
            raise CommandError(f"{district}已有{name}。")
        return add_area(kind=Area.Kind.STREET, name=name, parent=root)
