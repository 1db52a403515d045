"""Forms of hearings and stars."""

from django import forms

from core.forms import DateField, PortalForm
from organizations.models import Standing


class StandingForm(PortalForm):
    """What a year's hearing decided, and the stars."""

    year = forms.IntegerField(
        label="年度", min_value=2000, max_value=2100, widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text="述职评议的是哪一年的工作，例如 2025",
    )  # fmt: skip
    hearing = forms.ChoiceField(label="述职等次", choices=Standing.Hearing.choices, widget=forms.RadioSelect)
    held_on = DateField(label="述职日期")
    stars = forms.TypedChoiceField(label="星级", choices=Standing.Stars.choices, coerce=int, initial=0)
    evidence = forms.CharField(
        label="依据", max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="例如：2026年1月述职评议会记录，街社组〔2026〕3号",
    )  # fmt: skip
    correction_reason = forms.CharField(
        label="更正理由", max_length=500, required=False, help_text="这一年已登记过时填写；原来的一版保留"
    )


class StandingCommentForm(PortalForm):
    """The organization's own words."""

    standing = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    words = forms.CharField(
        label="本单位的说明", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="会和述职等次一起显示在资金分配页上。",
    )  # fmt: skip
