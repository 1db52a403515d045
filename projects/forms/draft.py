"""Forms of the proposal: a draft may be incomplete; only what cannot be read is refused."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms import formset_factory
from django.forms.boundfield import BoundField

from accounts.models import Area
from core.forms import DateField, MomentField, MoneyInput, OnceKey, PortalForm, Quiet
from core.money import show_yuan
from core.numbers import whole
from needs.models import Need, ServiceOrder
from organizations.models import Organization
from projects.domain.budget import Line
from projects.exports import GROUPS
from projects.forms.sections import PARTS, add_sections, initial_sections
from projects.models import BudgetCut, BudgetLine, EligibilityDecision, Proposal
from projects.services import FIELDS, PERIOD
from projects.services.cutting import Approval

CATEGORIES = [
    "便民利民类", "宣传教育类", "扶贫帮困类", "卫生保健类", "文体娱乐类", "党建引领类", "环境环保类", "为老服务类", "儿童青少年类",
    "平安治理类", "志愿服务类", "其他类",
]  # fmt: skip


class ReportForm(PortalForm):
    """How the summary of a round's proposals is divided by subtotals."""

    group = forms.ChoiceField(
        label="小计", required=False, choices=[(k, v) for k, v in GROUPS.items() if k] + [("", GROUPS[""])]
    )


class StartForm(PortalForm):
    """Which organization applies, and a working title."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="申报单位", empty_label=None)
    title = forms.CharField(label="项目名称", max_length=60, help_text="先写一个名称，之后还可以改")
    order = forms.IntegerField(required=False, widget=forms.HiddenInput)
    once_key = OnceKey()

    def __init__(self, *args: Any, organizations: list[Organization], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = Organization.objects.filter(pk__in=[o.pk for o in organizations])


class DraftForm(Quiet):
    """All parts of the proposal but the budget."""

    title = forms.CharField(label="项目名称", max_length=60)
    theme = forms.TypedChoiceField(label="主题", required=False, coerce=int, empty_value=None)
    category = forms.ChoiceField(label="类别", required=False, choices=[("", "请选择"), *((c, c) for c in CATEGORIES)])
    community = forms.TypedChoiceField(label="实施社区", required=False, coerce=int, empty_value=None)
    summary = forms.CharField(
        label="项目简介",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="不超过 500 字",
    )
    find = forms.CharField(
        label="查找要回应的内容", required=False, max_length=30, widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="填编号、社区或关键词，再按“查找”；已勾选的和已填写的都会留着",
    )  # fmt: skip
    needs = forms.MultipleChoiceField(
        label="回应的居民需求", required=False, widget=forms.CheckboxSelectMultiple, help_text="列出最新的 60 件"
    )
    orders = forms.MultipleChoiceField(label="承接的服务项目单", required=False, widget=forms.CheckboxSelectMultiple)
    unanswered = forms.CharField(
        label="两样都没有对应的，请说明理由", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="上面选了就不用填；没有对应的也可以申报，但初审要另外写明理由才能通过",
    )  # fmt: skip
    plan = forms.CharField(
        label="实施计划",
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="分步写清活动、时间、人次",
    )
    starts_on = DateField(label="项目开始日期", required=False)
    ends_on = DateField(label="项目结束日期", required=False)
    indicators = forms.CharField(
        label="预期成效与指标", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="写数字，例如：活动 12 场，服务 600 人次，满意率不低于 90%",
    )  # fmt: skip
    beneficiaries = forms.IntegerField(
        label="直接受益人数",
        required=False,
        min_value=1,
        max_value=1_000_000,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "请填写整数，例如 300。"},
    )
    volunteers = forms.IntegerField(
        label="参加志愿者人数（没有请填 0）", required=False, min_value=0, max_value=100_000, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "请填写整数，例如 30。"},
    )  # fmt: skip
    minimum = MoneyInput(label="最低可行金额（元）", required=False, help_text="少于这个数就做不成；不能高于申请资金")
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, proposal: Proposal, open_fields: list[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        round_ = proposal.round
        themes = round_.themes.order_by("position").values_list("pk", "name")
        self._choices("theme", [("", "请选择"), *themes])
        areas = Area.objects.communities().under(round_.street).in_chinese_order().values_list("pk", "name")
        self._choices("community", [("", "请选择"), *areas])
        words = str(self["find"].value() or "").strip()[:30]
        chosen = {name: self._ticked(name) for name in ("needs", "orders")}
        self._choices(
            "needs", [(str(pk), f"{n}　{c}：{w[:60]}") for pk, n, c, w in _needs(proposal, words, chosen["needs"])]
        )
        self._choices(
            "orders", [(str(pk), f"{n}　{t}（{c}）") for pk, n, t, c in _orders(proposal, words, chosen["orders"])]
        )
        add_sections(self, proposal)
        if open_fields is not None:
            for name, field in self.fields.items():
                marked = (
                    "answers" if name in ("needs", "orders", "unanswered") else "period" if name in PERIOD else name
                )
                if name not in ("revision", "find", "promised") and marked not in open_fields:
                    field.disabled = True

    def parts(self) -> list[dict[str, Any]]:
        """The form's cards in their order, each with its heading and visible fields; what no part names comes last."""
        named = [(legend, [self[n] for n in names if n in self.fields]) for legend, names in PARTS]
        known = {name for _, names in PARTS for name in names}
        rest = [field for field in self.visible_fields() if field.name not in known]
        found = [{"legend": legend, "fields": fields} for legend, fields in named if fields]
        return [*found, {"legend": "", "fields": rest}] if rest else found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        begin, end = data.get("starts_on"), data.get("ends_on")
        if begin and end and end < begin:
            self.add_error("ends_on", f"结束日期不能早于开始日期 {begin}。")
        return data

    def _ticked(self, name: str) -> list[int]:
        value = self[name].value() or []
        return [pk for v in value if (pk := whole(str(v))) is not None][:200]

    def _choices(self, name: str, rows: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = rows
        if not rows:
            field.help_text = "没有符合的，换个关键词再查，或清空后按“查找”看全部"


def _needs(proposal: Proposal, words: str, chosen: list[int]) -> Any:
    """Needs that can be answered: of the street's open ones that hold these words the newest 60, and those ticked."""
    ours = Need.objects.filter(street=proposal.round.street_id)
    held = Q(words__icontains=words) | Q(number__icontains=words) | Q(community__name__icontains=words)
    newest = ours.open().filter(held).order_by("-id").values("pk")[:60]
    stored = Q(pk__in=proposal.needs.values("pk")) | Q(pk__in=ours.open().filter(pk__in=chosen).values("pk"))
    found = ours.filter(Q(pk__in=newest) | stored)
    return found.order_by("-id").values_list("pk", "number", "community__name", "words")


def _orders(proposal: Proposal, words: str, chosen: list[int]) -> Any:
    """Orders on the round's list that hold these words, at most 100, and those ticked; a stored one stays to be unticked
    when its community has withdrawn it.
    """
    every = ServiceOrder.objects.filter(round=proposal.round_id)
    listed = every.listed()
    held = Q(title__icontains=words) | Q(number__icontains=words) | Q(community__name__icontains=words)
    first = listed.filter(held).order_by("id").values("pk")[:100]
    stored = Q(pk__in=proposal.orders.values("pk")) | Q(pk__in=listed.filter(pk__in=chosen).values("pk"))
    found = every.filter(Q(pk__in=first) | stored)
    return found.order_by("id").values_list("pk", "number", "title", "community__name")


def initial_of(proposal: Proposal) -> dict[str, Any]:
    """What the form shows for a stored proposal."""
    return {
        "title": proposal.title, "theme": proposal.theme_id, "category": proposal.category, "community": proposal.community_id,
        "summary": proposal.summary, "plan": proposal.plan, "indicators": proposal.indicators,
        "starts_on": proposal.starts_on, "ends_on": proposal.ends_on, "volunteers": proposal.volunteers, "unanswered": proposal.unanswered,
        "beneficiaries": proposal.beneficiaries, "minimum": proposal.minimum, "revision": proposal.revision,
        "needs": [str(pk) for pk in proposal.needs.values_list("pk", flat=True)],
        "orders": [str(pk) for pk in proposal.orders.values_list("pk", flat=True)], **initial_sections(proposal),
    }  # fmt: skip


class LineForm(Quiet):
    """One budget line; an empty one is left out."""

    head = forms.ChoiceField(label="科目", choices=BudgetLine.Head.choices, required=False)
    item = forms.CharField(label="说明", max_length=60, required=False)
    unit_price = MoneyInput(label="单价（元）", required=False, high=Decimal("9999999.99"))
    quantity = forms.IntegerField(
        label="数量",
        min_value=0,
        max_value=100_000,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "请填写整数，例如 300。"},
    )
    self_raised = MoneyInput(label="其中自筹（元）", required=False)
    other = MoneyInput(label="其中其他资金（元）", required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors or self.is_blank(data):
            return data
        for name, words in (
            ("item", "请填写说明。"),
            ("unit_price", "请填写单价，没有请填 0。"),
            ("quantity", "请填写数量。"),
        ):
            if data.get(name) in (None, ""):
                self.add_error(name, words)
        if not self.errors:
            own, other = (data.get(k) or Decimal(0) for k in ("self_raised", "other"))
            amount = data["unit_price"] * data["quantity"]
            if own > amount:
                self.add_error("self_raised", "自筹不能超过本行金额（单价 × 数量）。")
            elif own + other > amount:
                self.add_error("other", "自筹和其他资金合计不能超过本行金额（单价 × 数量）。")
        return data

    def amount_shown(self) -> Decimal | None:
        """Unit price × quantity of what the row holds, or None while one of them is missing or unreadable."""
        try:
            price, count = (self.fields[n].clean(self[n].value()) for n in ("unit_price", "quantity"))
        except ValidationError:
            return None
        return None if price is None or count is None else Decimal(price * count)

    @staticmethod
    def is_blank(data: dict[str, Any]) -> bool:
        return all(data.get(k) in (None, "") for k in ("item", "unit_price", "quantity", "self_raised", "other"))

    def line(self) -> Line | None:
        """The line, or None for a blank one."""
        data = self.cleaned_data
        if self.is_blank(data):
            return None
        return Line(
            data["head"],
            data["item"].strip(),
            data["unit_price"],
            data["quantity"],
            data["self_raised"] or Decimal("0.00"),
            data["other"] or Decimal("0.00"),
        )


LineFormSet = formset_factory(LineForm, extra=3, max_num=60, absolute_max=60, validate_max=True)


def initial_lines(proposal: Proposal) -> list[dict[str, Any]]:
    """Stored budget lines for the formset."""
    rows = proposal.lines.order_by("position").values("head", "item", "unit_price", "quantity", "self_raised", "other")
    return [dict(row) for row in rows]


class WithdrawForm(PortalForm):
    """Why a proposal is taken back."""

    reason = forms.CharField(label="撤回理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class DecideForm(PortalForm):
    """The eligibility decision."""

    outcome = forms.ChoiceField(label="初审结论", choices=EligibilityDecision.Outcome.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="理由", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="退回补正或不予受理必须写明，申报单位会看到",
    )  # fmt: skip
    fields_open = forms.MultipleChoiceField(
        label="需补正的栏目（退回补正时勾选）",
        required=False,
        choices=list(FIELDS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    complete_by = MomentField(label="补正截止（退回补正时填写）", required=False)

    def __init__(self, *args: Any, at: Any, marks: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        """`marks`: what a return may mark, field → label; every field where none are named."""
        super().__init__(*args, **kwargs)
        self.at = at
        if marks is not None:
            field = self.fields["fields_open"]
            assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - declared above
            field.choices = list(marks.items())

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        outcome = data.get("outcome")
        if outcome in ("return", "refuse") and not (data.get("reason") or "").strip():
            self.add_error("reason", "退回补正或不予受理必须写明理由。")
        if outcome == "return":
            if not data.get("fields_open") and "fields_open" not in self.errors:
                self.add_error("fields_open", "请勾选需要补正的栏目。")
            if "complete_by" not in self.errors:
                if data.get("complete_by") is None:
                    self.add_error("complete_by", "请填写补正截止时间。")
                elif data["complete_by"] <= self.at:
                    self.add_error("complete_by", "补正截止时间应晚于现在。")
        return data


class CutForm(PortalForm):
    """What is approved of each budget line: two fields per line, named by its position."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    note = forms.CharField(
        label="总体意见", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}), help_text="可以不填"
    )

    def __init__(self, *args: Any, lines: list[BudgetLine], standing: BudgetCut | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.fields["seen"].initial = standing.number if standing else 0
        self.fields["note"].initial = standing.note if standing else ""
        before = {line.position: line for line in standing.lines.all()} if standing else {}
        for row, line in enumerate(lines, 1):
            old = before.get(line.position)
            amount = MoneyInput(
                label=f"第 {row} 行核定金额（元）", initial=f"{old.approved if old else line.grant:.2f}"
            )
            amount.widget.attrs.update({"inputmode": "decimal", "data-fen": str(int(line.grant * 100))})
            self.fields[f"approved_{line.position}"] = amount
            self.fields[f"reason_{line.position}"] = forms.CharField(
                label=f"第 {row} 行核减理由", max_length=200, required=False, initial=old.reason if old else ""
            )

    def rows(self) -> list[tuple[BudgetLine, BoundField, BoundField]]:
        """Each line with its two fields, for the table."""
        return [(line, self[f"approved_{line.position}"], self[f"reason_{line.position}"]) for line in self.lines]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for row, line in enumerate(self.lines, 1):
            approved = data.get(f"approved_{line.position}")
            if approved is None:
                continue
            if approved > line.grant:
                self.add_error(
                    f"approved_{line.position}", f"第 {row} 行不能高于申请的 {show_yuan(line.grant)} 元，请调低。"
                )
            elif approved < line.grant and not data.get(f"reason_{line.position}", "").strip():
                self.add_error(
                    f"reason_{line.position}", f"第 {row} 行核减了 {show_yuan(line.grant - approved)} 元，请写明理由。"
                )
        return data

    def approvals(self) -> list[Approval]:
        """What was typed, for the service."""
        data = self.cleaned_data
        return [
            Approval(line.position, data[f"approved_{line.position}"], data[f"reason_{line.position}"])
            for line in self.lines
        ]

    def now_seen(self, standing: BudgetCut | None) -> None:
        """The person has been told of the newest version; saving again means it."""
        typed = self.data.copy()  # type: ignore[attr-defined]
        typed["seen"] = str(standing.number if standing else 0)
        self.data = typed


class CutAnswerForm(PortalForm):
    """The applicant's answer to a cut."""

    number = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    agrees = forms.ChoiceField(
        label="是否同意核减", choices=[("yes", "同意"), ("no", "不同意")], widget=forms.RadioSelect
    )
    words = forms.CharField(
        label="意见", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="不同意时必须写明，创投办和审批领导会看到。",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("agrees") == "no" and not (data.get("words") or "").strip():
            self.add_error("words", "不同意请写明意见。")
        return data
