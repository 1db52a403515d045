"""What the pages and papers of a round say about it, put together once."""

from decimal import Decimal
from typing import Any

from core.money import show_yuan
from rounds.catalogue import rubric_of
from rounds.domain.heads import HEADS
from rounds.domain.papers import Paper, Section, papers_of, sections_of
from rounds.models import Round

KINDS = {str(value): str(label) for value, label in Round.Applicant.choices}


def rubric_said(row: Round) -> dict[str, Any] | None:
    """The rubric as the call publishes it: the frozen one of an open round, else the ready one."""
    if row.state != Round.State.DRAFT:
        frozen = (row.rules or {}).get("rubric")
        return frozen if isinstance(frozen, dict) else None
    ready = rubric_of(row.rubric)
    return ready.as_json() if ready else None


def facts_of(row: Round) -> dict[str, Any]:
    """Themes, kinds of applicants, caps, limits, rubric, for templates and papers."""
    return {
        "themes": list(row.themes.order_by("position")),
        "kinds": [KINDS[k] for k in row.applicant_kinds if k in KINDS],
        "caps": [(KINDS[k], show_yuan(Decimal(v))) for k, v in row.kind_caps.items() if k in KINDS],
        "heads": [(label, share_said(row.head_limits[k])) for k, label in HEADS.items() if k in row.head_limits],
        "rubric": rubric_said(row),
        "sections": [(s.label, section_said(s)) for s in sections_of(row.sections)],
        "papers": [(p.label, paper_said(p)) for p in papers_of(row.papers)],
        "allocation": row.get_allocation_display(),
        "texts": [(label, lines(text)) for label, text in (("申报条件", row.conditions), ("流程安排", row.process), ("有关要求", row.requirements)) if text.strip()],
    }  # fmt: skip


def section_said(section: Section) -> str:
    """`必填，不超过 500 字`."""
    asked = "必填" if section.is_required else "选填"
    return f"{asked}，列表" if section.kind.is_table else f"{asked}，不超过 {section.most} 字"


def paper_said(paper: Paper) -> str:
    """`必须提供（登记社会组织），最多 2 个，每个不超过 10 MB`."""
    who = "、".join(KINDS[k] for k in paper.applies if k in KINDS)
    asked = "必须提供" if paper.is_required else "有则提供"
    return f"{asked}{f'（{who}）' if who else ''}，最多 {paper.most} 个，每个不超过 {paper.megabytes} MB"


def share_said(percent: int) -> str:
    """`不超过 30%`; nothing at all may be spent where the limit is zero."""
    return f"不超过 {percent}%" if percent else "不得列支"


def lines(text: str) -> list[str]:
    """The lines that say something."""
    return [line.strip() for line in text.splitlines() if line.strip()]
