"""Forms of sign-in and of the three administrators."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation

from accounts.models import Area, Role, User
from core.forms import PortalForm
from core.people import PhoneField
from core.uploads import FilePicker


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
        if data.get("new") and data.get("new") == data.get("old"):
            self.add_error("new", "新密码不能与原密码相同。")
        return data


class FirstPasswordForm(PortalForm):
    """One's own password, set from an invitation."""

    new = forms.CharField(
        label="设置密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="再输一次密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["new"].help_text = "".join(password_validation.password_validators_help_texts())

    def clean_new(self) -> str:
        new: str = self.cleaned_data["new"]
        password_validation.validate_password(new, self.user)
        return new

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("new") and data.get("again") and data["new"] != data["again"]:
            self.add_error("again", "两次输入的密码不一致。")
        return data


def _code_field(label: str, help_text: str, most: int = 40) -> forms.CharField:
    attrs = {"autocomplete": "one-time-code", "inputmode": "text" if most > 10 else "numeric", "autocapitalize": "none"}
    return forms.CharField(label=label, max_length=most, help_text=help_text, widget=forms.TextInput(attrs=attrs))


class StepForm(PortalForm):
    """The second step of signing in."""

    code = _code_field(
        "动态码或备用码", "打开手机上的动态码应用，输入 6 位数字。手机不在身边时，输入一个 16 位备用码。"
    )


class BeginForm(PortalForm):
    """Whoever binds or unbinds shows that it is her: the password."""

    password = forms.CharField(
        label="当前密码",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ConfirmForm(PortalForm):
    """The first code of a new authenticator."""

    code = _code_field("动态码", "应用里显示的 6 位数字，每 30 秒换一个。", 10)


class ProveForm(BeginForm):
    """The password and a code."""

    code = _code_field("动态码或备用码", "6 位动态码，或一个 16 位备用码。")


class PolicyForm(PortalForm):
    """Which roles must have a second factor."""

    is_required = forms.TypedChoiceField(
        label="本街道是否要求动态码", choices=[("1", "要求：下列角色必须绑定后才能办事"), ("0", "不要求：凭密码即可登录")],
        coerce=lambda v: v == "1", widget=forms.RadioSelect,
    )  # fmt: skip
    roles = forms.MultipleChoiceField(
        label="必须绑定的角色", choices=Role.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    reason = forms.CharField(label="理由", max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("is_required") and not data.get("roles") and "roles" not in self.errors:
            self.add_error("roles", "要求动态码时，请至少选择一个角色。")
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


class InviteForm(PersonForm):
    """A person to invite: she sets her password herself."""

    role = forms.ChoiceField(
        label="申请角色",
        choices=[("", "以后再定"), *Role.choices],
        required=False,
        help_text="由安全管理员决定是否授予",
    )
    area = forms.ModelChoiceField(Area.objects.none(), label="角色的范围", empty_label="全街道", required=False)

    def __init__(self, *args: Any, areas: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].required = False
        self.fields["username"].help_text = "3 至 40 个字母、数字或下划线。留空时按姓名拼音自动取名"
        self.order_fields(["display_name", "username", "phone", "email", "role", "area"])
        area = self.fields["area"]
        assert isinstance(area, forms.ModelChoiceField)  # noqa: S101 - declared above
        area.queryset = areas

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("username") and not data.get("phone") and not self.errors:
            self.add_error("username", "用户名和手机号请至少填一项。")
        if data.get("area") and not data.get("role"):
            self.add_error("role", "填了范围，请选择角色。")
        return data


class TableForm(PortalForm):
    """A table of people."""

    file = forms.FileField(
        label="人员表", help_text="最多 500 人；CSV 用 UTF-8 或 GB18030 编码",
        widget=FilePicker("xlsx", "csv", megabytes=1),
    )  # fmt: skip


def _with_name(user: Any) -> str:
    return f"{user.display_name}（{user.username}）"


class HandOverForm(PortalForm):
    """Who takes over, and why."""

    successor = forms.ModelChoiceField(User.objects.none(), label="接手人", empty_label="请选择")
    reason = forms.CharField(label="理由", max_length=200)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["successor"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = people
        field.label_from_instance = _with_name  # type: ignore[assignment]


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
