"""Which kinds of background work exist. Apps above register theirs when they are loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DomainError

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UnknownKind(DomainError):
    message = "没有这种后台任务：{kind}。"


@dataclass(frozen=True, slots=True)
class Work:
    """What a builder is given: the job's parameters, where to write, and how to tell how far it is.

    `rows(done, total)` notes progress and raises `Superseded` when this run is no longer the one that counts.
    """

    params: dict[str, Any]
    path: Path
    rows: Callable[[int, int], None]


Builder = Callable[[Work], None]
_KINDS: dict[str, tuple[Builder, str]] = {}


def register(kind: str, *, content_type: str = XLSX) -> Callable[[Builder], Builder]:
    """Register a builder under a stable name: `@register("judging.e6")`."""

    def keep(builder: Builder) -> Builder:
        _KINDS[kind] = (builder, content_type)
        return builder

    return keep


def builder_of(kind: str) -> tuple[Builder, str]:
    """The builder of a kind and the content type of its file. Raises UnknownKind."""
    if kind not in _KINDS:
        raise UnknownKind(kind=kind)
    return _KINDS[kind]
