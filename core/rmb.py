"""Amounts in Chinese capitals 人民币大写, as cheques and agreements write them."""

from decimal import Decimal

import cn2an

MOST = Decimal("9999999999999.99")


def rmb_upper(amount: Decimal) -> str:
    """`人民币伍仟元整`. `amount` in yuan, not negative, at most two decimals. Raises ValueError otherwise.

    Ends in 整 unless there are fen; a zero jiao before fen is written 零. Source of the rule: 票据 figures of the banks.
    """
    if not amount.is_finite() or amount < 0 or amount > MOST or amount != amount.quantize(Decimal("0.01")):
        raise ValueError(f"not an amount in yuan and fen: {amount}")
    text = str(amount.quantize(Decimal("0.01")))
    if amount == 0:
        return "人民币零元整"
    words: str = cn2an.an2cn(text, "rmb")
    words = words.removeprefix("零元").removeprefix("零") if amount < 1 else words
    if text.endswith("0") and not words.endswith("整"):
        words += "整"
    return f"人民币{words}"
