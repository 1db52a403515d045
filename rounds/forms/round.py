"""The form of a round."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms

from core.forms import MomentField, MoneyInput, PortalForm
from core.money import show_yuan
from rounds.catalogue import ready_rubrics
from rounds.domain.heads import HEADS
from rounds.domain.lines import BadLine, ThemeLine, indicator_text, indicators_of, themes_of
from rounds.domain.papers import MOST_LINES
from rounds.forms.papers import PapersPart, initial_papers
from rounds.models import MICRO_CAP, MOST_GRACE_HOURS, Round


def _moment(label: str, **kwargs: Any) -> MomentField:
    """A moment to the second, shown with its seconds."""
    return MomentField(label=label, widget=forms.DateTimeInput(format="%Y-%m-%d %H:%M:%S"), **kwargs)


def _cap(kind: Round.Applicant) -> MoneyInput:
    return MoneyInput(label=f"{kind.label}的单项上限（元）", required=False, low=Decimal("0.01"))


def _share(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=f"{label}最多占总预算（%）", required=False, min_value=0, max_value=100)


def _text(label: str, rows: int = 4, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": rows}), **kwargs
    )


KIND_CAPS = {f"cap_{kind.value}": kind for kind in Round.Applicant}
SHARES = {f"head_{head}": head for head in HEADS}


class RoundForm(PapersPart, PortalForm):
    """Everything that is published and frozen when the round opens."""

    PARTS: ClassVar = [
        ("名称和主办", ("title", "year", "number", "scale", "paper", "organizer", "co_organizers")),
        ("申报时间", ("apply_opens_at", "apply_closes_at", "asks_until", "grace_hours", "duration")),
        ("谁能申报、谁来购买", ("applicant_kinds", "entries", "mode", "buyer")),
        ("资金", ("fund_source", "budget", "cap", *KIND_CAPS)),
        ("主题", ("themes",)),
        ("评审、分配和公示", ("rubric", "allocation", "notice_days", "objection_contact")),
        ("预算科目限额和指标", (*SHARES, "takes_waivers", "indicators")),
        ("承诺和社区意见", ("promise", "opinion", "page_lines")),
        ("公告文字", ("intro", "conditions", "process", "requirements", "contact")),
    ]
    PAIRED: ClassVar = {
        "year", "number", "scale", "paper", "organizer", "co_organizers", "apply_opens_at", "apply_closes_at", "asks_until", "grace_hours", "duration",
        "mode", "buyer", "budget", "cap", *KIND_CAPS, "rubric", "allocation", *SHARES, "opinion", "page_lines",
    }  # fmt: skip

    title = forms.CharField(label="名称", max_length=80, help_text="例如：2026年第一期公益创投")
    number = forms.IntegerField(label="期数", min_value=1, max_value=999)
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2100)
    scale = forms.ChoiceField(label="规模", choices=Round.Scale.choices, initial=Round.Scale.REGULAR)
    paper = forms.ChoiceField(label="申报书样式", choices=Round.Paper.choices, initial=Round.Paper.FULL)
    organizer = forms.CharField(label="主办单位", required=False, max_length=80, help_text="不填即为本街道")
    co_organizers = forms.CharField(label="协办单位", required=False, max_length=200, help_text="多个单位用顿号分开")
    intro = _text("目的和征集说明", 5)
    mode = forms.ChoiceField(label="遴选方式", choices=Round.Mode.choices, widget=forms.RadioSelect, initial="scoring")
    buyer = forms.ChoiceField(label="购买方", choices=Round.Buyer.choices, widget=forms.RadioSelect, initial="street")
    applicant_kinds = forms.MultipleChoiceField(
        label="申报主体", choices=Round.Applicant.choices, widget=forms.CheckboxSelectMultiple
    )
    fund_source = forms.CharField(
        label="资金来源", max_length=120, help_text="例如：街道公益创投资金、党组织服务群众经费"
    )
    budget = MoneyInput(label="资金总额（元）", low=Decimal("0.01"))
    cap = MoneyInput(label="单个项目上限（元）", required=False, low=Decimal("0.01"), help_text="不设上限请留空")
    cap_social = _cap(Round.Applicant.SOCIAL)
    cap_team = _cap(Round.Applicant.TEAM)
    cap_party = _cap(Round.Applicant.PARTY)
    cap_group = _cap(Round.Applicant.GROUP)
    themes = forms.CharField(
        label="主题", widget=forms.Textarea(attrs={"rows": 5}),
        help_text="每行一个。要限制的，空一格写最多资助几项，再空一格写最多多少元，例如：党建 3 80000；只限金额写：环保 - 80000",
    )  # fmt: skip
    rubric = forms.ChoiceField(label="评分标准", required=False, help_text="随公告公布；评审会以此为起点")
    allocation = forms.ChoiceField(label="分配办法", required=False, choices=Round.Allocation.choices)
    head_activity = _share(HEADS["activity"])
    head_staff = _share(HEADS["staff"])
    head_management = _share(HEADS["management"])
    head_tax = _share(HEADS["tax"])
    indicators = _text("指标", 4, help_text="每行一项：指标、数值、单位，中间空一格，例如：活动场次 12 场")
    conditions = _text("申报条件", help_text="每行一条")
    process = _text("流程安排", help_text="每行一步")
    requirements = _text("有关要求", help_text="每行一条")
    promise = forms.CharField(
        label="承诺内容", required=False, max_length=1500, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="提交时由提交人勾选，连同摘要留在申报书里；留空则不要求勾选",
    )  # fmt: skip
    opinion = forms.ChoiceField(
        label="实施社区的意见", required=False, choices=Round.Opinion.choices,
        help_text="社区在网上写明同意或不同意，或由申报单位上传盖章的扫描件",
    )  # fmt: skip
    page_lines = forms.IntegerField(
        label="一页纸的预算行数",
        required=False,
        min_value=1,
        max_value=MOST_LINES,
        help_text="只用于一页纸申报；不填为 5 行",
    )
    contact = forms.CharField(
        label="咨询方式", required=False, max_length=200, help_text="部门、办公电话、地址；会公开"
    )
    apply_opens_at = _moment("申报开始")
    apply_closes_at = _moment(
        "申报截止", help_text="北京时间，到秒有效，例如 2026-12-20 17:00:00；截止那一秒起不再接收"
    )
    asks_until = _moment("提问截止", required=False, help_text="不填则到申报截止为止")
    duration = forms.CharField(label="实施期限", required=False, max_length=40, help_text="例如：6至8个月")
    notice_days = forms.IntegerField(label="公示工作日数", min_value=1, max_value=30, initial=5)
    objection_contact = forms.CharField(
        label="异议受理方式", max_length=200, help_text="部门、电话、邮箱、地址；会公开"
    )
    entries = forms.IntegerField(
        label="每个单位最多申报几份", min_value=1, max_value=9, initial=1, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "请填写整数，例如 1。"},
    )  # fmt: skip
    takes_waivers = forms.BooleanField(
        label="预算科目超过限额的，可以写明理由申请例外", required=False,
        help_text="勾选后，超过限额的申报书写明理由可以提交，由创投办在初审前逐项决定；不勾选则不能提交",
    )  # fmt: skip
    grace_hours = forms.IntegerField(
        label="个别顺延最多几小时", required=False, min_value=0, max_value=MOST_GRACE_HOURS, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        error_messages={"invalid": "请填写整数，例如 24。"},
        help_text="因故不能按时提交的单位，创投办写明理由后可以单独顺延，最多到截止后这么多小时；不填或填 0 即一律不顺延",
    )  # fmt: skip
    origin = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rubric = self.fields["rubric"]
        assert isinstance(rubric, forms.ChoiceField)  # noqa: S101 - declared above
        rubric.choices = [
            ("", "评审前另行公布"),
            *((r.key, f"{r.label}（满分 {r.full_marks} 分）") for r in ready_rubrics()),
        ]
        self.add_papers()
        for name in SHARES:
            self.fields[name].help_text = "不限请留空；到九成提示，超过不能提交"

    def parts(self) -> list[dict[str, Any]]:
        """Fieldsets in order: legend, and fields each with whether it shares its line with another."""
        return [
            {"legend": legend, "fields": [(self[name], name in self.PAIRED) for name in names]}
            for legend, names in self.PARTS
        ]

    def clean_grace_hours(self) -> int:
        return self.cleaned_data["grace_hours"] or 0

    def clean_themes(self) -> list[ThemeLine]:
        try:
            return themes_of(self.cleaned_data["themes"])
        except BadLine as error:
            raise forms.ValidationError(str(error)) from error

    def clean_indicators(self) -> list[dict[str, str]]:
        try:
            return indicators_of(self.cleaned_data["indicators"])
        except BadLine as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        opens, closes, asks = (data.get(k) for k in ("apply_opens_at", "apply_closes_at", "asks_until"))
        if opens and closes and closes <= opens:
            self.add_error("apply_closes_at", "申报截止必须晚于申报开始。")
        if asks and closes and asks > closes:
            self.add_error("asks_until", "提问截止不能晚于申报截止。")
        self._check_money(data)
        self.check_papers(data)
        return data

    def _check_money(self, data: dict[str, Any]) -> None:
        budget, cap = data.get("budget"), data.get("cap")
        if budget and cap and cap > budget:
            self.add_error("cap", "单个项目上限不能高于资金总额。")
        if data.get("scale") == Round.Scale.MICRO and "cap" in data and (cap is None or cap > MICRO_CAP):
            self.add_error("cap", f"微创投的单个项目上限必须填写，且不超过 {show_yuan(MICRO_CAP)} 元。")
        for name, kind in KIND_CAPS.items():
            amount = data.get(name)
            if amount is None:
                continue
            if kind not in (data.get("applicant_kinds") or [kind]):
                self.add_error(name, f"申报主体没有选“{kind.label}”，请勾选，或把这一栏清空。")
            elif cap and amount > cap:
                self.add_error(name, "不能高于单个项目上限。")
        amounts = [t.max_amount for t in data.get("themes") or [] if t.max_amount is not None]
        if budget and any(amount > budget for amount in amounts):
            self.add_error("themes", "单个主题的金额上限不能高于资金总额。")
        if all(data.get(name) is not None for name in SHARES) and sum(data[n] for n in SHARES) < 100:
            self.add_error("head_activity", "四个科目的限额合计不到 100%，没有预算能够符合，请调高。")

    def facts(self) -> tuple[dict[str, Any], list[ThemeLine]]:
        """What the services take: fields of the round, themes."""
        data = dict(self.cleaned_data)
        themes = data.pop("themes")
        caps = {kind.value: data.pop(name) for name, kind in KIND_CAPS.items()}
        data["kind_caps"] = {kind: f"{amount:.2f}" for kind, amount in caps.items() if amount is not None}
        data |= self.pop_papers(data)
        shares = {head: data.pop(name) for name, head in SHARES.items()}
        data["head_limits"] = {head: share for head, share in shares.items() if share is not None}
        return data, themes


TABLES = ("themes", "indicators", *KIND_CAPS, *SHARES)


def initial_of(row: Round) -> dict[str, Any]:
    """What the form shows for a round that exists."""
    found = {name: getattr(row, name) for name in RoundForm.base_fields if name not in TABLES}
    lines = [ThemeLine(t.name, t.max_awards, t.max_amount) for t in row.themes.order_by("position")]
    found["themes"] = "\n".join(str(line) for line in lines)
    found["indicators"] = "\n".join(indicator_text(i) for i in row.indicators)
    found |= {
        name: Decimal(row.kind_caps[kind.value]) for name, kind in KIND_CAPS.items() if kind.value in row.kind_caps
    }
    found |= {name: row.head_limits[head] for name, head in SHARES.items() if head in row.head_limits}
    return found | initial_papers(row)
