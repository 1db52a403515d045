"""服务项目单: what may become of an order, in one table; what it still lacks before it is listed; where it is served.

Drafted, listed, claimed or scored; nobody came (lapsed) or several came (comparing). A trigger holds the same table.
"""

from collections.abc import Mapping, Sequence

DRAFT, LISTED, COMPARING = "draft", "listed", "comparing"
CLAIMED, LAPSED, WITHDRAWN = "claimed", "lapsed", "withdrawn"
STATES = (DRAFT, LISTED, COMPARING, CLAIMED, LAPSED, WITHDRAWN)
CLAIMING, SCORING, DIRECT = "claiming", "scoring", "direct"
ALIVE = (DRAFT, LISTED, COMPARING, CLAIMED)  # it still answers its needs
RUNNING = (LISTED, COMPARING, CLAIMED)

# act → state it is done in → state it leads to
TABLE: dict[str, dict[str, str]] = {
    "edit": {DRAFT: DRAFT},
    "list": {DRAFT: LISTED},
    "extend": {LISTED: LISTED},
    "lapse": {LISTED: LAPSED, COMPARING: LAPSED},
    "relist": {LAPSED: LISTED},
    "compare": {LISTED: COMPARING},
    "send": {COMPARING: LISTED},
    "confirm": {LISTED: CLAIMED, COMPARING: CLAIMED},
    "withdraw": {DRAFT: WITHDRAWN, LISTED: WITHDRAWN, COMPARING: WITHDRAWN, LAPSED: WITHDRAWN},
    "begin": {LISTED: LISTED, CLAIMED: CLAIMED},
    "finish": {LISTED: LISTED, CLAIMED: CLAIMED},
}
# Acts that everybody reads in the history of an order
PUBLIC = frozenset({"list", "extend", "compare", "send", "confirm", "lapse", "relist", "begin", "finish", "withdraw"})


class NotNow(ValueError):
    """The act is not possible in this state."""


def target(act: str, state: str) -> str:
    """The state after `act`. Raises NotNow, KeyError for no such act."""
    after = TABLE[act].get(state)
    if after is None:
        raise NotNow(f"{act} in {state}")
    return after


def after_deadline(mode: str, claims: int) -> str:
    """What happens when the deadline for claims is over: `lapse`, `compare`, or nothing while one claim waits."""
    if claims == 0:
        return "lapse"
    return "compare" if claims > 1 and mode == CLAIMING else ""


WORDS = {
    "title": "服务项目名称", "target": "服务对象", "content": "服务内容和要求", "mode": "遴选方式", "buyer": "购买方", "fund_source": "资金来源",
    "claims_close_at": "认领截止",
}  # fmt: skip


def lacking(facts: Mapping[str, object]) -> list[str]:
    """Names of what an order must have before it is listed and has not."""
    missing = [
        WORDS[key] for key in ("title", "target", "content", "mode", "buyer", "fund_source") if not facts.get(key)
    ]
    if facts.get("mode") == DIRECT and not (facts.get("directed_to_id") and facts.get("directed_reason")):
        missing.append("定向单位和理由")
    return missing


class BadSite(ValueError):
    """A line that names no community; the message says which."""


def read_sites(text: str, communities: Mapping[str, int]) -> list[tuple[int, str]]:
    """Lines `溡源社区 3号楼` as (community id, unit). Names are known with or without 社区. Raises BadSite."""
    short = {name.removesuffix("社区"): pk for name, pk in communities.items()}
    found: list[tuple[int, str]] = []
    for line in text.splitlines():
        plain = " ".join(line.replace("　", " ").split())
        if not plain:
            continue
        name, _, unit = plain.partition(" ")
        pk = communities.get(name) or short.get(name)
        if pk is None:
            raise BadSite(f"“{name[:20]}”不是本街道的社区，请写社区名，空一格再写具体地点。")
        if len(unit) > 60:
            raise BadSite(f"“{unit[:20]}……”太长，具体地点不超过 60 个字。")
        if (pk, unit) not in found:
            found.append((pk, unit))
    return found


def show_sites(sites: Sequence[tuple[str, str]]) -> str:
    """The lines again, of (community name, unit)."""
    return "\n".join(f"{name} {unit}".strip() for name, unit in sites)
