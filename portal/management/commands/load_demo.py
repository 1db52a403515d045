"""Play the demonstration rounds through the services. Says the accounts; does nothing where they stand already."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import Area, User
from accounts.services import add_area
from core import clock
from portal.demo import sanshui, xindian
from portal.demo.people import PASSWORD

ACCOUNTS = """演示账号（密码都是 {password}）：
  三水西南街道：sanshui_office 创投办　sanshui_leader 分管领导　sanshui_finance 财政所　sanshui_host 主持　sanshui_supervisor 监督员
  　　　　　　　sanshui_w_yunxiu 云秀社区工作者　sanshui_grid 网格员　sanshui_yunxiu 申报人　sanshui_judge1 … sanshui_judge7 评委
  　　　　　　　sanshui_sysadmin 系统管理员　sanshui_secadmin 安全管理员　sanshui_auditor 审计管理员
  辛店街道（有一期正在征集，可以试用）：xindian_office　xindian_leader　xindian_w_shiyuan　xindian_yigong 义工协会　xindian_judge1 …
  查进度试用查询码：{code}"""


class Command(BaseCommand):
    help = "装入演示数据（三水“红色核动力”、辛店创投、一期正在征集的）。已有演示数据时只显示账号；已有真实账号时拒绝。"

    def handle(self, *args: Any, **options: Any) -> None:
        if not User.objects.filter(is_demo=True).exists():
            if User.objects.exists() or Area.objects.exists():
                raise CommandError("数据库里已有真实账号或区域，不装入演示数据。")
            self._play()
        code = self._code()
        self.stdout.write(ACCOUNTS.format(password=PASSWORD, code=code))

    def _play(self) -> None:
        sys.stderr.write("正在装入演示数据…\n")
        with transaction.atomic():
            first = add_area(kind=Area.Kind.DISTRICT, name="三水区")
            second = add_area(kind=Area.Kind.DISTRICT, name="临淄区")
        sys.stderr.write(f"{sanshui.play(first).area.name}\n")
        sys.stderr.write(f"{xindian.play(second, clock.now()).area.name}\n")

    def _code(self) -> str:
        from needs.models import Need

        need = Need.objects.filter(is_demo=True, channel="online").order_by("pk").first()
        return need.tracking_code if need else ""
