"""Exact numbers: half-up once, decimals as text, canonical bytes."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exact import (
    canonical,
    digest,
    fraction_text,
    half_up,
    half_up_text,
    half_up_units,
    is_decimal_text,
    plain_text,
    pretty,
    units_text,
)


@pytest.mark.parametrize("text", ["0", "-0", "7", "10", "0.5", "-0.50", "123456789.123456789", "0.0"])
def test_decimal_text_is_taken(text):
    assert is_decimal_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ".5",
        "5.",
        "05",
        "+5",
        "1e3",
        "1E3",
        "NaN",
        "inf",
        " 5",
        "5 ",
        "5\n",
        "1_0",
        "1,0",
        "５",
        "٥",
        "5.٥",
        "--5",
    ],
)
def test_other_text_is_no_decimal(text):
    assert not is_decimal_text(text)


@pytest.mark.parametrize("value", [5, 5.0, None, True, Decimal(5), ["5"]])
def test_what_is_not_text_is_no_decimal_text(value):
    assert not is_decimal_text(value)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        ("88.125", 2, "88.13"), ("89.115", 2, "89.12"), ("2.5", 0, "3"), ("-2.5", 0, "-3"), ("-0.004", 2, "0.00"),
        ("-0.005", 2, "-0.01"), ("0", 3, "0.000"), ("7", 2, "7.00"), ("1e-7", 7, "0.0000001"), ("999.995", 2, "1000.00"),
        ("1/3", 4, "0.3333"), ("2/3", 4, "0.6667"), ("-1/6", 1, "-0.2"), ("100", 0, "100"),
    ],
)  # fmt: skip
def test_half_up_gives_exactly_these_digits(value, places, text):
    assert half_up_text(Fraction(value), places) == text
    assert f"{half_up(Fraction(value), places):f}" == text


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6), st.integers(0, 5)
)
def test_half_up_is_that_of_decimal(value, places):
    want = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    assert half_up(value, places) == want
    assert half_up(value, places).as_tuple().exponent == -places
    assert half_up(int(value), 2) == int(value)


@given(st.fractions(), st.integers(0, 6))
def test_half_up_is_nearest(value, places):
    found = Fraction(half_up_units(value, places), 10**places)
    assert abs(found - value) <= Fraction(1, 2 * 10**places)
    assert half_up_units(-value, places) == -half_up_units(value, places)


@given(st.integers(), st.integers(0, 8))
def test_units_text_reads_back(units, places):
    text = units_text(units, places)
    assert is_decimal_text(text)
    assert Fraction(text) == Fraction(units, 10**places)


@pytest.mark.parametrize(
    ("value", "text"),
    [("88.50", "88.5"), ("100", "100"), ("0", "0"), ("2/3", "0.6666666667"), ("-1/3", "-0.3333333333"), ("1e-11", "0")],
)
def test_plain_text_has_no_trailing_zeros(value, text):
    assert plain_text(Fraction(value)) == text
    assert plain_text(Fraction(value).numerator * 10) == str(Fraction(value).numerator * 10)


def test_plain_text_of_a_decimal():
    assert plain_text(Decimal("12.3400")) == "12.34"
    assert plain_text(Decimal("1E+3")) == "1000"


def test_fraction_text():
    assert [fraction_text(Fraction(*x)) for x in ((893, 10), (88,), (-5, 2), (0,))] == ["893/10", "88", "-5/2", "0"]


def test_canonical_bytes():
    assert (
        canonical({"b": [1, "溡"], "a": {"é": None, "z": "\n/"}}) == '{"a":{"z":"\\n/","é":null},"b":[1,"溡"]}'.encode()
    )
    assert canonical({"\U0001f600": 1, "\ufb33": 2}) == '{"\ufb33":2,"\U0001f600":1}'.encode()  # by code point
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def test_pretty_bytes():
    assert pretty({"b": ["溡"], "a": "1"}) == '{\n  "a": "1",\n  "b": [\n    "溡"\n  ]\n}\n'.encode()
