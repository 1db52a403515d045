"""Forms of sign-in and of the three administrators."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation

from accounts.models import Area, Role, User
from core.forms import PortalForm
from core.people import PhoneField


class SignInForm(PortalForm):
    """User name or phone, and password."""

    username = forms.CharField(
        label="用户名或手机号",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label="密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(PortalForm):
    """Change one's own password."""

    old = forms.CharField(
        label="原密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    new = forms.CharField(
        label="新密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="再输一次新密码", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["new"].help_text = "".join(password_validation.password_validators_help_texts())

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.user.check_password(old):
            raise forms.ValidationError("原密码不正确。")
        return old

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", "两次输入的新密码不一致。")
        return data


class PersonForm(PortalForm):
    """A new account."""

    username = forms.RegexField(
        r"^[A-Za-z0-9_.-]{3,40}$", label="用户名", help_text="3 至 40 个字母、数字或下划线",
        error_messages={"invalid": "用户名应为 3 至 40 个字母、数字或下划线。"},
    )  # fmt: skip
    display_name = forms.CharField(label="姓名", max_length=40)
    phone = PhoneField(label="手机号", required=False, help_text="可用来登录，不对外显示")
    email = forms.EmailField(label="电子邮件", required=False, help_text="用来收提醒")

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError("该用户名已被使用，请换一个。")
        return name

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and User.objects.filter(phone=phone).exists():
            raise forms.ValidationError("该手机号已被使用。")
        return phone


class ReasonForm(PortalForm):
    """A compulsory reason."""

    reason = forms.CharField(label="理由", max_length=200)


class GrantForm(PortalForm):
    """A role for a person within the administrator's street."""

    user = forms.ModelChoiceField(User.objects.none(), label="人员", empty_label="请选择")
    role = forms.ChoiceField(label="角色", choices=[("", "请选择"), *Role.choices])
    area = forms.ModelChoiceField(Area.objects.none(), label="范围", empty_label="请选择")

    def __init__(self, *args: Any, people: Any, areas: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("user", people), ("area", areas)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
            field.queryset = rows
