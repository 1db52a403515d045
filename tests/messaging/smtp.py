"""A real SMTP server on a port of this machine that can be told to misbehave, and counts what it took."""

import email
import email.policy
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Taken:
    """One message that the server has in its hands: envelope and content as it came."""

    number: str
    to: list[str]
    subject: str
    body: str


@dataclass
class Post:
    """What the server does and what it took.

    `answer(number of the message)` is the reply after the content: "250 ok", any other, "" to drop the connection without
    a word (the message is kept!), or "stall" to say nothing for a long time. `greeting`, `mail`, `rcpt` and `data` are the
    replies to these words; "" drops the connection.
    """

    port: int = 0
    greeting: str = "220 ready"
    mail: str = "250 ok"
    rcpt: Callable[[str], str] = lambda address: "250 ok"
    data: str = "354 go on"
    answer: Callable[[str], str] = lambda number: "250 ok"
    taken: list[Taken] = field(default_factory=list)
    connections: int = 0
    got: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def numbers(self) -> list[str]:
        """Message-IDs in the order of arrival, with repetitions."""
        return [t.number for t in self.taken]


class Drop(Exception):
    """The connection ends here."""


class Talk(socketserver.StreamRequestHandler):
    server: "Server"
    timeout = 60

    def say(self, words: str) -> bool:
        """Send a reply; whether the conversation goes on as hoped."""
        if not words:
            raise Drop
        self.wfile.write(words.encode() + b"\r\n")
        return words[0] in "23"

    def handle(self) -> None:
        post = self.server.post
        with post.lock:
            post.connections += 1
        try:
            self.say(post.greeting)
            to: list[str] = []
            while line := self.rfile.readline():
                word = line.decode().strip()
                verb = word.split(":")[0].upper()
                if verb.startswith(("EHLO", "HELO", "RSET", "NOOP")):
                    self.say("250 here")
                elif verb == "MAIL FROM":
                    to = []
                    self.say(post.mail)
                elif verb == "RCPT TO":
                    address = word.partition("<")[2].partition(">")[0]
                    if self.say(post.rcpt(address)):
                        to.append(address)
                elif verb == "DATA":
                    if self.say(post.data):
                        self.content(post, to)
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("502 what?")
        except (Drop, OSError):
            return

    def content(self, post: Post, to: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if not line:
            raise Drop  # the sender went away in the middle: nothing was taken
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.SMTP)
        number = str(message["Message-ID"])
        reply = post.answer(number)
        if reply[:1] in ("2", "s", ""):
            with post.lock:
                post.taken.append(Taken(number, list(to), str(message["Subject"]), message.get_content()))
            post.got.set()
        if reply == "stall":
            time.sleep(30)
            raise Drop
        self.say(reply)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    post: Post


@contextmanager
def post_office() -> Iterator[Post]:
    """Run the server; yields what it is told and what it took."""
    with Server(("127.0.0.1", 0), Talk) as server:
        server.post = Post(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.post
        finally:
            server.shutdown()
            thread.join()
