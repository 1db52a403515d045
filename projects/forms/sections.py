"""Fields of the sections that a round asks, on the form of an application."""

from django import forms

from projects.domain.sections import KEEPS, PREFIX, field_of
from projects.models import Proposal
from projects.services.sections import asked

# The parts of the form; a form leaves out the fields that it does not have.
PARTS = [
    ("基本信息", ["title", "theme", "category", "community", "section_intro", "section_experience"]),
    ("需要和目标", ["summary", "section_need", "section_aims", "section_features"]),
    ("回应的需求", ["find", "needs", "orders", "unanswered"]),
    ("怎样做", ["plan", "starts_on", "ends_on", "indicators", "beneficiaries", "volunteers"]),
    ("保障和后续", ["section_risks", "section_lasting", "section_publicity", "minimum"]),
]
ORDER = [*(name for _, names in PARTS for name in names), "promised", "revision"]


def add_sections(form: forms.Form, proposal: Proposal) -> None:
    """One field per text that the round asks; what is too long is kept and said, not refused."""
    for section in asked(proposal.round):
        if section.kind.is_table:
            continue
        form.fields[field_of(section)] = forms.CharField(
            label=section.label if section.is_required else f"{section.label}（选填）", required=False, max_length=KEEPS,
            widget=forms.Textarea(attrs={"rows": 3 if section.most <= 500 else 5, "data-most": section.most}),
            help_text=f"{section.kind.hint}；不超过 {section.most} 字",
        )  # fmt: skip
    form.order_fields(ORDER)


def initial_sections(proposal: Proposal) -> dict[str, str]:
    """What the form shows of a stored proposal."""
    return {PREFIX + key: words for key, words in proposal.sections.items()}
