"""Who is who, told from above: this app knows people only by their ids. Apps above install what they know when loaded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person may do with the messages of which streets: street id → name.

    `office` writes and recalls messages and edits templates, `review` approves what somebody else of the street wrote,
    `watch` sees what did not arrive and sends it again.
    """

    office: dict[int, str] = field(default_factory=dict)
    review: dict[int, str] = field(default_factory=dict)
    watch: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audience:
    """A group that can be written to. `people(street id)` gives user ids, active accounts only."""

    key: str
    label: str
    people: Callable[[int], Iterable[int]]


_desks: list[Callable[[Any], Desk]] = []
_homes: list[Callable[[list[int]], dict[int, int]]] = []
_audiences: dict[str, Audience] = {}


def install_desk(source: Callable[[Any], Desk]) -> None:
    """Say who runs the messages of which street; the last one installed counts."""
    _desks[:] = [source]


def desk_of(user: Any) -> Desk:
    """What a person may do; nothing when nobody has said."""
    return _desks[0](user) if _desks and user.is_authenticated else Desk()


def add_homes(source: Callable[[list[int]], dict[int, int]]) -> None:
    """Add a way to tell people's streets: user ids → {user id: street id}, in one statement."""
    if source not in _homes:
        _homes.append(source)


def homes_of(people: list[int]) -> dict[int, int]:
    """The street of each person, as far as anybody knows; asks one source after the other about those still unknown."""
    found: dict[int, int] = {}
    for source in _homes:
        unknown = [pk for pk in people if pk not in found]
        if not unknown:
            break
        found |= source(unknown)
    return found


def add_audience(audience: Audience) -> None:
    """Add a group that can be written to."""
    _audiences[audience.key] = audience


def audiences() -> list[Audience]:
    """All groups, in the order they were added."""
    return list(_audiences.values())


def people_in(street_id: int, keys: Iterable[str]) -> list[int]:
    """Ids of the people of these groups in a street, each once, in a stable order."""
    found: set[int] = set()
    for key in keys:
        if key in _audiences:
            found |= set(_audiences[key].people(street_id))
    return sorted(found)
