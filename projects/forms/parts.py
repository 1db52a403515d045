"""Forms of the rows beside the budget: partners, activity plan, indicators. A draft's row may be incomplete."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import formset_factory

from core.forms import DateField, MoneyInput, Quiet
from core.numbers import whole
from core.people import holds_personal_number
from projects.domain.parts import ActivityRow, GoalRow, PartnerRow, Parts, TargetRow, TeamRow, plain_number
from projects.models import Partner, Proposal
from projects.services.parts import parts_of
from projects.services.sections import asked, is_page

NUMERIC = {"inputmode": "numeric"}


class RowForm(Quiet):
    """One row; an empty one is left out. `given`: the fields that make it one."""

    given: tuple[str, ...] = ()

    def is_blank(self) -> bool:
        return all(self.cleaned_data.get(k) in (None, "") for k in self.given)

    def row(self) -> Any:
        raise NotImplementedError


class PartnerForm(RowForm):
    given = ("name", "task", "amount")

    kind = forms.ChoiceField(label="性质", choices=Partner.Kind.choices, required=False)
    name = forms.CharField(label="单位名称", max_length=60, required=False)
    task = forms.CharField(label="分工", max_length=200, required=False)
    amount = MoneyInput(label="使用申请资金（元）", required=False)

    def row(self) -> PartnerRow:
        d = self.cleaned_data
        return PartnerRow(d["kind"] or Partner.Kind.PARTY, d["name"].strip(), d["task"].strip(), d["amount"])


class ActivityForm(RowForm):
    given = ("what", "starts_on", "ends_on", "where", "people")

    what = forms.CharField(label="活动", max_length=100, required=False)
    starts_on = DateField(label="开始日期", required=False, help_text="")
    ends_on = DateField(label="结束日期", required=False, help_text="")
    where = forms.CharField(label="地点", max_length=60, required=False)
    people = forms.IntegerField(
        label="人次", min_value=0, max_value=1_000_000, required=False, widget=forms.TextInput(attrs=NUMERIC),
        error_messages={"invalid": "请填写整数，例如 60。"},
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begin, end = data.get("starts_on"), data.get("ends_on")
        if begin and end and end < begin:
            self.add_error("ends_on", f"结束日期不能早于开始日期 {begin}。")
        return data

    def row(self) -> ActivityRow:
        d = self.cleaned_data
        return ActivityRow(d["what"].strip(), d["starts_on"], d["ends_on"], d["where"].strip(), d["people"])


class GoalForm(RowForm):
    given = ("name", "number", "unit")

    name = forms.CharField(label="指标", max_length=60, required=False)
    number = forms.DecimalField(
        label="目标值", min_value=Decimal(0), max_digits=12, decimal_places=2, required=False, localize=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}), error_messages={"invalid": "请填写数字，例如 12 或 95.5。"},
    )  # fmt: skip
    unit = forms.CharField(label="单位", max_length=10, required=False)

    def row(self) -> GoalRow:
        d = self.cleaned_data
        number = None if d["number"] is None else d["number"].quantize(Decimal("0.01"))
        return GoalRow(d["name"].strip(), number, d["unit"].strip())


class TeamForm(RowForm):
    given = ("function", "qualification", "count", "task")

    function = forms.CharField(label="分工", max_length=40, required=False)
    qualification = forms.CharField(label="资格或经验", max_length=60, required=False)
    count = forms.IntegerField(
        label="人数", min_value=1, max_value=10_000, required=False, widget=forms.TextInput(attrs=NUMERIC),
        error_messages={"invalid": "请填写整数，例如 2。"},
    )  # fmt: skip
    task = forms.CharField(label="主要工作", max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("function", "qualification", "task"):
            if holds_personal_number(data.get(name) or ""):
                self.add_error(name, "这里不写电话和证件号码，请删去。")
        return data

    def row(self) -> TeamRow:
        d = self.cleaned_data
        return TeamRow(d["function"].strip(), d["qualification"].strip(), d["count"], d["task"].strip())


class TargetForm(RowForm):
    given = ("group", "number", "note")

    group = forms.CharField(label="服务对象", max_length=60, required=False)
    number = forms.IntegerField(
        label="人数", min_value=0, max_value=1_000_000, required=False, widget=forms.TextInput(attrs=NUMERIC),
        error_messages={"invalid": "请填写整数，例如 60。"},
    )  # fmt: skip
    note = forms.CharField(label="说明", max_length=100, required=False)

    def row(self) -> TargetRow:
        d = self.cleaned_data
        return TargetRow(d["group"].strip(), d["number"], d["note"].strip())


def _set(form: type[RowForm], most: int) -> Any:
    return formset_factory(form, extra=1, max_num=most, absolute_max=most, validate_max=True)


@dataclass(frozen=True, slots=True)
class Kind:
    """One table of rows: its field in a return, prefix of its inputs, words, the sentence above it, most rows."""

    key: str
    prefix: str
    title: str
    hint: str
    forms: Any
    most: int


KINDS = (
    Kind("goals", "goal", "指标表", "结项时逐条对照；从主题库开始的已先填上参考指标，请按实际修改。", _set(GoalForm, 30), 30),
    Kind("activities", "activity", "活动安排", "日期应在项目周期之内；一天的活动，开始和结束填同一天。", _set(ActivityForm, 60), 60),
    Kind("partners", "partner", "合作单位", "没有可不填。党组织也可以作为合作单位；使用申请资金合计不能超过申请资金，不用钱的填 0。", _set(PartnerForm, 20), 20),
)  # fmt: skip
# tables that a round may ask
ASKED = (
    Kind("team", "team", "项目团队", "按分工写，一行一种，例如：项目负责人，中级社工师，1 人；志愿者，有急救证，6 人。不写姓名和电话。", _set(TeamForm, 20), 20),
    Kind("targets", "target", "服务对象和人数", "只计直接受益的人，同一人不重复计；合计应与直接受益人数一致。", _set(TargetForm, 20), 20),
)  # fmt: skip


def kinds_of(proposal: Proposal) -> tuple[Kind, ...]:
    """Tables of this application; one page has none."""
    if is_page(proposal.round):
        return ()
    wanted = {s.key for s in asked(proposal.round)}
    return (*(k for k in ASKED if k.key in wanted), *KINDS)


def grown(post: Any, prefix: str, most: int, by: int = 3) -> Any:
    """What was posted, with room for more rows."""
    again = post.copy()
    count = whole(post.get(f"{prefix}-TOTAL_FORMS", "")) or 0
    again[f"{prefix}-TOTAL_FORMS"] = str(min(count + by, most))
    return again


class PartTable:
    """One table on the edit page: bound where it was posted and may be written, else as stored."""

    def __init__(self, kind: Kind, post: Any, stored: Parts, *, is_open: bool) -> None:
        self.kind, self.is_open = kind, is_open
        self.is_bound = is_open and post is not None and f"{kind.prefix}-TOTAL_FORMS" in post
        if self.is_bound and post.get("more") == kind.prefix:
            post = grown(post, kind.prefix, kind.most)
        self.stored = list(getattr(stored, kind.key) or ())
        # What was typed is never compared with what is stored: a row that autosave has just stored would count as untouched.
        initial = None if self.is_bound else [_initial(row) for row in self.stored]
        self.formset = kind.forms(post if self.is_bound else None, initial=initial, prefix=kind.prefix)
        self.heads = [(f.label, f.is_hidden) for f in self.formset.empty_form]

    def rows(self) -> list[Any] | None:
        """What was typed, without blank rows; None where nothing was posted."""
        return [f.row() for f in self.formset if not f.is_blank()] if self.is_bound else None

    def has_errors(self) -> bool:
        return self.is_bound and bool(self.formset.total_error_count())


class PartTables:
    """The tables of an application together."""

    def __init__(self, post: Any, *, proposal: Proposal, open_fields: list[str] | None) -> None:
        stored = parts_of(proposal)
        self.tables = [
            PartTable(k, post, stored, is_open=open_fields is None or k.key in open_fields) for k in kinds_of(proposal)
        ]

    def __iter__(self) -> Iterator[PartTable]:
        return iter(self.tables)

    def is_valid(self) -> bool:
        return all(t.formset.is_valid() for t in self.tables if t.is_bound)

    def has_errors(self) -> bool:
        return any(t.has_errors() for t in self.tables)

    def quiet(self) -> None:
        for table in self.tables:
            for form in table.formset:
                form.quiet()

    def parts(self) -> Parts:
        return Parts(**{t.kind.key: t.rows() for t in self.tables})


def _initial(row: Any) -> Mapping[str, Any]:
    found = {name: getattr(row, name) for name in type(row).__slots__}
    if isinstance(row, GoalRow):
        found["number"] = plain_number(row.number)
    return found
