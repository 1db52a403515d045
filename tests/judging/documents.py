"""Scoring documents for tests, each said by what is different about it."""

from typing import Any

NORM = {"high": 1, "low": 1, "from": 5, "on": "total"}
BY_CRITERION = {"high": 1, "low": 1, "from": 3, "on": "criterion"}


def criterion(key: str = "mark", most: str = "100", step: str = "0.01", **changes: str) -> dict[str, str]:
    return {"key": key, "label": f"项目{key}", "max": most, "step": step} | changes


def ranking(*ties: str, by: str = "printed", style: str = "competition") -> dict[str, Any]:
    return {"by": by, "style": style, "ties": list(ties)}


def rule(*criteria: dict[str, str], **changes: Any) -> dict[str, Any]:
    return {
        "version": "v1",
        "criteria": list(criteria),
        "trim": None,
        "aggregate": "mean",
        "criterion_decimals": None,
        "product_decimals": None,
        "decimals": 2,
        "quorum": 0,
        "own_part": None,
        "parts": [],
        "bonus_cap": None,
        "rank": ranking(),
    } | changes


def proposal(key: str = "P1", **changes: Any) -> dict[str, Any]:
    return {"key": key, "name": f"名称{key}"} | changes


def sheet(judge: str, key: str = "P1", **marks: str) -> dict[str, Any]:
    return {"judge": judge, "proposal": key, "marks": marks}


def document(rule_: dict[str, Any], proposals: list[dict[str, Any]], sheets: list[dict[str, Any]]) -> dict[str, Any]:
    judges = list(dict.fromkeys(s["judge"] for s in sheets))
    judges.sort(key=lambda j: (len(j), j))
    return {
        "format": "chuangtou/scoring@1",
        "rule": rule_,
        "proposals": proposals,
        "judges": [{"key": j, "name": f"评委{j}"} for j in judges],
        "sheets": sheets,
    }


def panel(marks: dict[str, list[str]], rule_: dict[str, Any], **of: dict[str, Any]) -> dict[str, Any]:
    """One criterion `mark`, the marks of J1, J2 … of each proposal; `of` has changes by proposal key."""
    sheets = [sheet(f"J{i}", key, mark=m) for key, given in marks.items() for i, m in enumerate(given, 1)]
    return document(rule_, [proposal(key, **of.get(key, {})) for key in marks], sheets)


def by_key(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {r["proposal"]: r for r in answer["results"]}
