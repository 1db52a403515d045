"""`manage.py export_round ROUND OUT`: the open record of a round's locked sessions, for `verify_result.py`."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.exact import pretty
from judging.record import round_record
from rounds.models import Round


class Command(BaseCommand):
    help = "导出一期评审的公开记录文件 chuangtou/record@1，任何人可用 verify_result.py 核对。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("round", type=int, help="期次编号")
        parser.add_argument("out", help="输出文件，- 为标准输出")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Write the record. Raises CommandError for an unknown round, or one without a locked session."""
        found = Round.objects.filter(pk=options["round"]).first()
        if found is None:
            raise CommandError(f"没有编号为 {options['round']} 的期次。")
        record = round_record(found)
        if not record["sessions"]:
            raise CommandError("本期还没有锁定的评审会，没有可核对的记录。")
        body = pretty(record)
        if options["out"] == "-":
            sys.stdout.buffer.write(body)
        else:
            Path(options["out"]).write_bytes(body)
