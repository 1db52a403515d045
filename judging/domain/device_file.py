"""The file or the QR texts that a judge's device gives out when no network comes back: chuangtou/device@1.

Described with an example in docs/device-file.md. Numbers are JSON integers, marks decimal strings.
"""

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import DomainError

FORMAT = "chuangtou/device@1"
LARGEST = 1_000_000  # characters
PART = re.compile(r"CT1:(\d{1,3})/(\d{1,3}):(.*)", re.DOTALL)
MOST = 500  # sheets of one file


class DeviceFileUnread(DomainError):
    message = "设备文件看不懂：{why}请在评委手机上重新导出。"
    status = 400


@dataclass(frozen=True, slots=True)
class DeviceSheet:
    """One request as the device kept it."""

    entry: int
    do: str
    marks: dict[str, str]
    comment: str
    id: str
    base: int
    after: tuple[str, ...]
    counter: int


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """What one device holds for one seat."""

    session: int
    judge: int
    seat: int
    device: str
    made_at: str
    sheets: tuple[DeviceSheet, ...]


def check_of(document: Mapping[str, Any]) -> str:
    """CRC-32 of the canonical text without `check`, eight hexadecimal digits: against typing errors, not against malice."""
    rest = {k: v for k, v in document.items() if k != "check"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{zlib.crc32(text.encode()):08x}"


def parts_of(text: str, size: int = 600) -> list[str]:
    """The text cut into QR texts."""
    pieces = [text[i : i + size] for i in range(0, len(text), size)] or [""]
    return [f"CT1:{i}/{len(pieces)}:{piece}" for i, piece in enumerate(pieces, 1)]


def join_parts(typed: str) -> str:
    """One text out of pasted QR texts, a line each, in any order; a text that is no QR text is given back as it is.

    Raises DeviceFileUnread where one is missing.
    """
    lines = [line.strip("\r\n") for line in typed.strip().splitlines() if line.strip()]
    if not lines or not lines[0].startswith("CT1:"):
        return typed
    found: dict[int, str] = {}
    of = 0
    for line in lines:
        part = PART.fullmatch(line)
        if part is None or (of and int(part.group(2)) != of):
            raise DeviceFileUnread(why="二维码的内容不完整或不是同一组。")
        of = int(part.group(2))
        found[int(part.group(1))] = part.group(3)
    missing = [str(i) for i in range(1, of + 1) if i not in found]
    if missing:
        raise DeviceFileUnread(why=f"还差第 {'、'.join(missing)} 个二维码（共 {of} 个）。")
    return "".join(found[i] for i in range(1, of + 1))


def read_device_file(text: str) -> DeviceFile:
    """Read a file or pasted QR texts. Raises DeviceFileUnread."""
    if len(text) > LARGEST:
        raise DeviceFileUnread(why="内容太大。")
    try:
        document = json.loads(join_parts(text))
    except (ValueError, RecursionError) as error:
        raise DeviceFileUnread(why="内容不完整。") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise DeviceFileUnread(why="这不是评委设备导出的文件。")
    if document.get("check") != check_of(document):
        raise DeviceFileUnread(why="校验码不对，内容在传递中改变了。")
    try:
        sheets = tuple(_sheet(s) for s in document["sheets"][:MOST])
        return DeviceFile(
            _whole(document["session"]), _whole(document["judge"]), _whole(document["seat"]), _text(document["device"], 40),
            _text(document["made_at"], 40), sheets,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeviceFileUnread(why="内容缺项。") from error


def _sheet(said: Mapping[str, Any]) -> DeviceSheet:
    if said["do"] not in ("keep", "submit") or not said["id"]:
        raise ValueError(said["do"])
    return DeviceSheet(
        _whole(said["entry"]), said["do"], {str(k): _text(v, 12) for k, v in said["marks"].items()},
        _text(said.get("comment", ""), 300), _text(said["id"], 64), _whole(said["base"]),
        tuple(_text(a, 64) for a in said["after"][:200]), _whole(said["counter"]),
    )  # fmt: skip


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise ValueError(value)
    return value


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise ValueError(value)
    return value
