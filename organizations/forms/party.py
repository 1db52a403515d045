"""The form of one count of Party members."""

from typing import Any

from django import forms

from core.forms import DateField, PortalForm
from organizations.models import Organization, PartyRecord


class PartyForm(PortalForm):
    """Members on a day, and what the organization has."""

    counted_on = DateField(label="统计日期")
    members = forms.IntegerField(
        label="正式党员数", min_value=0, max_value=9999, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="只填人数，不填姓名",
    )  # fmt: skip
    form = forms.ChoiceField(label="现设形式", choices=PartyRecord.Form.choices, widget=forms.RadioSelect)
    branch = forms.CharField(
        label="党支部名称",
        max_length=80,
        required=False,
        help_text="独立或联合党支部填写；联合的几个单位写同一个名称",
        widget=forms.TextInput(attrs={"list": "joint-branches", "autocomplete": "off"}),
    )
    upper = forms.ModelChoiceField(
        Organization.objects.none(), label="上级党组织", required=False, empty_label="没有或未登记",
        help_text="独立或联合党支部隶属的社区（村）党组织",
    )  # fmt: skip
    instructor = forms.CharField(label="党建指导员", max_length=40, required=False)

    def __init__(self, *args: Any, street_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["upper"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        rows = Organization.objects.filter(street=street_id, kind=Organization.Kind.PARTY)
        field.queryset = rows.order_by("pinyin", "pk")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("form") in {"branch", "joint"} and not data.get("branch"):
            self.add_error("branch", "独立或联合党支部必须写明支部名称。")
        if data.get("form") == "instructor" and not data.get("instructor"):
            self.add_error("instructor", "派驻党建指导员必须写明姓名。")
        if data.get("upper") and data.get("form") not in {"branch", "joint"}:
            data["upper"] = None  # an instructor, or nothing, answers to no branch above
        return data
