"""Which resources fit an order, and why. Pure: no rows are read, nothing is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from needs.domain.similar import plain, telling

# Words of an order that call for a kind of resource
CALLS: dict[str, tuple[str, ...]] = {
    "venue": ("场地", "活动室", "会议室", "教室", "广场", "礼堂", "地方"),
    "people": ("志愿者", "人手", "值守", "陪伴", "巡逻", "帮手", "义工"),
    "money": ("经费", "资金", "补贴", "奖金"),
    "goods": ("物资", "器材", "设备", "工具", "图书", "桌椅", "材料"),
    "skills": ("理发", "义诊", "法律", "培训", "讲座", "维修", "辅导", "血压", "书法", "舞蹈", "教"),
}
KINDS = {"venue": "场地", "people": "人力", "money": "资金", "goods": "物资", "skills": "技能"}
CATEGORY, COMMUNITY, CALLED, WORD, WORDS_MOST = 3, 3, 2, 2, 6
LEAST = 3  # a resource that only is free at the time is no suggestion


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an order needs. `communities` are where it is served; `call`: title, target and content in one text."""

    category: str
    category_words: str
    communities: frozenset[int]
    call: str
    begins: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a resource gives. Without a community it serves the whole street; without dates, at any time."""

    key: int
    kind: str
    category: str
    community: int | None
    community_name: str
    words: str
    begins: date | None = None
    ends: date | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """A resource that fits: the more points the better, each with its reason."""

    key: int
    points: int
    reasons: tuple[str, ...]


def called_kinds(text: str) -> dict[str, str]:
    """Kinds of resource that a text calls for, each with the word that does."""
    found: dict[str, str] = {}
    for kind, words in CALLS.items():
        hit = next((w for w in words if w in text), None)
        if hit:
            found[kind] = hit
    return found


def meets(wanted: Wanted, offer: Offer) -> bool:
    """Whether the times have a day in common."""
    if wanted.ends is not None and offer.begins is not None and offer.begins > wanted.ends:
        return False
    return not (wanted.begins is not None and offer.ends is not None and offer.ends < wanted.begins)


def common(one: str, other: str) -> list[str]:
    """Telling words that stand in both texts, as long as they are alike: 活动 and 动室 are 活动室."""
    mine, theirs = plain(one), plain(other)
    grams = set(telling(other))
    found: list[str] = []
    for gram in dict.fromkeys(telling(one)):
        if len(gram) < 2 or gram not in grams:
            continue
        longer = found[-1] + gram[1:] if found and found[-1][-1] == gram[0] else ""
        if longer and longer in mine and longer in theirs:
            found[-1] = longer
        else:
            found.append(gram)
    return found


def fit(wanted: Wanted, offer: Offer) -> Fit | None:
    """Points and reasons for one resource; None where the time or the place rules it out, or too little speaks for it."""
    if not meets(wanted, offer):
        return None
    if offer.community is not None and wanted.communities and offer.community not in wanted.communities:
        return None
    points, reasons = 0, []
    if offer.category and offer.category == wanted.category:
        points += CATEGORY
        reasons.append(f"适合{wanted.category_words}")
    calls = called_kinds(wanted.call)
    if offer.kind in calls:
        points += CALLED
        reasons.append(f"项目提到“{calls[offer.kind]}”，正是{KINDS[offer.kind]}")
    shared = common(wanted.call, offer.words)
    if shared:
        points += min(WORD * len(shared), WORDS_MOST)
        reasons.append("都提到" + "、".join(f"“{word}”" for word in shared[:3]))
    if points < LEAST:
        return None
    if offer.community is not None:
        points += COMMUNITY
        reasons.append(f"就在{offer.community_name}")
    if wanted.begins is not None and (offer.begins is not None or offer.ends is not None):
        points += 1
        reasons.append("时间对得上")
    return Fit(offer.key, points, tuple(reasons))


def ranked(wanted: Wanted, offers: Iterable[Offer], *, most: int = 10) -> list[Fit]:
    """The resources that fit, the best first; the older of two alike."""
    found = [f for f in (fit(wanted, offer) for offer in offers) if f is not None]
    return sorted(found, key=lambda f: (-f.points, f.key))[:most]
