"""Forms by which needs come in beside the one form: a workbook, a chat, the quick screen, a patrol."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms

from accounts.models import Area
from core.forms import DateField, OnceKey, PortalForm
from core.uploads import FilePicker
from core.workbooks import MOST_MEGABYTES
from needs.domain.chat import MOST_ENTRIES, MOST_TEXT, MOST_WORDS
from needs.domain.sheet import LONG_AGO, MOST_ROWS
from needs.forms.choice import choose
from needs.forms.photos import PhotosField
from needs.models import Need

LATEST = timedelta(days=60)  # a patrol entry that comes later than this counts from its arrival
CATEGORIES = [("", "请选择"), *Need.Category.choices]


def offer_communities(form: forms.Form, communities: list[Area], chosen: int | None = None) -> None:
    """Offer these communities, the only one or the one chosen last beforehand."""
    choose(form, "community", Area.objects.filter(pk__in=[c.pk for c in communities]).in_chinese_order())
    known = {c.pk for c in communities}
    form.fields["community"].initial = communities[0].pk if len(known) == 1 else chosen if chosen in known else None


class ImportForm(PortalForm):
    """A filled workbook."""

    file = forms.FileField(
        label="填好的表", widget=FilePicker("xlsx", megabytes=MOST_MEGABYTES), help_text=f"最多 {MOST_ROWS:,} 行",
    )  # fmt: skip


class ConfirmForm(PortalForm):
    """What happens to the rows that seem to repeat another."""

    twins = forms.ChoiceField(
        label="疑似重复的行", widget=forms.RadioSelect, initial="skip",
        choices=[("skip", "不导入"), ("all", "照样导入（登记后可以在需求页里合并）")],
    )  # fmt: skip


class PasteForm(PortalForm):
    """A piece of chat, where it comes from, when it was said."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label="请选择")
    source = forms.CharField(label="来自哪个群", max_length=60, help_text="例如：溡源一期业主群。不写个人姓名")
    heard_on = DateField(label="日期", required=False, help_text="不填算今天。例如 2026-11-23")
    text = forms.CharField(
        label="群里的话", max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 12}),
        help_text="从微信群里选中、复制、粘贴到这里。接龙、“姓名：内容”、带时间的聊天记录都能拆开",
    )  # fmt: skip

    def __init__(self, *args: Any, communities: list[Area], today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        offer_communities(self, communities)

    def clean_heard_on(self) -> date:
        day: date = self.cleaned_data["heard_on"] or self.today
        if day > self.today:
            raise forms.ValidationError("日期在今天以后，请改正。")
        if day < self.today - LONG_AGO:
            raise forms.ValidationError("日期在两年以前，请核对。")
        return day


class SaidForm(PortalForm):
    """One thing out of the chat: register it or not, its words, its kind; the name it stood under only if wished."""

    take = forms.BooleanField(label="登记", required=False)
    words = forms.CharField(
        label="居民的原话", max_length=MOST_WORDS, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    category = forms.ChoiceField(label="类别", choices=CATEGORIES, required=False)
    who = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    named = forms.BooleanField(label="留下称呼，本人已同意", required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("take"):
            if not data.get("words") and "words" not in self.errors:
                self.add_error("words", "勾选了登记，请填写居民的原话，或取消勾选。")
            if not data.get("category") and "category" not in self.errors:
                self.add_error("category", "请选择类别。")
        return data


SaidFormSet = forms.formset_factory(
    SaidForm, extra=0, max_num=MOST_ENTRIES, absolute_max=MOST_ENTRIES, validate_max=True
)


class PostSaidForm(PasteForm):
    """What the picked entries have in common."""

    text = None  # type: ignore[assignment]
    once_key = OnceKey()


class QuickForm(PortalForm):
    """书记一点通: where, what kind, in a few words."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label="请选择")
    category = forms.ChoiceField(label="哪一类事", choices=Need.Category.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label="什么事",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="照居民的话写，不写姓名和电话",
    )
    photo = PhotosField(label="拍一张（可不拍）", most=1, camera=True)
    once_key = OnceKey()

    def __init__(self, *args: Any, communities: list[Area], chosen: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_communities(self, communities, chosen)


class PatrolForm(PortalForm):
    """What a grid worker sees on the round. `noted_at` is when, by the device, where it comes later."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label="请选择")
    grid = forms.ModelChoiceField(Area.objects.none(), label="网格（可不选）", required=False, empty_label="不分网格")
    category = forms.ChoiceField(label="类别", choices=CATEGORIES)
    urgency = forms.ChoiceField(label="紧急程度", choices=Need.Urgency.choices, initial=Need.Urgency.LOW)
    words = forms.CharField(
        label="看到或听到什么", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写清地点和事情，不写姓名、电话和病情",
    )  # fmt: skip
    noted_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    once_key = OnceKey()

    def __init__(self, *args: Any, communities: list[Area], own: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_communities(self, communities)
        grids = Area.objects.filter(kind=Area.Kind.GRID, parent__in=[c.pk for c in communities])
        choose(self, "grid", grids.select_related("parent").order_by("parent__pinyin", "pinyin"))
        self.fields["grid"].label_from_instance = lambda a: f"{a.parent.name} {a.name}"  # type: ignore[attr-defined]
        self.fields["grid"].initial = own

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        grid = data.get("grid")
        if grid is not None and data.get("community") is not None and grid.parent_id != data["community"].pk:
            self.add_error("grid", "所选网格不属于这个社区，请重新选择，或选“不分网格”。")
        return data

    def noted(self, at: datetime) -> datetime:
        """When it was seen: by the device, if its clock makes sense."""
        said: datetime | None = self.cleaned_data["noted_at"]
        return said if said is not None and at - LATEST < said <= at else at
