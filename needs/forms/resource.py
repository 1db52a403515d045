"""Forms of the resource list."""

from typing import Any

from django import forms

from accounts.models import Area
from core.forms import DateField, MoneyInput, OnceKey, PortalForm
from core.people import PhoneField
from needs.forms.choice import choose
from needs.models import Need, PartnerUnit, Resource, ServiceOrder
from organizations.models import Organization

KINDS = [(k, v) for k, v in PartnerUnit.Kind.choices if k != PartnerUnit.Kind.ORGANIZATION]


class ResourceForm(PortalForm):
    """What a unit offers: staff name the unit, members choose their organization."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="单位", empty_label=None)
    unit_name = forms.CharField(label="单位名称", max_length=60, help_text="例如：区供电公司；已登记过的写同一个名称")
    unit_kind = forms.ChoiceField(label="单位类别", choices=KINDS)
    community = forms.ModelChoiceField(
        Area.objects.none(), label="服务哪个社区", required=False, empty_label="整个街道"
    )
    kind = forms.ChoiceField(label="资源类型", widget=forms.RadioSelect, choices=Resource.Kind.choices)
    title = forms.CharField(label="资源名称", max_length=60, help_text="例如：二楼多功能厅、理发志愿队")
    category = forms.ChoiceField(
        label="适合的服务类别", required=False, choices=[("", "都适合"), *Need.Category.choices]
    )
    details = forms.CharField(
        label="说明",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="能做什么、有什么条件；不写个人信息",
    )
    capacity = forms.CharField(
        label="容量或数量", required=False, max_length=60, help_text="例如：可容 40 人；每次 3 名师傅"
    )
    amount = MoneyInput(label="金额（元）", required=False, help_text="只有资金填")
    times = forms.CharField(label="什么时候可用", required=False, max_length=100, help_text="例如：每周六上午")
    available_from = DateField(label="可用开始", required=False)
    available_until = DateField(label="可用结束", required=False)
    contact_name = forms.CharField(
        label="联系人", required=False, max_length=20, help_text="只有社区和创投办查看，每次查看都有记录"
    )
    contact_phone = PhoneField(label="联系电话", required=False)
    once_key = OnceKey(required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, communities: Any, whole_street: bool, organizations: Any = None, resource: Resource | None = None, **kwargs: Any
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.resource = resource
        choose(self, "community", communities)
        if not whole_street:
            self.fields["community"].required = True
        if resource is not None:
            for name in ("organization", "unit_name", "unit_kind", "kind", "once_key"):
                del self.fields[name]
        elif organizations is not None:
            choose(self, "organization", organizations)
            del self.fields["unit_name"]
            del self.fields["unit_kind"]
        else:
            del self.fields["organization"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind = self.resource.kind if self.resource else data.get("kind")
        if kind == Resource.Kind.MONEY:
            if not data.get("amount") and "amount" not in self.errors:
                self.add_error("amount", "资金请填写金额。")
        elif data.get("amount") is not None:
            self.add_error("amount", "只有资金填金额；其他资源请清空。")
        first, last = data.get("available_from"), data.get("available_until")
        if first and last and last < first:
            self.add_error("available_until", "可用结束不能早于可用开始。")
        if "once_key" in self.fields:
            data["once_key"] = str(data["once_key"]) if data.get("once_key") else None
        return data


SHOWN = (
    "community", "category", "title", "details", "capacity", "amount", "times", "available_from", "available_until", "contact_name",
    "contact_phone",
)  # fmt: skip


def initial_of(resource: Resource, *, with_contact: bool) -> dict[str, Any]:
    """What the form shows for a resource that exists."""
    found = {n: getattr(resource, n) for n in SHOWN} | {"community": resource.community_id, "seen": resource.version}
    return found if with_contact else {k: v for k, v in found.items() if not k.startswith("contact_")}


class PledgeForm(PortalForm):
    """What of a resource is promised to which order."""

    order = forms.ModelChoiceField(ServiceOrder.objects.none(), label="给哪个服务项目", empty_label="请选择")
    words = forms.CharField(
        label="承诺内容",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="例如：12 月每周六上午借用，管水电；不写个人信息",
    )
    amount = MoneyInput(label="承诺金额（元）")

    def __init__(self, *args: Any, orders: Any, resource: Resource, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "order", orders)
        if resource.amount is None:
            del self.fields["amount"]
