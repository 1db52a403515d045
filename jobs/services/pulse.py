"""Signs of life. Beat writes its own into the database, a worker into Redis: from there it gets its work, too."""

import functools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.queue import QUEUES, queue_name
from jobs.models import Heartbeat

WORKER_EVERY = 15.0  # seconds
WORKER_GONE = 60  # seconds without a sign
BEAT_EVERY = 15  # seconds
BEAT_GONE = 120  # seconds
SIGNS = "portal:worker:"


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker process with its children."""

    name: str
    lanes: tuple[str, ...]
    seconds_ago: float


@functools.lru_cache(maxsize=4)
def _client(url: str) -> "redis.Redis":
    once = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=1.0, retry=once, protocol=2)


def note_worker(*, name: str, queues: Sequence[str]) -> None:
    """A worker says that it lives and which queues (names at the broker) it empties. Raises redis.RedisError."""
    sign = json.dumps({"queues": list(queues), "at": time.time()})
    _client(settings.REDIS_URL).set(f"{SIGNS}{settings.QUEUE_PREFIX}{name}", sign, ex=10 * WORKER_GONE)


def workers_seen() -> list[Worker]:
    """Workers that gave a sign of life within ten minutes, by name. Raises redis.RedisError."""
    client = _client(settings.REDIS_URL)
    prefix = f"{SIGNS}{settings.QUEUE_PREFIX}"
    found = []
    for key in sorted(client.scan_iter(match=f"{prefix}*", count=500)):
        value: Any = client.get(key)
        if value is None:
            continue
        sign = json.loads(value)
        lanes = tuple(lane for lane in QUEUES if queue_name(lane) in sign["queues"])
        found.append(Worker(key.decode()[len(prefix) :], lanes, max(time.time() - sign["at"], 0.0)))
    return found


def queue_lengths() -> dict[str, int]:
    """Messages that wait in each queue; what a worker has taken is not among them. Raises redis.RedisError."""
    client = _client(settings.REDIS_URL)
    return {lane: int(client.llen(queue_name(lane))) for lane in QUEUES}


def note_beat(*, at: datetime) -> None:
    """Beat says that it ticks."""
    Heartbeat.objects.update_or_create(name="beat", defaults={"at": at})


def beat_seen() -> datetime | None:
    """When beat last ticked."""
    return Heartbeat.objects.filter(name="beat").values_list("at", flat=True).first()
