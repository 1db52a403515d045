"""A PostgreSQL of one test module alone, which can be struck down and started again, with a clock that can be moved.

The clock: the portal reads the database's only. In these databases `clock_timestamp()` and its like are found in a schema of
the test's first, and say the true time plus a shift that the test sets.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
from django.conf import settings as live

from chuangtou.embedded.places import Places, _unprivileged, is_root
from chuangtou.embedded.servers import SERVER_ENVIRONMENT, Postgres
from tests.jobs.processes import children_of
from tests.live import database_url

BASE = "pattern"
CLOCK = """
CREATE SCHEMA moved;
CREATE TABLE moved.shift (by interval NOT NULL);
INSERT INTO moved.shift VALUES ('0');
CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
  'SELECT pg_catalog.clock_timestamp() + by FROM moved.shift';
CREATE FUNCTION moved.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
  'SELECT pg_catalog.statement_timestamp() + by FROM moved.shift';
CREATE FUNCTION moved.now() RETURNS timestamptz LANGUAGE sql STABLE AS
  'SELECT pg_catalog.now() + by FROM moved.shift';
"""


class OwnPostgres:
    """The server; databases are made from a pattern with the product's tables."""

    def __init__(self, folder: Path) -> None:
        account = _unprivileged() if is_root() else None
        folder.chmod(0o755)
        self.places = Places(folder / "data", folder / "servers", folder / "servers" / "run", account)
        for made in (self.places.data, self.places.locks, self.places.servers):
            made.mkdir(parents=True)
            made.chmod(0o755)
        if account:
            os.chown(self.places.servers, account.uid, account.gid)
        self.server = Postgres(self.places)
        self.process: subprocess.Popen[bytes] | None = None
        self.server.prepare()

    def start(self) -> None:
        end = time.monotonic() + 40
        while self._begin():  # what a struck server left in shared memory may be in use for a moment
            assert time.monotonic() < end, "the test's own PostgreSQL does not start"
            time.sleep(0.2)

    def _begin(self) -> bool:
        """One attempt; whether it ended again instead of answering."""
        self.server.prepare()
        words = [*self.server.command(), "-c", "max_connections=30", "-c", "shared_buffers=32MB"]
        self.process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", env=SERVER_ENVIRONMENT,
            start_new_session=True, user=self.places.uid, group=self.places.gid, extra_groups=self.places.groups,
        )  # fmt: skip
        end = time.monotonic() + 40
        while self.process.poll() is None:
            if self.server.answers():
                return False
            assert time.monotonic() < end, "the test's own PostgreSQL does not answer"
            time.sleep(0.05)
        return True

    def strike(self) -> None:
        """As the power cut: all its processes at once, nothing is tidied."""
        assert self.process is not None
        backends = children_of(self.process.pid)  # each leads a group of its own
        for pid in (self.process.pid, *backends):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()
            self.process = None

    def url(self, name: str) -> str:
        return f"postgres://postgres@/{name}?host={self.places.sockets}"

    def say(self, name: str, words: str, *values: Any) -> list[Any]:
        """One statement in a connection of its own."""
        with self.connection(name) as link, link.cursor() as cursor:
            cursor.execute(words, values or None)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def connection(self, name: str) -> "Iterator[psycopg2.extensions.connection]":
        link = psycopg2.connect(host=str(self.places.sockets), user="postgres", dbname=name, connect_timeout=10)
        link.autocommit = True
        try:
            yield link
        finally:
            link.close()

    def program(self, name: str) -> str:
        return str(self.server.programs() / name)


class Database:
    """One database of the server: its address, its clock, what stands in it."""

    def __init__(self, server: OwnPostgres, name: str) -> None:
        self.server, self.name, self.url = server, name, server.url(name)

    def say(self, words: str, *values: Any) -> list[Any]:
        return self.server.say(self.name, words, *values)

    def count(self, words: str, *values: Any) -> int:
        return int(self.say(f"SELECT count(*) FROM {words}", *values)[0][0])

    def set_clock(self, moment: datetime) -> None:
        """From now on the portal's clock goes on from that moment."""
        self.say("UPDATE moved.shift SET by = %s - pg_catalog.clock_timestamp()", moment)

    def move_clock(self, by: timedelta) -> None:
        self.say("UPDATE moved.shift SET by = by + %s", by)


MAKE = "import django; django.setup(); from tests.reminders.own_servers import people; people()"
PEOPLE = 40
TODAY = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai, the day before these needs are due


def people() -> None:
    """In a process of its own, in the pattern: people with one need each, due on 25 November."""
    from datetime import date

    from accounts.models import User
    from needs.models import Need
    from tests.needs.make import post
    from tests.world import build

    at = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    world = build(at)
    rows = User.objects.bulk_create(
        User(username=f"k{i}", display_name=f"测试{i}", email=f"k{i}@test.invalid", password="!") for i in range(PEOPLE)
    )
    first = post(world, at)
    facts = {f.attname: getattr(first, f.attname) for f in Need._meta.concrete_fields if f.name != "id"}
    Need.objects.filter(pk=first.pk).update(state="closed")
    Need.objects.bulk_create(
        Need(**facts | {"number": f"K{i}", "tracking_code": f"k{i}", "handler_id": p.pk, "deputy_id": None, "tier": "street",
                        "due_on": date(2026, 11, 25), "once_key": None})
        for i, p in enumerate(rows)
    )  # fmt: skip
    for street in (world.here, world.there):  # the world's own rounds and needs remind nobody here
        for person in street.people.values():
            person.grants.all().delete()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Run one with the pattern in it: the tables of the test database, the movable clock, the people."""
    folder = Path(tempfile.mkdtemp(prefix="own-pg-", dir="/tmp"))
    server = OwnPostgres(folder)
    try:
        server.start()
        server.say("postgres", f"CREATE DATABASE {BASE}")
        tables = subprocess.run(
            [server.program("pg_dump"), "--schema-only", "--no-owner", "--no-privileges", database_url()],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        psql = [server.program("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-d", server.url(BASE)]
        subprocess.run(psql, input=tables + CLOCK.encode(), check=True, stdout=subprocess.DEVNULL)
        server.say("postgres", f"ALTER DATABASE {BASE} SET search_path = moved, public, pg_catalog")
        env = os.environ | {
            "DATABASE_URL": server.url(BASE), "DJANGO_SETTINGS_MODULE": "chuangtou.settings", "PYTHONWARNINGS": "ignore",
            "REDIS_URL": "redis://127.0.0.1:1/0",
        }  # fmt: skip
        made = subprocess.run(
            [sys.executable, "-c", MAKE], cwd=live.BASE_DIR, env=env, check=False, capture_output=True, text=True
        )
        assert made.returncode == 0, made.stderr[-2000:]
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@contextmanager
def own_database(server: OwnPostgres, number: int) -> Iterator[Database]:
    """A fresh copy of the pattern; its clock stands at TODAY."""
    if server.process is None:
        server.start()
    name = f"case{number}"
    server.say("postgres", f"CREATE DATABASE {name} TEMPLATE {BASE}")
    server.say("postgres", f"ALTER DATABASE {name} SET search_path = moved, public, pg_catalog")
    found = Database(server, name)
    found.set_clock(TODAY)
    yield found
    if server.process is None:
        server.start()
    server.say("postgres", f"DROP DATABASE {name} WITH (FORCE)")
