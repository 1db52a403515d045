"""How far an application is filled in, section by section."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from projects.domain.sections import Filled

# section → (title, place on the page, the fields that must be filled: keys of `missing`)
REQUIRED = {
    "basic": ("基本信息", "#id_title", ("title", "theme", "category", "community", "starts_on", "ends_on", "beneficiaries")),
    "answers": ("回应需求", "#div_id_needs", ("answers",)),
    "content": ("项目内容", "#id_summary", ("summary", "plan", "indicators")),
    "money": ("经费预算", "#budget", ("budget", "minimum")),
}  # fmt: skip
# the same of a one-page application
PAGE = {
    "basic": ("基本信息", "#id_title", ("title", "theme", "community", "starts_on", "ends_on", "beneficiaries")),
    "answers": ("回应需求", "#div_id_needs", ("answers",)),
    "content": ("做什么", "#id_summary", ("summary", "plan")),
    "money": ("经费预算", "#budget", ("budget",)),
}  # fmt: skip
# tables that may stay empty: key → (title, what a row is called)
OPTIONAL = {"goals": ("指标表", "行"), "activities": ("活动安排", "行"), "partners": ("合作单位", "行"), "attachments": ("附件材料", "个")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Section:
    """One section: where it is, how many of its fields are filled, in words, and whether nothing is missing."""

    title: str
    href: str
    words: str
    is_done: bool


def meter(
    missing: Iterable[str], rows: Mapping[str, int], asked: Sequence[Filled] = (), *, is_page: bool = False
) -> dict[str, Any]:
    """`missing`: the field of each gap; `rows`: how many rows each optional table has; `asked`: the sections of the round.
    Sections, and the sum of fields. Of one page (`is_page`) only its own few fields.

    What is optional counts in the sum only by its gaps: an empty one lacks nothing.
    """
    gaps = list(missing)
    sections: list[Section] = []
    filled = total = 0
    for title, href, fields in (PAGE if is_page else REQUIRED).values():
        done = sum(f not in gaps for f in fields)
        filled, total = filled + done, total + len(fields)
        sections.append(Section(title, href, f"{done}/{len(fields)}", done == len(fields)))
    for part in asked:
        lacks = gaps.count(part.field)
        total += max(lacks, int(part.is_required))
        filled += int(part.is_required and not lacks)
        note = f"，{lacks} 处待补" if lacks and part.is_filled else ""
        sections.append(Section(part.title, part.href, part.words + note, not lacks))
    for key, (title, unit) in OPTIONAL.items():
        if is_page and key != "attachments":
            continue
        lacks, count = gaps.count(key), rows.get(key, 0)
        total += lacks
        words = f"{count} {unit}" if count else "选填"
        sections.append(Section(title, f"#{key}", words + (f"，{lacks} 处待补" if lacks else ""), not lacks))
    return {"sections": [asdict(s) for s in sections], "filled": filled, "total": total}
