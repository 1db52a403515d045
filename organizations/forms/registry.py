"""Forms of the registry."""

from typing import Any

from django import forms

from accounts.models import Area, User
from core.errors import DomainError
from core.forms import PortalForm
from organizations.domain.uscc import TYPED as USCC
from organizations.models import Membership, Organization
from organizations.services import clean_uscc


class OrganizationForm(PortalForm):
    """A new organization of one street."""

    kind = forms.ChoiceField(label="性质", choices=Organization.Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label="名称", max_length=80)
    uscc = forms.CharField(
        label="统一社会信用代码",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs=USCC.attrs("text")),
        help_text="登记社会组织必填，18 位，可含空格",
    )
    community = forms.ModelChoiceField(
        Area.objects.none(),
        label="所在社区",
        required=False,
        empty_label="请选择",
        help_text="社区（村）党组织、居民小组必填",
    )
    legal_name = forms.CharField(label="法定代表人或负责人", max_length=40, required=False, help_text="居民小组必填")
    supporter = forms.CharField(
        label="支持单位", max_length=80, required=False, help_text="居民小组必填：代管账户的单位，例如社区居民委员会"
    )

    def __init__(self, *args: Any, communities: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["community"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = communities

    def clean_uscc(self) -> str:
        text: str = self.cleaned_data["uscc"]
        if not text:
            return ""
        try:
            return clean_uscc(text)
        except DomainError as error:
            raise forms.ValidationError(error.message) from error

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        ask_of_groups(self, data)
        return data


def ask_of_groups(form: forms.Form, data: dict[str, Any]) -> None:
    """Say at its field what a group of residents must name."""
    if data.get("kind") != Organization.Kind.GROUP:
        return
    if data.get("uscc"):
        form.add_error("uscc", "居民小组没有统一社会信用代码，请留空；有代码的请选其他性质。")
    for name, words in (
        ("community", "请选择所在社区。"),
        ("legal_name", "请填写负责人。"),
        ("supporter", "请填写支持单位。"),
    ):
        if not data.get(name) and name not in form.errors:
            form.add_error(name, f"居民小组{words}")


class MemberForm(PortalForm):
    """A person who is to act for an organization, by user name."""

    username = forms.CharField(label="用户名", max_length=40, help_text="由系统管理员先建好账号")
    duty = forms.ChoiceField(label="职责", choices=Membership.Duty.choices)

    def clean_username(self) -> User:
        user = User.objects.filter(username=self.cleaned_data["username"], is_active=True).first()
        if user is None:
            raise forms.ValidationError("没有这个用户名，请先请系统管理员新建账号。")
        return user
