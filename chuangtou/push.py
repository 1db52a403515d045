"""Server-sent events: the newest board of a signed channel, at once and whenever it changes. No Django, no database.

    python -m chuangtou.push --host 127.0.0.1 --port 8001        (or: uvicorn chuangtou.push:app --no-access-log ...)

Environment: REDIS_URL, SECRET_KEY (both as the portal's), PUSH_LIMIT (streams at once, default 2000; more get 503).

    GET /push/<name>/   text/event-stream: boards as messages whose `id:` is the version, an event "beat" every four
                        seconds for as long as Redis is heard, a comment every fifteen when it is not. 404: not our name
    GET /healthz        200 while Redis answers, else 503

One subscription serves every spectator. Nothing is queued: a spectator who is slow finds the newest board in its
channel when its turn comes, so memory does not grow with the number of changes.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import random
import resource
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import redis.asyncio
import uvicorn
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.signature import is_signed

log = logging.getLogger("chuangtou.push")

PREFIX: Final = "portal:live:"  # as in core.live
LIMIT: Final = 2000
TICK: Final = 0.5  # seconds
BEAT_EVERY: Final = 4.0  # seconds; a page that hears nothing for six begins to poll
COMMENT_EVERY: Final = 15.0  # seconds; keeps proxies from closing the stream
SILENT_REDIS: Final = 5.0  # seconds without a word before it is asked, and again before it is given up
LONGEST_PAUSE: Final = 5.0  # seconds between two attempts to reach Redis

RETRY: Final = b"retry: 2000\n\n"
BEAT: Final = b"event: beat\ndata: 1\n\n"
COMMENT: Final = b":\n\n"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PLAIN: Final = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
STREAM: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]


class Watcher:
    """One stream: what wakes it, and when (by the loop's clock) it owes a sign of life."""

    __slots__ = ("due", "woken")

    def __init__(self) -> None:
        self.woken = asyncio.Event()
        self.due = 0.0


class Channel:
    """The newest board of one name and those who watch it."""

    def __init__(self) -> None:
        self.version = -1
        self.event = b""
        self.watchers: set[Watcher] = set()
        self.reading: asyncio.Task[None] | None = None

    def offer(self, version: int, body: bytes) -> None:
        """Take a board if it is newer than the one we have, and wake everybody."""
        if version > self.version:
            self.version = version
            self.event = b"id: %d\ndata: %b\n\n" % (version, body)
            self.wake()

    def wake(self) -> None:
        for watcher in self.watchers:
            watcher.woken.set()


class Feed:
    """Redis: one subscription to all boards, and a few connections to read stored ones."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.channels: dict[str, Channel] = {}
        self.is_heard = False
        once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self.pool = redis.asyncio.BlockingConnectionPool.from_url(
            url, max_connections=4, timeout=2, socket_connect_timeout=0.5, socket_timeout=1.0, retry=once, protocol=2
        )
        self.asking = redis.asyncio.Redis(connection_pool=self.pool)

    async def answers(self) -> bool:
        try:
            return bool(await self.asking.ping())
        except (redis.RedisError, OSError):
            return False

    def join(self, name: str, watcher: Watcher) -> Channel:
        """Return the channel with `watcher` among its watchers; the first one has the stored board read."""
        channel = self.channels.get(name)
        if channel is None:
            channel = self.channels[name] = Channel()
            self._read_soon(name, channel)
        channel.watchers.add(watcher)
        return channel

    def leave(self, name: str, channel: Channel, watcher: Watcher) -> None:
        """Forget the watcher, and with the last one the channel."""
        channel.watchers.discard(watcher)
        if not channel.watchers and self.channels.get(name) is channel:
            del self.channels[name]
            if channel.reading:
                channel.reading.cancel()

    async def tick(self) -> None:
        """Wake whoever owes a sign of life, for ever: one timer for all is cheaper than one for each."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(TICK)
            now = clock()
            for channel in self.channels.values():
                for watcher in channel.watchers:
                    if now >= watcher.due:
                        watcher.woken.set()

    def _read_soon(self, name: str, channel: Channel) -> None:
        if channel.reading:
            channel.reading.cancel()
        channel.reading = asyncio.create_task(self._read(name, channel))

    async def _read(self, name: str, channel: Channel) -> None:
        """Offer the stored board; while Redis is away, try again until it is there."""
        pause = 0.2
        while True:
            try:
                version, body = await self.asking.hmget(PREFIX + name, "version", "board")
            except (redis.RedisError, OSError):
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads the load
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            if isinstance(version, bytes) and isinstance(body, bytes):
                channel.offer(int(version), body)
            return

    async def listen(self) -> None:
        """Take in what is published, for ever; come back by itself when Redis was away."""
        pause = 0.1
        while True:
            try:
                async with contextlib.aclosing(self._subscription()) as messages:
                    async for message in messages:
                        pause = 0.1
                        self._take(message)
            except (redis.RedisError, OSError) as error:
                if self.is_heard:
                    log.warning("Redis is away, pages poll until it is back: %s", error)
                self.is_heard = False
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - spreads the load
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _subscription(self) -> Any:
        """Yield every message of one subscription; raise redis.ConnectionError when it has gone silent."""
        never = Retry(NoBackoff(), 0)
        link = redis.asyncio.Redis.from_url(
            self.url, socket_connect_timeout=2.0, socket_timeout=None, retry=never, protocol=2
        )
        async with link, link.pubsub() as subscription:
            await subscription.psubscribe(f"{PREFIX}*")
            is_asked = False
            while True:
                message = await subscription.get_message(timeout=SILENT_REDIS)
                if message is None:
                    if is_asked:
                        raise redis.ConnectionError("no answer")
                    await asyncio.wait_for(subscription.ping(), SILENT_REDIS)
                is_asked = message is None
                if message:
                    yield message

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            log.info("listening to Redis")
            self.is_heard = True
            for name, channel in self.channels.items():  # what was published while nobody listened
                self._read_soon(name, channel)
                for watcher in channel.watchers:
                    watcher.due = 0.0  # at the next tick
        elif message["type"] == "pmessage":
            watched = self.channels.get(message["channel"].decode(errors="replace").removeprefix(PREFIX))
            version, _, body = message["data"].partition(b"\n")
            if watched and version.isdigit():
                watched.offer(int(version), body)


class Push:
    """The ASGI application."""

    def __init__(self, redis_url: str, secret: str, limit: int = LIMIT) -> None:
        self.redis_url, self.secret, self.limit = redis_url, secret, limit
        self.feed: Feed
        self.open = 0
        self.is_ending = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        if not (self.redis_url and self.secret):
            await send({"type": "lifespan.startup.failed", "message": "push needs REDIS_URL and SECRET_KEY"})
            return
        self.feed = Feed(self.redis_url)
        working = [asyncio.create_task(work) for work in (self.feed.listen(), self.feed.tick())]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self.end()
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        with contextlib.suppress(redis.RedisError, OSError):
            await self.feed.asking.aclose()
            await self.feed.pool.disconnect()
        await send({"type": "lifespan.shutdown.complete"})

    def end(self) -> None:
        """Close every stream; browsers come back by themselves."""
        self.is_ending = True
        for channel in self.feed.channels.values():
            channel.wake()

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        name = path[len("/push/") : -1] if path.startswith("/push/") and path.endswith("/") else ""
        is_health = path == "/healthz"
        if not (is_health or (len(name) < 200 and is_signed(self.secret, name))):
            await self._say(send, 404, b"not found")
        elif scope["method"] != "GET":
            await self._say(send, 405, b"method not allowed", (b"allow", b"GET"), has_body=scope["method"] != "HEAD")
        elif is_health:
            is_well = await self.feed.answers()
            await self._say(send, 200 if is_well else 503, b"ok" if is_well else b"no redis")
        elif self.open >= self.limit or self.is_ending:
            await self._say(send, 503, b"full", (b"retry-after", b"20"), (b"access-control-allow-origin", b"*"))
        else:
            self.open += 1
            try:
                await self._stream(name, _last_seen(scope), receive, send)
            finally:
                self.open -= 1

    async def _say(
        self, send: Send, status: int, words: bytes, *headers: tuple[bytes, bytes], has_body: bool = True
    ) -> None:
        length = (b"content-length", b"%d" % len(words))
        await send({"type": "http.response.start", "status": status, "headers": [*PLAIN, length, *headers]})
        await send({"type": "http.response.body", "body": words if has_body else b""})

    async def _stream(self, name: str, seen: int, receive: Receive, send: Send) -> None:
        """Send boards newer than `seen` until the browser leaves or we end."""
        clock = asyncio.get_running_loop().time
        watcher = Watcher()
        leaving = asyncio.create_task(_until_left(receive))
        leaving.add_done_callback(lambda _task: watcher.woken.set())
        channel = self.feed.join(name, watcher)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": STREAM})
            body = RETRY + BEAT if self.feed.is_heard else RETRY
            while not (leaving.done() or self.is_ending):
                if body:
                    watcher.due = clock() + (BEAT_EVERY if self.feed.is_heard else COMMENT_EVERY)
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                else:
                    await watcher.woken.wait()
                watcher.woken.clear()
                if channel.version > seen:
                    seen, body = channel.version, channel.event
                elif clock() >= watcher.due:
                    body = BEAT if self.feed.is_heard else COMMENT
                else:
                    body = b""
            await send({"type": "http.response.body", "body": b""})
        finally:
            self.feed.leave(name, channel, watcher)
            leaving.cancel()


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _last_seen(scope: Message) -> int:
    """Return the version that a returning browser says it has, else -1."""
    for key, value in scope["headers"]:
        if key == b"last-event-id" and value.isdigit() and len(value) <= 16:
            return int(value)
    return -1


class Server(uvicorn.Server):
    """uvicorn, which waits for open answers at its end: ours never end by themselves."""

    def __init__(self, config: uvicorn.Config, push: Push) -> None:
        super().__init__(config)
        self.push = push

    async def shutdown(self, sockets: Any = None) -> None:
        self.push.end()
        await super().shutdown(sockets)


def _limit() -> int:
    told = os.environ.get("PUSH_LIMIT") or str(LIMIT)
    if not (told.isascii() and told.isdigit()):
        raise SystemExit(f"PUSH_LIMIT is a number of streams, not {told!r}")
    return int(told)


app = Push(os.environ.get("REDIS_URL", ""), os.environ.get("SECRET_KEY", ""), _limit())


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    words = argparse.ArgumentParser(prog="python -m chuangtou.push")
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--port", type=int, default=8001)
    told = words.parse_args()
    level = (os.environ.get("LOG_LEVEL") or "INFO").upper()
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = app.limit + 100  # one descriptor per stream
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    config = uvicorn.Config(
        app,
        host=told.host,
        port=told.port,
        http="h11",
        ws="none",
        lifespan="on",
        loop="asyncio",
        log_config=None,
        access_log=False,  # a channel's name opens the channel, so it stands in no log
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    Server(config, app).run()


if __name__ == "__main__":
    main()
