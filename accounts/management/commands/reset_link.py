"""A link to set a password, made on the server: the way back for an administrator who is locked out."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.services import link_token, send_again, street_of
from core import clock
from core.deadlines import inside
from core.errors import DomainError


class Command(BaseCommand):
    help = "为一个账号生成设置密码的链接（7 天内有效，只能用一次）。写入操作记录。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="用户名")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError("没有这个账号。")
        try:
            row = send_again(user_id=user.pk, by=None, at=clock.now(), scope_id=street_of(user))
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{user.display_name}：{settings.SITE_URL}{inside('accounts:welcome', link_token(row))}")
