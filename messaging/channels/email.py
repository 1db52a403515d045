"""E-mail by SMTP, phase by phase, so that a refusal is known from a silence. Other mail backends are one black box."""

import contextlib
import logging
import smtplib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from messaging.channels import ACCEPTED, Letter, Outcome, Unreachable, Unsendable, refused, unknown

log = logging.getLogger(__name__)
SILENT = "邮件服务器收下内容后没有答复，可能已送出"


@dataclass(frozen=True, slots=True)
class Ready:
    """A message with its envelope and its content as they go over the wire."""

    message: EmailMessage
    sender: str
    to: list[str]
    content: bytes


class Email:
    """One connection to the mail server for as many letters as it bears."""

    def __init__(self) -> None:
        self.server: Any = None

    def open(self) -> None:
        """Connect, if not connected. Raises Unreachable."""
        if self.server is None:
            self.server = get_connection()
        try:
            self.server.open()
        except Exception as error:
            log.warning("mail server not reachable: %s", type(error).__name__)
            self.close()
            raise Unreachable from error

    def prepare(self, letter: Letter) -> Ready:
        """The message as it goes over the wire. Raises Unsendable."""
        if not letter.to:
            raise Unsendable("没有电子邮件地址")
        message = EmailMessage(
            subject=letter.subject,
            body=f"{letter.body}\n\n{letter.link}",
            to=[letter.to],
            headers={"Message-ID": letter.number, "Auto-Submitted": "auto-generated"},
            connection=self.server,
        )
        try:
            whole: Any = message.message()
            encoding = message.encoding or settings.DEFAULT_CHARSET
            to = [sanitize_address(address, encoding) for address in message.to]
            return Ready(message, sanitize_address(message.from_email, encoding), to, whole.as_bytes(linesep="\r\n"))
        except Exception as error:
            raise Unsendable("邮件内容或地址有误，无法生成邮件") from error

    def send(self, prepared: Ready) -> Outcome:
        """Hand one message over."""
        by_smtp = isinstance(self.server, EmailBackend)
        outcome = self._by_smtp(prepared) if by_smtp else self._by_backend(prepared.message)
        if outcome is not ACCEPTED:
            self.close()
        return outcome

    def _by_backend(self, message: EmailMessage) -> Outcome:
        try:
            return ACCEPTED if message.send() else refused("没有电子邮件地址")
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
            return refused(f"邮件服务器拒收（{type(error).__name__}）")
        except Exception as error:  # noqa: BLE001 - every way of failing ends as a word on the row
            return unknown(f"发送中断，可能已送出（{type(error).__name__}）")

    def _by_smtp(self, prepared: Ready) -> Outcome:
        """MAIL, RCPT, DATA, the content, the answer: only what breaks from the content on is unknown."""
        smtp: smtplib.SMTP = self.server.connection
        handed_over = False
        try:
            for code, answer in self._ask(smtp, prepared.sender, prepared.to):
                if code >= 400:
                    return _no(code, answer)
            handed_over = True
            smtp.send(_dotted(prepared.content))
            code, answer = smtp.getreply()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            log.warning("mail broke off, content handed over: %s, %s", handed_over, type(error).__name__)
            return unknown(SILENT) if handed_over else refused("邮件服务器中断了连接，邮件没有发出", may_pass=True)
        if code == 250:
            return ACCEPTED
        return _no(code, answer) if code >= 400 else unknown(f"邮件服务器的答复看不懂（{code}）")

    @staticmethod
    def _ask(smtp: smtplib.SMTP, sender: str, to: list[str]) -> Any:
        smtp.ehlo_or_helo_if_needed()
        yield smtp.mail(sender)
        for address in to:
            yield smtp.rcpt(address)
        code, answer = smtp.docmd("DATA")
        yield (code, answer) if code == 354 else (max(code, 500), answer)

    def close(self) -> None:
        """Say goodbye, if there is anybody."""
        if self.server is not None:
            with contextlib.suppress(Exception):
                self.server.close()
            self.server = None


def _no(code: int, answer: bytes | str) -> Outcome:
    """4xx may pass, 5xx stays. The server's own words are not kept: they may name the person."""
    if code < 500:
        return refused(f"邮件服务器暂不接收（{code}）", may_pass=True)
    return refused(f"邮件服务器拒收（{code}）")


def _dotted(content: bytes) -> bytes:
    """The content as DATA wants it: lines that begin with a dot get another, the end is a dot alone."""
    quoted = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in content.split(b"\r\n"))
    return quoted + (b"" if quoted.endswith(b"\r\n") else b"\r\n") + b".\r\n"
