"""Forms of messages."""

from typing import Any

from django import forms

from core.forms import OnceKey, PortalForm
from messaging.channels import sms
from messaging.directory import audiences
from messaging.domain.timing import LONGEST_QUIET, Quiet
from messaging.kinds import Kind, all_kinds, unknown_words
from messaging.models import Delivery, Preference, Robot

HOURS = [(hour, f"{hour} 点") for hour in range(24)]


class MassForm(PortalForm):
    """What an officer writes to many."""

    audiences = forms.MultipleChoiceField(label="发给谁", choices=(), widget=forms.CheckboxSelectMultiple)
    subject = forms.CharField(label="标题", max_length=60)
    body = forms.CharField(
        label="内容",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="直接写给收件人看。不要写居民的姓名、电话和证件号。",
    )
    once_key = OnceKey()
    revision = forms.IntegerField(widget=forms.HiddenInput, initial=0, min_value=0)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(a.key, a.label) for a in audiences()]
        self.fields["audiences"].choices = choices  # type: ignore[attr-defined]


class AgainForm(PortalForm):
    """Why something is sent again."""

    reason = forms.CharField(
        label="为什么重发", max_length=200, help_text="例如：已电话确认对方没有收到。会写入操作记录。"
    )


class WordingForm(PortalForm):
    """Subject and body of one kind, with variables in braces."""

    subject = forms.CharField(label="标题", max_length=120)
    body = forms.CharField(label="内容", max_length=2000, widget=forms.Textarea(attrs={"rows": 8}))
    base_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, kind: Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def _checked(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        wrong = dict.fromkeys(unknown_words(self.kind, text))
        if wrong:
            words = "、".join(f"“{w}”" for w in wrong)
            raise forms.ValidationError(f"没有这样的变量：{words}。请从下面的变量表里选用，花括号要成对。")
        return text

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body(self) -> str:
        return self._checked("body")


class RobotForm(PortalForm):
    """A robot of a group chat."""

    channel = forms.ChoiceField(label="平台", choices=Robot.Channel.choices, widget=forms.RadioSelect)
    name = forms.CharField(label="名称", max_length=40, help_text="例如：创投工作群")
    address = forms.CharField(
        label="机器人地址", max_length=400, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text="从群设置里的机器人页面复制，整条粘贴。已保存的地址不再显示，留空表示不改。",
    )  # fmt: skip
    secret = forms.CharField(
        label="加签密钥", max_length=200, required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="钉钉必填。已保存的密钥不再显示，留空表示不改。",
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label="转告哪些消息", choices=(), widget=forms.CheckboxSelectMultiple,
        help_text="群里只会看到消息种类、人数和链接，没有任何个人信息。",
    )  # fmt: skip
    is_active = forms.BooleanField(label="启用", required=False, initial=True)

    def __init__(self, *args: Any, robot: Robot | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.robot = robot
        self.fields["kinds"].choices = [(k.key, k.label) for k in all_kinds()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        same = self.robot is not None and data.get("channel") == self.robot.channel
        data["address"] = data.get("address") or (self.robot.address if same and self.robot else "")
        data["secret"] = data.get("secret") or (self.robot.secret if same and self.robot else "")
        if not data["address"]:
            self.add_error("address", "请填写机器人地址。")
        if data.get("channel") == Robot.Channel.DINGTALK and not data["secret"]:
            self.add_error("secret", "钉钉群机器人必须填写加签密钥。")
        return data


class QuietHoursForm(PortalForm):
    """A street's quiet hours."""

    quiet_from = forms.TypedChoiceField(label="从几点起", coerce=int, choices=HOURS)
    quiet_until = forms.TypedChoiceField(
        label="到几点止", coerce=int, choices=HOURS,
        help_text=f"止的钟点比起的早，就是到第二天。例如从 21 点到 8 点：21:00 起不发，8:00 起又发。最长 {LONGEST_QUIET} 小时。",
    )  # fmt: skip
    holds_email = forms.BooleanField(
        label="电子邮件和群机器人的话也等到时段结束", required=False,
        help_text="不勾选时，只有短信等；邮件随时发。",
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "quiet_from" in data and "quiet_until" in data:
            quiet = Quiet(data["quiet_from"], data["quiet_until"])
            if not quiet.hours:
                self.add_error("quiet_until", "开始和结束不能相同。")
            elif quiet.hours > LONGEST_QUIET:
                self.add_error(
                    "quiet_until", f"这样有 {quiet.hours} 小时不发消息，最长 {LONGEST_QUIET} 小时。请改短一些。"
                )
        return data


class PreferenceForm(PortalForm):
    """How one wants to be told: a box per kind and channel, quiet hours, a daily digest."""

    quiet_from = forms.TypedChoiceField(
        label="免打扰开始", required=False, coerce=int, empty_value=None, choices=[("", "不设"), *HOURS]
    )
    quiet_until = forms.TypedChoiceField(
        label="免打扰结束", required=False, coerce=int, empty_value=None, choices=[("", "不设"), *HOURS],
        help_text="例如晚上 22 点到早上 7 点。这段时间的消息，结束后再发给您；站内消息不受影响。",
    )  # fmt: skip
    digest_hour = forms.TypedChoiceField(
        label="每日汇总", required=False, coerce=int, empty_value=None, choices=[("", "不汇总，有消息就发"), *HOURS],
        help_text="选一个钟点，普通消息每天合成一封邮件；必须告知的消息仍然马上发。",
    )  # fmt: skip

    def __init__(self, *args: Any, wish: Preference | None, **kwargs: Any) -> None:
        chosen = wish.choices if wish else {}
        if wish is not None:
            kwargs["initial"] = {n: getattr(wish, n) for n in ("quiet_from", "quiet_until", "digest_hour")}
        super().__init__(*args, **kwargs)
        self.rows: list[tuple[Kind, str, str]] = []
        for number, kind in enumerate(all_kinds()):
            mail, text = f"email_{number}", f"sms_{number}"
            mine = chosen.get(kind.key, {})
            self.fields[mail] = forms.BooleanField(
                label=f"{kind.label}：电子邮件", required=False, initial=kind.is_required or mine.get("email", True),
                disabled=kind.is_required, widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
            )  # fmt: skip
            if sms.is_set_up():
                self.fields[text] = forms.BooleanField(
                    label=f"{kind.label}：短信", required=False, initial=mine.get("sms", False)
                )
            self.rows.append((kind, mail, text))

    def table(self) -> list[dict[str, Any]]:
        """One line per kind for the page."""
        return [
            {"kind": kind, "mail": self[mail], "text": self[text] if text in self.fields else None}
            for kind, mail, text in self.rows
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("quiet_from"), data.get("quiet_until")
        if (start is None) != (end is None) or (start is not None and start == end):
            self.add_error("quiet_until", "免打扰的开始和结束要一起填写，且不能相同。")
        data["choices"] = {
            kind.key: {
                Delivery.Channel.EMAIL.value: data.get(mail, True),
                Delivery.Channel.SMS.value: data.get(text, False),
            }
            for kind, mail, text in self.rows
        }
        return data
