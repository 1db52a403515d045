"""Forms of orders and claims."""

from typing import Any

from django import forms

from accounts.models import Area
from core.forms import DateField, MomentField, MoneyInput, OnceKey, PortalForm
from needs.domain.orders import BadSite, read_sites, show_sites
from needs.forms.choice import choose
from needs.models import Need, ServiceOrder
from organizations.models import Organization
from rounds.models import Round

AS_ROUND = ("", "和期次一样")


class OrderForm(PortalForm):
    """What the community orders. What may wait until the order is listed may be left empty."""

    community = forms.ModelChoiceField(Area.objects.none(), label="社区", empty_label="请选择")
    title = forms.CharField(label="服务项目名称", max_length=60)
    category = forms.ChoiceField(label="类别", required=False, choices=[("", "和需求一样"), *Need.Category.choices])
    target = forms.CharField(label="服务对象", max_length=100, help_text="例如：60 岁以上独居老人")
    content = forms.CharField(label="服务内容和要求", max_length=2000, widget=forms.Textarea(attrs={"rows": 5}))
    sites = forms.CharField(
        label="实施点", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="每行一处：社区名，空一格写具体地点，例如：溡源社区 3号楼。不写就是整个社区",
    )  # fmt: skip
    price_ceiling = MoneyInput(label="最高限价（元）", required=False, help_text="自愿服务、不付钱的填 0；不限价请留空")
    buyer = forms.ChoiceField(label="购买方", required=False, choices=[AS_ROUND, *ServiceOrder.Buyer.choices])
    fund_source = forms.CharField(
        label="资金来源",
        required=False,
        max_length=60,
        help_text="例如：党组织服务群众经费。留空就和期次一样",
        widget=forms.TextInput(attrs={"list": "fund-words", "autocomplete": "off"}),
    )
    service_from = DateField(label="服务开始", required=False)
    service_until = DateField(label="服务结束", required=False)
    mode = forms.ChoiceField(
        label="怎样选承接单位", required=False, choices=[AS_ROUND, *ServiceOrder.Mode.choices],
        help_text="认领：公开认领，多家时比选；竞评：写申报书由评委评；定向：只请一家，须写理由",
    )  # fmt: skip
    directed_to = forms.ModelChoiceField(
        Organization.objects.none(), label="定向单位", required=False, empty_label="不是定向"
    )
    directed_reason = forms.CharField(
        label="定向理由", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="公开显示"
    )
    once_key = OnceKey(required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, communities: list[Area], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "community", Area.objects.filter(pk__in=[c.pk for c in communities]).in_chinese_order())
        streets = {c.street_id for c in communities}
        choose(self, "directed_to", Organization.objects.filter(street__in=streets).order_by("pinyin", "pk"))

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        community = data.get("community")
        if community is not None and "sites" in data:
            rows = Area.objects.communities().filter(street=community.street_id)
            try:
                data["sites"] = read_sites(data["sites"], dict(rows.values_list("name", "pk")))
            except BadSite as error:
                self.add_error("sites", str(error))
        first, last = data.get("service_from"), data.get("service_until")
        if first and last and last < first:
            self.add_error("service_until", "服务结束不能早于服务开始。")
        if data.get("mode") == ServiceOrder.Mode.DIRECT:
            if data.get("directed_to") is None and "directed_to" not in self.errors:
                self.add_error("directed_to", "定向的项目请选择单位。")
            if not data.get("directed_reason") and "directed_reason" not in self.errors:
                self.add_error("directed_reason", "定向的项目必须写明理由。")
        else:
            for name in ("directed_to", "directed_reason"):
                if data.get(name):
                    self.add_error(name, "只有“定向”才填这一项。请选择定向，或清空这一项。")
        key = data.get("once_key")
        data["once_key"] = str(key) if key else None
        return data


def initial_of(order: ServiceOrder) -> dict[str, Any]:
    """What the form shows for a draft that exists."""
    plain = {
        n: getattr(order, n) for n in OrderForm.base_fields if hasattr(order, n) and n not in ("sites", "once_key")
    }
    places = list(order.sites.order_by("pk").values_list("community__name", "unit"))
    return plain | {"community": order.community_id, "directed_to": order.directed_to_id, "sites": show_sites(places)}


class ListForm(PortalForm):
    """The round on whose list an order is put, and until when it may be claimed."""

    round = forms.ModelChoiceField(Round.objects.none(), label="上到哪一期", empty_label="请选择")
    closes_at = MomentField(
        label="认领截止",
        required=False,
        help_text="北京时间，例如 2026-12-05 17:00。认领和定向的项目必填，竞评按期次的申报截止",
    )

    def __init__(self, *args: Any, rounds: Any, order: ServiceOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        choose(self, "round", rounds)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        round_ = data.get("round")
        mode = self.order.mode or (round_.mode if round_ else "")
        if mode in ("claiming", "direct") and not data.get("closes_at") and "closes_at" not in self.errors:
            self.add_error("closes_at", "请填写认领截止。")
        return data


class DeadlineForm(PortalForm):
    """A new deadline for claims; `reason` is asked where one was promised before."""

    closes_at = MomentField(label="新的认领截止")
    reason = forms.CharField(label="延长的理由", max_length=300, help_text="公开显示")

    def __init__(self, *args: Any, with_reason: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_reason:
            del self.fields["reason"]


class WithdrawForm(PortalForm):
    """Why an order is taken back."""

    reason = forms.CharField(
        label="撤回的理由", max_length=500, widget=forms.Textarea(attrs={"rows": 2}), help_text="认领的单位和居民会看到"
    )


class WorkForm(PortalForm):
    """What happened: the service began, or what was done."""

    words = forms.CharField(
        label="说明",
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="公开显示，不写个人信息",
    )


class SendForm(PortalForm):
    """The round whose jury decides among several claimants."""

    round = forms.ModelChoiceField(Round.objects.none(), label="转入哪一期竞评", empty_label="请选择")

    def __init__(self, *args: Any, rounds: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self, "round", rounds)


class ClaimForm(PortalForm):
    """An organization's offer: how, when, with how many people, for how much."""

    organization = forms.ModelChoiceField(Organization.objects.none(), label="认领单位", empty_label=None)
    plan = forms.CharField(label="打算怎么做", max_length=1000, widget=forms.Textarea(attrs={"rows": 4}))
    schedule = forms.CharField(label="什么时候做", max_length=200, required=False, help_text="例如：12 月起每周六上午")
    people = forms.IntegerField(label="投入人数", min_value=1, max_value=9999, required=False)
    price = MoneyInput(label="认领价（元）", required=False, help_text="不高于最高限价；自愿服务填 0")
    once_key = OnceKey(required=False)
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, organizations: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if organizations is None:
            del self.fields["organization"]
            del self.fields["once_key"]
        else:
            choose(self, "organization", organizations)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "once_key" in self.fields:
            key = data.get("once_key")
            data["once_key"] = str(key) if key else None
        return data


class ConfirmForm(PortalForm):
    """Why this one: everybody reads it, the others first of all."""

    reason = forms.CharField(
        label="确定这一家的理由", max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="公开显示，没选中的单位会收到。多家认领时写明怎样比较的：价格、做法、人手、以往表现",
    )  # fmt: skip
