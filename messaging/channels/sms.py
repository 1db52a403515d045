r"""短信 by a gateway of the operator's: one generic contract, which a small adapter turns into a provider's own.

POST SMS_URL {"id": number, "phone": "138…", "template": SMS_TEMPLATE, "params": {"kind": label, "site": name},
"timestamp": seconds, "sign": hex HMAC-SHA256 with SMS_SECRET over "id\\nphone\\ntemplate\\ntimestamp"}. The answer is 200
{"code": 0}; {"code": 1} means "busy, try later", any other number "refused". `id` stays the same for one message, so a
gateway can drop what it has seen. The words are the template's, approved by the carriers; ours are only its two variables.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from core import clock
from messaging.channels import ACCEPTED, Letter, Outcome, Unsendable, refused, unknown
from messaging.channels.web import Request, of_status, post

PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)


def is_set_up() -> bool:
    """Whether the operator has named a gateway."""
    return bool(settings.SMS_URL and settings.SMS_SECRET and settings.SMS_TEMPLATE)


def signature(secret: str, number: str, phone: str, template: str, seconds: int) -> str:
    """Hex HMAC-SHA256 over the parts, one a line."""
    text = f"{number}\n{phone}\n{template}\n{seconds}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


class Sms:
    """The gateway."""

    def __init__(self, now: Callable[[], datetime] = clock.now) -> None:
        self.now = now

    def open(self) -> None:
        """Each message has its own connection."""

    def prepare(self, letter: Letter) -> Request:
        """Raises Unsendable without a gateway or a mobile number. The letter's subject is the name of its kind."""
        if not is_set_up():
            raise Unsendable("没有设置短信网关")
        if not PHONE.fullmatch(letter.to):
            raise Unsendable("没有可用的手机号")
        seconds, template = int(self.now().timestamp()), settings.SMS_TEMPLATE
        document = {
            "id": letter.number.strip("<>"), "phone": letter.to, "template": template,
            "params": {"kind": letter.subject, "site": settings.SITE_NAME}, "timestamp": seconds,
            "sign": signature(settings.SMS_SECRET, letter.number.strip("<>"), letter.to, template, seconds),
        }  # fmt: skip
        return Request(settings.SMS_URL, document)

    def send(self, prepared: Request) -> Outcome:
        """Hand one message over."""
        answer = post(prepared)
        if isinstance(answer, Outcome):
            return answer
        status, document = answer
        if (outcome := of_status(status)) is not None:
            return outcome
        code = document.get("code") if isinstance(document, dict) else None
        if type(code) is not int:
            return unknown("短信网关的答复看不懂，可能已送出")
        if code == 0:
            return ACCEPTED
        return refused(f"短信网关{'忙' if code == 1 else '拒收'}（{code}）", may_pass=code == 1)

    def close(self) -> None:
        """Nothing is kept open."""
