"""One POST of JSON to a host that was allowed by the operator, within a deadline for the whole exchange."""

import contextlib
import http.client
import json
import logging
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from messaging.channels import Outcome, Unsendable, refused, unknown

log = logging.getLogger(__name__)
PATIENCE = 5.0  # seconds for everything
MOST = 64 * 1024  # bytes of an answer
SILENT = "对方收下请求后没有答复，可能已送出"


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request: absolute address, JSON document."""

    address: str
    document: dict[str, Any]


def check_address(address: str, hosts: list[str]) -> None:
    """Raise Unsendable unless the address is https (or a plain one that the operator allowed by name) on an allowed host.

    An allowed host is `host`, meaning https on its usual port, or a whole origin such as `http://127.0.0.1:8080`.
    """
    parts = urlsplit(address)
    if parts.username or parts.password or parts.fragment or not parts.hostname:
        raise Unsendable("地址格式不对，请从群机器人的设置页重新复制")
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin in hosts or (parts.scheme == "https" and parts.netloc in hosts):
        return
    raise Unsendable("地址不是允许的平台地址，请从群机器人的设置页重新复制")


def post(request: Request) -> tuple[int, Any] | Outcome:
    """(status, JSON) of the answer, or the outcome when there was none. Redirects are not followed.

    What breaks before anything was written is refused and may pass; what breaks afterwards is unknown.
    """
    parts = urlsplit(request.address)
    end = time.monotonic() + getattr(settings, "WEBHOOK_PATIENCE", PATIENCE)
    body = json.dumps(request.document, ensure_ascii=False).encode()
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    link: http.client.HTTPConnection
    if parts.scheme == "https":
        link = http.client.HTTPSConnection(parts.netloc, timeout=_left(end), context=ssl.create_default_context())
    else:
        link = http.client.HTTPConnection(parts.netloc, timeout=_left(end))
    handed_over = False
    watchdog: threading.Timer | None = None
    with contextlib.closing(link):
        try:
            link.connect()
            handed_over = True
            watchdog = threading.Timer(_left(end), _cut, [link.sock])
            watchdog.daemon = True
            watchdog.start()
            link.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8"})
            answer = link.getresponse()
            status, text = answer.status, answer.read(MOST)
            if time.monotonic() >= end:
                raise TimeoutError  # cut in the middle of an answer that looks whole
        except (OSError, http.client.HTTPException) as error:
            log.warning("POST to %s broke off: %s", parts.hostname, type(error).__name__)
            return unknown(SILENT) if handed_over else refused("连不上对方平台", may_pass=True)
        finally:
            if watchdog is not None:
                watchdog.cancel()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, None


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _cut(link: socket.socket) -> None:
    """End a connection under whoever waits on it: an answer that drips, head or body, is no answer."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(link, socket.SHUT_RDWR)


def of_status(status: int) -> Outcome | None:
    """What a status alone tells; None: look at the document."""
    if status == 200:
        return None
    if status in (429, 503):
        return refused(f"对方平台忙（{status}）", may_pass=True)
    if 300 <= status < 500:
        return refused(f"对方平台拒收（{status}）")
    return unknown(f"对方平台出错（{status}），可能已送出")
