"""Forms of needs."""

from typing import Any

from django import forms

from accounts.models import Area
from core.forms import OnceKey, PortalForm
from core.people import PhoneField
from needs.forms.choice import choose
from needs.forms.photos import PhotosField
from needs.models import Need
from needs.models.step import STARS


class NeedForm(PortalForm):
    """A need as a community or grid worker writes it down."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label="请选择")
    channel = forms.ChoiceField(
        label="渠道", choices=[c for c in Need.Channel.choices if c[0] != "online"], initial="visit"
    )
    category = forms.ChoiceField(label="类别", choices=[("", "请选择"), *Need.Category.choices])
    words = forms.CharField(
        label="居民的原话",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="照居民的话写，不写姓名、电话和病情",
    )
    grid = forms.ModelChoiceField(Area.objects.none(), label="网格（可不选）", required=False, empty_label="不分网格")
    people_count = forms.IntegerField(label="涉及人数", min_value=1, max_value=1_000_000, initial=1)
    urgency = forms.ChoiceField(label="紧急程度", choices=Need.Urgency.choices, widget=forms.RadioSelect, initial="low")
    contact_name = forms.CharField(label="怎么称呼", max_length=20, required=False)
    contact_phone = PhoneField(label="联系电话", required=False, help_text="只有本社区工作人员能查看，每次查看都有记录")
    consented = forms.BooleanField(label="本人同意留下联系方式", required=False)
    photos = PhotosField(label="现场照片（可不传）")
    once_key = OnceKey()

    def __init__(self, *args: Any, communities: list[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        grids = Area.objects.filter(kind=Area.Kind.GRID, parent__in=[c.pk for c in communities])
        choose(self, "grid", grids.select_related("parent").order_by("parent__pinyin", "pinyin"))
        self.fields["grid"].label_from_instance = lambda a: f"{a.parent.name} {a.name}"  # type: ignore[attr-defined]
        choose(self, "community", Area.objects.filter(pk__in=[c.pk for c in communities]).in_chinese_order())
        if len(communities) == 1:
            self.fields["community"].initial = communities[0].pk

    def clean(self) -> dict[str, Any]:
        data = consent_checked(self, super().clean() or {})
        grid = data.get("grid")
        if grid is not None and data.get("community") is not None and grid.parent_id != data["community"].pk:
            self.add_error("grid", "所选网格不属于这个社区，请重新选择，或选“不分网格”。")
        return data


def consent_checked(form: forms.Form, data: dict[str, Any]) -> dict[str, Any]:
    """Contact data only with consent."""
    if (data.get("contact_name") or data.get("contact_phone")) and not data.get("consented"):
        form.add_error("consented", "留下称呼或电话，须先勾选同意。")
    return data


class AskForm(PortalForm):
    """A need as a resident writes it: where, what kind, in own words. Everything else is optional."""

    community = forms.ModelChoiceField(Area.objects.none(), label="您在哪个社区", empty_label="请选择社区")
    category = forms.ChoiceField(label="哪一类事", choices=Need.Category.choices, widget=forms.RadioSelect)
    words = forms.CharField(
        label="您想解决什么", max_length=1000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="说清楚地点和事情就行，不用写姓名、电话和病情",
    )  # fmt: skip
    photos = PhotosField(
        label="照片（可不传）",
        help_text="拍坏的东西就行，不要拍到人脸和证件。只有社区工作人员和您自己能看到，不公开",
    )
    contact_name = forms.CharField(label="怎么称呼您（可不填）", max_length=20, required=False)
    contact_phone = PhoneField(label="联系电话（可不填）", required=False)
    consented = forms.BooleanField(
        label="我同意社区为办理这件事使用我留下的称呼和电话", required=False,
        help_text="只有本社区工作人员能看到，不公开，办结 30 天后删除。不留联系方式也能用查询码查进度。",
    )  # fmt: skip
    website = forms.CharField(
        required=False, label="请不要填写此栏", widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"})
    )
    once_key = OnceKey()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Area.objects.communities().select_related("street").order_by("street__pinyin", "pinyin")
        choose(self, "community", rows)
        field = self.fields["community"]
        field.label_from_instance = lambda a: f"{a.street.name} {a.name}"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        return consent_checked(self, super().clean() or {})


class PhotoForm(PortalForm):
    """Photos for a need that is registered already."""

    photos = PhotosField(label="添加照片", required=True)

    def clean_photos(self) -> list[Any]:
        found: list[Any] = self.cleaned_data["photos"]
        if not found:
            raise forms.ValidationError("请选择照片。")
        return found


class RateForm(PortalForm):
    """One to five, and words if one likes."""

    stars = forms.TypedChoiceField(
        label="这件事办得怎么样？", coerce=int, widget=forms.RadioSelect, choices=STARS,
    )  # fmt: skip
    words = forms.CharField(
        label="想说的话（可不填）", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class DeclineForm(PortalForm):
    """Why a claim is not confirmed."""

    reason = forms.CharField(
        label="不确认的理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="认领单位会看到"
    )


class ContactForm(PortalForm):
    """Why the contact data is looked at."""

    reason = forms.CharField(label="查看理由", max_length=200, help_text="例如：上门核实地点。每次查看都有记录")
