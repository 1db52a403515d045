"""The rating form."""

from django import forms

from core.forms import PortalForm


class RatingForm(PortalForm):
    """One to five, and words if one likes."""

    stars = forms.TypedChoiceField(
        label="这个项目帮到您了吗？", coerce=int, widget=forms.RadioSelect,
        choices=[(5, "很满意"), (4, "满意"), (3, "一般"), (2, "不满意"), (1, "很不满意")],
    )  # fmt: skip
    words = forms.CharField(
        label="想说的话（可不填）", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
