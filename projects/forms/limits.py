"""Forms of the limits: why a head has to go above its own, and what the office decides."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from core.exact import plain_text
from core.forms import PortalForm, Quiet
from projects.domain.budget import Line
from projects.models import LimitRuling
from projects.services.heads import shares_of
from rounds.domain.heads import BLOCK, HEADS, NEAR, OK, WARN, HeadShare
from rounds.models import Round

SAID = {OK: "在限额内", WARN: "接近限额", BLOCK: "超过限额"}


class PleaForm(Quiet):
    """One text per limited head, where the round takes pleas. `said`: what the table says for each verdict."""

    said = SAID

    def __init__(self, post: Any, *, round_: Round, lines: Sequence[Line], stored: Mapping[str, str]) -> None:
        self.is_sent = post is not None and any(name.startswith("plea_") for name in post)
        super().__init__(post if self.is_sent else None, initial={f"plea_{h}": words for h, words in stored.items()})
        self.shares = shares_of(round_, lines)
        for share in self.shares if round_.takes_waivers else ():
            self.fields[f"plea_{share.head}"] = forms.CharField(
                label=f"{share.label}超过限额的理由（申请例外）", max_length=300, required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip

    def rows(self) -> list[tuple[HeadShare, str, str, BoundField | None]]:
        """Each limited head with its words, the percentage from which it is near its limit, and its text."""
        return [
            (s, SAID[s.verdict], plain_text(Fraction(s.limit) * NEAR), self[f"plea_{s.head}"] if self.fields else None)
            for s in self.shares
        ]  # fmt: skip

    def pleas(self) -> dict[str, str] | None:
        """What was typed, by head; None where nothing was asked."""
        if not self.is_sent:
            return None
        return {head: self.cleaned_data[f"plea_{head}"] for head in HEADS if f"plea_{head}" in self.fields}


class RulingForm(PortalForm):
    """The office's decision on one plea."""

    head = forms.CharField(widget=forms.HiddenInput, max_length=12)
    outcome = forms.ChoiceField(label="决定", choices=LimitRuling.Outcome.choices, widget=forms.RadioSelect)
    reason = forms.CharField(
        label="决定的理由", max_length=300, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="记录在案，申报单位会看到",
    )  # fmt: skip
