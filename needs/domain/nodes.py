"""Calendar nodes of themes: fixed days (`03-05`) and festivals of the lunar year. Pure.

Festivals come from the calendar of Hong Kong in the `holidays` package, which counts 重阳 among them; days are the
festivals' own, never a day off moved for a weekend.
"""

from datetime import date, timedelta
from functools import cache

import holidays

FESTIVALS = {
    "spring": ("春节", "Chinese New Year", 0),
    "dragon": ("端午", "Dragon Boat Festival", 0),
    "mid_autumn": ("中秋", "Mid-Autumn Festival", -1),  # the calendar has the day after
    "double_ninth": ("重阳", "Double Ninth Festival", 0),
}


@cache
def _festivals(year: int) -> dict[str, date]:
    found: dict[str, date] = {}
    days = holidays.country_holidays("HK", years=year, observed=False, language="en_US")
    for day, name in sorted(days.items()):
        for key, (_, words, shift) in FESTIVALS.items():
            if words in name and key not in found:
                found[key] = day + timedelta(days=shift)
    return found


def node_words(node: str) -> str:
    """`重阳` or `3月5日`."""
    if node in FESTIVALS:
        return FESTIVALS[node][0]
    month, day = node.split("-")
    return f"{int(month)}月{int(day)}日"


def is_node(text: str) -> bool:
    """Whether this is a festival's key or a day `MM-DD`."""
    if text in FESTIVALS:
        return True
    try:
        date.fromisoformat(f"2024-{text}")
    except ValueError:
        return False
    return len(text) == 5


def next_date(node: str, today: date) -> date:
    """The next day, today included, on which a node falls."""
    for year in (today.year, today.year + 1, today.year + 2):
        if node in FESTIVALS:
            day = _festivals(year).get(node)
        else:
            try:
                day = date.fromisoformat(f"{year}-{node}")
            except ValueError:  # 29 February
                continue
        if day is not None and day >= today:
            return day
    raise ValueError(node)
