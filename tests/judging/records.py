"""Record files `chuangtou/record@1` for tests, made by hand from a scoring document: moves, chains, heads and draw."""

import hashlib
import json
from typing import Any

from judging.domain.scoring import compute

NOTHING = "0" * 64
SECRET, NUMBER = "a quiet secret", "30571"


def sha256(value: Any) -> str:
    text = (
        value
        if isinstance(value, str)
        else json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    )
    return hashlib.sha256(text.encode()).hexdigest()


def move(judge: str, key: str, kind: str, marks: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "session": "12", "judge": judge, "number": 0, "proposal": key, "kind": kind, "marks": marks or {}, "reason": "",
        "base": 0, "revision": 0, "device": "pad-1", "counter": 1, "by": "judge", "at": "2026-11-24T00:30:00.000001Z",
        "previous": "", "digest": "",
    } | changes  # fmt: skip


def moves_of(scoring: dict[str, Any]) -> list[dict[str, Any]]:
    """What must have happened for these sheets to be in the document, with drafts, corrections and conflicts."""
    found = []
    for i, each in enumerate(scoring["sheets"]):
        judge, key, state, marks = (
            each["judge"],
            each["proposal"],
            each.get("state", "submitted"),
            each.get("marks", {}),
        )
        if state == "submitted":
            if i % 3 == 0:
                found.append(move(judge, key, "kept", {k: marks[k] for k in sorted(marks)[:1]}))
            if i % 4 == 0:
                found.append(move(judge, key, "submitted", dict.fromkeys(marks, "0"), by="clerk"))
            if i % 5 == 0:
                found.append(move(judge, key, "conflict", dict(marks)))
            found.append(move(judge, key, "submitted", dict(marks), reason="更正" if i % 4 == 0 else ""))
        elif state in ("void", "recused") and i % 2:
            found += [move(judge, key, "submitted", {"any": "1"}), move(judge, key, "void")]
        elif i % 2:
            found.append(move(judge, key, "kept", {"any": "1"}))
    return found


def drawn(keys: list[str]) -> list[str]:
    return sorted(keys, key=lambda k: sha256(f"{SECRET}|{NUMBER}|{k}"))


def session(scoring: dict[str, Any], late: list[dict[str, Any]] | None = None, key: str = "12") -> dict[str, Any]:
    """A session as it is exported: everything in it holds. `late`: moves that arrived after the lock."""
    order = drawn([p["key"] for p in scoring["proposals"]])
    made: dict[str, Any] = {
        "key": key,
        "name": "路演评审会",
        "locked_at": "2026-11-24T01:02:03.123456Z",
        "rule_digest": "",
        "head": "",
        "judges": {},
        "draw": {"commitment": sha256(SECRET), "secret": SECRET, "number": NUMBER, "order": order},
        "scoring": scoring,
        "result": {},
        "moves": [*moves_of(scoring), *(late or [])],
    }
    revise(made)
    number(made)
    rechain(made)
    relock(made)
    rescore(made)
    return made


def revise(made: dict[str, Any]) -> None:
    """Count the revision of each sheet anew."""
    revisions: dict[tuple[str, str], int] = {}
    for each in made["moves"]:
        pair = each["judge"], each["proposal"]
        each["session"], each["revision"] = made["key"], 0
        if each["kind"] in ("kept", "submitted", "void"):
            revisions[pair] = each["revision"] = revisions.get(pair, 0) + 1


def number(made: dict[str, Any]) -> None:
    """Number the moves as they stand, judge by judge; the late ones come after the lock."""
    made["judges"] = {j["key"]: {"moves": 0, "head": NOTHING} for j in made["scoring"]["judges"]}
    last = dict.fromkeys(made["judges"], 0)
    for each in made["moves"]:
        last[each["judge"]] += 1
        each["number"] = last[each["judge"]]
        if each["kind"] != "late":
            made["judges"][each["judge"]]["moves"] = each["number"]


def rechain(made: dict[str, Any], *judges: str) -> None:
    """Write `previous` and `digest` of these judges' moves anew (of all, if none is named)."""
    for judge in judges or tuple(made["judges"]):
        before = NOTHING
        for each in sorted((m for m in made["moves"] if m["judge"] == judge), key=lambda m: m["number"]):
            each["previous"] = before
            each["digest"] = before = sha256({k: v for k, v in each.items() if k != "digest"})


def relock(made: dict[str, Any]) -> None:
    """Write the judges' heads, the rule's digest and the session's head anew."""
    for judge, stated in made["judges"].items():
        digests = {m["number"]: m["digest"] for m in made["moves"] if m["judge"] == judge}
        stated["head"] = digests.get(stated["moves"], NOTHING)
    made["rule_digest"] = sha256(made["scoring"]["rule"])
    heads = sorted(f"{judge}:{stated['moves']}:{stated['head']}" for judge, stated in made["judges"].items())
    made["head"] = sha256(
        {
            "session": made["key"],
            "rule_digest": made["rule_digest"],
            "heads": heads,
            "input_digest": sha256(made["scoring"]),
        }
    )


def rescore(made: dict[str, Any]) -> None:
    made["result"] = compute(made["scoring"])


def record(*sessions: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": "chuangtou/record@1",
        "round": {"code": "2026-1", "title": "公益创投"},
        "sessions": list(sessions),
    }
