"""WeCom, DingTalk and an SMS gateway on a port of this machine: they check what the real ones check, and misbehave on demand.

Written from the platforms' own pages (see messaging/channels/*.py): address, method, content type, shape of the document,
signature and its age. What is wrong gets the platform's own refusal; what is right is kept in `taken`.
"""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY, TOKEN, SECRET, SMS_SECRET = "693a91f6-7xxx", "XXXXXX", "SECabc", "sms-secret"


@dataclass
class Platforms:
    """`mood`: "" good, or a reply: (status, bytes), "stall", "drip", "drop" (taken, then silence)."""

    port: int = 0
    mood: Any = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def wecom(self) -> str:
        return f"{self.origin}/cgi-bin/webhook/send?key={KEY}"

    @property
    def dingtalk(self) -> str:
        return f"{self.origin}/robot/send?access_token={TOKEN}"

    @property
    def sms(self) -> str:
        return f"{self.origin}/sms"


def _text_of(document: Any) -> str | None:
    """The content of a text message, None when the shape is not the documented one."""
    if not isinstance(document, dict) or document.get("msgtype") != "text" or set(document) != {"msgtype", "text"}:
        return None
    content = document["text"].get("content") if isinstance(document["text"], dict) else None
    return content if isinstance(content, str) and content else None


def wecom(query: dict[str, list[str]], document: Any) -> dict[str, Any]:
    if query != {"key": [KEY]}:
        return {"errcode": 93000, "errmsg": "invalid webhook url"}
    content = _text_of(document)
    if content is None or len(content.encode()) > 2048:
        return {"errcode": 40008, "errmsg": "invalid message type"}
    return {"errcode": 0, "errmsg": "ok"}


def dingtalk(query: dict[str, list[str]], document: Any) -> dict[str, Any]:
    if query.get("access_token") != [TOKEN]:
        return {"errcode": 300001, "errmsg": "token is not exist"}
    stamp, sign = query.get("timestamp", [""])[0], query.get("sign", [""])[0]
    made = base64.b64encode(hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()).decode()
    if not stamp.isdigit() or len(stamp) != 13 or abs(int(stamp) / 1000 - time.time()) > 3600 or sign != made:
        return {"errcode": 310000, "errmsg": "sign not match"}
    if _text_of(document) is None:
        return {"errcode": 40035, "errmsg": "missing parameter json"}
    return {"errcode": 0, "errmsg": "ok"}


def sms(document: Any) -> dict[str, Any]:
    if set(document) != {"id", "phone", "template", "params", "timestamp", "sign"}:
        return {"code": 400}
    text = f"{document['id']}\n{document['phone']}\n{document['template']}\n{document['timestamp']}"
    if document["sign"] != hmac.new(SMS_SECRET.encode(), text.encode(), hashlib.sha256).hexdigest():
        return {"code": 401}
    return {"code": 0}


class Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        platforms: Platforms = self.server.platforms
        platforms.asked += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Content-Type"].startswith("application/json")
        parts, document = urlsplit(self.path), json.loads(body)
        query = parse_qs(parts.query)
        answer = {
            "/cgi-bin/webhook/send": lambda: wecom(query, document),
            "/robot/send": lambda: dingtalk(query, document),
            "/sms": lambda: sms(document),
        }.get(parts.path, lambda: None)()
        mood = platforms.mood
        if answer in ({"errcode": 0, "errmsg": "ok"}, {"code": 0}) and (not mood or isinstance(mood, str)):
            platforms.taken.append(document)
        if mood == "drop":
            self.close_connection = True
            return
        if mood == "stall":
            time.sleep(1.5)
            self.close_connection = True
            return
        status, text = (
            mood if mood and isinstance(mood, tuple) else (200 if answer else 404, json.dumps(answer).encode())
        )
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", platforms.origin + "/elsewhere")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if mood == "drip":
            for byte in text:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.3)
        else:
            self.wfile.write(text)


@contextmanager
def platforms() -> Iterator[Platforms]:
    """Run all three; yields what they are told and what they took."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Talk) as server:
        server.daemon_threads = True
        server.platforms = Platforms(port=server.server_address[1])
        server.handle_error = lambda *args: None
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.platforms
        finally:
            server.shutdown()
            thread.join()
