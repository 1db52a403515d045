"""Forms about a plan that stands: adjusting awards, deciding, publishing."""

from decimal import Decimal
from typing import Any

from django import forms

from core.errors import DomainError
from core.forms import DateField, MoneyInput, PortalForm
from core.money import show_yuan
from funding.models import AllocationPlan, Award
from funding.services import Change, check_attendance


class AdjustForm(PortalForm):
    """Another amount than the formula's, with its reason."""

    amount = MoneyInput(label="拟资助金额（元）")
    reason = forms.CharField(
        label="调整理由", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="与建议金额不同时必须写明，会公开给审批领导和该申报单位。",
    )  # fmt: skip

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)

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
        if self.award.ceiling is not None and amount > self.award.ceiling:
            raise forms.ValidationError(f"不能高于核减后的上限 {self.award.ceiling:,.2f} 元，请调低。")
        return amount

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        amount = data.get("amount")
        if amount is not None and amount != self.award.proposed and not (data.get("reason") or "").strip():
            self.add_error("reason", "调整金额必须写明理由。")
        return data


class AwardsForm(PortalForm):
    """All awards of a draft in one table: amount and reason in each row, saved together.

    `was` remembers the amounts on the screen, so that whoever saves second can be told what changed meanwhile.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    was = forms.CharField(widget=forms.HiddenInput, max_length=60_000, required=False)

    def __init__(self, *args: Any, plan: AllocationPlan, awards: list[Award], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan, self.awards = plan, awards
        self.fields["revision"].initial = plan.revision
        self.fields["was"].initial = self._snapshot()
        for award in awards:
            amount = MoneyInput(label=f"{award.proposal.title}：拟资助金额（元）", initial=f"{award.amount:.2f}")
            amount.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})
            self.fields[f"amount_{award.pk}"] = amount
            self.fields[f"reason_{award.pk}"] = forms.CharField(
                label=f"{award.proposal.title}：调整理由", max_length=500, required=False, initial=award.adjust_reason,
                widget=forms.TextInput(attrs={"autocomplete": "off"}),
            )  # fmt: skip

    def _snapshot(self) -> str:
        return " ".join(f"{a.pk}:{a.amount:.2f}" for a in self.awards)

    def fields_of(self, award: Award) -> tuple[Any, Any]:
        """The two fields of a row."""
        return self[f"amount_{award.pk}"], self[f"reason_{award.pk}"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        total, whole = Decimal("0.00"), True
        for award in self.awards:
            name = f"amount_{award.pk}"
            amount = data.get(name)
            if amount is None:
                whole = False
                continue
            total += amount
            top = award.requested if award.ceiling is None else award.ceiling
            if amount > top:
                what = "核减后的上限" if top < award.requested else "申请金额"
                self.add_error(name, f"“{award.proposal.title}”不能高于{what} {show_yuan(top)} 元，请调低。")
            if amount != award.proposed and not (data.get(f"reason_{award.pk}") or "").strip():
                self.add_error(
                    f"reason_{award.pk}",
                    f"“{award.proposal.title}”与建议金额 {show_yuan(award.proposed)} 元不同，请写明调整理由。",
                )
        if whole and total > self.plan.pool:
            over = show_yuan(total - self.plan.pool)
            self.add_error(
                None,
                f"拟资助金额合计 {show_yuan(total)} 元，超过资金总额 {show_yuan(self.plan.pool)} 元，超出 {over} 元。"
                "请调低金额后再保存，目前没有保存任何一行。",
            )
        return data

    def changes(self) -> list[Change]:
        """What was typed, for the service."""
        data = self.cleaned_data
        return [Change(a.pk, data[f"amount_{a.pk}"], data[f"reason_{a.pk}"]) for a in self.awards]

    def overtaken(self) -> list[str]:
        """Somebody else saved meanwhile: say what changed, take her values into rows that were left as they stood, keep
        what was typed elsewhere. Saving again then means it.
        """
        before = dict(pair.split(":", 1) for pair in str(self.data.get("was", "")).split() if ":" in pair)
        typed = self.data.copy()  # type: ignore[attr-defined]
        told = []
        for award in self.awards:
            now, then = f"{award.amount:.2f}", before.get(str(award.pk))
            if then is None or then == now:
                continue
            who = award.adjusted_by.display_name if award.adjusted_by else "别人"
            told.append(f"“{award.proposal.title}”已由{who}从 {then} 元改为 {now} 元")
            if self.cleaned_data.get(f"amount_{award.pk}") == Decimal(then):
                typed[f"amount_{award.pk}"], typed[f"reason_{award.pk}"] = now, award.adjust_reason
            else:
                told[-1] += "；您填写的是另一个金额，请核对"
        typed["revision"], typed["was"] = str(self.plan.revision), self._snapshot()
        self.data = typed
        return told


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
