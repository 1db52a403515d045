"""Builds allocation documents for tests."""

from typing import Any

from funding.domain.allocation import allocate

SCORES = ["95.20", "92.40", "90.10", "88.88", "86.00", "84.50", "82.30", "80.05", "78.60", "75.00"]
ASKS = ["30000", "25000", "20000", "30000", "15000", "28000", "12000", "20000", "18000", "10000"]
RANK = {"name": "rank", "on_misfit": "skip", "partial": False}


def proposal(key: str, score: str | None, requested: str, minimum: str = "0", **more: Any) -> dict[str, Any]:
    attrs = more.pop("attrs", {})
    return {
        "key": key,
        "name": f"项目{key}",
        "score": score,
        "requested": requested,
        "minimum": minimum,
        "attrs": attrs,
    } | more


def document(budget: str, method: dict[str, Any], proposals: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    limits = {"min_score": None, "max_awards": None, "groups": []} | more.pop("limits", {})
    found = {
        "format": "chuangtou/allocation@1",
        "budget": budget,
        "unit": "100.00",
        "method": method,
        "ties": ["lower_requested", "higher_score", "key"],
        "limits": limits,
        "proposals": proposals,
    }
    return found | more


def ten() -> list[dict[str, Any]]:
    return [proposal(f"P{n}", s, a) for n, (s, a) in enumerate(zip(SCORES, ASKS, strict=True), 1)]


def amounts(answer: dict[str, Any]) -> dict[str, str]:
    """What got money, by key, in ranking order."""
    return {a["proposal"]: a["amount"] for a in answer["awards"] if a["outcome"] in ("funded", "partial")}


def codes(answer: dict[str, Any]) -> dict[str, str]:
    return {a["proposal"]: a["code"] for a in answer["awards"]}


def award(answer: dict[str, Any], key: str) -> dict[str, Any]:
    return next(a for a in answer["awards"] if a["proposal"] == key)


def run(budget: str, method: dict[str, Any], proposals: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return allocate(document(budget, method, proposals, **more))
