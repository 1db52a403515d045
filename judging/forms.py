"""Forms of sessions. The judge's sheet is not a form class: its rule lives in the engine."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.forms import formset_factory

from accounts.models import User
from core.forms import DateField, PortalForm
from judging.domain.rubrics import RUBRICS


class SessionForm(PortalForm):
    """Name, day, place, and which ready rubric to start from."""

    name = forms.CharField(label="评审会名称", max_length=60, help_text="例如：路演评审会")
    held_on = DateField(label="日期")
    venue = forms.CharField(label="地点", max_length=80, required=False)
    rubric = forms.ChoiceField(
        label="评分标准",
        choices=[(k, f"{r.label}（{len(r.criteria)} 项，满分 {r.full_marks} 分）") for k, r in RUBRICS.items()],
    )


class DetailsForm(PortalForm):
    """Name, day and place, as long as scoring is not open."""

    name = forms.CharField(label="评审会名称", max_length=60)
    held_on = DateField(label="日期")
    venue = forms.CharField(label="地点", max_length=80, required=False)


TIES = [
    ("untrimmed_mean", "去掉最高最低分之前的平均分，高者在前"),
    ("top_sheets", "评为第一的评分表张数，多者在前"),
    ("lot", "出场顺序，先出场者在前"),
]


class RuleForm(PortalForm):
    """How sheets become a score."""

    high = forms.IntegerField(label="去掉几个最高分", min_value=0, max_value=5, initial=1)
    low = forms.IntegerField(label="去掉几个最低分", min_value=0, max_value=5, initial=1)
    start = forms.IntegerField(label="有效评分表达到几张才去", min_value=1, max_value=40, initial=5)
    quorum = forms.IntegerField(label="至少几张有效评分表才计分", min_value=1, max_value=40, initial=3)
    decimals = forms.IntegerField(label="保留几位小数（四舍五入）", min_value=0, max_value=4, initial=2)

    by = forms.ChoiceField(
        label="名次依据",
        choices=[("printed", "保留小数后的得分（推荐：与公布的得分一致）"), ("exact", "未四舍五入的得分")],
    )
    tie_1 = forms.ChoiceField(label="同分时先比", required=False)
    tie_2 = forms.ChoiceField(label="仍同分再比", required=False)
    tie_3 = forms.ChoiceField(label="还同分再比", required=False, help_text="都相同的项目名次并列，例如 1、2、2、4。")
    full_marks = forms.DecimalField(
        label="满分合计", max_digits=6, decimal_places=2, min_value=Decimal("0.01"), initial=Decimal(100),
        help_text="各评分项满分之和必须等于此数，一般为 100 分",
    )  # fmt: skip

    def __init__(self, *args: Any, criteria: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lines = [(f"criterion:{c['key']}", f"“{c['label']}”的平均分，高者在前") for c in criteria]
        for name in ("tie_1", "tie_2", "tie_3"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = [("", "不比了，名次并列"), *lines, *TIES]

    def options(self) -> dict[str, Any]:
        """The cleaned choices as `make_rule` takes them; full marks apart."""
        data = {k: v for k, v in self.cleaned_data.items() if k != "full_marks" and not k.startswith("tie_")}
        chosen = [self.cleaned_data[name] for name in ("tie_1", "tie_2", "tie_3") if self.cleaned_data.get(name)]
        return data | {"ties": list(dict.fromkeys(chosen))}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"high", "low", "start"} <= data.keys() and data["start"] <= data["high"] + data["low"]:
            self.add_error("start", "应大于去掉的最高分和最低分个数之和。")
        return data


class CriterionForm(PortalForm):
    """One line of the rubric; an empty one is left out."""

    label = forms.CharField(label="评分项", max_length=30, required=False)
    most = forms.DecimalField(
        label="满分", max_digits=5, decimal_places=2, min_value=Decimal("0.01"), required=False, localize=False
    )
    least = forms.DecimalField(
        label="最低分", max_digits=5, decimal_places=2, min_value=Decimal(0), required=False, localize=False
    )
    step = forms.ChoiceField(
        label="每档", choices=[("1", "1 分"), ("0.5", "0.5 分"), ("0.1", "0.1 分"), ("0.01", "0.01 分")]
    )
    key = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("label") and data.get("most") is None and "most" not in self.errors:
            self.add_error("most", "请填写满分。")
        if data.get("most") is not None and not data.get("label"):
            self.add_error("label", "请填写评分项名称。")
        return data


CriterionFormSet = formset_factory(CriterionForm, extra=2, max_num=20, absolute_max=20, validate_max=True)


def criteria_of(rows: Any) -> list[dict[str, str]]:
    """Criteria from the formset's rows: key, label, max, step."""
    found: list[dict[str, str]] = []
    for i, form in enumerate(rows, 1):
        data = form.cleaned_data
        if not data.get("label"):
            continue
        most = f"{data['most'].normalize():f}"
        key = data.get("key") if re.fullmatch(r"[a-z][a-z0-9_]{0,20}", data.get("key") or "") else f"c{i}"
        least = f"{(data.get('least') or Decimal(0)).normalize():f}"
        found.append({"key": str(key), "label": data["label"], "min": least, "max": most, "step": data["step"]})
    return found


class PeopleForm(PortalForm):
    """Who judges, in seat order, by user name."""

    usernames = forms.CharField(
        label="评委用户名",
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text="每行一个，按席位顺序；还没有账号的评委，请在下面新建",
    )

    def clean_usernames(self) -> list[User]:
        names = [n.strip() for n in self.cleaned_data["usernames"].splitlines() if n.strip()]
        known = {u.username: u for u in User.objects.filter(username__in=names, is_active=True)}
        unknown = [n for n in names if n not in known]
        if unknown:
            raise forms.ValidationError(f"没有这些用户名：{'、'.join(unknown)}。")
        return [known[n] for n in dict.fromkeys(names)]


class AccountForm(PortalForm):
    """An account for a judge who has none."""

    username = forms.RegexField(
        r"\A[a-z][a-z0-9_.]{2,39}\Z", label="用户名", max_length=40, error_messages={"invalid": "请用小写字母开头，只含小写字母、数字、点和下划线，至少三位。"},
        help_text="评委用它登录，例如姓名的拼音",
    )  # fmt: skip
    display_name = forms.CharField(label="姓名", max_length=40)


class RecusalForm(PortalForm):
    """A judge steps back from an entry."""

    judge = forms.TypedChoiceField(label="评委", coerce=int)
    entry = forms.TypedChoiceField(label="项目", coerce=int)
    reason = forms.CharField(label="回避理由", max_length=200)

    def __init__(self, *args: Any, judges: Any, entries: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("judge", judges), ("entry", entries)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = [("", "请选择"), *rows]


class DrawForm(PortalForm):
    """The public number, before witnesses."""

    public_number = forms.CharField(
        label="现场号码", max_length=20, help_text="由现场一位不知道密语的人报出，例如当日某项公开开奖号码"
    )
    witnesses = forms.CharField(label="见证人", max_length=100, help_text="例如：监督员、申报单位代表")


class LockForm(PortalForm):
    """Locking is final: it asks for the word, and for a reason where sheets are missing."""

    word = forms.CharField(label="请输入“锁定”二字确认", max_length=4)
    gap_reason = forms.CharField(label="缺评理由（有未交的评分表时必填）", max_length=200, required=False)

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"].strip('“”" ')
        if word != "锁定":
            raise forms.ValidationError("请输入“锁定”二字。锁定后不能再改任何评分。")
        return word


class TimesForm(PortalForm):
    """The clock of a presentation, in seconds."""

    present = forms.IntegerField(label="陈述（秒）", min_value=10, max_value=3600)
    question = forms.IntegerField(label="答辩（秒）", min_value=10, max_value=3600)
    warning = forms.IntegerField(label="提前提醒（秒）", min_value=5, max_value=600)


class PaceForm(PortalForm):
    """How scoring opens."""

    is_paced = forms.BooleanField(
        label="由主持人在导播台逐个开放评分",
        required=False,
        help_text="不选：开放评分后，全部项目一起开放（适合书面评审）",
    )
    opens_after = forms.IntegerField(
        label="讲完第几个项目才开始评分",
        min_value=1,
        max_value=20,
        initial=1,
        help_text="例如填 3：前三个都讲完后一起开放，便于评委把握尺度",
    )
