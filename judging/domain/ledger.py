"""The ledger 评分流水: a chain of digests per judge, and one head for the session.

The digest of a move is the SHA-256 of the canonical bytes of the move as the open file shows it, without `digest`;
`previous` is the digest of the judge's move before, 64 zeros for the first. Whoever changes, drops or reorders a move
changes every digest after it. The head of the session is the SHA-256 over the judges' heads and the digest of the rule,
so it exists only at the lock and no row is shared by the judges while they score.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.exact import digest

START = "0" * 64


def moment(at: datetime) -> str:
    """An instant as the open file writes it: UTC, microseconds, `Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def move_document(
    *, session: str, judge: str, number: int, proposal: str, kind: str, marks: Mapping[str, str], reason: str, base: int,
    revision: int, device: str, counter: int, by: str, at: datetime, previous: str,
) -> dict[str, Any]:  # fmt: skip
    """One move as the open file shows it, its digest included."""
    found: dict[str, Any] = {
        "session": session, "judge": judge, "number": number, "proposal": proposal, "kind": kind, "marks": dict(marks),
        "reason": reason, "base": base, "revision": revision, "device": device, "counter": counter, "by": by,
        "at": moment(at), "previous": previous,
    }  # fmt: skip
    return {**found, "digest": digest(found)}


def session_head(session: str, rule_digest: str, heads: Mapping[str, Mapping[str, Any]], input_digest: str) -> str:
    """The code that stands on the big screen: SHA-256 over session, rule digest, `J1:<moves>:<head>` sorted, and the digest of
    the whole scoring document, so that bonus, penalty and parts are covered too.
    """
    lines = sorted(f"{key}:{one['moves']}:{one['head']}" for key, one in heads.items())
    return digest({"session": session, "rule_digest": rule_digest, "heads": lines, "input_digest": input_digest})


def grouped(code: str, length: int = 16) -> str:
    """The first characters of a code in groups of four, as printed and projected."""
    return " ".join(code[i : i + 4] for i in range(0, length, 4)).upper()
