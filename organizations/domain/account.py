"""Account numbers as people type them, and what looks odd about an account. Pure."""

import re

from core.typed import Typed

NARROW = str.maketrans("０１２３４５６７８９－　", "0123456789- ")
SHORTEST, LONGEST = 8, 30
CARD = 19  # digits of a bank card, whose last one is a check digit
NOT_DIGITS = "账号只写数字，例如 6222 0012 3456 7890 123，可以有空格。"
WRONG_LENGTH = f"账号应为 {SHORTEST} 至 {LONGEST} 位数字，现在是 {{count}} 位，请核对。"
TYPED = Typed(
    letters=(r"\d*", NOT_DIGITS), whole=(rf"\d{{{SHORTEST},{LONGEST}}}", WRONG_LENGTH),
    good="{groups}，共 {count} 位", goal=f"{SHORTEST} 至 {LONGEST} 位",
)  # fmt: skip
RUN = re.compile(r"\d(?:[ -]?\d){7,}")


def clean_account(text: str) -> str:
    """The digits alone. Raises ValueError with a sentence."""
    plain = re.sub(r"[\s-]+", "", text.translate(NARROW))
    if not (plain.isascii() and plain.isdecimal()):
        raise ValueError(NOT_DIGITS)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise ValueError(WRONG_LENGTH.format(count=len(plain)))
    return plain


def luhn_fits(digits: str) -> bool:
    """Whether the last digit of a card number is the right one."""
    total = 0
    for n, char in enumerate(reversed(digits)):
        value = int(char) * (1 + n % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def doubts(*, holder: str, expected: str, account: str) -> list[str]:
    """What finance should look at, in words; nothing of it is a refusal."""
    found = []
    if expected and holder != expected:
        found.append(f"户名与“{expected}”不一致")
    if len(account) == CARD and not luhn_fits(account):
        found.append("19 位账号如果是银行卡号，校验位不对，请再核对一遍")
    return found


def holds_number(text: str) -> bool:
    """Whether free words hold what may be an account or phone number."""
    return RUN.search(text.translate(NARROW)) is not None
