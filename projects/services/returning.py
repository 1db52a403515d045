"""After a return: only the marked fields may change."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from core.errors import DomainError
from projects import rules
from projects.domain.budget import Line
from projects.domain.parts import Parts
from projects.models import Proposal
from projects.services.budget import lines_of
from projects.services.fields import FIELDS, PERIOD, PLAIN
from projects.services.heads import pleas_of
from projects.services.parts import changed_parts
from projects.services.sections import changed_sections


class FieldNotOpen(DomainError):
    message = "本次补正只能修改：{fields}。"


def changed_fields(
    proposal: Proposal,
    facts: Mapping[str, Any],
    lines: Sequence[Line],
    need_ids: Sequence[int],
    order_ids: Sequence[int],
    parts: Parts | None,
    pleas: Mapping[str, str] | None = None,
) -> set[str]:
    """Which fields differ from those stored."""
    plain = {k: v.strip() if isinstance(v, str) else v for k, v in facts.items()}
    changed = {k for k in PLAIN if k in plain and plain[k] != getattr(proposal, k)}
    if changed & set(PERIOD):
        changed = changed - set(PERIOD) | {"period"}
    if "unanswered" in changed:
        changed = changed - {"unanswered"} | {"answers"}
    if "theme" in facts and (int(facts["theme"]) if facts["theme"] else None) != proposal.theme_id:
        changed.add("theme")
    if "community" in facts and (facts["community"] or None) != proposal.community_id:
        changed.add("community")
    if list(lines) != lines_of(proposal) or (pleas is not None and pleas != pleas_of(proposal)):
        changed.add("budget")
    if set(need_ids) != set(proposal.needs.values_list("pk", flat=True)) or set(order_ids) != set(
        proposal.orders.values_list("pk", flat=True)
    ):
        changed.add("answers")
    if parts is not None:
        changed |= changed_parts(proposal, parts)
    return changed | changed_sections(proposal, facts)


def check_open_fields(proposal: Proposal, changed: AbstractSet[str]) -> None:
    """Raises FieldNotOpen where something else changed than what the return marked."""
    decision = rules.standing_decision(proposal)
    marked = set(decision.fields_open) if decision else set()
    if changed - marked:
        raise FieldNotOpen(fields="、".join(FIELDS[f] for f in FIELDS if f in marked))
