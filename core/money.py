"""Money: Decimal yuan with two places. One field, one way in, one way out."""

import re
from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

FEN = Decimal("0.01")
TOP = Decimal("999999999999.99")
_SPOKEN = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)


class BadAmount(ValueError):
    """The text is not an amount; the message says in Chinese what to do."""


def parse_yuan(text: str) -> Decimal:
    """Read an amount as typed: thousands separators and blanks allowed, at most two decimals, not negative.

    Full-width digits are understood; exponents, signs and words are not. Raises BadAmount.
    """
    plain = text.translate(str.maketrans("０１２３４５６７８９．，　￥", "0123456789.,\u0020¥"))
    plain = plain.strip().removeprefix("¥").removesuffix("元")
    plain = re.sub(r"[,\s]+", "", plain)
    if not _SPOKEN.fullmatch(plain):
        raise BadAmount("请填写金额，单位为元，例如 5000 或 5000.50，最多两位小数。")
    return Decimal(plain).quantize(FEN)


def show_yuan(amount: Decimal) -> str:
    """`30,000.00`: thousands separators, always two decimals."""
    return f"{amount:,.2f}"


class MoneyField(models.DecimalField):  # type: ignore[type-arg]
    """Yuan, numeric(14,2), never negative."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = 14
        kwargs["decimal_places"] = 2
        kwargs.setdefault(
            "validators",
            [MinValueValidator(Decimal(0), "金额不能为负数。"), MaxValueValidator(TOP, "金额过大。")],
        )
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        """A text box that takes amounts as people write them."""
        from core.forms import MoneyInput

        for key in ("form_class", "choices_form_class"):
            kwargs.pop(key, None)
        limits = {"required": not self.blank, "label": self.verbose_name, "help_text": self.help_text}
        if self.has_default():
            limits["initial"] = self.default
        return MoneyInput(**(limits | kwargs))

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for key in ("max_digits", "decimal_places", "validators"):
            kwargs.pop(key, None)
        return name, path, args, kwargs
