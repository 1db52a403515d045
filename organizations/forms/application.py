"""Forms of self-registration."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation

from accounts.models import Area, User
from core.errors import DomainError
from core.forms import DateField, OnceKey, PortalForm
from core.people import PhoneField
from organizations.domain.uscc import TYPED as USCC
from organizations.forms.registry import ask_of_groups
from organizations.models import Application, Membership
from organizations.services import clean_uscc
from organizations.services.application import LINK_DAYS


class ApplicationForm(PortalForm):
    """What the office needs to know to register an organization; the organization fills it in itself."""

    street = forms.ModelChoiceField(Area.objects.none(), label="所在街道", empty_label="请选择街道")
    kind = forms.ChoiceField(label="性质", choices=Application.KINDS, widget=forms.RadioSelect)
    name = forms.CharField(label="组织名称", max_length=80, help_text="与登记证书或备案表一致")
    uscc = forms.CharField(
        label="统一社会信用代码",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=USCC.attrs("text")),
        help_text="登记社会组织必填，18 位；备案队伍没有的不用填，居民小组不填",
    )
    community = forms.ModelChoiceField(
        Area.objects.none(), label="所在社区", required=False, empty_label="不属于某个社区"
    )
    legal_name = forms.CharField(label="法定代表人或负责人", max_length=40)
    supporter = forms.CharField(
        label="支持单位", max_length=80, required=False, help_text="居民小组必填：代管账户的单位，例如社区居民委员会"
    )
    secretary = forms.CharField(label="党组织书记（没有可不填）", max_length=40, required=False)
    licence_until = DateField(label="登记证书有效期至", required=False)
    business = forms.CharField(
        label="业务范围", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    applicant = forms.CharField(label="您的姓名", max_length=40)
    duty = forms.ChoiceField(label="您的职责", choices=Membership.Duty.choices)
    phone = PhoneField(
        label="您的联系电话",
        help_text=f"只有街道创投办能看到，用来核对登记信息；审核结束 {LINK_DAYS} 天后，您的姓名和电话从申请中删除",
    )
    consented = forms.BooleanField(label="我代表本组织申请，同意街道为办理登记使用以上信息")
    website = forms.CharField(
        required=False, label="请不要填写此栏", widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"})
    )
    once_key = OnceKey()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        streets = Area.objects.streets().in_chinese_order()
        communities = Area.objects.communities().select_related("street").order_by("street__pinyin", "pinyin")
        for name, rows in (("street", streets), ("community", communities)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
            field.queryset = rows
        self.fields["community"].label_from_instance = lambda a: f"{a.street.name} {a.name}"  # type: ignore[attr-defined]

    def clean_uscc(self) -> str:
        text: str = self.cleaned_data["uscc"]
        if not text.strip():
            if self.cleaned_data.get("kind") == "social":
                raise forms.ValidationError("登记社会组织必须填写统一社会信用代码。")
            return ""
        try:
            return clean_uscc(text)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        street, community = data.get("street"), data.get("community")
        if street and community and community.street_id != street.pk:
            self.add_error("community", "所选社区不属于这个街道，请重新选择。")
        ask_of_groups(self, data)
        return data


class AccountForm(PortalForm):
    """User name and password of an approved applicant."""

    username = forms.RegexField(
        r"^[A-Za-z0-9_.-]{3,40}$", label="用户名", help_text="3 至 40 个字母、数字或下划线，用来登录",
        error_messages={"invalid": "用户名应为 3 至 40 个字母、数字或下划线。"},
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )  # fmt: skip
    password = forms.CharField(
        label="密码", max_length=200, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="再输一次密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = "".join(password_validation.password_validators_help_texts())

    def clean_password(self) -> str:
        new: str = self.cleaned_data["password"]
        password_validation.validate_password(new, User(username=self.cleaned_data.get("username", "")))
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("password") and data.get("again") and data["password"] != data["again"]:
            self.add_error("again", "两次输入的密码不一致。")
        return data


class RefusalForm(PortalForm):
    """Why an application is refused."""

    reason = forms.CharField(
        label="不予登记的原因",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="申请人会看到，改正后可以重新申请",
    )
