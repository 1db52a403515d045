"""The part of a round's form that says what an application consists of: a table of sections, one of attachments."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from rounds.domain.papers import (
    ASKED,
    LEAST,
    MOST,
    MOST_MEGABYTES,
    MOST_OF_A_KIND,
    OPTIONAL,
    OWN,
    PAPERS,
    REQUIRED,
    SECTIONS,
    paper_row,
    papers_of,
    section_row,
    sections_of,
)
from rounds.models import Round


def _whole(label: str, low: int, high: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, required=False, min_value=low, max_value=high, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": f"请填写 {low} 至 {high} 之间的整数。", "min_value": f"{label}不能少于 {low}。", "max_value": f"{label}不能超过 {high}。"},
    )  # fmt: skip


class PapersPart(forms.Form):
    """Fields named by the catalogue: `section_KEY` and `section_most_KEY`; `paper_KEY`, `paper_label_KEY`, …."""

    def add_papers(self) -> None:
        for key, section in SECTIONS.items():
            self.fields[f"section_{key}"] = forms.ChoiceField(
                label=section.label, required=False, choices=list(ASKED.items())
            )
            if not section.is_table:
                field = _whole(f"{section.label}的字数上限", LEAST, MOST)
                field.initial = section.most
                self.fields[f"section_most_{key}"] = field
        for key, paper in PAPERS.items():
            self.fields[f"paper_{key}"] = forms.ChoiceField(
                label=paper.label, required=False, choices=list(ASKED.items())
            )
            label = forms.CharField(label=f"{paper.label}叫什么", required=False, max_length=30)
            label.initial = "" if key in OWN else paper.label
            if key in OWN:
                label.widget.attrs["placeholder"] = "自定，例如：场地同意书"
            self.fields[f"paper_label_{key}"] = label
            for name, words, high, first in (
                ("most", "的个数上限", MOST_OF_A_KIND, paper.most),
                ("size", "每个的大小上限（MB）", MOST_MEGABYTES, paper.megabytes),
            ):
                self.fields[f"paper_{name}_{key}"] = _whole(f"{paper.label}{words}", 1, high)
                self.fields[f"paper_{name}_{key}"].initial = first
            self.fields[f"paper_for_{key}"] = forms.MultipleChoiceField(
                label=f"{paper.label}的适用主体", required=False, choices=Round.Applicant.choices, widget=forms.CheckboxSelectMultiple
            )  # fmt: skip

    def section_rows(self) -> list[tuple[Any, BoundField, BoundField | None]]:
        """Each section with its fields, for the table."""
        return [
            (s, self[f"section_{key}"], None if s.is_table else self[f"section_most_{key}"])
            for key, s in SECTIONS.items()
        ]

    def paper_rows(self) -> list[tuple[Any, list[BoundField]]]:
        """Each kind of attachment with its fields, for the table."""
        names = ("paper", "paper_label", "paper_most", "paper_size", "paper_for")
        return [(kind, [self[f"{name}_{key}"] for name in names]) for key, kind in PAPERS.items()]

    def check_papers(self, data: dict[str, Any]) -> None:
        for key in OWN:
            if data.get(f"paper_{key}") and not (data.get(f"paper_label_{key}") or "").strip():
                self.add_error(f"paper_label_{key}", "请写明这种材料的名称。")

    def pop_papers(self, data: dict[str, Any]) -> dict[str, Any]:
        """Takes the fields of both tables out of the cleaned data; gives what is stored for them."""
        sections = [section_row(k, data.pop(f"section_{k}"), data.pop(f"section_most_{k}", None)) for k in SECTIONS]
        if data["paper"] == Round.Paper.PAGE:
            sections = []  # one page has its own few fields
        papers = [
            paper_row(
                k, data.pop(f"paper_{k}"), label=data.pop(f"paper_label_{k}"), most=data.pop(f"paper_most_{k}"),
                megabytes=data.pop(f"paper_size_{k}"), applies=data.pop(f"paper_for_{k}"),
            )
            for k in PAPERS
        ]  # fmt: skip
        return {
            "sections": [row for row in sections if row], "papers": [row for row in papers if row],
            "page_lines": data["page_lines"] or Round._meta.get_field("page_lines").default,
        }  # fmt: skip


def initial_papers(row: Round) -> dict[str, Any]:
    """What the form shows of a round that exists."""
    found: dict[str, Any] = {}
    for s in sections_of(row.sections):
        found[f"section_{s.key}"] = REQUIRED if s.is_required else OPTIONAL
        if not s.kind.is_table:
            found[f"section_most_{s.key}"] = s.most
    for p in papers_of(row.papers):
        found |= {
            f"paper_{p.key}": REQUIRED if p.is_required else OPTIONAL, f"paper_label_{p.key}": p.label,
            f"paper_most_{p.key}": p.most, f"paper_size_{p.key}": p.megabytes, f"paper_for_{p.key}": list(p.applies),
        }  # fmt: skip
    return found
