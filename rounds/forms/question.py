"""Forms of questions and answers."""

from django import forms

from core.forms import OnceKey, PortalForm


class AskForm(PortalForm):
    """A question about a call, from anybody."""

    words = forms.CharField(
        label="您的问题", max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="问题和答复会公布给所有人，请不要写姓名、电话",
    )  # fmt: skip
    asker = forms.CharField(
        label="怎么称呼您（可不填）", max_length=20, required=False, help_text="只有创投办能看到，不公布"
    )
    website = forms.CharField(
        required=False, label="请不要填写此栏", widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"})
    )
    once_key = OnceKey()


class AnswerForm(PortalForm):
    """The answer, and the question in the words that are published."""

    public_words = forms.CharField(
        label="公布的问题", max_length=500, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="删去姓名、电话等个人信息；意思不变",
    )  # fmt: skip
    answer = forms.CharField(
        label="答复", max_length=2000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text="公布后不能修改；需要更正时，请另行公布一条问答",
    )  # fmt: skip


class DeclineForm(PortalForm):
    """Why a question is not published."""

    reason = forms.CharField(label="不公布的理由", max_length=200, help_text="例如：与本期征集无关；内部留存，不公开")
