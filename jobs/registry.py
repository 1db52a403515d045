"""Which kinds of background work exist. Apps above register theirs when they are loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import DomainError
from core.queue import BULK, INTERACTIVE
from jobs.domain.limits import BULK_FROM

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UnknownKind(DomainError):
    message = "没有这种后台任务：{kind}。"


@dataclass(frozen=True, slots=True)
class Work:
    """What a builder is given: the job's parameters, where to write, and how to tell how far it is.

    `rows(done, total)` notes progress and raises `Superseded` when this run is no longer the one that counts: another
    has begun, or the owner has cancelled. A builder calls it at each row (it writes a few times a second at most).
    """

    params: dict[str, Any]
    path: Path
    rows: Callable[[int, int], None]


Builder = Callable[[Work], None]
May = Callable[[Any, Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work; see `register`."""

    builder: Builder
    content_type: str
    suffix: str
    may: May | None
    size: Callable[[Mapping[str, Any]], int] | None

    def allows(self, user: Any, params: Mapping[str, Any]) -> bool:
        """Whether the person may have this, now. An account that was switched off may have nothing."""
        return bool(user.is_active) and (self.may is None or self.may(user, params))

    def lane(self, params: Mapping[str, Any]) -> str:
        """The queue it belongs to."""
        return BULK if self.size is not None and self.size(params) >= BULK_FROM else INTERACTIVE


_KINDS: dict[str, Kind] = {}


def register(
    kind: str,
    *,
    content_type: str = XLSX,
    suffix: str = ".xlsx",
    may: May | None = None,
    size: Callable[[Mapping[str, Any]], int] | None = None,
) -> Callable[[Builder], Builder]:
    """Register a builder under a stable name: `@register("judging.e6", may=may_read)`.

    `may(user, params)` is asked when the work is asked for, again when it is run, and again when its file is fetched:
    a role that was taken away meanwhile ends it. The person is a fresh one each time. `size(params)` is about how many
    rows it will be (one cheap statement): large ones queue apart. `suffix` ends the name of the file.
    """

    def keep(builder: Builder) -> Builder:
        _KINDS[kind] = Kind(builder, content_type, suffix, may, size)
        return builder

    return keep


def kind_of(kind: str) -> Kind:
    """The kind of that name. Raises UnknownKind."""
    if kind not in _KINDS:
        raise UnknownKind(kind=kind)
    return _KINDS[kind]


def kinds() -> list[str]:
    """Every registered name, sorted."""
    return sorted(_KINDS)


def all_kinds() -> dict[str, Kind]:
    """Every registered kind by its name."""
    return dict(_KINDS)
