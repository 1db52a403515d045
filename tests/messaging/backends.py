"""Mail servers that misbehave, for tests. Chosen by the setting EMAIL_BACKEND; facts go through the environment."""

import os
from pathlib import Path
from smtplib import SMTPRecipientsRefused

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.locmem import EmailBackend as Memory


class Picky(Memory):
    """Refuses every recipient whose address begins with `bad`."""

    def send_messages(self, messages):
        if any(to.startswith("bad") for m in messages for to in m.to):
            raise SMTPRecipientsRefused({"bad": (550, b"no such user")})
        return super().send_messages(messages)


class Noting(BaseEmailBackend):
    """Writes each Message-ID to the file MAIL_LOG, as if it had gone out."""

    def send_messages(self, messages):
        for message in messages:
            with Path(os.environ["MAIL_LOG"]).open("a") as log:
                log.write(message.extra_headers["Message-ID"] + "\n")
        return len(messages)
