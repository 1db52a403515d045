"""Live boards: signed names, what publish keeps, and the push process with a real Redis and real connections."""

import contextlib
import json
import logging
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from core import live
from core.signature import is_signed, signed_name
from tests.core.push import ROOT, SECRET, Push, Spectator, Store, read_all, running, wait_for

pytestmark = [pytest.mark.xdist_group("push"), pytest.mark.enable_socket]

NAME = signed_name(SECRET, "roadshow", "k0")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder short enough for a socket's path."""
    path = Path(tempfile.mkdtemp(prefix="push-", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[tuple[Store, Push]]:
    with running(folder) as found:
        yield found


@pytest.fixture
def store(pair, settings) -> Store:
    """The store, emptied, which the portal's side uses too."""
    settings.SECRET_KEY = SECRET
    settings.REDIS_URL = pair[0].url
    if not pair[0].answers():
        pair[0].start()
    with pair[0].client() as client:
        client.flushall()
    return pair[0]


@pytest.fixture
def push(pair, store: Store) -> Push:
    return pair[1]


@pytest.fixture
def opened(push: Push) -> Iterator["Opened"]:
    with Opened(push) as found:
        yield found


class Opened(contextlib.ExitStack):
    """Spectators that are closed at the end."""

    def __init__(self, push: Push) -> None:
        super().__init__()
        self.push = push

    def watch(self, name: str = NAME, *headers: str) -> Spectator:
        return self.enter_context(contextlib.closing(self.push.watch(name, *headers))).until(b"retry: 2000\n\n")

    def ask(self, path: str, method: str = "GET") -> Spectator:
        return self.enter_context(contextlib.closing(self.push.request(path, method)))


# ---- names


def test_name_is_its_parts_and_a_signature_of_128_bits_or_more(settings) -> None:
    settings.SECRET_KEY = SECRET
    name = live.channel("roadshow", "k0")
    kind, key, mark = name.split(".")
    assert (name, kind, key) == (NAME, "roadshow", "k0")
    assert len(mark) * 6 >= 128
    assert is_signed(SECRET, name)


@pytest.mark.parametrize("part", ["", "a" * 41, "a.b", "a/b", "评审", "a b", "a\n", "１"])
def test_part_of_a_name_that_is_not_plain_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match="not a part"):
        signed_name(SECRET, part, "k0")
    with pytest.raises(ValueError, match="not a part"):
        signed_name(SECRET, "roadshow", part)


def test_only_the_same_secret_kind_and_key_verify() -> None:
    mark = NAME.rpartition(".")[2]
    changed = [f"roadshow.k1.{mark}", f"roadshov.k0.{mark}", NAME[:-1], NAME + "A", NAME.upper(), "", ".", "..", "a.b"]
    assert [name for name in changed if is_signed(SECRET, name)] == []
    assert not is_signed("another secret", NAME)
    assert not is_signed("", NAME)
    with pytest.raises(ValueError):
        signed_name("", "roadshow", "k0")


# ---- publish and latest


def test_board_is_kept_for_a_day_as_compact_json(store: Store) -> None:
    live.publish(NAME, {"version": 1, "名称": "演示", "marks": Decimal("92.50")})
    assert live.latest(NAME) == '{"version":1,"名称":"演示","marks":"92.50"}'.encode()
    with store.client() as client:
        assert 24 * 3600 - 5 < client.ttl(live.PREFIX + NAME) <= 24 * 3600


def test_older_or_equal_version_never_overwrites_and_is_not_published(store: Store) -> None:
    with store.client() as client, client.pubsub(ignore_subscribe_messages=True) as heard:
        heard.psubscribe(f"{live.PREFIX}*")
        heard.get_message(timeout=5)
        for version, word in ((9, "a"), (10, "b"), (9, "c"), (10, "d"), (2, "e"), (11, "f")):
            live.publish(NAME, {"version": version, "word": word})
        found = [heard.get_message(timeout=5)["data"] for _ in range(3)]
        assert heard.get_message(timeout=0.2) is None
    assert [json.loads(data.partition(b"\n")[2])["word"] for data in found] == ["a", "b", "f"]
    assert json.loads(live.latest(NAME))["word"] == "f"


@pytest.mark.parametrize("version", ["1", 1.0, True, -1, 2**53, None])
def test_version_that_is_no_plain_int_is_refused(store: Store, version) -> None:
    with pytest.raises(ValueError, match="version"):
        live.publish(NAME, {"version": version})
    assert live.latest(NAME) is None


def test_name_that_is_not_signed_is_not_published_to(store: Store) -> None:
    with pytest.raises(ValueError, match="not a channel"):
        live.publish("roadshow.k0.x", {"version": 1})


@pytest.mark.parametrize("url", ["", "unix:///nowhere/valkey.sock?db=0", "redis://127.0.0.1:1/0"])
def test_redis_away_costs_one_warning_and_no_exception(settings, caplog, url: str) -> None:
    settings.SECRET_KEY, settings.REDIS_URL = SECRET, url
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING):
        live.publish(NAME, {"version": 1})
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "roadshow.k0 " in caplog.text
    assert NAME not in caplog.text
    assert live.latest(NAME) is None
    assert time.monotonic() - begun < 3


def test_publishing_goes_on_after_redis_was_restarted(store: Store) -> None:
    live.publish(NAME, {"version": 1})
    store.stop()
    store.start()
    live.publish(NAME, {"version": 2})
    assert live.latest(NAME) == b'{"version":2}'


# ---- where the browser goes


@pytest.mark.parametrize(
    ("told", "sub_path", "host", "secure", "expected"),
    [
        ("", None, "portal.example", True, ""),
        ("/push/", None, "portal.example:8000", False, f"/push/{NAME}/"),
        ("/push/", "/chuangtou", "portal.example", True, f"/chuangtou/push/{NAME}/"),
        (":8001", None, "192.168.1.20:8000", False, f"http://192.168.1.20:8001/push/{NAME}/"),
        (":8001", "/chuangtou", "portal.example", True, f"https://portal.example:8001/push/{NAME}/"),
        (":8001", None, "[::1]:8000", False, f"http://[::1]:8001/push/{NAME}/"),
    ],
)
def test_address_follows_the_setting_and_the_request(settings, told, sub_path, host, secure, expected) -> None:
    settings.PORTAL_PUSH, settings.FORCE_SCRIPT_NAME = told, sub_path
    assert live.address(host, secure, NAME) == expected


@pytest.mark.parametrize(
    ("told", "secure", "expected"),
    [
        ("", False, "connect-src 'self'"),
        ("/push/", False, "connect-src 'self'"),
        (":8001", False, "connect-src 'self' http://portal.example:8001"),
        (":8001", True, "connect-src 'self' https://portal.example:8001"),
    ],
)
def test_csp_of_a_page_names_the_push_origin_only_where_it_is_another(settings, told, secure, expected) -> None:
    from csp.middleware import CSPMiddleware

    settings.PORTAL_PUSH, settings.ALLOWED_HOSTS = told, ["portal.example"]
    request = RequestFactory().get("/", headers={"host": "portal.example:8000"}, secure=secure)
    page = CSPMiddleware(lambda request: live.allow_push(request, HttpResponse()))(request)
    plain = CSPMiddleware(lambda request: HttpResponse())(request)
    assert expected in page.headers["Content-Security-Policy"].split("; ")
    assert "connect-src 'self'" in plain.headers["Content-Security-Policy"].split("; ")


def test_csp_asked_for_by_the_view_is_kept(settings) -> None:
    settings.PORTAL_PUSH, settings.ALLOWED_HOSTS = ":8001", ["*"]
    response = HttpResponse()
    response._csp_update = {"connect-src": "https://maps.example", "img-src": ["blob:"]}
    live.allow_push(RequestFactory().get("/"), response)
    assert response._csp_update == {
        "connect-src": ["https://maps.example", "http://testserver:8001"],
        "img-src": ["blob:"],
    }


@pytest.mark.parametrize("told", ["push", "8001", ":", "//evil.example/", "/push", "/a b/", ":8001/", "https://x/"])
def test_setting_that_is_neither_path_nor_port_stops_the_start(told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import chuangtou.settings"],
        env={"PORTAL_PUSH": told},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"PORTAL_PUSH is a path like /push/ or a port like :8001, not {told!r}" in done.stderr


# ---- polling


def test_poll_is_answered_with_304_until_the_board_changes() -> None:
    ask = RequestFactory()
    board = live.encode({"version": 1, "word": "评"})
    first = live.board_response(ask.get("/board.json"), board)
    assert (first.status_code, first.content, first["Content-Type"]) == (200, board, "application/json")
    assert first["Cache-Control"] == "no-cache"
    for etag in (first["ETag"], "W/" + first["ETag"], f'"other", {first["ETag"]}', "*"):
        same = live.board_response(ask.get("/board.json", headers={"if-none-match": etag}), board)
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
        assert same["Cache-Control"] == "no-cache"
    changed = live.encode({"version": 2, "word": "评"})
    other = live.board_response(ask.get("/board.json", headers={"if-none-match": first["ETag"]}), changed)
    assert (other.status_code, other.content) == (200, changed)
    assert other["ETag"] != first["ETag"]


# ---- the push process


def test_push_process_has_no_django_and_no_database() -> None:
    code = (
        "import sys, chuangtou.push; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'django', 'celery', 'kombu', 'psycopg2', 'environ'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("missing", ["REDIS_URL", "SECRET_KEY"])
def test_push_process_does_not_start_without_its_two_variables(folder: Path, missing: str) -> None:
    push = Push("redis://127.0.0.1:1/0", folder / f"{missing}.log", **{missing: ""})
    assert push.process.wait(10) != 0
    assert "push needs REDIS_URL and SECRET_KEY" in push.log.read_text()


def test_stream_starts_with_the_stored_board_and_goes_on_with_newer_ones(opened: Opened) -> None:
    live.publish(NAME, {"version": 3, "word": "先\n来"})
    one = opened.watch().until(b"id: 3\n")
    kept = ("content-type", "cache-control", "x-accel-buffering", "access-control-allow-origin")
    assert (one.status, [one.headers[name] for name in kept]) == (
        200,
        ["text/event-stream; charset=utf-8", "no-store", "no", "*"],
    )
    live.publish(NAME, {"version": 4, "word": "later"})
    one.until(b'id: 4\ndata: {"version":4,"word":"later"}\n\n')
    assert "retry: 2000\n\n" in one.seen.decode()
    assert 'id: 3\ndata: {"version":3,"word":"先\\n来"}\n\n' in one.seen.decode()
    assert b"event: beat\ndata: 1\n\n" in one.seen
    assert one.versions == [3, 4]


def test_late_joiner_gets_the_newest_board_only(opened: Opened) -> None:
    first = opened.watch()
    for version in range(1, 6):
        live.publish(NAME, {"version": version})
    first.until(b"id: 5\n")
    assert opened.watch().until(b"id: 5\n").versions == [5]


def test_stream_without_a_board_waits_for_the_first(opened: Opened) -> None:
    one = opened.watch(signed_name(SECRET, "roadshow", "fresh"))
    live.publish(signed_name(SECRET, "roadshow", "fresh"), {"version": 0})
    assert one.until(b"id: 0\n").versions == [0]


def test_channels_do_not_hear_each_other(opened: Opened) -> None:
    other = signed_name(SECRET, "roadshow", "k1")
    one, two = opened.watch(NAME), opened.watch(other)
    live.publish(NAME, {"version": 7})
    live.publish(other, {"version": 8})
    one.until(b"id: 7\n")
    two.until(b"id: 8\n")
    assert (one.versions, two.versions) == ([7], [8])


def test_returning_browser_is_not_told_what_it_has(opened: Opened) -> None:
    live.publish(NAME, {"version": 5})
    opened.watch().until(b"id: 5\n")
    one = opened.watch(NAME, "Last-Event-ID: 5")
    live.publish(NAME, {"version": 6})
    assert one.until(b"id: 6\n").versions == [6]
    for odd in ("x", "-1", "9" * 400, ""):
        assert opened.watch(NAME, f"Last-Event-ID: {odd}").until(b"id: 6\n").versions == [6]


def test_sign_of_life_comes_before_a_page_gives_up(opened: Opened) -> None:
    from chuangtou.push import BEAT_EVERY, TICK

    silent = re.search(r"^const SILENT = (\d+);", (ROOT / "static/portal/live.js").read_text(), re.MULTILINE)
    assert int(silent[1]) > 1000 * (BEAT_EVERY + TICK)
    one = opened.watch()
    one.until(b"event: beat\ndata: 1\n\n").seen = b""
    one.until(b"event: beat\ndata: 1\n\n")


def test_older_version_never_follows_a_newer_one_even_when_redis_forgot(store: Store, opened: Opened) -> None:
    one = opened.watch()
    live.publish(NAME, {"version": 20})
    one.until(b"id: 20\n")
    with store.client() as client:
        client.flushall()
        live.publish(NAME, {"version": 19})  # Redis knows no better
        client.publish(live.PREFIX + NAME, b"18\n{}")
        client.publish(live.PREFIX + NAME, b"no board")
    live.publish(NAME, {"version": 21})
    assert one.until(b"id: 21\n").versions == [20, 21]


def test_redis_restarted_is_found_again_and_what_was_missed_is_read(store: Store, push: Push, opened: Opened) -> None:
    one = opened.watch()
    live.publish(NAME, {"version": 1})
    one.until(b"id: 1\n")
    before = push.listens()
    store.stop()
    wait_for(lambda: "Redis is away" in push.log.read_text())
    assert opened.ask("/healthz").status == 503
    two = opened.watch()  # joins while Redis is away
    for _ in range(20):
        if b"beat" not in two.seen:
            break
        time.sleep(0.2)  # the streams learn of it a moment after the log
        two = opened.watch()
    assert b"beat" not in two.seen
    one.until(b"\n:\n\n").seen = b""  # silence for the page, a sign of life for proxies
    live.publish(NAME, {"version": 2})  # lost, and no exception
    assert b"beat" not in two.seen
    store.start()
    with store.client() as client:  # stored while nobody may have listened yet
        client.hset(live.PREFIX + NAME, mapping={"version": 2, "board": '{"version":2}'})
    wait_for(lambda: push.listens() > before)
    one.until(b"id: 2\n")
    live.publish(NAME, {"version": 3})
    assert one.until(b"id: 3\n").versions == [2, 3]
    assert two.until(b"id: 3\n").versions[-1] == 3
    assert opened.ask("/healthz").until(b"ok").status == 200


def test_slow_client_blocks_nobody_and_memory_stays_flat(push: Push, opened: Opened) -> None:
    slow = [
        opened.enter_context(contextlib.closing(Spectator(push.port, f"/push/{NAME}/", buffer=4096))) for _ in range(5)
    ]
    quick = opened.watch()
    word = "x" * 40_000
    for version in range(1, 60):  # fills what the sockets hold
        live.publish(NAME, {"version": version, "word": word})
        quick.until(b"id: %d\n" % version)
    before = push.memory()
    for version in range(60, 1500):
        live.publish(NAME, {"version": version, "word": word})  # 5 x 58 MB if they were queued
    quick.until(b"id: 1499\n")
    assert push.memory() - before < 8 * 1024
    assert quick.versions == sorted(quick.versions)
    for one in slow:
        one.until(b"id: 1499\n")
        assert one.versions == sorted(set(one.versions))
        assert len(one.versions) < 300  # it missed most and has the last


def test_two_hundred_spectators_all_receive_one_board(push: Push, opened: Opened) -> None:
    crowd = [opened.watch() for _ in range(200)]
    live.publish(NAME, {"version": 1})
    assert len(read_all(crowd, b"id: 1\n")) == 200
    assert {tuple(one.versions) for one in crowd} == {(1,)}


def test_spectators_that_left_are_forgotten(folder: Path, store: Store) -> None:
    push = Push(store.url, folder / "limit.log", PUSH_LIMIT="3")
    with Opened(push) as crowd:
        for _ in range(3):
            crowd.watch()
        full = crowd.ask(f"/push/{NAME}/")
        assert (full.status, full.headers["retry-after"]) == (503, "20")
    wait_for(lambda: _status_then_closed(push, f"/push/{NAME}/") == 200)
    assert push.ends() == -signal.SIGTERM


def _status_then_closed(push: Push, path: str) -> int:
    with contextlib.closing(push.request(path)) as one:
        return one.status


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/", "GET", 404),
        ("/push/", "GET", 404),
        (f"/push/{NAME}", "GET", 404),
        (f"/push/{NAME}x/", "GET", 404),
        (f"/push/{NAME}x/", "POST", 404),
        (f"/push/{signed_name('other', 'roadshow', 'k0')}/", "GET", 404),
        (f"/push/{'a' * 5000}/", "GET", 404),
        ("/push/%E8%AF%84.k0.x/", "GET", 404),
        ("/push/../healthz", "GET", 404),
        (f"/push/{NAME}/", "POST", 405),
        (f"/push/{NAME}/", "OPTIONS", 405),
        (f"/push/{NAME}/", "HEAD", 405),
        ("/healthz", "POST", 405),
        ("/healthz", "GET", 200),
    ],
)
def test_everything_else_is_answered_briefly(opened: Opened, path: str, method: str, status: int) -> None:
    one = opened.ask(path, method)
    assert one.status == status
    assert one.headers["cache-control"] == "no-store"
    assert one.headers.get("allow") == ("GET" if status == 405 else None)


def test_sigterm_ends_fifty_open_streams_within_three_seconds(folder: Path, store: Store) -> None:
    push = Push(store.url, folder / "ending.log")
    with Opened(push) as crowd:
        fifty = [crowd.watch() for _ in range(50)]
        assert push.ends(signal.SIGTERM, 3.0) == -signal.SIGTERM
        assert {one.to_the_end()[-5:] for one in fifty} == {b"0\r\n\r\n"}  # each answer is complete
    log = push.log.read_text()
    assert ("ERROR" in log, "Traceback" in log, NAME in log) == (False, False, False)


def test_sigterm_is_not_held_up_by_a_client_that_does_not_read(folder: Path, store: Store) -> None:
    push = Push(store.url, folder / "stuck.log")
    with contextlib.closing(Spectator(push.port, f"/push/{NAME}/", buffer=4096)), Opened(push) as crowd:
        quick = crowd.watch()
        for version in range(60):
            live.publish(NAME, {"version": version, "word": "x" * 100_000})
        quick.until(b"id: 59\n")
        push.ends(signal.SIGTERM, 3.0)
