"""The form of a one-page application: the few fields that a micro-round asks, handed in from the same page."""

from typing import Any

from django import forms
from django.forms import formset_factory

from core.forms import MoneyInput
from projects.forms.draft import DraftForm, LineForm
from projects.models import Proposal


class PageForm(DraftForm):
    """What, for whom, when and where, how many people, how much; the commitment is ticked where it is handed in."""

    category = None  # type: ignore[assignment]  # not asked
    indicators = None  # type: ignore[assignment]  # not asked
    volunteers = None  # type: ignore[assignment]  # not asked
    unanswered = None  # type: ignore[assignment]  # a micro-project answers somebody
    title = forms.CharField(label="项目名称", max_length=60)
    summary = forms.CharField(
        label="做什么", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 3, "data-most": 300}),
        help_text="要解决什么、办什么事、办成什么样；不超过 300 字",
    )  # fmt: skip
    plan = forms.CharField(
        label="在哪里、怎么做", required=False, max_length=200, widget=forms.Textarea(attrs={"rows": 2, "data-most": 200}),
        help_text="地点、次数、谁来做；不超过 200 字",
    )  # fmt: skip
    beneficiaries = forms.IntegerField(
        label="帮到多少人", required=False, min_value=1, max_value=1_000_000, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="只计直接受益的人", error_messages={"invalid": "请填写整数，例如 30。"},
    )  # fmt: skip
    minimum = MoneyInput(label="最少要多少元才做得成（选填）", required=False, help_text="不填，就是少于申请资金就不做")
    promised = forms.BooleanField(label="我单位作以上承诺", required=False)

    def __init__(self, *args: Any, proposal: Proposal, open_fields: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, proposal=proposal, open_fields=open_fields, **kwargs)
        self.hands_in = "hand_in" in self.data
        if proposal.theme_id and proposal.round.themes.count() == 1:
            del self.fields["theme"]
        if not proposal.round.promise:
            del self.fields["promised"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.hands_in and "promised" in self.fields and not data.get("promised"):
            self.add_error("promised", "请先勾选承诺再提交；只想保存请按“暂存”。")
        return data

    def show_gaps(self, gaps: list[tuple[str, str]]) -> None:
        """Say each gap at its field."""
        for field, words in gaps:
            name = "needs" if field == "answers" else field
            self.add_error(name if name in self.fields else None, f"{words}。")


def page_lines(most: int) -> Any:
    """The budget lines of one page."""
    return formset_factory(LineForm, extra=min(2, most), max_num=most, absolute_max=most, validate_max=True)
