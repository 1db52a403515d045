"""Forms of training sessions."""

from collections.abc import Sequence
from typing import Any

from django import forms

from core.forms import MomentField, PortalForm
from organizations.domain.account import holds_number
from organizations.models import Organization, SignUp
from organizations.services.training import MOST_PEOPLE

DIGITS = {"inputmode": "numeric", "autocomplete": "off"}


class TrainingForm(PortalForm):
    """A session to be announced, or changed."""

    series = forms.CharField(label="系列", max_length=40, required=False, help_text="例如：公益大课堂；没有可不填")
    title = forms.CharField(label="主题", max_length=80)
    begins_at = MomentField(label="开始时间")
    place = forms.CharField(label="地点", max_length=80)
    capacity = forms.IntegerField(label="容纳人数", min_value=1, max_value=2000, widget=forms.TextInput(attrs=DIGITS))
    audience = forms.MultipleChoiceField(
        label="参加对象", choices=Organization.Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    is_mandatory = forms.BooleanField(
        label="必修", required=False, help_text="没有参加的单位，其页面上会写明；不影响它申报"
    )
    sign_up_until = MomentField(label="报名截止")
    note = forms.CharField(
        label="说明", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="带什么材料、讲什么内容"
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        until, begins = data.get("sign_up_until"), data.get("begins_at")
        if until and begins and until > begins:
            self.add_error("sign_up_until", "报名截止不能晚于开始时间。")
        return data


class SignUpForm(PortalForm):
    """How many come, and in which functions."""

    people = forms.IntegerField(
        label="报名人数", min_value=1, max_value=MOST_PEOPLE, widget=forms.TextInput(attrs=DIGITS)
    )
    functions = forms.CharField(
        label="参加人职务", max_length=100, required=False, help_text="例如：负责人1人、财务1人。不写姓名和电话"
    )

    def clean_functions(self) -> str:
        text: str = self.cleaned_data["functions"]
        if holds_number(text):
            raise forms.ValidationError("参加人只写职务，不写电话。")
        return text


class CodeForm(PortalForm):
    """The code on the sheet."""

    code = forms.CharField(
        label="签到码", max_length=12, help_text="签到表上的 8 位码",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )  # fmt: skip


class CancelForm(PortalForm):
    """Why a session is called off."""

    reason = forms.CharField(label="取消原因", max_length=200, help_text="已报名的单位会收到")


class AttendanceForm(PortalForm):
    """How many came of each organization that signed up, and one that came all the same."""

    def __init__(self, *args: Any, rows: Sequence[SignUp], others: Sequence[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = list(rows)
        for row in self.rows:
            self.fields[f"came_{row.organization_id}"] = forms.IntegerField(
                label=f"{row.organization.name}到场人数", required=False, min_value=0, max_value=MOST_PEOPLE, initial=row.attended,
                widget=forms.TextInput(attrs=DIGITS | {"class": "form-control"}),
            )  # fmt: skip
        self.fields["other"] = forms.ChoiceField(
            label="没有报名但到场的单位", required=False, choices=[("", "没有"), *((str(o.pk), o.name) for o in others)]
        )
        self.fields["other_people"] = forms.IntegerField(
            label="该单位到场人数",
            required=False,
            min_value=1,
            max_value=MOST_PEOPLE,
            widget=forms.TextInput(attrs=DIGITS),
        )

    def pairs(self) -> list[tuple[SignUp, Any]]:
        """Each sign-up with its field."""
        return [(row, self[f"came_{row.organization_id}"]) for row in self.rows]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("other") and not data.get("other_people") and "other_people" not in self.errors:
            self.add_error("other_people", "请填写该单位到场人数。")
        if data.get("other_people") and not data.get("other") and "other" not in self.errors:
            self.add_error("other", "请选择单位，或清空人数。")
        return data

    def came(self) -> dict[int, int | None]:
        """People by organization; None where nothing is said."""
        found: dict[int, int | None] = {
            row.organization_id: self.cleaned_data[f"came_{row.organization_id}"] for row in self.rows
        }
        if self.cleaned_data.get("other"):
            found[int(self.cleaned_data["other"])] = self.cleaned_data["other_people"]
        return found
