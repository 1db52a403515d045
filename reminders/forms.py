"""Forms of rules and wishes."""

import re
from typing import Any

from django import forms

from core.deadlines import Deadline
from core.forms import NARROW, PortalForm
from reminders.domain.schedule import EARLIEST, LATEST_HOUR, MORNING
from reminders.models import LAST_DUE, CalendarWish

MOST, LONGEST = 6, 60
HOURS = [(hour, f"{hour} 点") for hour in range(EARLIEST, LATEST_HOUR + 1)]


class DaysField(forms.CharField):
    """Numbers of days as people type them: `15、7、3`, `15,7 3`. Cleans to a list, each once; empty is none."""

    def __init__(self, *, least: int, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 60)
        kwargs.setdefault("required", False)
        kwargs.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off"}))
        super().__init__(**kwargs)
        self.least = least

    def prepare_value(self, value: Any) -> Any:
        return "、".join(str(n) for n in value) if isinstance(value, list | tuple) else value

    def clean(self, value: Any) -> Any:
        parts = [p for p in re.split(r"[\s,，、;；天]+", str(super().clean(value)).translate(NARROW)) if p]
        if not all(p.isascii() and p.isdecimal() and self.least <= int(p[:4]) <= LONGEST for p in parts):
            raise forms.ValidationError(
                f"请填写 {self.least} 至 {LONGEST} 之间的天数，用顿号或逗号隔开，例如 7、3、1。"
            )
        found = list(dict.fromkeys(int(p) for p in parts))
        if len(found) > MOST:
            raise forms.ValidationError(f"最多写 {MOST} 个。")
        return found


class RuleForm(PortalForm):
    """When a street reminds of one kind."""

    is_on = forms.BooleanField(label="提醒", required=False)
    before = DaysField(
        label="提前几天提醒", least=0, help_text="例如 15、7、3、1、0；0 是截止当天。留空表示不提前提醒。"
    )
    in_workdays = forms.BooleanField(label="提前的天数按工作日算", required=False)
    after = DaysField(label="逾期几个工作日再提醒", least=1, help_text="例如 1、3。留空表示逾期后不再提醒。")
    escalate = forms.IntegerField(
        label="逾期几个工作日提醒上级督办",
        required=False,
        min_value=1,
        max_value=LONGEST,
        help_text="留空表示不提醒上级。",
    )
    due_day = forms.IntegerField(
        label="次月第几天前办完",
        min_value=1,
        max_value=LAST_DUE,
        help_text="例如 5：上个月的应在本月 5 日前登记。",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), f"请填写 1 至 {LAST_DUE} 之间的整数。"),
    )
    due_in_workdays = forms.BooleanField(
        label="第几天按工作日算", required=False, help_text="勾选后，5 就是次月第 5 个工作日，按本街道的工作日历。",
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, deadline: Deadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left_out = []
        if deadline.ends:  # nothing is left to be done afterwards
            left_out += ["after", "escalate"]
        if deadline.is_alone:
            left_out += ["in_workdays"]
        if not deadline.above:
            left_out += ["escalate"]
        if deadline.term is None:
            left_out += ["due_day", "due_in_workdays"]
        for name in set(left_out):
            del self.fields[name]

    def facts(self) -> dict[str, Any]:
        """All facts of the rule; what the kind does not have is empty."""
        data = self.cleaned_data
        return {
            "is_on": data["is_on"], "before": data["before"], "after": data.get("after") or [],
            "in_workdays": bool(data.get("in_workdays")), "escalate": data.get("escalate"), "revision": data["revision"],
            "due_day": data.get("due_day"), "due_in_workdays": bool(data.get("due_in_workdays")),
        }  # fmt: skip


class WishForm(PortalForm):
    """How one wants to be reminded."""

    is_digest = forms.ChoiceField(
        label="怎样提醒", widget=forms.RadioSelect, choices=[("1", "每天合成一条"), ("0", "每件事各发一条")],
        help_text="申报截止总是单独提醒。临近截止的新事项，当天也会提醒。",
    )  # fmt: skip
    hour = forms.TypedChoiceField(label="每天几点提醒", coerce=int, choices=HOURS)

    def __init__(self, *args: Any, wish: CalendarWish | None, **kwargs: Any) -> None:
        first = {"is_digest": "1" if wish is None or wish.is_digest else "0", "hour": wish.hour if wish else MORNING}
        super().__init__(*args, initial=first, **kwargs)
