"""Which needs say the same thing: pairs of neighbouring characters, without what everybody says, numbers apart.

Also the integer keys by which the database finds candidates: a pair of characters and the area, hashed together. They
need no extension and no locale of the database.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import normalize
from zlib import crc32

RUN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z]+|\d+")
HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
# Words of every request: politeness, wishes, grammar, the place that all share
STOP_WORDS = re.compile(
    "希望|能不能|可不可以|可以|是不是|有没有|我们|大家|居民|社区|小区|街道|附近|里面|这里|那里|这边|那边|现在|已经|一直|经常|总是"
    "|非常|特别|真的|有些|一些|一下|有人|没人|没有|问题|情况|帮忙|解决|处理|反映|建议|请问|麻烦|谢谢|您好|你好|因为|所以|但是|还有|而且|需要|时候|老是|不了|不好"
)
STOP = frozenset(
    "的了是在有和就都要想请也很把被给让我你他她它们这那个吗呢吧啊呀嘛着过得地不没还会能到去来上下里外边大小多又再已经"
)
MOST_KEYS = 240
LEAST = 0.38


def plain(text: str) -> str:
    """Lower case, full-width letters and digits as narrow ones."""
    return normalize("NFKC", text).lower()


def pairs(text: str) -> list[str]:
    """Neighbouring characters of a text, each once, in their order; punctuation separates. One lone character counts."""
    found: dict[str, None] = {}
    for run in RUN.findall(plain(text)):
        if len(run) == 1:
            found[run] = None
        for i in range(len(run) - 1):
            found[run[i : i + 2]] = None
    return list(found)


def key(scope: str, gram: str) -> int:
    """A signed 32-bit integer for a gram within an area."""
    value = crc32(f"{scope}:{gram}".encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def keys(text: str, scopes: Iterable[str]) -> list[int]:
    """The keys under which a text is found in each of the scopes; at most 240 grams of it."""
    grams = pairs(text)[:MOST_KEYS]
    return [key(scope, gram) for scope in scopes for gram in grams]


def initial_keys(initials: str, scopes: Iterable[str]) -> list[int]:
    """Keys of three neighbouring initials: `ldd` of 楼道灯."""
    grams = dict.fromkeys(initials[i : i + 3] for i in range(len(initials) - 2))
    return [key(f"{scope}i", gram) for scope in scopes for gram in list(grams)[:MOST_KEYS]]


@dataclass(frozen=True, slots=True)
class Gist:
    """What is left of a text for comparing."""

    pairs: frozenset[str]
    chars: frozenset[str]
    numbers: frozenset[str]


@lru_cache(maxsize=2048)
def gist(text: str) -> Gist:
    """Pairs and characters without stop words, and the numbers."""
    bare = STOP_WORDS.sub("", plain(text))
    found: set[str] = set()
    chars: set[str] = set()
    numbers: set[str] = set()
    for run in RUN.findall(bare):
        if run.isdigit():
            numbers.add(run.lstrip("0") or "0")
        elif not HAN.match(run):
            found.add(run)
            chars.add(run)
        else:
            rest = "".join(c for c in run if c not in STOP)
            chars |= set(rest)
            found |= {rest[i : i + 2] for i in range(len(rest) - 1)} or ({rest} if rest else set())
    return Gist(frozenset(found), frozenset(chars), frozenset(numbers))


def telling(text: str) -> list[str]:
    """The pairs worth looking for: as they stand in the text, without stop words in them."""
    bare = STOP_WORDS.sub(" ", plain(text))
    return [g for g in pairs(bare) if not g.isdigit() and not set(g) & STOP][:24]


def likeness(one: str, other: str) -> float:
    """0 (nothing in common) to 1 (the same), symmetric. Different numbers (3号楼, 5号楼) tell two things apart."""
    a, b = gist(one), gist(other)
    if not a.chars or not b.chars:
        return 1.0 if plain(one).strip() == plain(other).strip() else 0.0
    score = 0.5 * _share(a.pairs, b.pairs) + 0.5 * _share(a.chars, b.chars)
    if a.numbers and b.numbers and not a.numbers & b.numbers:
        score *= 0.35
    return score


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    """Between how much of both and how much of the shorter is common."""
    if not a or not b:
        return 0.0
    both = len(a & b)
    return 0.5 * (2 * both / (len(a) + len(b))) + 0.5 * (both / min(len(a), len(b)))


def ranked(
    words: str, candidates: Sequence[tuple[int, str]], *, least: float = LEAST, most: int = 5
) -> list[tuple[int, float]]:
    """Ids and likeness of the candidates that say the same as `words`, the most alike first, the newer id on a tie."""
    scored = [(pk, likeness(words, text)) for pk, text in candidates]
    alike = [(pk, score) for pk, score in scored if score >= least]
    return sorted(alike, key=lambda pair: (-pair[1], -pair[0]))[:most]
