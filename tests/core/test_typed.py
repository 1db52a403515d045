"""What the browser is told of numbers agrees with what the server asks of them."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from core.people import TYPED as PHONE
from core.people import clean_phone
from core.typed import Typed
from organizations.domain.account import TYPED as ACCOUNT
from organizations.domain.account import clean_account
from organizations.domain.uscc import TYPED as USCC
from organizations.services.registry import BadUscc, clean_uscc


def takes(rule: Typed, text: str) -> bool:
    """As static/portal/typed.js does."""
    plain = re.sub(rule.drop, "", unicodedata.normalize("NFKC", text))
    plain = re.sub(f"^(?:{rule.cut})", "", plain)
    plain = plain.upper() if rule.is_upper else plain
    if not all(re.fullmatch(p, plain, re.ASCII) for p in (rule.letters[0] or ".*", rule.whole[0])):
        return False
    return not rule.weights or sum(
        w * rule.signs.index(c) for w, c in zip(rule.weights, plain, strict=True)
    ) % len(rule.signs) == 0  # fmt: skip


def keeps(clean, text: str) -> bool:
    try:
        clean(text)
    except (ValueError, BadUscc):
        return False
    return True


@given(st.text(st.sampled_from(USCC.signs), min_size=17, max_size=17), st.sampled_from(USCC.signs))
def test_a_code_with_its_check_digit_and_without(body, last):
    right = body + uscc.calc_check_digit(body)
    assert takes(USCC, right)
    assert takes(USCC, body + last) == (body + last == right)


@pytest.mark.parametrize(
    "text",
    [
        "91350100M000100Y43", "9135 0100 M000 100Y-43", "９１３５０１００Ｍ０００１００Ｙ４３", "91350100m000100y43",
        "91350100M000100Y44", "91350100M000100Y4", "91350100M000I00Y43", "",
    ],
)  # fmt: skip
def test_codes_as_people_paste_them(text):
    assert takes(USCC, text) == keeps(clean_uscc, text)


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("13800138000", True), ("138 0013 8000", True), ("138-0013-8000", True), ("１３８００１３８０００", True),
        ("+86 138 0013 8000", True), ("0086-13800138000", True), ("0757-8888888", True), ("（0757）88888888", True),
        ("1380013800", False), ("138001380001", False), ("12800138000", False), ("电话", False),
    ],
)  # fmt: skip
def test_phones_as_people_paste_them(text, is_taken):
    assert (takes(PHONE, text), keeps(clean_phone, text)) == (is_taken, is_taken)


@pytest.mark.parametrize(
    "text",
    [
        "6222 0000 0000 0000 000",
        "６２２２００００００００００００",
        "6222-0000",
        "1234567",
        "1" * 31,
        "6222x0000",
        "1" * 30,
    ],
)
def test_accounts_as_people_paste_them(text):
    assert takes(ACCOUNT, text) == keeps(clean_account, text)
