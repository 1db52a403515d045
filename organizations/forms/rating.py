"""Forms of the year's rating."""

from decimal import Decimal
from typing import Any

from django import forms

from core.forms import PortalForm
from organizations.domain.rating import CRITERIA, FULL, STARS, Rule
from organizations.forms.monthly import PointsField

STAR_WORDS = {5: "五星", 4: "四星", 3: "三星"}


class RuleForm(PortalForm):
    """Weights, the threshold, and from which sum on each star is proposed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, name in CRITERIA.items():
            self.fields[f"weight_{key}"] = forms.IntegerField(
                label=f"{name}权重（%）", min_value=0, max_value=100, widget=forms.TextInput(attrs={"inputmode": "numeric"})
            )  # fmt: skip
        self.fields["threshold"] = PointsField(top=FULL, label="党建门槛（低于此分不评星）")
        for star in STARS:
            self.fields[f"line_{star}"] = PointsField(top=FULL, label=f"{STAR_WORDS[star]}从多少分起")

    @staticmethod
    def initial_of(rule: Rule) -> dict[str, Any]:
        weights = {f"weight_{key}": weight for key, weight in rule.weights.items()}
        return {**weights, "threshold": rule.threshold, **{f"line_{s}": line for s, line in rule.lines.items()}}

    def rule(self) -> Rule:
        data = self.cleaned_data
        weights = {key: data[f"weight_{key}"] for key in CRITERIA}
        return Rule(weights, data["threshold"], {s: data[f"line_{s}"] for s in STARS})


class RatingForm(PortalForm):
    """The five marks; a correction says why."""

    correction_reason = forms.CharField(label="更正理由", max_length=500, required=False)
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, rule: Rule, daily: Decimal | None, corrects: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not corrects:
            del self.fields["correction_reason"]
        for key, name in CRITERIA.items():
            self.fields[f"mark_{key}"] = PointsField(top=FULL, label=f"{name}（百分制，权重 {rule.weights[key]}%）")
        self.fields["mark_party"].help_text = f"首要依据，低于 {rule.threshold} 分不评星"
        known = "没有登记的月积分" if daily is None else f"已登记各月平均折合 {daily} 分"
        self.fields["mark_daily"].help_text = known
        self.order_fields([f"mark_{key}" for key in CRITERIA])

    def marks(self) -> dict[str, Decimal]:
        return {key: self.cleaned_data[f"mark_{key}"] for key in CRITERIA}
