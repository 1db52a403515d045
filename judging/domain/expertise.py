"""How far a judge's expertise is from a proposal, as a whole number that the assignment adds up."""

import re

FITS, UNKNOWN, OTHER = 0, 1, 2


def words(expertise: str) -> list[str]:
    """`党建、为老服务` as its words."""
    return [word for word in re.split(r"[\s、，,；;/]+", expertise.strip()) if word]


def misfit(expertise: str, about: str) -> int:
    """FITS where a word of the expertise stands in the proposal's theme, category or title; UNKNOWN without expertise."""
    known = words(expertise)
    if not known:
        return UNKNOWN
    return FITS if any(word in about for word in known) else OTHER
