"""Forms of the rating and of expenses."""

from typing import Any

from django import forms

from core.errors import DomainError
from core.forms import DateField, MoneyInput, OnceKey, PortalForm
from core.uploads import FilePicker
from delivery.domain.spending import CHECKS, MOST_FILES, MOST_MEGABYTES, NEEDED
from delivery.models import Expense, ExpensePaper
from delivery.services import Facts
from funding.models import Agreement
from funding.services import check_evidence
from projects.models import BudgetLine


class RatingForm(PortalForm):
    """One to five, and words if one likes."""

    stars = forms.TypedChoiceField(
        label="这个项目帮到您了吗？", coerce=int, widget=forms.RadioSelect,
        choices=[(5, "很满意"), (4, "满意"), (3, "一般"), (2, "不满意"), (1, "很不满意")],
    )  # fmt: skip
    words = forms.CharField(
        label="想说的话（可不填）", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class PapersField(forms.FileField):
    """Photos and scans of a voucher; cleans to a list, checked by content. A telephone offers its camera."""

    def __init__(self, **kwargs: Any) -> None:
        widget = FilePicker("pdf", "jpg", "png", megabytes=MOST_MEGABYTES, most=MOST_FILES)
        super().__init__(widget=widget, required=False, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data] if data else []
        found = [super(PapersField, self).clean(one, initial) for one in given]
        try:
            check_evidence(found, most=MOST_FILES, megabytes=MOST_MEGABYTES)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error
        return found


FILES = {"bill": "bill_files", "signin": "signin_files", "photo": "photo_files", "acceptance": "acceptance_files"}
FIELD_OF = {
    "NothingSpent": "amount",
    "SpentInFuture": "spent_on",
    "BadLine": "place",
    "BillUsed": "bill_number",
    "TooManyPapers": "bill_files",
}
NEEDS = "；".join(
    f"{label}：{'、'.join(CHECKS[c] for c in NEEDED[kind])}" for kind, label in Expense.Bill.choices if NEEDED[kind]
)


class ExpenseForm(PortalForm):
    """One expense as the organization enters it, quickest things first."""

    amount = MoneyInput(label="金额（元）")
    spent_on = DateField(label="日期")
    summary = forms.CharField(label="摘要", max_length=120, help_text="买了什么或付了什么，例如“端午活动糯米 20 斤”。")
    place = forms.ChoiceField(label="科目和预算行")
    payee = forms.CharField(
        label="收款方", max_length=80, help_text="收款单位全称；劳务写“志愿者等 5 人”，不写身份证号和电话。"
    )
    source = forms.ChoiceField(
        label="资金来源", choices=Expense.Source.choices, widget=forms.RadioSelect, initial="grant"
    )
    bill_kind = forms.ChoiceField(label="票据类型", choices=Expense.Bill.choices, widget=forms.RadioSelect)
    bill_number = forms.CharField(
        label="票号", max_length=40, required=False, help_text="发票必填；电子发票为 20 位数字。"
    )
    bill_files = PapersField(label=ExpensePaper.Kind.BILL.label)
    signin_files = PapersField(label=ExpensePaper.Kind.SIGNIN.label)
    photo_files = PapersField(label=ExpensePaper.Kind.PHOTO.label)
    acceptance_files = PapersField(label=ExpensePaper.Kind.ACCEPTANCE.label)
    checked = forms.MultipleChoiceField(
        label="凭证自查",
        required=False,
        choices=list(CHECKS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=f"提交前须备齐。{NEEDS}。",
    )
    voucher = forms.CharField(
        label="凭证号", max_length=40, required=False, help_text="记账凭证的编号；没有就留空，用系统编号。"
    )
    activity = forms.CharField(label="活动名称或编号", max_length=60, required=False)
    handled_by = forms.CharField(label="经手人", max_length=30, required=False)
    approved_by = forms.CharField(label="审批人", max_length=30, required=False)
    over_reason = forms.CharField(
        label="超出预算或比例的理由", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="只在超出时填写，例如已经创投办同意调剂。",
    )  # fmt: skip
    once_key = OnceKey()

    def __init__(self, *args: Any, agreement: Agreement, expense: Expense | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.expense = expense
        lines = list(BudgetLine.objects.filter(proposal=agreement.proposal_id).order_by("position"))
        groups: list[Any] = [("", "请选择")]
        for head in BudgetLine.Head:
            rows = [(f"{head}:{x.pk}", x.item) for x in lines if x.head == head]
            groups.append((head.label, [*rows, (f"{head}:", f"{head.label}（未对应预算行）")]))
        field = self.fields["place"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = groups
        have = expense.papers.count() if expense else 0
        left = f"各种附件合计最多 {MOST_FILES} 个" + (f"，已有 {have} 个" if have else "")
        self.fields["bill_files"].help_text = f"{left}；可直接拍照。"

    def facts(self) -> Facts:
        """What was typed, for the services."""
        data = dict(self.cleaned_data)
        head, _, line = data.pop("place").partition(":")
        for name in (*FILES.values(), "once_key"):
            data.pop(name)
        return Facts(head=head, line=int(line) if line else None, **{**data, "checked": tuple(data["checked"])})

    def papers(self) -> dict[str, list[Any]]:
        """The chosen files by kind."""
        return {kind: self.cleaned_data[name] for kind, name in FILES.items()}

    def refuse(self, error: DomainError) -> None:
        """Say a refusal of the services at the field it belongs to."""
        fields = {"head": "place"}
        found = getattr(error, "findings", None)
        if found:
            for f in found:
                self.add_error(fields.get(f.field, f.field), f.words)
            return
        self.add_error(FIELD_OF.get(type(error).__name__), error.message)


def initial_of(expense: Expense) -> dict[str, Any]:
    """What the form shows of a stored expense."""
    names = (
        "amount", "spent_on", "summary", "payee", "source", "bill_kind", "bill_number", "checked", "voucher", "activity", "handled_by", "approved_by",
        "over_reason",
    )  # fmt: skip
    return {name: getattr(expense, name) for name in names} | {"place": f"{expense.head}:{expense.line_id or ''}"}


class ReasonForm(PortalForm):
    """One reason, for returning, voiding, taking back."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class DecideForm(PortalForm):
    """A checker's batch: which, accept or return, and why."""

    ids = forms.TypedMultipleChoiceField(
        label="支出", coerce=int, error_messages={"required": "请先勾选要处理的支出。"}
    )
    act = forms.ChoiceField(label="处理", choices=[("accept", "核对通过"), ("return", "退回")])
    reason = forms.CharField(label="退回理由", max_length=300, required=False, help_text="退回时必填，项目单位会看到。")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["ids"]
        given = self.data.getlist("ids")[:200] if hasattr(self.data, "getlist") else []
        field.choices = [(x, x) for x in given if x.isascii() and x.isdigit() and len(x) < 16]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("act") == "return" and not data.get("reason"):
            self.add_error("reason", "请写明退回理由，例如“发票抬头不是本单位全称”。")
        return data


class PeriodForm(PortalForm):
    """From when to when a report counts; empty means from the first and to the last."""

    first = DateField(label="本期自", required=False, help_text="不填即从头算起")
    last = DateField(label="本期至", required=False, help_text="不填即到今天")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("first") and data.get("last") and data["last"] < data["first"]:
            self.add_error("last", "结束日期不能早于开始日期。")
        return data
