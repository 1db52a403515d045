"""Forms of 协议书. One sheet of several parts; empty rows fall away, half-filled ones are refused at their place."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict

from core.forms import DateField, ErrorRow, MoneyInput, PortalForm, error_rows
from core.money import show_yuan
from core.uploads import FilePicker
from funding.domain import agreement as domain
from funding.models import FundPaper, Instalment
from organizations.domain.account import TYPED as ACCOUNT
from organizations.domain.account import clean_account
from organizations.models import BankAccount

SPLIT_WORDS = [(plan, " + ".join(f"{title} {share}%" for title, share in rows)) for plan, rows in domain.SPLITS.items()]
SPARE = 3


class SheetForm(PortalForm):
    """A part of the sheet. `quiet`: shown as typed without being judged, when only rows are filled in or added."""

    def __init__(self, *args: Any, quiet: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.quiet = quiet

    def full_clean(self) -> None:
        if self.quiet:
            self._errors, self.cleaned_data = ErrorDict(), {}
        else:
            super().full_clean()


class AgreementForm(SheetForm):
    """Parties, amount, period, account and extra clauses."""

    first = forms.CharField(label="甲方（购买方）", max_length=80)
    second = forms.CharField(label="乙方（承接方）", max_length=80)
    third = forms.CharField(
        label="丙方", max_length=80, required=False, help_text="实施社区或枢纽机构；两方协议请留空。"
    )
    amount = MoneyInput(label="协议金额（元）")
    starts_on = DateField(label="项目开始日期")
    ends_on = DateField(label="项目结束日期")
    payee_name = forms.CharField(label="收款户名", max_length=80)
    payee_bank = forms.CharField(label="开户行", max_length=80)
    payee_account = forms.CharField(
        label="收款账号", max_length=60, widget=forms.TextInput(attrs=ACCOUNT.attrs("numeric")),
    )  # fmt: skip
    copies = forms.IntegerField(label="协议份数", min_value=2, max_value=20, initial=4)
    more = forms.CharField(
        label="补充约定", max_length=3000, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="写入协议正文最后一条；没有请留空。",
    )  # fmt: skip
    split = forms.ChoiceField(label="常用拨付比例", choices=SPLIT_WORDS, required=False, initial="60-40")

    def __init__(self, *args: Any, registered: BankAccount | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.registered = registered
        if registered is not None:
            waits = "" if registered.confirmed_at else "；这个账户财务还没有核实"
            self.fields["payee_account"].required = False
            self.fields["payee_account"].help_text = f"不填就用登记册上的账户（尾号 {registered.tail}）{waits}。"

    def main_fields(self) -> list[Any]:
        return [self[name] for name in ("first", "second", "third", "amount", "starts_on", "ends_on")]

    def other_fields(self) -> list[Any]:
        return [self[name] for name in ("payee_name", "payee_bank", "payee_account", "copies", "more")]

    def clean_payee_account(self) -> str:
        """As typed, or the registered one where nothing is typed; whoever drafts need not see it for that."""
        typed, known = str(self.cleaned_data["payee_account"]), self.registered
        if typed:
            try:
                return clean_account(typed)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from error
        if known is None:
            return ""
        if (self.cleaned_data.get("payee_name"), self.cleaned_data.get("payee_bank")) != (known.holder, known.bank):
            raise forms.ValidationError("户名或开户行与登记册上的不同，请填写账号，或改回登记册上的户名和开户行。")
        return str(known.account)


class Row(SheetForm):
    """One row; `needed` are the fields a row that is begun must have."""

    needed: tuple[str, ...] = ()

    def is_begun(self) -> bool:
        data = getattr(self, "cleaned_data", {})
        return any(data.get(name) not in (None, "", []) for name in self.needed)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.is_begun():
            for name in self.needed:
                if data.get(name) in (None, "", []) and name not in self.errors:
                    self.add_error(name, f"请填写{self.fields[name].label}，或把这一行清空。")
        return data


class TermForm(Row):
    needed = ("title", "amount")
    title = forms.CharField(label="名称", max_length=20, required=False)
    amount = MoneyInput(label="金额（元）", required=False)
    conditions = forms.MultipleChoiceField(
        label="拨付条件", required=False, choices=Instalment.Condition.choices, widget=forms.CheckboxSelectMultiple
    )
    spend_rate = forms.IntegerField(
        label="已拨款支出率不低于（%）", required=False, min_value=0, max_value=100,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
    due_on = DateField(label="计划拨付日期", required=False, help_text="")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.is_begun() and not data.get("conditions") and "conditions" not in self.errors:
            self.add_error("conditions", "请至少勾选一项拨付条件。")
        return data


class ShareForm(Row):
    needed = ("name", "amount", "outputs")
    name = forms.CharField(label="单位", max_length=80, required=False)
    amount = MoneyInput(label="份额（元）", required=False)
    outputs = forms.CharField(label="承担的产出", max_length=200, required=False)
    is_lead = forms.BooleanField(label="牵头单位", required=False)


class PlaceForm(Row):
    needed = ("community", "unit")
    community = forms.CharField(label="社区", max_length=60, required=False)
    unit = forms.CharField(label="场所", max_length=60, required=False)


class TargetForm(Row):
    needed = ("name", "target")
    name = forms.CharField(label="指标", max_length=60, required=False)
    target = forms.CharField(label="目标值", max_length=200, required=False)


class PullForm(SheetForm):
    """What each fund carries: one field a fund, named by its id."""

    def __init__(self, *args: Any, purses: Mapping[int, domain.Purse], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.purses = purses
        for purse in purses.values():
            self.fields[f"fund_{purse.id}"] = MoneyInput(
                label=purse.name, required=False, help_text=f"年度余额 {show_yuan(purse.free)} 元；不用请留空。"
            )

    def pulls(self) -> tuple[domain.Pull, ...]:
        amounts = ((purse, self.cleaned_data.get(f"fund_{purse.id}")) for purse in self.purses.values())
        return tuple(domain.Pull(purse.id, purse.name, amount) for purse, amount in amounts if amount)


ROWS: dict[str, type[Row]] = {"terms": TermForm, "shares": ShareForm, "places": PlaceForm, "targets": TargetForm}
SPARES = {"terms": 1, "shares": 2, "places": 1, "targets": 2}
MOST = {"terms": 10, "shares": 20, "places": 30, "targets": 40}
PART_WORDS = {
    "terms": "分期拨付", "pulls": "资金来源", "shares": "合作单位", "places": "实施地点", "targets": "指标",
}  # fmt: skip


class AgreementSheet:
    """The whole draft: `form`, `pulls` and a formset a part. `problems` are sentences by part, said at that part."""

    def __init__(
        self, purses: Mapping[int, domain.Purse], *, data: QueryDict | None = None, initial: Mapping[str, Any] | None = None, quiet: bool = False,
        registered: BankAccount | None = None,
    ) -> None:  # fmt: skip
        first = initial or {}
        self.form = AgreementForm(data, initial=dict(first), quiet=quiet, registered=registered)
        self.pulls = PullForm(data, purses=purses, initial=first.get("pulls"), prefix="pulls", quiet=quiet)
        self.sets: dict[str, Any] = {}
        for part, row in ROWS.items():
            kind = forms.formset_factory(
                row, extra=SPARES[part], max_num=MOST[part], absolute_max=MOST[part] + 10, validate_max=True
            )
            self.sets[part] = kind(data, prefix=part, initial=first.get(part), form_kwargs={"quiet": quiet})
        self.problems: dict[str, list[str]] = {}
        self.quiet = quiet

    def is_valid(self) -> bool:
        """Judge every part, so that all is said at once."""
        found = [self.form.is_valid(), self.pulls.is_valid(), *(s.is_valid() for s in self.sets.values())]
        for part, rows in self.sets.items():
            self.problems[part] = [str(e) for e in rows.non_form_errors()]
        return all(found)

    def refuse(self, findings: Iterable[domain.Finding]) -> None:
        """Say each finding at its part."""
        for part, sentence in findings:
            if part in PART_WORDS:
                self.problems.setdefault(part, []).append(sentence)
            else:
                self.form.add_error(part, sentence)

    def error_rows(self) -> list[ErrorRow]:
        """All that is wrong, for the summary above the form."""
        found = [] if self.quiet else error_rows(self.form) + error_rows(self.pulls)
        for part, words in PART_WORDS.items():
            found += [ErrorRow("", sentence, f"part-{part}") for sentence in self.problems.get(part, [])]
            for n, row in enumerate(self.sets.get(part, ()), 1):
                found += [
                    ErrorRow(f"{words}第 {n} 行", r.message, r.anchor) for r in ([] if self.quiet else error_rows(row))
                ]
        return found

    def content(self) -> domain.Content:
        """What the filled sheet says; call after `is_valid`."""
        data = {k: v for k, v in self.form.cleaned_data.items() if k != "split"}
        rows = {part: [r.cleaned_data for r in found if r.is_begun()] for part, found in self.sets.items()}
        return domain.Content(
            **data, pulls=self.pulls.pulls(),
            terms=tuple(domain.Term(**{**r, "conditions": tuple(r["conditions"])}) for r in rows["terms"]),
            shares=tuple(domain.Share(**r) for r in rows["shares"]),
            places=tuple(domain.Place(**r) for r in rows["places"]),
            targets=tuple(domain.Target(**r) for r in rows["targets"]),
        )  # fmt: skip


def initial_of(content: domain.Content) -> dict[str, Any]:
    """What the sheet shows of a text."""
    plain = {name: getattr(content, name) for name in AgreementForm.base_fields if name != "split"}
    rows = {
        part: [{name: getattr(row, name) for name in kind.base_fields} for row in getattr(content, part)]
        for part, kind in ROWS.items()
    }
    return plain | rows | {"pulls": {f"fund_{p.fund}": p.amount for p in content.pulls}}


def filled_in(data: QueryDict, amount: Decimal, plan: str) -> QueryDict:
    """The sheet as typed, with the instalments of a usual plan in place of those typed."""
    found = data.copy()
    for key in [k for k in found if k.startswith("terms-") and k[6:7].isdigit()]:
        del found[key]
    terms = domain.split(amount, plan)
    for n, term in enumerate(terms):
        found[f"terms-{n}-title"], found[f"terms-{n}-amount"] = term.title, f"{term.amount:.2f}"
        found.setlist(f"terms-{n}-conditions", list(term.conditions))
        found[f"terms-{n}-spend_rate"] = "" if term.spend_rate is None else str(term.spend_rate)
    found["terms-TOTAL_FORMS"] = str(len(terms) + 1)
    return found


def more_rows(data: QueryDict) -> QueryDict:
    """The sheet as typed, with spare rows in each part."""
    found = data.copy()
    for part, most in MOST.items():
        typed = found.get(f"{part}-TOTAL_FORMS", "")
        rows = int(typed) if typed.isdecimal() and len(typed) < 4 else 0
        found[f"{part}-TOTAL_FORMS"] = str(min(rows + SPARE, most))
    return found


class ReasonForm(PortalForm):
    """Why something is changed, withdrawn or ended."""

    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class OpinionForm(PortalForm):
    """A leader's word with the approval."""

    note = forms.CharField(label="审批意见", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class SignForm(PortalForm):
    """That the parties signed: the day, and the scan."""

    signed_on = DateField(label="签订日期")
    scan = forms.FileField(
        label="签字盖章扫描件",
        widget=FilePicker("pdf", "jpg", "png", megabytes=20),
    )


class PaperForm(PortalForm):
    """One paper of the democratic path."""

    kind = forms.ChoiceField(label="材料种类", choices=FundPaper.Kind.choices)
    file = forms.FileField(
        label="文件",
        widget=FilePicker("pdf", "jpg", "png", megabytes=5),
    )
