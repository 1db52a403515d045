"""Draw, lock, reasons, decisions, notes and times: what is done in the hall."""

from typing import Any

from django import forms

from core.forms import PortalForm
from judging.models import Entry, Session


class DrawForm(PortalForm):
    """The public number, before witnesses."""

    public_number = forms.CharField(
        label="现场号码", max_length=20, help_text="由现场一位不知道密语的人报出，例如当日某项公开开奖号码"
    )
    witnesses = forms.CharField(label="见证人", max_length=100, help_text="例如：监督员、申报单位代表")


class LockForm(PortalForm):
    """Locking is final: it asks for the word."""

    word = forms.CharField(label="请输入“锁定”二字确认", max_length=4)

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"].strip('“”" ')
        if word != "锁定":
            raise forms.ValidationError("请输入“锁定”二字。锁定后不能再改任何评分。")
        return word


class ReasonForm(PortalForm):
    """A compulsory reason."""

    reason = forms.CharField(label="理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class DecisionForm(PortalForm):
    """The second person's words."""

    words = forms.CharField(
        label="意见", max_length=300, required=False, help_text="不批准时必填", widget=forms.Textarea(attrs={"rows": 2})
    )


class NoteForm(PortalForm):
    """What the supervisor saw, perhaps of one project."""

    words = forms.CharField(label="监督记录", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    entry = forms.TypedChoiceField(label="涉及的项目", coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, session: Session, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["entry"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        rows = Entry.objects.filter(session=session).order_by("position", "pk").values_list("pk", "proposal__title")
        field.choices = [("", "不涉及某个项目"), *rows]


class TimesForm(PortalForm):
    """The clock of a presentation, in seconds."""

    present = forms.IntegerField(label="陈述（秒）", min_value=10, max_value=3600)
    question = forms.IntegerField(label="答辩（秒）", min_value=10, max_value=3600)
    warning = forms.IntegerField(label="提前提醒（秒）", min_value=5, max_value=600)
