"""Forms of 述职评议: planning, the ballot, counts, corrections; and the confirmation of stars."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from core.forms import DateField, MomentField, PortalForm
from organizations.domain.hearing import CLASSES, COUNTED, FULL, GROUPS, OPTIONS, HearingRule
from organizations.forms.monthly import PointsField
from organizations.models import HearingDue, Standing
from organizations.services import EVERYBODY, MOST_CODES, MOST_PAPERS, RESIDENTS_OF_YEAR

NUMERIC = {"inputmode": "numeric", "autocomplete": "off"}
CLASS_WORDS = dict(Standing.Hearing.choices)


class VotesField(forms.IntegerField):
    """A number of ballots."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs=dict(NUMERIC)))
        said = f"应为 0 至 {MOST_PAPERS} 的整数。"
        kwargs.setdefault("error_messages", dict.fromkeys(("invalid", "min_value", "max_value"), said))
        kwargs.setdefault("min_value", 0)
        super().__init__(max_value=MOST_PAPERS, **kwargs)
        for validator in self.validators:
            validator.message = said  # type: ignore[attr-defined]


class HearingForm(PortalForm):
    """Days and the rule of a hearing; `plans` adds the year and who is due."""

    year = forms.IntegerField(
        label="述职年度", min_value=2000, max_value=2100, widget=forms.TextInput(attrs=dict(NUMERIC)), help_text="述的是哪一年的职"
    )  # fmt: skip
    title = forms.CharField(label="名称", max_length=100, help_text="例如：2026年社会组织述职评议")
    scope = forms.ChoiceField(
        label="述职组织", widget=forms.RadioSelect, initial=RESIDENTS_OF_YEAR,
        choices=[(RESIDENTS_OF_YEAR, "当年入驻服务中心的组织"), (EVERYBODY, "登记册里的全部社会组织和队伍")], help_text="安排后可以逐个增加或移出",
    )  # fmt: skip
    held_on = DateField(label="述职日期")
    venue = forms.CharField(label="地点", max_length=100, required=False)
    votes_until = MomentField(label="评议截止时间")

    def __init__(self, *args: Any, plans: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not plans:
            del self.fields["year"], self.fields["scope"]
        for group, name in GROUPS.items():
            self.fields[f"weight_{group}"] = VotesField(label=f"{name}权重（%）")
        for option in COUNTED:
            self.fields[f"points_{option}"] = PointsField(top=Decimal(FULL), label=f"“{OPTIONS[option]}”折合分")
        for key in CLASSES:
            self.fields[f"line_{key}"] = PointsField(top=Decimal(FULL), label=f"{CLASS_WORDS[key]}从多少分起")
        for group, name in GROUPS.items():
            self.fields[f"least_{group}"] = VotesField(label=f"{name}最少有效票（张）", min_value=1)
        self.fields["least_residents"].help_text = "少于这个数的不定等次；“不了解”不算有效票"

    @staticmethod
    def initial_of(rule: HearingRule) -> dict[str, Any]:
        return {
            **{f"weight_{k}": v for k, v in rule.weights.items()}, **{f"points_{k}": v for k, v in rule.points.items()},
            **{f"line_{k}": v for k, v in rule.lines.items()}, **{f"least_{k}": v for k, v in rule.least.items()},
        }  # fmt: skip

    def rule(self) -> HearingRule:
        data = self.cleaned_data

        def some(name: str, keys: Any) -> dict[str, Any]:
            return {key: data[f"{name}_{key}"] for key in keys}

        return HearingRule(
            some("weight", GROUPS), some("points", COUNTED), some("line", CLASSES), some("least", GROUPS)
        )

    def facts(self) -> dict[str, Any]:
        """What a service takes besides the rule."""
        return {
            key: self.cleaned_data[key]
            for key in ("year", "title", "scope", "held_on", "venue", "votes_until")
            if key in self.fields
        }


class DueForm(PortalForm):
    """One more organization, by its name."""

    name = forms.CharField(label="组织名称", max_length=80, help_text="与登记册一致")


class ReportForm(PortalForm):
    """The organization's report."""

    words = forms.CharField(
        label="述职报告", max_length=3000, widget=forms.Textarea(attrs={"rows": 10}),
        help_text="一年做了什么、服务了多少人、经费怎么用、党建情况和不足。评议人投票时能看到，不要写居民的个人信息",
    )  # fmt: skip


class CodesForm(PortalForm):
    """How many codes."""

    count = forms.IntegerField(
        label="增加多少张", min_value=1, max_value=MOST_CODES, widget=forms.TextInput(attrs=dict(NUMERIC)), initial=20
    )


class CodeForm(PortalForm):
    """A code as read from paper."""

    code = forms.CharField(
        label="评议码", max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
        help_text="社区发给您的单子上的 10 位字母和数字",
    )  # fmt: skip

    def clean_code(self) -> str:
        return str(self.cleaned_data["code"]).replace(" ", "").upper()


class BallotForm(PortalForm):
    """One choice for each organization on the ballot."""

    def __init__(self, *args: Any, dues: Sequence[HearingDue], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dues = dues
        for due in dues:
            self.fields[f"mark_{due.pk}"] = forms.ChoiceField(
                label=due.organization.name, choices=list(OPTIONS.items()), widget=forms.RadioSelect,
                error_messages={"required": f"请评议“{due.organization.name}”，不清楚的选“不了解”。"},
            )  # fmt: skip

    def marks(self) -> dict[int, str]:
        return {due.pk: self.cleaned_data[f"mark_{due.pk}"] for due in self.dues}

    def rows(self) -> list[tuple[HearingDue, Any]]:
        return [(due, self[f"mark_{due.pk}"]) for due in self.dues]


class CountForm(PortalForm):
    """What one person counted on paper."""

    papers = VotesField(label="收回票数（张）", min_value=1)

    def __init__(self, *args: Any, dues: Sequence[HearingDue], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dues = dues
        for due in dues:
            for option in COUNTED:
                self.fields[f"votes_{due.pk}_{option}"] = VotesField(
                    label=f"{due.organization.name}：{OPTIONS[option]}"
                )

    def votes(self) -> dict[int, dict[str, int]]:
        return {due.pk: {o: self.cleaned_data[f"votes_{due.pk}_{o}"] for o in COUNTED} for due in self.dues}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        papers = data.get("papers")
        for due in self.dues:
            votes = [data.get(f"votes_{due.pk}_{o}") for o in COUNTED]
            if papers is not None and None not in votes and sum(v for v in votes if v is not None) > papers:
                self.add_error(f"votes_{due.pk}_{COUNTED[0]}", f"各项合计超过收回票数 {papers}。")
        return data


class TallyForm(PortalForm):
    """Counted ballots of one organization, corrected with a reason."""

    reason = forms.CharField(label="更正理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for group, name in GROUPS.items():
            for option, words in OPTIONS.items():
                self.fields[f"votes_{group}_{option}"] = VotesField(label=f"{name}：{words}")
        self.order_fields([f"votes_{g}_{o}" for g in GROUPS for o in OPTIONS])

    @staticmethod
    def initial_of(tally: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
        return {f"votes_{g}_{o}": tally[g][o] for g in GROUPS for o in OPTIONS}

    def tally(self) -> dict[str, dict[str, int]]:
        return {g: {o: self.cleaned_data[f"votes_{g}_{o}"] for o in OPTIONS} for g in GROUPS}


class ConfirmForm(PortalForm):
    """The stars of one organization; left out where nothing is chosen."""

    stars = forms.TypedChoiceField(
        label="评定星级",
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", "这次不确认"), *Standing.Stars.choices],
    )
    reason = forms.CharField(label="理由", max_length=500, required=False)
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
