"""Forms of the registry."""

from typing import Any

from django import forms

from accounts.models import Area, User
from core.errors import DomainError
from core.forms import PortalForm
from organizations.models import Membership, Organization
from organizations.services import clean_uscc


class OrganizationForm(PortalForm):
    """A new organization of one street."""

    kind = forms.ChoiceField(label="性质", choices=Organization.Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label="名称", max_length=80)
    uscc = forms.CharField(
        label="统一社会信用代码", max_length=40, required=False, help_text="登记社会组织必填，18 位，可含空格"
    )
    community = forms.ModelChoiceField(
        Area.objects.none(), label="所在社区", required=False, empty_label="请选择", help_text="社区（村）党组织必填"
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


class MemberForm(PortalForm):
    """A person who is to act for an organization, by user name."""

    username = forms.CharField(label="用户名", max_length=40, help_text="由系统管理员先建好账号")
    duty = forms.ChoiceField(label="职责", choices=Membership.Duty.choices)

    def clean_username(self) -> User:
        user = User.objects.filter(username=self.cleaned_data["username"], is_active=True).first()
        if user is None:
            raise forms.ValidationError("没有这个用户名，请先请系统管理员新建账号。")
        return user
