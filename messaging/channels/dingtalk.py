r"""钉钉自定义机器人, signed. https://open.dingtalk.com/document/robots/custom-robot-access

POST https://oapi.dingtalk.com/robot/send?access_token=TOKEN&timestamp=MS&sign=SIGN, where SIGN is the URL-quoted base64 of
HMAC-SHA256 with the secret as key over "MS\\nSECRET"; MS is the moment in milliseconds, not an hour off. The document is
{"msgtype": "text", "text": {"content": …}}; the answer 200 {"errcode": 0, "errmsg": "ok"}. 130101, 410100: more than 20
messages a minute; 310000: the signature, the keyword or the address of the sender is refused.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from urllib.parse import parse_qs, quote_plus, urlsplit

from django.conf import settings

from core import clock
from messaging.channels import Outcome, Unsendable
from messaging.channels.robots import Line, words
from messaging.channels.web import Request, check_address, post
from messaging.channels.wecom import judge

PLACE = "/robot/send"
BUSY = {130101, 410100, -1}
REASONS = {310000: "加签密钥或安全设置不对，请核对", 300001: "机器人地址已失效，请重新添加"}


def signature(secret: str, milliseconds: int) -> str:
    """SIGN, before quoting."""
    text = f"{milliseconds}\n{secret}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()


class DingTalk:
    """A robot of a DingTalk group."""

    def __init__(self, now: Callable[[], datetime] = clock.now) -> None:
        self.now = now

    def open(self) -> None:
        """Each line has its own connection."""

    def prepare(self, letter: Line) -> Request:
        """Raises Unsendable for an address that is not DingTalk's, no secret, or words that are personal."""
        check_address(letter.address, settings.DINGTALK_HOSTS)
        parts = urlsplit(letter.address)
        if parts.path != PLACE or list(parse_qs(parts.query)) != ["access_token"]:
            raise Unsendable("不是钉钉群机器人的地址，请从群机器人的设置页重新复制")
        if not letter.secret:
            raise Unsendable("没有加签密钥")
        stamp = int(self.now().timestamp() * 1000)
        address = f"{letter.address}&timestamp={stamp}&sign={quote_plus(signature(letter.secret, stamp))}"
        return Request(address, {"msgtype": "text", "text": {"content": words(letter)}})

    def send(self, prepared: Request) -> Outcome:
        """Hand one line over."""
        answer = post(prepared)
        return answer if isinstance(answer, Outcome) else judge(*answer, busy=BUSY, reasons=REASONS)

    def close(self) -> None:
        """Nothing is kept open."""
