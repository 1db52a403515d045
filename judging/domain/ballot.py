"""Tick-vote 票选: a judge has so many votes and no marks; a sheet has one column instead of criteria."""

from collections.abc import Mapping, Sequence
from typing import Any

from judging.domain.values import TICK

COLUMN = {"key": TICK, "label": "投票", "min": "0", "max": "1", "step": "1", "weight": "1"}


def votes(rule: Mapping[str, Any]) -> int | None:
    """How many votes a judge has; None where she gives marks. `rule` as in chuangtou/scoring@1."""
    return int(rule["ticks"]["at_most"]) if rule["aggregate"] == "ticks" else None


def columns(rule: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """What a sheet has to fill: the rule's criteria, or the one column of votes."""
    return [COLUMN] if votes(rule) is not None else rule["criteria"]
