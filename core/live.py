"""Live boards: small JSON documents pushed to browsers by `chuangtou.push`, with conditional polling as the fallback.

A board is public to whoever knows its channel's name. The name is signed, so that nobody can make one up, and its key is
random, so that a new key ends what the old name shows. The push process and this module share nothing but Redis and the
secret: a board lies in a hash (`version`, `board`) for a day, and each newer one is published as version, newline, JSON.

    name = live.channel("roadshow", session.board_key)
    transaction.on_commit(lambda: live.publish(name, {"version": 7, ...}))
    live.board_response(request, live.latest(name) or live.encode(fresh_from_the_database))
"""

import functools
import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

import redis
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.utils.cache import get_conditional_response
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.signature import is_signed, signed_name

log = logging.getLogger(__name__)

PREFIX = "portal:live:"  # of the hash and of the Redis channel alike; chuangtou/push.py listens to it
KEPT = 24 * 3600  # seconds
LARGEST_VERSION = 2**53 - 1  # what Lua and JavaScript count exactly

# One step, so that of two publishers the newer version wins whichever comes last.
STORE = """
local known = redis.call('HGET', KEYS[1], 'version')
if known and tonumber(known) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'board', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', KEYS[1], ARGV[1] .. '\\n' .. ARGV[2])
return 1
"""


def channel(kind: str, key: str) -> str:
    """Return the URL-safe name "<kind>.<key>.<signature>"; both parts are `[A-Za-z0-9_-]{1,40}`, else ValueError."""
    return signed_name(settings.SECRET_KEY, kind, key)


@functools.lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    """Return the client of this process. A connection that went stale is made anew once; a slow answer is not awaited."""
    once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1.0, retry=once, protocol=2)


def encode(board: Mapping[str, Any]) -> bytes:
    """Return `board` as compact JSON in UTF-8 on one line; Decimals become exact strings, moments ISO 8601."""
    return json.dumps(board, ensure_ascii=False, separators=(",", ":"), allow_nan=False, cls=DjangoJSONEncoder).encode()


def publish(name: str, board: Mapping[str, Any]) -> None:
    """Store `board` as the newest of its channel and push it to those who watch. Call it after the commit.

    `board["version"]` is an int from 0 to 2**53-1 that grows with each change; a board that is not newer than the stored
    one is dropped silently. Redis away costs a warning in the log, never an exception: pages poll then.
    """
    version = board["version"]
    if type(version) is not int or not 0 <= version <= LARGEST_VERSION:
        raise ValueError(f"a board's version is an int from 0 to {LARGEST_VERSION}, not {version!r}")
    if not is_signed(settings.SECRET_KEY, name):
        raise ValueError(f"not a channel's name: {name!r}")
    body = encode(board)
    try:
        _client(settings.REDIS_URL).eval(STORE, 1, PREFIX + name, str(version), body, str(KEPT))
    except (redis.RedisError, OSError, ValueError) as error:  # ValueError: no address at all
        log.warning("board %s not pushed, version %d: %s", name.rpartition(".")[0], version, error)


def latest(name: str) -> bytes | None:
    """Return the newest board as JSON; None when there is none or Redis is away (ask the database then)."""
    try:
        found = _client(settings.REDIS_URL).hget(PREFIX + name, "board")
    except (redis.RedisError, OSError, ValueError) as error:
        log.warning("board %s not read: %s", name.rpartition(".")[0], error)
        return None
    return found  # type: ignore[return-value]


def _host_of_browser(host: str) -> str:
    """Return the host name in `host`, without its port; an IPv6 address keeps its brackets."""
    return split_domain_port(host)[0]


def address(host: str, secure: bool, name: str) -> str:
    """Return the URL for the browser's EventSource, "" when push is off.

    `host` is the request's `get_host()`, `secure` its `is_secure()`. PORTAL_PUSH decides: "" is off, "/push/" a path of
    this site (below PORTAL_SUB_PATH), ":8001" another port of the host by which the browser came.
    """
    push: str = settings.PORTAL_PUSH
    if not push:
        return ""
    if push.startswith("/"):
        return f"{settings.FORCE_SCRIPT_NAME or ''}{push}{name}/"
    return f"{_origin(host, secure=secure)}/push/{name}/"


def _origin(host: str, *, secure: bool) -> str:
    return f"{'https' if secure else 'http'}://{_host_of_browser(host)}{settings.PORTAL_PUSH}"


def allow_push(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Let this page, and no other, open an EventSource at `address`: return it with the origin in its CSP's connect-src.

    On the same origin nothing is added. What the view had already asked of the policy (csp_update) is kept.
    """
    if settings.PORTAL_PUSH.startswith(":"):
        known: dict[str, Any] = dict(getattr(response, "_csp_update", None) or {})
        sources = known.get("connect-src") or []
        sources = [sources] if isinstance(sources, str) else list(sources)
        origin = _origin(request.get_host(), secure=request.is_secure())
        known["connect-src"] = [*sources, *([] if origin in sources else [origin])]
        response._csp_update = known  # type: ignore[attr-defined]  # noqa: SLF001 - where django-csp looks
    return response


def board_response(request: HttpRequest, board: bytes) -> HttpResponse:
    """Answer a poll with `board` (JSON), or with 304 when the browser's If-None-Match names it."""
    etag = f'"{hashlib.sha256(board).hexdigest()[:32]}"'
    answer = HttpResponse(board, content_type="application/json", headers={"ETag": etag, "Cache-Control": "no-cache"})
    told = get_conditional_response(request, etag=etag, response=answer)
    assert isinstance(told, HttpResponse)  # noqa: S101 - None only without a response
    return told
