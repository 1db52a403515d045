"""The witnessed draw 抽签 for the order of presentation.

Before the draw the office shows the commitment, the SHA-256 of a secret that nobody can guess. In the room, in front of
witnesses, somebody who could not know the secret names a public number. Then the secret is shown. The order is that
of the SHA-256 of `secret|public number|key`, as lower-case hexadecimal text, smallest first. Neither side alone
decides anything, and anyone can check it afterwards:

    python3 -c "import hashlib, sys; s, n, *keys = sys.argv[1:]; \
    print(hashlib.sha256(s.encode()).hexdigest(), \
    sorted(keys, key=lambda k: hashlib.sha256(f'{s}|{n}|{k}'.encode()).hexdigest()))" SECRET NUMBER P01 P02 P03

All text is UTF-8. The secret is made where randomness is allowed, by `secrets.token_hex(16)`.
"""

import hashlib
import hmac
from collections.abc import Sequence

from core.errors import DomainError


class DrawNeedsDistinctKeys(DomainError):
    message = "同一个项目不能两次参加抽签。"


class DrawNeedsNumber(DomainError):
    message = "请填写现场号码后再抽签。"


def commitment(secret: str) -> str:
    """The value shown before the draw: SHA-256 of the secret in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keeps_commitment(secret: str, shown: str) -> bool:
    """Whether the secret revealed is the one that was committed to."""
    return hmac.compare_digest(commitment(secret), shown)


def order(keys: Sequence[str], secret: str, public_number: str) -> list[str]:
    """The keys in the order drawn, whatever order they are given in.

    Raises DrawNeedsDistinctKeys, and DrawNeedsNumber for a blank number.
    """
    if len(set(keys)) != len(keys):
        raise DrawNeedsDistinctKeys
    if not public_number.strip():
        raise DrawNeedsNumber
    return sorted(keys, key=lambda key: hashlib.sha256(f"{secret}|{public_number}|{key}".encode()).hexdigest())
