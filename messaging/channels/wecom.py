"""企业微信群机器人. https://developer.work.weixin.qq.com/document/path/91770

POST https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=KEY {"msgtype": "text", "text": {"content": …}}, content at most
2048 bytes of UTF-8; the answer is 200 {"errcode": 0, "errmsg": "ok"}. 45009: more than 20 messages a minute.
"""

from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from messaging.channels import ACCEPTED, Outcome, Unsendable, refused, unknown
from messaging.channels.robots import Line, words
from messaging.channels.web import Request, check_address, of_status, post

PLACE = "/cgi-bin/webhook/send"
BUSY = {45009, -1}
REASONS = {93000: "机器人地址已失效，请重新添加", 40058: "消息内容被平台拒绝"}


class WeCom:
    """A robot of a WeCom group."""

    def open(self) -> None:
        """Each line has its own connection."""

    def prepare(self, letter: Line) -> Request:
        """Raises Unsendable for an address that is not WeCom's or words that are too long or personal."""
        check_address(letter.address, settings.WECOM_HOSTS)
        parts = urlsplit(letter.address)
        if parts.path != PLACE or list(parse_qs(parts.query)) != ["key"]:
            raise Unsendable("不是企业微信群机器人的地址，请从群机器人的设置页重新复制")
        content = words(letter)
        if len(content.encode()) > 2048:
            raise Unsendable("消息太长，企业微信不接收")
        return Request(letter.address, {"msgtype": "text", "text": {"content": content}})

    def send(self, prepared: Request) -> Outcome:
        """Hand one line over."""
        answer = post(prepared)
        return answer if isinstance(answer, Outcome) else judge(*answer, busy=BUSY, reasons=REASONS)

    def close(self) -> None:
        """Nothing is kept open."""


def judge(status: int, document: object, *, busy: set[int], reasons: dict[int, str]) -> Outcome:
    """What an answer with `errcode` means."""
    if (outcome := of_status(status)) is not None:
        return outcome
    code = document.get("errcode") if isinstance(document, dict) else None
    if type(code) is not int:
        return unknown("对方平台的答复看不懂，可能已送出")
    if code == 0:
        return ACCEPTED
    if code in busy:
        return refused(f"对方平台限制频率（{code}）", may_pass=True)
    return refused(f"{reasons.get(code, '对方平台拒收')}（{code}）")
