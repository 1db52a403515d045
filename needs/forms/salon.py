"""Forms of secretary salons."""

import re
from datetime import time
from typing import Any

from django import forms

from accounts.models import Area
from core.forms import NARROW, DateField, OnceKey, PortalForm
from needs.forms.choice import choose
from needs.models import Need, Salon, SalonGuest, SalonItem
from needs.services import Guest

LAST_NUMBER = re.compile(r"^(?P<name>.+?)\s*(?P<people>\d{1,3})?\s*人?$")


class HourField(forms.CharField):
    """An hour as typed: `14:30`, `１４：３０` or `14点30分`. Cleans to `time`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=12, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        plain = text.translate(NARROW).replace("点", ":").replace("时", ":").replace("分", "").strip(" :")
        hour, _, minute = plain.partition(":")
        try:
            return time(int(hour), int(minute or 0))
        except ValueError as error:
            raise forms.ValidationError("请填写时间，例如 14:30。") from error

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%H:%M}" if isinstance(value, time) else value


class SalonForm(PortalForm):
    """When and where the secretary calls whom about what."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label=None)
    series = forms.CharField(label="系列", max_length=30, initial="书记沙龙")
    number = forms.IntegerField(
        label="期次", min_value=1, max_value=999, required=False, help_text="留空则接着上一期编号"
    )
    subject = forms.CharField(label="主题", max_length=60, help_text="例如：老旧小区停车难怎么办")
    held_on = DateField(label="日期", help_text="例如 2026-12-05")
    begins = HourField(label="开始时间", help_text="例如 14:30")
    venue = forms.CharField(label="地点", max_length=80)
    convener = forms.CharField(label="召集人", max_length=40, help_text="写职务即可，例如：社区党委书记")
    once_key = OnceKey()

    def __init__(self, *args: Any, communities: list[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "community", Area.objects.filter(pk__in=[c.pk for c in communities]).in_chinese_order())


def initial_of(salon: Salon) -> dict[str, Any]:
    """What the form shows for a salon that exists."""
    return {name: getattr(salon, name) for name in SalonForm.base_fields if name not in ("community", "once_key")} | {
        "community": salon.community_id
    }


class GuestsForm(PortalForm):
    """Who was invited, a unit a line, with the number of people who came behind it."""

    def __init__(self, *args: Any, salon: Salon, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        given: dict[str, list[str]] = {}
        for kind, name, people in salon.guests.order_by("pk").values_list("kind", "name", "people"):
            given.setdefault(kind, []).append(f"{name} {people}" if people else name)
        for kind, label in SalonGuest.Kind.choices:
            self.fields[kind] = forms.CharField(
                label=label, required=False, max_length=2000, initial="\n".join(given.get(kind, [])),
                widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip
        self.fields[
            "organization"
        ].help_text = "每行一个单位，后面空一格写到会人数，例如：邻里互助社 2。还没到会的不写人数。"

    def guests(self) -> list[Guest]:
        """The list as the service takes it."""
        return [guest for kind in SalonGuest.Kind.values for guest in self.cleaned_data[kind]]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for kind in SalonGuest.Kind.values:
            if kind in data:
                data[kind] = self._lines(kind, data[kind])
        return data

    def _lines(self, kind: str, text: str) -> list[Guest]:
        found: list[Guest] = []
        for line in text.splitlines():
            plain = line.translate(NARROW).strip()
            if not plain:
                continue
            match = LAST_NUMBER.match(plain)
            name = (match["name"] if match else plain).strip()
            if len(name) > 60:
                self.add_error(kind, f"“{name[:20]}……”太长，单位名称不超过 60 个字。")
                continue
            if any(g.name == name for g in found):
                self.add_error(kind, f"“{name}”写了两次，请只留一行。")
                continue
            found.append(Guest(kind, name, int(match["people"] or 0) if match else 0))
        return found


class ItemForm(PortalForm):
    """One point of the agenda, and what became of it."""

    title = forms.CharField(label="议题", max_length=80)
    needs = forms.ModelMultipleChoiceField(
        Need.objects.none(), label="相关需求", required=False, widget=forms.CheckboxSelectMultiple
    )
    said = forms.CharField(label="讨论情况", max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    decision = forms.ChoiceField(
        label="结论",
        required=False,
        widget=forms.RadioSelect,
        choices=[("", "还没有结论"), *SalonItem.Decision.choices],
    )
    words = forms.CharField(
        label="结论说明", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="谁办、什么时候办完、怎么告诉居民。结论是制单的，可以不写。",
    )  # fmt: skip

    def __init__(self, *args: Any, needs: Any, is_new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "needs", needs)
        field = self.fields["needs"]
        field.label_from_instance = lambda n: f"{n.number} {n.words[:40]}"  # type: ignore[attr-defined]
        if is_new:
            for name in ("said", "decision", "words"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") not in (None, "", SalonItem.Decision.ORDER) and not data.get("words", "").strip():
            self.add_error("words", "请写明结论：谁办、什么时候办完、怎么告诉居民。")
        return data


class CloseForm(PortalForm):
    """The minutes, before they are closed."""

    summary = forms.CharField(
        label="会议情况", max_length=3000, required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text="写进纪要的总体情况，可以留空。不写居民姓名、电话和病情。",
    )  # fmt: skip


class CancelForm(PortalForm):
    """Why a salon does not take place."""

    reason = forms.CharField(label="取消理由", max_length=200)
