"""Which proposals say the same: shared pairs of neighbouring characters, and the passages that show it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from needs.domain.similar import gist

SENTENCE = re.compile(r"[^。；！？!?;\n]+[。；！？!?;]?")
LEAST = 55  # percent of the shorter text that stands in the other one
SAME = 0.6  # of the shorter passage
SHORT = 12  # pairs: less text than this tells nothing
MOST, MOST_PASSAGES = 5, 6


@dataclass(frozen=True, slots=True)
class Other:
    """Another proposal: how it is called on a page, and its words."""

    number: str
    title: str
    organization: str
    round: str
    place: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Alike:
    """How much of the shorter text stands in the other one, and the passages side by side: (mine, the other's)."""

    other: Other
    percent: int
    passages: tuple[tuple[str, str], ...]


def whole(title: str, summary: str, plan: str) -> str:
    """The words of a proposal that are compared."""
    return f"{title}\n{summary}\n{plan}"


def alike(words: str, others: Sequence[Other], *, least: int = LEAST, most: int = MOST) -> tuple[Alike, ...]:
    """The others that say the same, most alike first, the older number on a tie; at most `most`."""
    mine = gist(words).pairs
    if len(mine) < SHORT:
        return ()
    scored = []
    for other in others:
        theirs = gist(other.words).pairs
        if len(theirs) >= SHORT:
            percent = 100 * len(mine & theirs) // min(len(mine), len(theirs))
            if percent >= least:
                scored.append((percent, other))
    scored.sort(key=lambda pair: (-pair[0], pair[1].number))
    return tuple(Alike(other, percent, passages(words, other.words)) for percent, other in scored[:most])


def passages(mine: str, theirs: str) -> tuple[tuple[str, str], ...]:
    """Sentences of one text beside the sentence of the other that says the same, in their order."""
    ours = [(s.strip(), gist(s.strip()).pairs) for s in SENTENCE.findall(mine)]
    rest = [(s.strip(), gist(s.strip()).pairs) for s in SENTENCE.findall(theirs)]
    found = []
    for sentence, pairs in ours:
        best, closest = 0.0, ""
        for other, others in rest:
            shared = len(pairs & others)
            if shared > 1 and shared / min(len(pairs), len(others)) > best:
                best, closest = shared / min(len(pairs), len(others)), other
        if best >= SAME:
            found.append((sentence, closest))
    return tuple(found[:MOST_PASSAGES])
