"""Forms of plans and notices. Amounts are read as typed: thousands separators and blanks allowed."""

from collections.abc import Sequence
from typing import Any

from django import forms

from core.forms import MoneyInput, PortalForm
from funding.domain.ceilings import DEFAULT_FACTORS, HEARINGS, Terms
from judging.models import Result
from organizations.rules import years_known
from rounds.models import Round, Theme


class TierForm(PortalForm):
    """One tier: label, how many places, how much each."""

    label = forms.CharField(label="等次", max_length=10, required=False)
    count = forms.IntegerField(label="名额", min_value=1, max_value=200, required=False)
    amount = MoneyInput(label="每项金额（元）", required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = [k for k in ("label", "count", "amount") if data.get(k) not in (None, "")]
        if given and len(given) < 3 and not self.errors:
            raise forms.ValidationError("请把等次、名额和每项金额填写完整，或把这一行清空。")
        return data


class LimitForm(PortalForm):
    """One more limit: on which theme, organization, community or fund (empty: on each), and what it allows."""

    KINDS = [("theme", "主题"), ("organization", "单位"), ("community", "社区"), ("fund", "资金来源")]
    kind = forms.ChoiceField(label="限制谁", choices=[("", "（不用）"), *KINDS], required=False)
    name = forms.CharField(label="名称", max_length=60, required=False)
    max_amount = MoneyInput(label="金额上限（元）", required=False)
    min_awards = forms.IntegerField(label="至少几项", min_value=0, max_value=200, required=False)
    max_awards = forms.IntegerField(label="最多几项", min_value=0, max_value=200, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = [n for n in ("name", "max_amount", "min_awards", "max_awards") if data.get(n) not in (None, "")]
        if not data.get("kind"):
            if given:
                self.add_error("kind", "请选择限制谁，或把这一行清空。")
        elif given in ([], ["name"]) and not self.errors:
            self.add_error("max_amount", "请至少写一项：金额上限、至少几项或最多几项。")
        least, most = data.get("min_awards"), data.get("max_awards")
        if least is not None and most is not None and least > most:
            self.add_error("min_awards", f"至少 {least} 项多于最多 {most} 项。")
        return data

    def group(self) -> dict[str, Any] | None:
        """As `limits.groups` of chuangtou/allocation@1 has it; None for an empty row."""
        data = self.cleaned_data
        if not data.get("kind"):
            return None
        whom = {"value": data["name"].strip()} if data["name"].strip() else {"each": True}
        amount = data["max_amount"]
        found = {
            "max_amount": None if amount is None else f"{amount:.2f}", "min_awards": data["min_awards"], "max_awards": data["max_awards"],
        }  # fmt: skip
        return {"attr": data["kind"], **whom, **{name: value for name, value in found.items() if value is not None}}


LimitFormSet = forms.formset_factory(LimitForm, extra=3, max_num=30, validate_max=True)
TierFormSet = forms.formset_factory(TierForm, extra=3, max_num=10, validate_max=True)
EXAMPLE_TIERS = [
    {"label": "一等", "count": 1, "amount": "30000"},
    {"label": "二等", "count": 3, "amount": "20000"},
    {"label": "三等", "count": 6, "amount": "12000"},
]


def _factor(hearing: str) -> forms.DecimalField:
    more = "，填 0 即不予资助" if hearing == "failed" else ""
    return forms.DecimalField(
        label=f"述职{HEARINGS[hearing]}的系数", required=False, min_value=0, max_value=1, max_digits=3, decimal_places=2,
        initial=DEFAULT_FACTORS[hearing], help_text=f"金额最多为申请金额的几成，0 到 1{more}",
    )  # fmt: skip


class PlanForm(PortalForm):
    """How the money of a round is to be allotted."""

    METHODS = [
        ("tiers", "固定等次：按名次进入一、二、三等，每等金额固定，不超过申请金额"),
        ("rank", "按名次全额：从第一名起按申请金额资助，直到资金用完"),
        ("classes", "按主题定额：每个主题一个固定金额，按名次给，不超过申请金额"),
        ("proportional", "按得分比例：资金按得分分摊，不超过申请金额；分不到最低可行金额的退出，余下的再分"),
        ("optimal", "总分最优：在资金和各项限制之内，让受资助项目的得分之和最大，并证明没有更好的"),
        ("claimed", "按认领价：按名次给服务项目单的认领价（没有认领价的用限价），直到资金用完"),
        ("equal_shares", "票选等额：每张选票平分资金，支持者合起来买得起的项目入选（评审须为票选）"),
        ("phragmen", "票选均担：每次选让支持者负担最轻的项目，资金不够时停止（评审须为票选）"),
    ]
    # which fields each method reads besides the common ones; the page shows those of the chosen method only
    PARTS = [
        ("tiers", "固定等次", ("tie",)),
        ("rank optimal", "最后一名", ("partial",)),
        ("rank", "余额不够时", ("on_misfit",)),
        ("classes", "按主题定额", ("class_amounts",)),
        ("equal_shares", "票选等额", ("utility", "completion")),
        ("tiers proportional", "取整", ("unit",)),
    ]
    LIMITS = (
        "min_score", "max_awards", "min_per_theme", "max_per_organization", "max_per_community", "share", "order", "use_theme_quota",
        "theme_amounts",
    )  # fmt: skip
    HEARING = ("year", "factor_excellent", "factor_qualified", "factor_basic", "factor_failed")
    result = forms.ModelChoiceField(Result.objects.none(), label="依据的评审结果", empty_label=None)
    method = forms.ChoiceField(label="分配办法", choices=METHODS, widget=forms.RadioSelect, initial="rank")
    pool = MoneyInput(label="资金总额（元）")
    correction_reason = forms.CharField(
        label="更正理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="说明为什么更正、更正什么。新方案批准后，原方案标为“已被更正”，两份都保留。",
    )  # fmt: skip
    partial = forms.BooleanField(
        label="最后一名资金不足时，给其剩余资金（不低于其最低可行金额）", required=False, initial=True
    )
    on_misfit = forms.ChoiceField(
        label="按名次时，余额不够某一项怎么办", required=False,
        choices=[("skip", "跳过它，看下一名"), ("stop", "到此为止，余额留着")],
    )  # fmt: skip
    tie = forms.ChoiceField(
        label="固定等次时，同分跨两个等次怎么办", required=False,
        choices=[("order", "按同分次序定先后"), ("share", "所占各名次的金额合起来平分"), ("promote", "资金够就都进高一等")],
    )  # fmt: skip
    class_amounts = forms.CharField(
        label="按主题定额时，各主题的金额", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="每行一个主题，主题和金额之间空一格，例如：党建 30000",
    )  # fmt: skip
    utility = forms.ChoiceField(
        label="支持者的满意按什么计", required=False,
        choices=[("cost", "按项目金额"), ("count", "按入选项目数")],
    )  # fmt: skip
    completion = forms.ChoiceField(
        label="买完后还有余额怎么办", required=False,
        choices=[
            ("rank", "余额按得票名次继续资助"), ("none", "余额留着"), ("add1_stop_exhaustive", "逐元提高每票份额，直到余额不够再资助任何一项"),
            ("add1_stop_overspend", "逐元提高每票份额，直到再提高就超支"),
        ],
    )  # fmt: skip
    share = forms.DecimalField(
        label="资助最多占项目总预算的百分之几", required=False, min_value=1, max_value=100, max_digits=5, decimal_places=0,
        help_text="不限请留空。要求自筹三成填 70；要求 1:1 配套填 50。",
    )  # fmt: skip
    order = forms.ChoiceField(
        label="同分次序", required=False, help_text="评审会用规则或抽签定出先后的，照评审名次；仍然并列的，申请金额低的在前。",
        choices=[("input", "按评审名次"), ("lower_requested", "申请金额低的在前"), ("higher_requested", "申请金额高的在前"), ("key", "受理编号在前的在前")],
    )  # fmt: skip
    year = forms.TypedChoiceField(
        label="采用哪一年的述职等次", required=False, coerce=int, empty_value=None,
        help_text="选了年度，等次才影响金额上限；没有登记等次的单位不受影响。",
    )  # fmt: skip
    factor_excellent = _factor("excellent")
    factor_qualified = _factor("qualified")
    factor_basic = _factor("basic")
    factor_failed = _factor("failed")
    unit = forms.ChoiceField(
        label="金额取整到", required=False, choices=[("100.00", "100 元"), ("1.00", "1 元"), ("1000.00", "1,000 元")]
    )
    min_score = forms.DecimalField(label="最低得分线", required=False, max_digits=6, decimal_places=2, min_value=0)
    max_awards = forms.IntegerField(label="最多资助项目数", required=False, min_value=1)
    theme_amounts = forms.CharField(
        label="各主题资助金额上限", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不限请留空；每行一个主题，例如：环保 80000",
    )  # fmt: skip
    min_per_theme = forms.IntegerField(
        label="每个主题至少资助几项",
        required=False,
        min_value=1,
        max_value=50,
        help_text="不要求请留空；做不到时会说明",
    )
    max_per_organization = forms.IntegerField(label="每个单位最多资助几项", required=False, min_value=1, max_value=50)
    max_per_community = forms.IntegerField(label="每个社区最多资助几项", required=False, min_value=1, max_value=50)
    use_theme_quota = forms.BooleanField(label="执行各主题资助项目上限", required=False, initial=True)

    def __init__(self, *args: Any, round_: Round, results: Any, is_correction: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.round = round_
        field = self.fields["result"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = results
        field.label_from_instance = lambda result: result.session.name  # type: ignore[method-assign,assignment]
        if not is_correction:
            del self.fields["correction_reason"]
        year = self.fields["year"]
        assert isinstance(year, forms.TypedChoiceField)  # noqa: S101 - declared above
        year.choices = [("", "不采用"), *((y, f"{y} 年") for y in years_known(round_.street_id))]
        self.fields["pool"].initial = f"{round_.budget:.2f}"
        if round_.allocation:
            self.fields["method"].initial = round_.allocation
        caps = [(t.name, t.max_amount) for t in Theme.objects.filter(round=round_).order_by("position") if t.max_amount]
        self.fields["theme_amounts"].initial = "\n".join(f"{name} {amount:.2f}" for name, amount in caps)
        self.fields["pool"].help_text = f"本期资金总额 {round_.budget:,.2f} 元。"

    def common(self) -> list[Any]:
        """Fields every method needs, for the template."""
        return [self[n] for n in ("result", "method", "pool", "correction_reason") if n in self.fields]

    def parts(self) -> list[dict[str, Any]]:
        """A fieldset per group of methods: legend, methods as the script reads them, fields."""
        return [
            {"methods": methods, "legend": legend, "fields": [self[n] for n in names]}
            for methods, legend, names in self.PARTS
        ]

    def limit_fields(self) -> list[Any]:
        return [self[n] for n in self.LIMITS]

    def hearing_fields(self) -> list[Any]:
        return [self[n] for n in self.HEARING]

    def ties(self) -> tuple[str, ...]:
        """The `ties` of chuangtou/allocation@1; the key always ends them."""
        first = self.cleaned_data["order"] or "input"
        return ("higher_score", "key") if first == "key" else ("higher_score", first, "key")

    def terms(self) -> Terms:
        """Factors of hearings and the share of the total budget, to be frozen in the plan."""
        data = self.cleaned_data
        given = {key: data[f"factor_{key}"] for key in HEARINGS}
        return Terms(
            year=data["year"],
            factors={key: DEFAULT_FACTORS[key] if value is None else value for key, value in given.items()},
            share=None if data["share"] is None else data["share"] / 100,
        )

    def limits(self, more: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
        """The `limits` of chuangtou/allocation@1, with `more` groups after the form's own."""
        data = self.cleaned_data
        groups = []
        for theme in Theme.objects.filter(round=self.round).order_by("position"):
            found = {
                "max_amount": data["theme_amounts"].get(theme.name),
                "min_awards": data["min_per_theme"],
                "max_awards": theme.max_awards if data["use_theme_quota"] else None,
            }
            kept = {name: value for name, value in found.items() if value is not None}
            if kept:
                groups.append({"attr": "theme", "value": theme.name, **kept})
        for attr in ("organization", "community"):
            most = data[f"max_per_{attr}"]
            if most is not None:
                groups.append({"attr": attr, "each": True, "max_awards": most})
        return {
            "min_score": None if data["min_score"] is None else f"{data['min_score']:.2f}",
            "max_awards": data["max_awards"],
            "groups": [*groups, *more],
        }

    def clean_class_amounts(self) -> dict[str, str]:
        return self._amounts("class_amounts")

    def clean_theme_amounts(self) -> dict[str, str]:
        return self._amounts("theme_amounts")

    def _amounts(self, field: str) -> dict[str, str]:
        """Lines of `主题 金额` as theme → decimal string; a line that is not one is named."""
        themes = set(Theme.objects.filter(round=self.round).values_list("name", flat=True))
        found: dict[str, str] = {}
        for line in self.cleaned_data[field].splitlines():
            if not line.strip():
                continue
            name, _, typed = line.strip().rpartition(" ")
            name = name.strip(" ：:\t")
            try:
                amount = MoneyInput().clean(typed)
            except forms.ValidationError as error:
                raise forms.ValidationError(f"“{line.strip()}”看不懂：{error.messages[0]}") from error
            if name not in themes:
                raise forms.ValidationError(f"“{name}”不是本期的主题。本期的主题：{'、'.join(sorted(themes))}。")
            if name in found:
                raise forms.ValidationError(f"“{name}”写了两次。")
            found[name] = f"{amount:.2f}"
        return found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("method") == "classes" and "class_amounts" in data:
            themes = Theme.objects.filter(round=self.round).order_by("position").values_list("name", flat=True)
            missing = [name for name in themes if name not in data["class_amounts"]]
            if missing:
                self.add_error("class_amounts", f"还没有写：{'、'.join(missing)}。不资助的主题请写 0。")
        return data

    def method_of(self, tiers: list[dict[str, Any]]) -> dict[str, Any]:
        """The `method` of chuangtou/allocation@1."""
        data = self.cleaned_data
        name = data["method"]
        if name == "tiers":
            rows = [{"label": t["label"], "count": t["count"], "amount": f"{t['amount']:.2f}"} for t in tiers]
            return {"name": name, "tiers": rows, "tie": data["tie"] or "order"}
        more: dict[str, dict[str, Any]] = {
            "rank": {"on_misfit": data["on_misfit"] or "skip", "partial": data["partial"]},
            "classes": {"attr": "theme", "amounts": data.get("class_amounts")},
            "optimal": {"partial": data["partial"]},
            "equal_shares": {"utility": data["utility"] or "cost", "completion": data["completion"] or "rank"},
        }
        return {"name": name, **more.get(name, {})}
