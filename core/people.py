"""Phones as people type them, and how personal data is masked."""

import re
from typing import Any

from django import forms

from core.typed import Typed

NARROW = str.maketrans("０１２３４５６７８９－　", "0123456789- ")
UNREADABLE = "请填写 11 位手机号，或带区号的固定电话，例如 0757-8888888。"
TYPED = Typed(
    whole=(r"1[3-9](-?\d){9}|0\d{2,3}-?\d{7,8}", UNREADABLE), good="号码完整", goal="11 位手机号或带区号的固定电话",
    drop=r"[\s()]", cut=r"(\+|00)86-?",
)  # fmt: skip
MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
LANDLINE = re.compile(r"0\d{2,3}-?\d{7,8}", re.ASCII)
PERSONAL = re.compile(r"(?<!\d)1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)|(?<!\d)\d{17}[\dXx](?!\d)", re.ASCII)


def holds_personal_number(text: str) -> bool:
    """Whether a text holds what looks like a mobile phone or an identity card: such a text is never published."""
    return PERSONAL.search(text.translate(NARROW)) is not None


def clean_phone(text: str) -> str:
    """A mobile or landline number without blanks; raises ValueError with a Chinese sentence."""
    plain = re.sub(r"[\s()（）]", "", text.translate(NARROW)).removeprefix("+86").removeprefix("0086")
    if MOBILE.fullmatch(plain.replace("-", "")):
        return plain.replace("-", "")
    if LANDLINE.fullmatch(plain):
        return plain
    raise ValueError(UNREADABLE)


def mask_phone(phone: str) -> str:
    """`138****1234`; anything shorter loses all but its last two digits."""
    if len(phone) >= 11:
        return f"{phone[:3]}****{phone[-4:]}"
    return f"****{phone[-2:]}" if phone else ""


def mask_account(account: str) -> str:
    """`**** 0001`: of a bank account only its last four digits."""
    return f"**** {account[-4:]}" if len(account) > 8 else "****" if account else ""


def mask_name(name: str) -> str:
    """`张*`."""
    return f"{name[0]}*" if name else ""


class PhoneField(forms.CharField):
    """A phone number; blanks, dashes, full-width digits and +86 are understood."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 30)
        kwargs.setdefault("widget", forms.TextInput(attrs=TYPED.attrs("tel")))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return clean_phone(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
