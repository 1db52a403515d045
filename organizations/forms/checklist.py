"""Forms of 六有 and 四建一创."""

from typing import Any

from django import forms

from core.forms import PortalForm
from organizations.domain.account import holds_number
from organizations.domain.checklist import read_lines
from organizations.models import ChecklistReview
from organizations.rules import Lists
from organizations.services.checklist import NOTE


class ListsForm(PortalForm):
    """A street's items."""

    six = forms.CharField(
        label="六有标准", max_length=1000, widget=forms.Textarea(attrs={"rows": 7}), help_text="每行一项"
    )
    five = forms.CharField(
        label="四建一创", max_length=1000, widget=forms.Textarea(attrs={"rows": 6}), help_text="每行一项"
    )
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=30000)

    def _lines(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        try:
            read_lines(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return text

    def clean_six(self) -> str:
        return self._lines("six")

    def clean_five(self) -> str:
        return self._lines("five")


class ChecklistForm(PortalForm):
    """A tick and a word for each item of both lists."""

    items = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=30000)
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=30000)

    def __init__(self, *args: Any, lists: Lists, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lists = {"six": lists.six, "five": lists.five}
        for part, names in self.lists.items():
            for n, name in enumerate(names):
                self.fields[f"{part}_{n}"] = forms.BooleanField(
                    label=name, required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
                )
                self.fields[f"{part}_{n}_note"] = forms.CharField(
                    label=f"{name}的说明", max_length=NOTE, required=False,
                    widget=forms.TextInput(attrs={"class": "form-control", "placeholder": "说明（可不填）"}),
                )  # fmt: skip

    def rows(self, part: str) -> list[tuple[Any, Any]]:
        """Tick and word of each item of one list, as bound fields."""
        return [(self[f"{part}_{n}"], self[f"{part}_{n}_note"]) for n, _ in enumerate(self.lists[part])]

    def six_rows(self) -> list[tuple[Any, Any]]:
        return self.rows("six")

    def five_rows(self) -> list[tuple[Any, Any]]:
        return self.rows("five")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in [n for n in data if n.endswith("_note")]:
            if holds_number(data[name]):
                self.add_error(name, "说明里不要写电话、证件或账号。")
        return data

    def said(self, part: str) -> tuple[dict[int, bool], dict[int, str]]:
        """Ticks and words by the place of the item."""
        data, names = self.cleaned_data, self.lists[part]
        return {n: data[f"{part}_{n}"] for n, _ in enumerate(names)}, {n: data[f"{part}_{n}_note"] for n, _ in enumerate(names)}  # fmt: skip


class ChecklistReviewForm(PortalForm):
    """Confirmed, or returned with a reason."""

    outcome = forms.ChoiceField(label="结论", choices=ChecklistReview.Outcome.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="退回原因", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="退回时填写，填报单位会看到",
    )  # fmt: skip
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=30000)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("outcome") == ChecklistReview.Outcome.RETURNED and not data.get("reason"):
            self.add_error("reason", "请写明退回的原因，填报单位会看到。")
        return data
