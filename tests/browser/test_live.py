"""live.js in a real browser against a real push process: pushed, polled, pushed again, and never an older version."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core import live
from core.signature import signed_name
from tests.core.push import ROOT, SECRET, Push, Store, running, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("push"), pytest.mark.enable_socket]

NAME = signed_name(SECRET, "roadshow", "browser")
SCRIPT = """
import { follow } from "/live.js";
const query = new URLSearchParams(location.search);
window.boards = [];
window.contacts = [];
window.following = follow({
  push: query.get("push") || "",
  poll: "/board.json",
  version: Number(query.get("version") || -1),
  restWhenHidden: true,
  onBoard: (board) => window.boards.push(board.version),
  onContact: (is, at) => window.contacts.push([is, at && at.getTime()]),
});
"""


class Portal:
    """The pages' side: one page, the module, and the poll, which may be taken away."""

    def __init__(self) -> None:
        self.polls: list[int] = []  # the status of each answer
        self.mode = "well"
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = portal.answer(self.path.partition("?")[0], dict(self.headers))
                self.send_response(answer.status_code)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def log_message(self, *_words) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def answer(self, path: str, headers: dict[str, str]) -> HttpResponse:
        if path == "/":
            return HttpResponse('<!doctype html><title>x</title><script type="module" src="/page.js"></script>')
        if path == "/page.js":
            return HttpResponse(SCRIPT, content_type="text/javascript")
        if path == "/live.js":
            return HttpResponse((ROOT / "static/portal/live.js").read_bytes(), content_type="text/javascript")
        if path != "/board.json":
            return HttpResponse(status=404)
        if self.mode == "captive":
            return HttpResponse("<h1>请登录</h1>")
        if self.mode == "down":
            return HttpResponse(status=503)
        asked = RequestFactory().get("/", headers={"if-none-match": headers.get("If-None-Match", "")})
        answer = live.board_response(asked, live.latest(NAME) or live.encode({"version": 0}))
        self.polls.append(answer.status_code)
        return answer

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def pair() -> Iterator[tuple[Store, Push]]:
    folder = Path(tempfile.mkdtemp(prefix="push-", dir="/tmp"))
    with running(folder) as found:
        yield found
    shutil.rmtree(folder)


@pytest.fixture
def portal(pair, settings) -> Iterator[Portal]:
    settings.SECRET_KEY, settings.REDIS_URL = SECRET, pair[0].url
    found = Portal()
    yield found
    found.close()


@pytest.fixture
def page(chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.clock.install()
    yield page
    context.close()


def has(page, version: int, seconds: float = 15) -> list[int]:
    """Wait until the page shows the version; all that it showed."""
    page.wait_for_function(f"boards[boards.length - 1] === {version}", timeout=1000 * seconds)
    return page.evaluate("boards")


def test_pushed_then_polled_then_pushed_again(page, portal: Portal, pair) -> None:
    push = pair[1]
    live.publish(NAME, {"version": 1})
    page.goto(f"{portal.url}/?push=http://127.0.0.1:{push.port}/push/{NAME}/")
    has(page, 1)
    live.publish(NAME, {"version": 2})
    has(page, 2, 1.5)
    assert portal.polls == []
    assert page.evaluate("contacts.every(([is]) => is)")

    push.process.kill()
    push.process.wait()
    live.publish(NAME, {"version": 3})
    has(page, 3)
    wait_for(lambda: 304 in portal.polls)
    assert not page.evaluate("following.isPushed")

    again = Push(pair[0].url, push.log.with_suffix(".again"), port=push.port)
    try:
        wait_for(again.listens)
        page.clock.fast_forward(25_000)
        page.wait_for_function("following.isPushed", timeout=15_000)
        page.wait_for_timeout(300)
        before = len(portal.polls)
        live.publish(NAME, {"version": 4})
        has(page, 4, 1.5)
        page.wait_for_timeout(3000)
        assert len(portal.polls) == before
    finally:
        again.process.kill()
        again.process.wait()
    assert page.evaluate("boards") == [1, 2, 3, 4]


def test_without_push_the_page_polls_and_tells_a_strange_answer_from_a_board(page, portal: Portal) -> None:
    live.publish(NAME, {"version": 5})
    page.goto(f"{portal.url}/?version=5")
    wait_for(lambda: portal.polls[:2] == [200, 304])
    assert page.evaluate("boards") == []  # it showed 5 already
    live.publish(NAME, {"version": 6})
    assert has(page, 6) == [6]
    portal.mode = "captive"
    page.wait_for_function("contacts[contacts.length - 1][0] === false", timeout=20_000)
    last_heard, told = page.evaluate("[contacts[contacts.length - 2], contacts[contacts.length - 1]]")
    assert told == [False, last_heard[1]]
    portal.mode = "down"
    page.wait_for_timeout(1000)
    live.publish(NAME, {"version": 7})
    portal.mode = "well"
    page.evaluate("window.dispatchEvent(new Event('online'))")  # at once, whatever the pause has grown to
    has(page, 7, 1.5)
    assert page.evaluate("contacts[contacts.length - 1][0]")


def test_push_that_is_refused_is_polled_for_at_once(page, portal: Portal, pair) -> None:
    live.publish(NAME, {"version": 1})
    page.goto(f"{portal.url}/?push=http://127.0.0.1:{pair[1].port}/push/{NAME}x/")
    has(page, 1, 3)
    assert portal.polls[0] == 200


def test_hidden_page_rests_and_asks_at_once_when_seen_again(page, portal: Portal) -> None:
    page.goto(portal.url)
    wait_for(lambda: 304 in portal.polls)
    show = (
        "(is) => { Object.defineProperty(document, 'hidden', {value: is, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    page.evaluate(show, True)
    page.wait_for_timeout(300)
    before = len(portal.polls)
    page.wait_for_timeout(4000)
    assert len(portal.polls) == before
    live.publish(NAME, {"version": 9})
    page.evaluate(show, False)
    has(page, 9, 1.5)
    page.evaluate("following.stop()")
    before = len(portal.polls)
    page.wait_for_timeout(3500)
    assert len(portal.polls) == before
