"""The ways out, behind one small interface: `open`, `prepare`, `send`, `close`.

A sending ends in one of three words. ACCEPTED: the other side said yes. REFUSED: it certainly did not take it, so it may
be tried again when `may_pass`. UNKNOWN: the connection broke after the message was handed over; nobody can tell, so it
is never repeated by itself. A channel that cannot tell refused from unknown must say unknown.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Word(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sending ended. `reason` is Chinese, without any personal data; `may_pass`: a refusal worth another try."""

    word: Word
    reason: str = ""
    may_pass: bool = False


ACCEPTED = Outcome(Word.ACCEPTED)


def refused(reason: str, *, may_pass: bool = False) -> Outcome:
    return Outcome(Word.REFUSED, reason, may_pass)


def unknown(reason: str) -> Outcome:
    return Outcome(Word.UNKNOWN, reason)


class Unreachable(Exception):
    """The other side cannot be reached at all: nothing was handed over, everything stays due."""


class Unsendable(Exception):
    """A message that cannot go this way: `str()` is the Chinese reason."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent to one person: to whom, its stable number, its words, the whole address of its page."""

    to: str
    number: str
    subject: str
    body: str
    link: str


class Channel(Protocol):
    """One way out. `open` raises Unreachable, `prepare` raises Unsendable; `send` never raises for the network's sake."""

    def open(self) -> None: ...
    def prepare(self, letter: Any) -> Any: ...
    def send(self, prepared: Any) -> Outcome: ...
    def close(self) -> None: ...
