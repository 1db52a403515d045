"""Play the demonstration rounds through the services. Says the accounts; does nothing where they stand already."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Area, User
from portal.demo.loading import accounts, play
from portal.demo.people import PASSWORD


class Command(BaseCommand):
    help = "装入演示数据（三水“红色核动力”、辛店创投、一期正在征集的）。已有演示数据时只显示账号；已有真实账号时拒绝。"

    def handle(self, *args: Any, **options: Any) -> None:
        if not User.objects.filter(is_demo=True).exists():
            if User.objects.exists() or Area.objects.exists():
                raise CommandError("数据库里已有真实账号或区域，不装入演示数据。")
            sys.stderr.write("正在装入演示数据…\n")
            play(told=lambda name: sys.stderr.write(f"{name}\n"))
        self.stdout.write(accounts(PASSWORD))
