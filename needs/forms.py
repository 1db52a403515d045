"""Forms of needs, orders and claims."""

from typing import Any

from django import forms

from accounts.models import Area
from core.forms import MoneyInput, OnceKey, PortalForm
from core.people import PhoneField
from needs.models import Need
from organizations.models import Organization
from rounds.models import Round


def _choose(form: forms.Form, name: str, rows: Any) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared as such
    field.queryset = rows


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
    people_count = forms.IntegerField(label="涉及人数", min_value=1, max_value=1_000_000, initial=1)
    urgency = forms.ChoiceField(label="紧急程度", choices=Need.Urgency.choices, widget=forms.RadioSelect, initial="low")
    contact_name = forms.CharField(label="怎么称呼", max_length=20, required=False)
    contact_phone = PhoneField(label="联系电话", required=False, help_text="只有本社区工作人员能查看，每次查看都有记录")
    consented = forms.BooleanField(label="本人同意留下联系方式", required=False)
    once_key = OnceKey()

    def __init__(self, *args: Any, communities: list[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "community", Area.objects.filter(pk__in=[c.pk for c in communities]).in_chinese_order())
        if len(communities) == 1:
            self.fields["community"].initial = communities[0].pk

    def clean(self) -> dict[str, Any]:
        return consent_checked(self, super().clean() or {})


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
    contact_name = forms.CharField(label="怎么称呼您（可不填）", max_length=20, required=False)
    contact_phone = PhoneField(label="联系电话（可不填）", required=False)
    consented = forms.BooleanField(
        label="我同意社区为办理这件事使用我留下的称呼和电话", required=False,
        help_text="只有本社区工作人员能看到，不公开，办结后删除。不留联系方式也能用查询码查进度。",
    )  # fmt: skip
    website = forms.CharField(
        required=False, label="请不要填写此栏", widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"})
    )
    once_key = OnceKey()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Area.objects.communities().select_related("street").order_by("street__pinyin", "pinyin")
        _choose(self, "community", rows)
        field = self.fields["community"]
        field.label_from_instance = lambda a: f"{a.street.name} {a.name}"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        return consent_checked(self, super().clean() or {})


class RefuseForm(PortalForm):
    """Why a need is not taken up."""

    reason = forms.CharField(
        label="不予受理的理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}), help_text="居民查进度时会看到"
    )


class ContactForm(PortalForm):
    """Why the contact data is looked at."""

    reason = forms.CharField(label="查看理由", max_length=200, help_text="例如：上门核实地点。每次查看都有记录")


class OrderForm(PortalForm):
    """What the community orders."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label="请选择")
    title = forms.CharField(label="服务项目名称", max_length=60)
    target = forms.CharField(label="服务对象", max_length=100, help_text="例如：60 岁以上独居老人")
    content = forms.CharField(label="服务内容和要求", max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    price_ceiling = MoneyInput(label="最高限价（元）", required=False, help_text="自愿服务、不付钱的填 0；不限价请留空")

    def __init__(self, *args: Any, communities: list[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "community", Area.objects.filter(pk__in=[c.pk for c in communities]).in_chinese_order())


class ListForm(PortalForm):
    """The round on whose list an order is put."""

    round = forms.ModelChoiceField(Round.objects.none(), label="上到哪一期", empty_label="请选择")

    def __init__(self, *args: Any, rounds: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "round", rounds)


class ClaimForm(PortalForm):
    """An organization's offer."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="认领单位", empty_label=None)
    plan = forms.CharField(label="打算怎么做", max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))
    price = MoneyInput(label="认领价（元）", required=False, help_text="不高于最高限价；自愿服务填 0")

    def __init__(self, *args: Any, organizations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self, "organization", organizations)
