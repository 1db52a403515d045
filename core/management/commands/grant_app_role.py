"""`manage.py grant_app_role [ROLE]`: after `migrate`, by the owner."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError, transaction

from core.dbroles import APP_ROLE, grant


class Command(BaseCommand):
    help = "以表的所有者身份，给应用的数据库角色授予所需的最小权限：流水、结果等只能追加。每次 migrate 之后运行。"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", nargs="?", default=APP_ROLE, help=f"应用的角色，缺省 {APP_ROLE}")

    def handle(self, *_: Any, **options: Any) -> None:
        role = options["role"]
        try:
            with transaction.atomic():
                only = grant(role)
        except ProgrammingError as error:
            raise CommandError(
                f"没有数据库角色“{role}”，或当前角色不是表的所有者。请先由管理员 CREATE ROLE {role} LOGIN。"
            ) from error
        if options["verbosity"] > 1:
            self.stdout.write(f"{role}：{len(only)} 张表只能追加：{'、'.join(only)}")
