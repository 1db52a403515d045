"""Forms of 拨付. What is fixed (account, instalment, funds) is no field: it cannot be forged."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from core.forms import DateField, MoneyInput, OnceKey, PortalForm
from core.money import show_yuan
from funding.forms.files import EvidenceField
from funding.models import Instalment, Payment, Repayment

MOST = 5
NOTE = 200


class RequestForm(PortalForm):
    """An organization asks for an instalment."""

    amount = MoneyInput(label="申请金额（元）", low=Decimal("0.01"))
    spent = MoneyInput(
        label="已拨资金累计支出（元）", help_text="到今天为止，已拨给本项目的资金一共支出了多少。还没有拨过款的填 0。"
    )
    words = forms.CharField(
        label="申请说明", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="例如已完成的活动、收据号。不超过 1000 字。",
    )  # fmt: skip
    evidence = EvidenceField(
        label="依据材料", most=MOST, help_text="收据、阶段资料等"
    )  # fmt: skip
    once_key = OnceKey()

    def __init__(self, *args: Any, left: Decimal, paid: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = f"这一期还可申请 {show_yuan(left)} 元，可以少于它，余下的以后再申请。"
        if not paid:
            self.fields["spent"].initial = Decimal("0.00")


class CheckForm(PortalForm):
    """One line per condition of the instalment: what the checker saw."""

    def __init__(self, *args: Any, conditions: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n, code in enumerate(conditions):
            label = str(Instalment.Condition(code).label)
            self.fields[code] = forms.CharField(
                label=label,
                max_length=NOTE,
                help_text="写明看到了什么，例如“协议原件已签字盖章，收据 1 张”。" if n == 0 else "",
                error_messages={"required": f"请写明“{label}”是怎样核对的；还不具备的，请退回申请。"},
            )


class PayForm(PortalForm):
    """The money left: day and voucher."""

    paid_on = DateField(label="拨付日期")
    voucher = forms.CharField(label="凭证号", max_length=40, help_text="记账凭证或银行回单的编号。")
    payee_seen = forms.BooleanField(label="已与单位核实，付到这份申请书上的账户")

    def __init__(self, *args: Any, differs: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not differs:
            del self.fields["payee_seen"]


class ReasonForm(PortalForm):
    """Why not."""

    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, hint: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].help_text = hint


class RepayForm(PortalForm):
    """Money that came back to one fund."""

    kind = forms.ChoiceField(label="性质", choices=Repayment.Kind.choices, widget=forms.RadioSelect)
    amount = MoneyInput(label="金额（元）", low=Decimal("0.01"))
    received_on = DateField(label="到账日期")
    voucher = forms.CharField(label="凭证号", max_length=40)
    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    once_key = OnceKey()


class FilterForm(forms.Form):
    """What the list is narrowed to; anything unknown counts as not asked."""

    q = forms.CharField(required=False, max_length=60)
    state = forms.ChoiceField(required=False, choices=Payment.State.choices)
    round = forms.IntegerField(required=False, min_value=1, max_value=2**31 - 1)
