"""The form of 资金来源."""

from decimal import Decimal
from typing import Any

from django import forms

from accounts.models import Area
from core.exact import plain_text
from core.forms import MoneyInput, PortalForm
from funding.models import Fund
from projects.models import BudgetLine

LIMIT = "limit_"


class FundForm(PortalForm):
    """One fund of one year: how much, for whom, and what it may not pay."""

    name = forms.CharField(label="名称", max_length=60)
    kind = forms.ChoiceField(label="性质", choices=Fund.Kind.choices, widget=forms.RadioSelect, initial="general")
    community = forms.ModelChoiceField(
        Area.objects.none(), label="限用社区", required=False, empty_label="全街道通用",
        help_text="只供一个社区使用的资金，选这个社区；该社区的项目才能使用。",
    )  # fmt: skip
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2100)
    budget = MoneyInput(label="年度额度（元）")
    forbidden_heads = forms.MultipleChoiceField(
        label="不得开支的科目", required=False, choices=BudgetLine.Head.choices, widget=forms.CheckboxSelectMultiple
    )
    needs_papers = forms.BooleanField(
        label="拨付前须有民主决策材料（会议记录、表决结果、公示照片）", required=False,
        help_text="党组织服务群众经费一般需要勾选。",
    )  # fmt: skip

    def __init__(self, *args: Any, street: Area, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["community"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = Area.objects.filter(parent=street, kind=Area.Kind.COMMUNITY).order_by("pk")
        for head, label in BudgetLine.Head.choices:
            self.fields[LIMIT + head] = forms.DecimalField(
                label=f"{label}最多占（%）", required=False, min_value=0, max_value=100, max_digits=5, decimal_places=2,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )  # fmt: skip

    def limit_fields(self) -> list[Any]:
        return [self[LIMIT + head] for head, _ in BudgetLine.Head.choices]

    def plain_fields(self) -> list[Any]:
        return [field for field in self if not field.name.startswith(LIMIT)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for head in data.get("forbidden_heads", []):
            if data.get(LIMIT + head) is not None:
                self.add_error(LIMIT + head, "该科目已勾选为不得开支，请把上限清空。")
        return data

    def facts(self) -> dict[str, Any]:
        """What `services.set_fund` takes."""
        data = dict(self.cleaned_data)
        limits: dict[str, Decimal] = {h: data.pop(LIMIT + h) for h, _ in BudgetLine.Head.choices}
        return data | {"head_limits": {h: plain_text(v, 2) for h, v in limits.items() if v is not None}}


def initial_of(fund: Fund) -> dict[str, Any]:
    """What the form shows of a fund."""
    found = {
        name: getattr(fund, name) for name in ("name", "kind", "year", "budget", "forbidden_heads", "needs_papers")
    }
    return found | {"community": fund.community_id} | {LIMIT + h: v for h, v in fund.head_limits.items()}
