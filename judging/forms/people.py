"""The jury: seats, accounts, pool, relations, recusals, answers to an invitation."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from accounts.models import Area, User
from core.forms import PortalForm
from judging.models import Judge, Relation


class PeopleForm(PortalForm):
    """Who judges, in seat order, by user name."""

    usernames = forms.CharField(
        label="评委用户名",
        widget=forms.Textarea(attrs={"rows": 7}),
        help_text="每行一个，按席位顺序；还没有账号的评委，请在下面新建",
    )

    def clean_usernames(self) -> list[User]:
        names = [n.strip() for n in self.cleaned_data["usernames"].splitlines() if n.strip()]
        known = {u.username: u for u in User.objects.filter(username__in=names, is_active=True)}
        unknown = [n for n in names if n not in known]
        if unknown:
            raise forms.ValidationError(f"没有这些用户名：{'、'.join(unknown)}。")
        return [known[n] for n in dict.fromkeys(names)]


class AccountForm(PortalForm):
    """An account for a judge who has none."""

    username = forms.RegexField(
        r"\A[a-z][a-z0-9_.]{2,39}\Z", label="用户名", max_length=40, error_messages={"invalid": "请用小写字母开头，只含小写字母、数字、点和下划线，至少三位。"},
        help_text="评委用它登录，例如姓名的拼音",
    )  # fmt: skip
    display_name = forms.CharField(label="姓名", max_length=40)


class PoolForm(PortalForm):
    """Somebody for the pool of judges, by user name."""

    street = forms.ModelChoiceField(label="街道", queryset=Area.objects.none(), empty_label=None)
    username = forms.CharField(label="用户名", max_length=40, help_text="这个人已有的账号；再填一次就是修改")
    unit = forms.CharField(label="单位和职务", max_length=60, required=False)
    expertise = forms.CharField(
        label="专长", max_length=120, required=False, help_text="用顿号分开，例如：党建、为老服务、环保；分配评审时与项目的主题、类别和名称比对"
    )  # fmt: skip

    def __init__(self, *args: Any, streets: "QuerySet[Area]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["street"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = streets
        if len(streets) == 1:
            field.initial, field.widget = streets[0].pk, forms.HiddenInput()

    def clean_username(self) -> User:
        name = self.cleaned_data["username"].strip()
        found = User.objects.filter(username=name, is_active=True).first()
        if found is None:
            raise forms.ValidationError(f"没有用户名“{name}”。还没有账号的评委，请先在评审会设置页新建。")
        return found


class AssignForm(PortalForm):
    """How reviews are spread."""

    needed = forms.IntegerField(label="每个项目几位评委", min_value=1, max_value=40)
    most = forms.IntegerField(label="每位评委最多几个项目", min_value=1, max_value=200)


class RelationForm(PortalForm):
    """What a judge has to do with an applicant."""

    organization = forms.TypedChoiceField(label="单位", coerce=int)
    kind = forms.ChoiceField(label="关系", choices=[("", "请选择"), *Relation.Kind.choices])
    words = forms.CharField(
        label="说明", max_length=100, required=False, help_text="例如：2024 年起任理事。只写关系，不写他人姓名和电话"
    )

    def __init__(self, *args: Any, units: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["organization"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [("", "请选择"), *units.values_list("pk", "name")]


class RecusalForm(PortalForm):
    """A judge steps back from an entry."""

    judge = forms.TypedChoiceField(label="评委", coerce=int)
    entry = forms.TypedChoiceField(label="项目", coerce=int)
    reason = forms.CharField(label="回避理由", max_length=200)

    def __init__(self, *args: Any, judges: Any, entries: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, rows in (("judge", judges), ("entry", entries)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = [("", "请选择"), *rows]


class StepBackForm(PortalForm):
    """A judge declares that she steps back."""

    reason = forms.CharField(
        label="回避理由",
        max_length=200,
        help_text="例如：我是该单位的理事；近三年参与过该单位的项目。只写关系，不写他人姓名和电话",
    )


class AnswerForm(PortalForm):
    """Whether the judge will come."""

    answer = forms.ChoiceField(label="您能否出席", choices=Judge.Answer.choices, widget=forms.RadioSelect)
    words = forms.CharField(label="说明", max_length=100, required=False, help_text="可不填")


class PinForm(PortalForm):
    """The PIN that is read out in the hall."""

    pin = forms.RegexField(
        r"\A\s*\d{6}\s*\Z", label="现场口令", max_length=12, error_messages={"invalid": "现场口令是六位数字，请再听一遍。"},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip
