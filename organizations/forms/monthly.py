"""Forms of the ten points a month."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms

from core.forms import NARROW, DateField, PortalForm
from organizations.domain.monthly import Item
from organizations.models import ExitDecision

LINE = re.compile(r"(.{1,20}?)\s+(\d{1,2}(?:\.\d)?)\s*分?(?:\s*(加分))?")


class PointsField(forms.DecimalField):
    """Points as typed, full-width digits too; at most `top`, one decimal."""

    def __init__(self, *, top: Decimal, **kwargs: Any) -> None:
        said = f"应在 0 至 {top} 之间，最多一位小数。"
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        kwargs["error_messages"] = dict.fromkeys(
            ("invalid", "max_value", "min_value", "max_digits", "max_decimal_places", "max_whole_digits"), said
        )
        super().__init__(min_value=0, max_value=top, max_digits=4, decimal_places=1, **kwargs)
        for validator in self.validators:
            validator.message = said  # type: ignore[attr-defined]

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        return super().to_python(value.translate(NARROW).strip() if isinstance(value, str) else value)


class MarksForm(PortalForm):
    """One field for each item."""

    def __init__(self, *args: Any, items: Sequence[Item], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.items_shown = items
        tail = list(self.fields)
        for item in items:
            words = f"{item.name}（{'加分，' if item.is_bonus else ''}最多 {item.top} 分）"
            self.fields[f"mark_{item.key}"] = PointsField(top=item.top, label=words, required=self.needs_marks)
        self.order_fields([*(f"mark_{i.key}" for i in items), *tail])

    needs_marks = True

    def marks(self) -> dict[str, Decimal]:
        """The marks by the items' keys."""
        found = {i.key: self.cleaned_data.get(f"mark_{i.key}") for i in self.items_shown}
        return {key: mark for key, mark in found.items() if mark is not None}

    @staticmethod
    def initial_of(marks: Mapping[str, str]) -> dict[str, str]:
        return {f"mark_{key}": mark for key, mark in marks.items()}


class MonthForm(MarksForm):
    """A month's marks; a correction says why."""

    note = forms.CharField(
        label="说明",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="本单位会看到，例如坐班几次、检查日期",
    )
    correction_reason = forms.CharField(label="更正理由", max_length=500, required=False)
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, corrects: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not corrects:
            del self.fields["correction_reason"]


class AppealForm(PortalForm):
    """Why the organization disagrees."""

    words = forms.CharField(
        label="申诉理由",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写清楚哪一项、事实是什么；每一版积分可以申诉一次",
    )


class AnswerForm(MarksForm):
    """The answer to an appeal, with new marks where it is right."""

    outcome = forms.ChoiceField(
        label="结论", choices=[("keep", "维持原分"), ("correct", "更正得分")], widget=forms.RadioSelect
    )
    words = forms.CharField(label="答复", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))
    needs_marks = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(["outcome", "words"])


class ItemsForm(PortalForm):
    """The street's items, one a line."""

    lines = forms.CharField(
        label="积分项目", max_length=600, widget=forms.Textarea(attrs={"rows": 7}),
        help_text="一行一项：名称、空格、分值。不算加分项，合计应为 10 分。加分项在行末写“加分”，总分封顶 10 分。",
    )  # fmt: skip
    year = forms.IntegerField(
        label="从哪一年", min_value=2000, max_value=2100, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )
    month = forms.IntegerField(
        label="哪一月起执行", min_value=1, max_value=12, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )

    def clean_lines(self) -> list[Item]:
        found: list[Item] = []
        for n, line in enumerate((x.translate(NARROW).strip() for x in self.cleaned_data["lines"].splitlines()), 1):
            if not line:
                continue
            match = LINE.fullmatch(line)
            if match is None:
                raise forms.ValidationError(f"第 {n} 行“{line[:20]}”看不懂，请写成“月计划 2.5”或“党建活动 1 加分”。")
            try:
                top = Decimal(match[2])
            except InvalidOperation as error:
                raise forms.ValidationError(f"第 {n} 行的分值不是数字。") from error
            found.append(Item(f"i{len(found) + 1}", match[1].strip(), top, is_bonus=bool(match[3])))
        return found

    @staticmethod
    def lines_of(items: Sequence[Item]) -> str:
        return "\n".join(f"{i.name} {i.top}{' 加分' if i.is_bonus else ''}" for i in items)


class ExitForm(PortalForm):
    """What the leader decides."""

    outcome = forms.ChoiceField(label="决定", choices=ExitDecision.Outcome.choices, widget=forms.RadioSelect)
    leaves_on = DateField(label="退出日期", required=False, help_text="责令退出时填写，例如 2026-12-31")
    reason = forms.CharField(label="理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
