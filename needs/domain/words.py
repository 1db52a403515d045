"""The words residents use: runs of two to four characters by the number of needs that say them. Pure.

Cleaned like the words that are compared (needs.domain.similar): without what everybody says, numbers apart. A longer
word takes the place of its pieces when most needs with the piece say the whole of it: 停车位 for 停车 and 车位. Of words
that share a pair of characters only the most said is kept, so that a list of thirty tells of thirty things.
"""

from collections import Counter
from collections.abc import Iterable

from needs.domain.similar import HAN, RUN, STOP, STOP_WORDS, plain

LONGEST, LEAST = 4, 3  # characters of a word; needs that must say it: what one or two people say could point to them
WHOLE = (3, 4)  # a piece said alone by at most a quarter of those who say it is no word of its own
INSIDE = frozenset("上下大小外")  # may begin or stand within a longer word: 下水道


def words_in(text: str) -> set[str]:
    """Every candidate of a text, once."""
    found: set[str] = set()
    for run in RUN.findall(STOP_WORDS.sub(" ", plain(text))):
        if run.isdigit():
            continue
        if not HAN.match(run):
            found |= {run} if len(run) > 1 else set()
            continue
        for size in range(2, LONGEST + 1):
            found |= {gram for i in range(len(run) - size + 1) if _is_word(gram := run[i : i + size])}
    return found


def _is_word(gram: str) -> bool:
    stops = set(gram) & STOP
    return not stops or (len(gram) > 2 and stops <= INSIDE and gram[-1] not in INSIDE)


def top_words(texts: Iterable[str], *, most: int = 30, least: int = LEAST) -> list[tuple[str, int]]:
    """(word, needs that say it), the most said first, the longer one and then the text's order on a tie."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words_in(text))
    said = {word: n for word, n in counts.items() if n >= least}
    swallowed: set[str] = set()
    for word in sorted(said, key=len, reverse=True):
        if word in swallowed:
            continue
        pieces = {word[i : i + size] for size in range(2, len(word)) for i in range(len(word) - size + 1)}
        swallowed |= {p for p in pieces if p in said and said[word] * WHOLE[1] >= said[p] * WHOLE[0]}
    rest = [(word, n) for word, n in said.items() if word not in swallowed]
    found: list[tuple[str, int]] = []
    taken: set[str] = set()
    for word, n in sorted(rest, key=lambda pair: (-pair[1], -len(pair[0]), pair[0])):
        pairs = {word[i : i + 2] for i in range(len(word) - 1)} if HAN.match(word) else {word}
        if not pairs & taken:
            found.append((word, n))
            taken |= pairs
    return found[:most]
