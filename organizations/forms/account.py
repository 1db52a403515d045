"""Forms of an organization's bank account."""

from typing import Any

from django import forms

from core.forms import PortalForm
from organizations.domain.account import TYPED, clean_account, holds_number


class Wordy(PortalForm):
    """Free words that hold no numbers; they may be read by more people than the account."""

    def words(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        if holds_number(text):
            raise forms.ValidationError("这里不要写账号或电话号码。")
        return text


class AccountForm(Wordy):
    """An account, or a changed one; `changes` asks why."""

    holder = forms.CharField(label="户名", max_length=80, help_text="与开户许可证或银行回单上的完全一致")
    bank = forms.CharField(label="开户行", max_length=80, help_text="写到支行")
    account = forms.CharField(
        label="账号", max_length=60, help_text="8 至 30 位数字，可以有空格；保存后只显示后四位",
        widget=forms.TextInput(attrs=TYPED.attrs("numeric")),
    )  # fmt: skip
    reason = forms.CharField(label="变更原因", max_length=200, help_text="例如：基本户迁到新的开户行")
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=30000)

    def __init__(self, *args: Any, changes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not changes:
            self.fields["reason"].required = False
            self.fields["reason"].widget = forms.HiddenInput()

    def clean_bank(self) -> str:
        return self.words("bank")

    def clean_reason(self) -> str:
        return self.words("reason")

    def clean_account(self) -> str:
        try:
            return clean_account(self.cleaned_data["account"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error


class LookForm(Wordy):
    """Why somebody looks at the whole number."""

    reason = forms.CharField(label="查看事由", max_length=100, help_text="例如：办理首款拨付。会记入审计日志")
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=30000)

    def clean_reason(self) -> str:
        return self.words("reason")


class ConfirmForm(Wordy):
    """How finance knows that the account is right."""

    how = forms.CharField(
        label="核实方式", max_length=200,
        help_text="例如：用登记册上的电话与负责人通话核实，并核对了开户许可证。不要用变更时新留的电话核实",
    )  # fmt: skip
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=30000)

    def clean_how(self) -> str:
        return self.words("how")
