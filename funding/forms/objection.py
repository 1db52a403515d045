"""Forms of 异议."""

from typing import Any

from django import forms

from core.forms import OnceKey, PortalForm
from core.people import PhoneField
from funding.forms.files import EvidenceField
from funding.models import Objection, PublicNotice


class ObjectionForm(PortalForm):
    """Anybody objects: which project, what is wrong, with what evidence, and who says so."""

    proposal = forms.ChoiceField(label="针对的项目", required=False)
    words = forms.CharField(
        label="异议内容",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="请写明事实和理由，不超过 2000 字。",
    )
    evidence = EvidenceField(label="证据材料")
    name = forms.CharField(
        label="姓名或单位", max_length=60, required=False, help_text="实名异议会在期限内书面答复；匿名只作为线索。"
    )
    phone = PhoneField(label="联系电话", required=False, help_text="只有受理人员能看到，用于核查和答复。")
    consented = forms.BooleanField(label="同意受理单位为核查异议使用以上姓名和电话", required=False)
    website = forms.CharField(
        label="请不要填写此栏", required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"})
    )
    once_key = OnceKey()

    def __init__(self, *args: Any, notice: PublicNotice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = notice.plan.awards.filter(amount__gt=0).order_by("place").values_list("proposal", "proposal__title")
        field = self.fields["proposal"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        shown = {n: row["title"] for n, row in enumerate(notice.content["rows"])}
        field.choices = [("", "公示整体，或没有列入公示的项目")] + [
            (pk, shown.get(n, title)) for n, (pk, title) in enumerate(rows)
        ]

    def clean_proposal(self) -> int | None:
        return int(self.cleaned_data["proposal"]) if self.cleaned_data["proposal"] else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        named, reachable = bool(data["name"]), bool(data["phone"])
        if named and not reachable:
            self.add_error("phone", "实名异议请留下联系电话；匿名反映请把姓名也留空。")
        if reachable and not named:
            self.add_error("name", "请写明姓名或单位；匿名反映请把电话也留空。")
        if named and reachable and not data["consented"]:
            self.add_error("consented", "请勾选同意，否则受理单位不能使用您的姓名和电话。")
        return data


class AnswerForm(PortalForm):
    """What the office found and would answer."""

    finding = forms.CharField(
        label="核查情况", max_length=2000, widget=forms.Textarea(attrs={"rows": 4}), help_text="内部留存，不公开。"
    )
    outcome = forms.ChoiceField(label="结论", choices=Objection.Outcome.choices, widget=forms.RadioSelect)
    answer = forms.CharField(
        label="书面答复",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="领导审批后，提出异议的人凭查询码可以看到。",
    )

    def __init__(self, *args: Any, is_clue: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_clue:
            del self.fields["outcome"], self.fields["answer"]
