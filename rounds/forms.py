"""The form of a round."""

from decimal import Decimal
from typing import Any

from django import forms

from core.forms import MomentField, MoneyInput, PortalForm
from organizations.models import Organization
from rounds.models import Round


class RoundForm(PortalForm):
    """Everything that is published and frozen when the round opens."""

    title = forms.CharField(label="名称", max_length=80, help_text="例如：2026年第一期公益创投")
    number = forms.IntegerField(label="期数", min_value=1, max_value=999)
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2100)
    intro = forms.CharField(label="征集说明", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    mode = forms.ChoiceField(label="遴选方式", choices=Round.Mode.choices, widget=forms.RadioSelect, initial="scoring")
    buyer = forms.ChoiceField(label="购买方", choices=Round.Buyer.choices, widget=forms.RadioSelect, initial="street")
    applicant_kinds = forms.MultipleChoiceField(
        label="申报主体", choices=Organization.Kind.choices, widget=forms.CheckboxSelectMultiple
    )
    fund_source = forms.CharField(
        label="资金来源", max_length=60, help_text="例如：街道公益创投资金、党组织服务群众经费"
    )
    budget = MoneyInput(label="资金总额（元）", low=Decimal("0.01"))
    cap = MoneyInput(label="单个项目上限（元）", required=False, low=Decimal("0.01"), help_text="不设上限请留空")
    themes = forms.CharField(
        label="主题", widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一个。需限制资助项目数的，在主题后空一格写数字，例如：党建 3",
    )  # fmt: skip
    apply_opens_at = MomentField(label="申报开始")
    apply_closes_at = MomentField(
        label="申报截止", help_text="北京时间，到秒有效，例如 2026-12-20 17:00；截止那一秒起不再接收"
    )
    notice_days = forms.IntegerField(label="公示工作日数", min_value=1, max_value=30, initial=5)
    objection_contact = forms.CharField(
        label="异议受理方式", max_length=200, help_text="部门、电话、邮箱、地址；会公开"
    )

    def clean_themes(self) -> list[tuple[str, int | None]]:
        found: dict[str, int | None] = {}
        for line in self.cleaned_data["themes"].splitlines():
            words = line.split()
            if not words:
                continue
            most = int(words[-1]) if len(words) > 1 and words[-1].isascii() and words[-1].isdigit() else None
            name = "".join(words[:-1] if most is not None else words)
            if len(name) > 30 or most == 0:
                raise forms.ValidationError(f"“{line.strip()}”不对：主题不超过 30 个字，数字应大于 0。")
            found[name] = most
        if not found:
            raise forms.ValidationError("请至少填写一个主题。")
        return list(found.items())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        opens, closes = data.get("apply_opens_at"), data.get("apply_closes_at")
        if opens and closes and closes <= opens:
            self.add_error("apply_closes_at", "申报截止必须晚于申报开始。")
        budget, cap = data.get("budget"), data.get("cap")
        if budget and cap and cap > budget:
            self.add_error("cap", "单个项目上限不能高于资金总额。")
        return data


def initial_of(row: Round) -> dict[str, Any]:
    """What the form shows for a round that exists."""
    found = {name: getattr(row, name) for name in RoundForm.base_fields if name != "themes"}
    found["themes"] = "\n".join(
        name if most is None else f"{name} {most}"
        for name, most in row.themes.order_by("position").values_list("name", "max_awards")
    )
    return found
