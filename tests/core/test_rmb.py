"""Amounts in Chinese capitals."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.rmb import rmb_upper


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "人民币零元整"),
        ("0.05", "人民币伍分"),
        ("0.50", "人民币伍角整"),
        ("0.55", "人民币伍角伍分"),
        ("10.00", "人民币壹拾元整"),
        ("5000.00", "人民币伍仟元整"),
        ("10050.00", "人民币壹万零伍拾元整"),
        ("16409.02", "人民币壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "人民币叁佰贰拾伍元零肆分"),
        ("6007.14", "人民币陆仟零柒元壹角肆分"),
        ("1723900.00", "人民币壹佰柒拾贰万叁仟玖佰元整"),
        ("50000.50", "人民币伍万元伍角整"),
        ("100000001.00", "人民币壹亿零壹元整"),
        ("1E+4", "人民币壹万元整"),
    ],
)
def test_vectors(amount, words):
    assert rmb_upper(Decimal(amount)) == words


@pytest.mark.parametrize("amount", ["-0.01", "-5", "1.005", "NaN", "Infinity", "99999999999999999"])
def test_what_is_no_amount_is_refused(amount):
    with pytest.raises(ValueError, match="not an amount"):
        rmb_upper(Decimal(amount))


DIGITS = {c: n for n, c in enumerate("零壹贰叁肆伍陆柒捌玖")}
UNITS = {"拾": 10, "佰": 100, "仟": 1000}


def read_back(words: str) -> int:
    """Fen of an amount in capitals: an independent reader."""
    text = words.removeprefix("人民币").removesuffix("整")
    whole, _, rest = text.partition("元") if "元" in text else ("", "", text)
    yuan = section = digit = 0
    for c in whole:
        if c in DIGITS:
            digit = DIGITS[c]
        elif c in UNITS:
            section, digit = section + digit * UNITS[c], 0
        elif c == "万":
            yuan, section, digit = yuan + (section + digit) * 10**4, 0, 0
        else:
            yuan, section, digit = (yuan + section + digit) * 10**8, 0, 0
    fen = (yuan + section + digit) * 100
    for n, c in enumerate(rest):
        if c in "角分":
            fen += DIGITS[rest[n - 1]] * (10 if c == "角" else 1)
    return fen


@given(st.one_of(st.integers(0, 10**9), st.integers(0, 10**15 - 1)))
def test_reads_back_as_the_same_amount(fen):
    words = rmb_upper(Decimal(fen) / 100)
    assert read_back(words) == fen
    assert words.endswith("整") == (fen % 10 == 0)
    assert "零零" not in words
