"""The base of `score_file` and `allocate_file`: a document in, a document out, no database."""

import contextlib
import json
import os
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from core.errors import FormatError
from core.exact import canonical, pretty


class Unquoted:
    """A number written with a point or an exponent but without quotes: no type of ours, so it is refused by path."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class _Doubled(dict[str, Any]):
    """An object in which `key` stood twice; found again afterwards to say where."""

    key = ""


def _refusal(error: FormatError) -> dict[str, Any]:
    return {"error": {"path": error.path, "code": error.code, "message": error.message}}


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} 不是数字")


def _find_doubled(value: Any, path: str) -> str | None:
    if isinstance(value, _Doubled):
        return f"{path}.{value.key}" if path else value.key
    if isinstance(value, dict):
        places = ((f"{path}.{key}" if path else str(key), inner) for key, inner in value.items())
    elif isinstance(value, list):
        places = ((f"{path}[{i}]", inner) for i, inner in enumerate(value))
    else:
        return None
    return next((found for where, inner in places if (found := _find_doubled(inner, where)) is not None), None)


def load(text: str) -> Any:
    """Parse JSON text strictly. Raises FormatError.

    Refused: a key twice in one object (RFC 8259 leaves its meaning open), NaN and Infinity, half of a surrogate pair.
    Numbers that are not whole come back as `Unquoted`, which no check takes for text or number.
    """
    doubled = False

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal doubled
        plain = dict(found)
        if len(plain) == len(found):
            return plain
        doubled = True
        marked = _Doubled(plain)
        marked.key = next(key for key, times in Counter(key for key, _ in found).items() if times > 1)
        return marked

    try:
        document = json.loads(text, object_pairs_hook=pairs, parse_float=Unquoted, parse_constant=_no_constant)
        if doubled:
            path = _find_doubled(document, "") or ""
            raise FormatError(path, "duplicate_key", f"键“{path}”出现了两次。")
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False, default=repr).encode()
    except UnicodeEncodeError as error:
        raise FormatError("", "not_unicode", "文件中有不成对的代理字符（\\ud800 至 \\udfff）。") from error
    except (json.JSONDecodeError, RecursionError, ValueError) as error:
        raise FormatError("", "not_json", f"不是有效的 JSON 文件：{error}") from error
    return document


class FileCommand(BaseCommand):
    """Read IN, call `answer`, write OUT. Subclasses set `answer`, a pure function that may raise FormatError.

    Exit 0; 1 if a line of a `.jsonl` was refused (its answer is the error object); 2 with one JSON line on standard
    error and nothing written if the document was refused, or could not be read or written.
    """

    requires_system_checks = []
    requires_migrations_checks = False

    @staticmethod
    def answer(document: Any) -> dict[str, Any]:
        """Turn the parsed document into its answer. Raises FormatError."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="IN", help="文件名，或 - 表示标准输入；.jsonl 每行一份文件")
        parser.add_argument("target", metavar="OUT", help="文件名，或 - 表示标准输出")

    def handle(self, *args: Any, **options: Any) -> None:
        source, target = options["source"], options["target"]
        try:
            text = _read(source)
            if source.endswith(".jsonl"):
                data, refused = self._lines(text)
            else:
                answer = type(self).answer(load(text))
                data, refused = canonical(answer) + b"\n" if target.endswith(".jsonl") else pretty(answer), False
            _write(target, data)
        except FormatError as error:
            _complain(error)
            sys.exit(2)
        if refused:
            sys.exit(1)

    def _lines(self, text: str) -> tuple[bytes, bool]:
        """Answer each line that is not blank; only a line feed ends a line. Tell whether any was refused."""
        answers: list[bytes] = []
        refused = False
        for line in text.split("\n"):
            if not line.strip(" \t\r"):
                continue
            try:
                answers.append(canonical(type(self).answer(load(line))))
            except FormatError as error:
                refused = True
                answers.append(canonical(_refusal(error)))
        return b"".join(line + b"\n" for line in answers), refused


def _read(source: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError("", "unreadable", f"读不到文件，或文件不是 UTF-8 编码：{error}") from error


def _complain(error: FormatError) -> None:
    line = json.dumps(_refusal(error), ensure_ascii=False) + "\n"
    stream = getattr(sys.stderr, "buffer", None)
    if stream is None:  # a stream of text that somebody put in its place
        sys.stderr.write(line)
    else:
        stream.write(line.encode())
        stream.flush()


def _write(target: str, data: bytes) -> None:
    """Write all or nothing: into a new file beside the target, which then takes its place. Devices are written to."""
    try:
        if target == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        place = Path(target).resolve()
        if place.exists() and not place.is_file():
            place.write_bytes(data)
            return
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".out-")
        new = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            new.chmod(_mode(place))
            new.replace(place)
        except OSError:
            with contextlib.suppress(OSError):
                new.unlink()
            raise
    except OSError as error:
        raise FormatError("", "unwritable", f"写不了结果文件：{error}") from error


def _mode(place: Path) -> int:
    """Permissions of the file that is replaced, else what the umask leaves of 0666."""
    with contextlib.suppress(OSError):
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
