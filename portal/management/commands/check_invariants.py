"""Tell what is not true of the data although it must be. Prints nothing and exits 0 when all is sound."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from portal.invariants import broken


class Command(BaseCommand):
    help = "核对数据不变式：资金、评分、结果、受理、文件、公示。全部成立时不输出并返回 0，否则逐条列出并返回 1。"

    def handle(self, *args: Any, **options: Any) -> None:
        found = False
        for name, sentence in broken():
            found = True
            self.stdout.write(f"{name}：{sentence}")
        if found:
            sys.exit(1)
