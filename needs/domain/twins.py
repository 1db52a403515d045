"""Which of many new requests were probably asked before: among themselves, or among those that are known."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from needs.domain.similar import likeness, plain, telling

SURE = 0.72  # stricter than the suggestions beside a form: here nobody looks at each pair
COMMON = 60  # a pair of characters that more requests share tells nothing apart
TRIED = 4
BEGINNING = 200  # characters that are compared where the words are not the same


@dataclass(frozen=True, slots=True)
class Twin:
    """The index of the earlier new request, or the id of the known one; `same` where the words are the same."""

    new: int | None
    known: int | None
    same: bool


def bare(text: str) -> str:
    """Words without blanks, punctuation and case."""
    return "".join(c for c in plain(text) if c.isalnum())


def twins(new: Sequence[tuple[int, str]], known: Iterable[tuple[int, int, str]]) -> dict[int, Twin]:
    """For each index of `new` (place, words) that was probably asked before, its twin. `known` are (id, place, words).

    Only within one place. The same words first, then likeness; the work per request is bounded.
    """
    same: dict[tuple[int, str], tuple[int | None, int | None]] = {}
    telling_of: dict[tuple[int, str], list[int]] = defaultdict(list)
    old: list[tuple[int, int, str]] = list(known)
    for i, (pk, place, words) in enumerate(old):
        same.setdefault((place, bare(words)), (None, pk))
        for gram in telling(words[:BEGINNING]):
            telling_of[place, gram].append(i)
    found: dict[int, Twin] = {}
    for i, (place, words) in enumerate(new):
        key = (place, bare(words))
        if key in same:
            found[i] = Twin(*same[key], same=True)
            continue
        same[key] = (i, None)
        hits: Counter[int] = Counter()
        for gram in telling(words[:BEGINNING]):
            having = telling_of.get((place, gram), ())
            if len(having) <= COMMON:
                hits.update(having)
        for j, _count in hits.most_common(TRIED):
            if likeness(words[:BEGINNING], old[j][2][:BEGINNING]) >= SURE:
                found[i] = Twin(None, old[j][0], same=False)
                break
    return found
