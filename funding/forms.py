"""Forms of the money pages. Amounts are read as typed: thousands separators and blanks allowed."""

from decimal import Decimal
from typing import Any

from django import forms

from core.errors import DomainError
from core.forms import DateField, MoneyInput, OnceKey, PortalForm
from core.people import PhoneField
from funding.models import Award, Objection, PublicNotice
from funding.services import MOST_FILES, check_attendance, check_evidence
from judging.models import Result
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


TierFormSet = forms.formset_factory(TierForm, extra=3, max_num=10, validate_max=True)
EXAMPLE_TIERS = [
    {"label": "一等", "count": 1, "amount": "30000"},
    {"label": "二等", "count": 3, "amount": "20000"},
    {"label": "三等", "count": 6, "amount": "12000"},
]


class PlanForm(PortalForm):
    """How the money of a round is to be allotted."""

    METHODS = [
        ("tiers", "固定等次：按名次进入一、二、三等，每等金额固定，不超过申请金额"),
        ("rank", "按名次全额：从第一名起按申请金额资助，直到资金用完"),
        ("classes", "按主题定额：每个主题一个固定金额，按名次给，不超过申请金额"),
        ("proportional", "按得分比例：资金按得分分摊，不超过申请金额；分不到最低可行金额的退出，余下的再分"),
        ("optimal", "总分最优：在资金和各项限制之内，让受资助项目的得分之和最大，并证明没有更好的"),
    ]
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
        self.fields["pool"].initial = f"{round_.budget:.2f}"
        self.fields["pool"].help_text = f"本期资金总额 {round_.budget:,.2f} 元。"

    def limits(self) -> dict[str, Any]:
        """The `limits` of chuangtou/allocation@1."""
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
            "groups": groups,
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
        if data["method"] == "rank":
            return {"name": "rank", "on_misfit": data["on_misfit"] or "skip", "partial": data["partial"]}
        if data["method"] == "classes":
            return {"name": "classes", "attr": "theme", "amounts": data["class_amounts"]}
        if data["method"] == "proportional":
            return {"name": "proportional"}
        if data["method"] == "optimal":
            return {"name": "optimal", "partial": data["partial"]}
        rows = [{"label": t["label"], "count": t["count"], "amount": f"{t['amount']:.2f}"} for t in tiers]
        return {"name": "tiers", "tiers": rows, "tie": data["tie"] or "order"}


class AdjustForm(PortalForm):
    """Another amount than the formula's, with its reason."""

    amount = MoneyInput(label="拟资助金额（元）")
    reason = forms.CharField(
        label="调整理由", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="与建议金额不同时必须写明，会公开给审批领导和该申报单位。",
    )  # fmt: skip

    def __init__(self, *args: Any, award: Award, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.award = award
        self.fields[
            "amount"
        ].help_text = f"建议金额 {award.proposed:,.2f} 元；申请金额 {award.requested:,.2f} 元。不资助请填 0。"

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount > self.award.requested:
            raise forms.ValidationError(f"不能高于申请金额 {self.award.requested:,.2f} 元，请调低。")
        return amount

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        amount = data.get("amount")
        if amount is not None and amount != self.award.proposed and not (data.get("reason") or "").strip():
            self.add_error("reason", "调整金额必须写明理由。")
        return data


class ApproveForm(PortalForm):
    """The leader's approval, with the minutes of the meeting that decided."""

    minutes_number = forms.CharField(label="会议纪要文号", max_length=40, help_text="例如：街党工委纪〔2026〕12号")
    minutes_on = DateField(label="会议日期")
    entitled = forms.IntegerField(label="应到人数", min_value=1, max_value=500)
    present = forms.IntegerField(label="实到人数", min_value=1, max_value=500, help_text="到会不足三分之二的，不能批准")
    recused_members = forms.CharField(
        label="回避人员", max_length=200, required=False, help_text="与申报单位有利害关系、没有参加表决的人；没有请留空"
    )
    note = forms.CharField(label="审批意见", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        entitled, present = data.get("entitled"), data.get("present")
        if entitled and present:
            try:
                check_attendance(entitled, present)
            except DomainError as error:
                self.add_error("present", error.message)
        return data


class ReturnForm(PortalForm):
    """The leader sends the plan back."""

    note = forms.CharField(label="退回理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class NoticeForm(PortalForm):
    """When the public notice begins."""

    starts_on = DateField(label="公示起始日", help_text="须为工作日，起始日计入公示期，例如 2026-11-23")
    correction_reason = forms.CharField(
        label="更正理由", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="仅在更正已发布的公示时填写；原公示仍然可见。",
    )  # fmt: skip
    is_masked = forms.BooleanField(
        label="发布时把个人号码打码",
        required=False,
        help_text="发布前会查找手机号、固定电话和身份证号；找到而没有勾选，就不会发布。",
    )


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class EvidenceField(forms.FileField):
    """Up to three files; cleans to a list, checked by content."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=ManyFiles(attrs={"accept": ".pdf,.jpg,.jpeg,.png", "multiple": True}), required=False, **kwargs
        )

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        found = [super(EvidenceField, self).clean(one, initial) for one in given]
        try:
            check_evidence(found)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return found


class ObjectionForm(PortalForm):
    """Anybody objects: which project, what is wrong, with what evidence, and who says so."""

    proposal = forms.ChoiceField(label="针对的项目", required=False)
    words = forms.CharField(
        label="异议内容",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="请写明事实和理由，不超过 2000 字。",
    )
    evidence = EvidenceField(label="证据材料", help_text=f"最多 {MOST_FILES} 个，PDF、JPG 或 PNG，每个不超过 5 MB。")
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
