"""The base of `score_file` and `allocate_file`: a document in, a document out, no database."""

import contextlib
import json
import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from django.core.management.base import BaseCommand

from core.errors import FormatError
from core.exact import canonical, pretty


def _refusal(error: FormatError) -> dict[str, Any]:
    return {"error": {"path": error.path, "code": error.code, "message": error.message}}


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FormatError(key, "duplicate_key", f"键“{key}”出现了两次。")
        found[key] = value
    return found


def load(text: str) -> Any:
    """Parse JSON text; numbers keep their spelling only as int or are refused later. Raises FormatError."""
    try:
        return json.loads(text, object_pairs_hook=_no_duplicates, parse_float=_Loose)
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        raise FormatError("", "not_json", f"不是有效的 JSON 文件：{error}") from error


class _Loose(str):
    """A number written with a point but without quotes: kept as its text so that checks can refuse it by path."""

    __slots__ = ()


class FileCommand(BaseCommand):
    """Read IN, call `answer`, write OUT. Subclasses set `answer`, a pure function that may raise FormatError."""

    requires_system_checks = []
    requires_migrations_checks = False
    answer: ClassVar[Callable[[Any], dict[str, Any]]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="IN", help="文件名，或 - 表示标准输入；.jsonl 每行一份文件")
        parser.add_argument("target", metavar="OUT", help="文件名，或 - 表示标准输出")

    def handle(self, *args: Any, **options: Any) -> None:
        source, target = options["source"], options["target"]
        try:
            raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
            text = raw.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self._refuse(FormatError("", "unreadable", f"读不到文件，或文件不是 UTF-8 编码：{error}"))
        answer = type(self).answer
        if source.endswith(".jsonl"):
            refused = False
            lines = []
            for line in text.splitlines():
                if not line.strip():
                    continue
                try:
                    lines.append(canonical(answer(load(line))))
                except FormatError as error:
                    refused = True
                    lines.append(canonical(_refusal(error)))
            self._write(target, b"".join(line + b"\n" for line in lines))
            if refused:
                sys.exit(1)
            return
        try:
            self._write(target, pretty(answer(load(text))))
        except FormatError as error:
            self._refuse(error)

    def _refuse(self, error: FormatError) -> None:
        sys.stderr.write(json.dumps(_refusal(error), ensure_ascii=False) + "\n")
        sys.exit(2)

    def _write(self, target: str, data: bytes) -> None:
        if target == "-":
            sys.stdout.buffer.write(data)
            return
        folder = Path(target).absolute().parent
        handle, name = tempfile.mkstemp(dir=folder, prefix=".out-")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(name).replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
