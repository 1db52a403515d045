"""The embedded servers alone: `exec`, many clients, odd folders."""

import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chuangtou.embedded import servers
from chuangtou.embedded.locks import Lock
from chuangtou.embedded.places import SOCKET_LIMIT, Account, ServersRefused, _sockets_folder, private, settle
from chuangtou.embedded.servers import SERVERS
from tests.launcher.conftest import Site, wait_for

pytestmark = [pytest.mark.xdist_group("launcher"), pytest.mark.enable_socket]

SHOW = "import os; print(*(os.environ.get(n, '-') for n in ('DATABASE_URL', 'REDIS_URL', 'PORTAL_PLAIN_HTTP', 'LOG_LEVEL')))"
QUESTION = """
import os, psycopg2
connection = psycopg2.connect(os.environ["DATABASE_URL"])
cursor = connection.cursor()
cursor.execute("CREATE EXTENSION pg_trgm")
cursor.execute("SELECT cardinality(show_trgm('中文测试')), current_user, rolsuper, rolcreatedb, current_setting('fsync')"
               " FROM pg_roles WHERE rolname = current_user")
print(*cursor.fetchone())
"""


@contextlib.contextmanager
def deep_site(folder: Path) -> Iterator[Site]:
    """A data folder that no server has seen, 120 characters deep."""
    site = Site(folder, Path(tempfile.mkdtemp(dir=folder)) / ("long-" * 24))
    yield site
    site.kill_everything()
    wait_for(site.nothing_is_left)
    shutil.rmtree(site.places.sockets, ignore_errors=True)


@pytest.fixture
def fresh(folder: Path) -> Iterator[Site]:
    with deep_site(folder) as site:
        yield site


@pytest.fixture(scope="module")
def used(folder: Path) -> Iterator[Site]:
    """One that the tests before left in order."""
    with deep_site(folder) as site:
        yield site


def test_ten_clients_at_once_share_one_of_each_server(fresh: Site) -> None:
    clients = [fresh.launch("exec", sys.executable, "-c", SHOW) for _ in range(10)]
    codes = [client.ends(seconds=300) for client in clients]
    assert codes == [0] * 10, [client.said for client in clients]
    assert len({client.said for client in clients}) == 1
    assert fresh.processes() == {}
    log = (fresh.data / "log" / "postgres.log").read_text()
    assert log.count("database system was shut down") >= 1
    assert "not properly shut down" not in log


def test_server_speaks_chinese_and_its_role_is_no_superuser(used: Site) -> None:
    client = used.launch("exec", sys.executable, "-c", QUESTION)
    assert client.ends() == 0, client.said
    assert client.said == "5 portal False True on\n"


def test_killed_daemons_take_their_servers_along_and_the_next_client_recovers(used: Site) -> None:
    client = used.launch("exec", "sleep", "30")
    wait_for(lambda: any(line == "sleep 30" for line in used.processes().values()))
    used.sql("CREATE TABLE kept AS SELECT 5 AS n")
    for server in ("postgres", "valkey"):
        os.kill(used.pid_of("chuangtou.embedded.daemon", server), signal.SIGKILL)
    second = used.launch("exec", "sleep", "30")
    wait_for(lambda: len([line for line in used.processes().values() if line == "sleep 30"]) == 2)
    assert used.sql("SELECT n FROM kept") == [(5,)]
    assert len([line for line in used.processes().values() if "valkey-server" in line]) == 1
    for launcher in (client, second):
        launcher.ends(signal.SIGTERM)
    wait_for(used.nothing_is_left)


def test_pid_file_naming_a_stranger_does_not_stop_the_server(used: Site) -> None:
    assert used.launch("exec", "true").ends() == 0
    note = used.places.servers / "pg" / "postmaster.pid"
    note.write_text(f"{os.getppid()}\n{note.parent}\n")
    if used.places.account:
        os.chown(note, used.places.account.uid, used.places.account.gid)
    client = used.launch("exec", "true")
    assert client.ends() == 0, client.said


def test_data_of_another_major_version_is_refused_in_a_sentence(used: Site) -> None:
    assert used.launch("exec", "true").ends() == 0
    version = used.places.servers / "pg" / "PG_VERSION"
    made_by = version.read_text()
    version.write_text("9\n")
    client = used.launch("exec", "true")
    assert client.ends() == 1
    version.write_text(made_by)
    assert "The database was made by PostgreSQL 9, the program here is 18" in client.said
    wait_for(used.nothing_is_left)


def test_each_url_of_the_environment_spares_one_server(fresh: Site) -> None:
    client = fresh.launch("exec", sys.executable, "-c", SHOW, REDIS_URL="redis://elsewhere:6379/3", LOG_LEVEL="debug")
    assert client.ends() == 0
    url, redis_url, plain, level = client.said.split()
    assert url.startswith("postgres://portal@/portal?host=")
    assert (redis_url, plain, level) == ("redis://elsewhere:6379/3", "1", "DEBUG")
    assert not (fresh.data / "log" / "valkey.log").exists()


def test_exec_returns_the_commands_exit_code_and_passes_signals_on(used: Site) -> None:
    assert used.launch("exec", "sh", "-c", "exit 7").ends() == 7
    client = used.launch("exec", "sleep", "60")
    wait_for(lambda: "sleep 60" in used.processes().values())
    assert client.ends(signal.SIGTERM) == 128 + signal.SIGTERM
    assert used.processes() == {}


def test_secret_key_is_made_once_for_the_owner_alone(used: Site) -> None:
    show = "import os; print(os.environ['SECRET_KEY'])"
    first = used.launch("exec", sys.executable, "-c", show)
    second = used.launch("exec", sys.executable, "-c", show)
    assert (first.ends(), second.ends()) == (0, 0)
    assert first.said == second.said
    path = used.data / "secret_key"
    assert path.read_text() == first.said.strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_log_level_unknown_gets_a_sentence(used: Site) -> None:
    client = used.launch("exec", "true", LOG_LEVEL="loud")
    assert client.ends() == 1
    assert "LOG_LEVEL: DEBUG INFO WARNING ERROR CRITICAL" in client.said


@pytest.mark.parametrize("inside", ["/tmp/" + "x" * 100, "/tmp/演示 目录", "/tmp/a%b", "/tmp/a,b"])
def test_sockets_of_long_or_odd_folders_lie_below_tmp(inside: str) -> None:
    found = _sockets_folder(Path(inside), None)
    assert found.parent == Path("/tmp")
    assert len(os.fsencode(found / ".s.PGSQL.5432")) <= SOCKET_LIMIT
    assert found != _sockets_folder(Path(inside + "2"), None)


def test_sockets_of_a_plain_folder_lie_beside_the_data() -> None:
    assert _sockets_folder(Path("/srv/portal/var/servers"), None) == Path("/srv/portal/var/servers/run")


def test_private_folder_of_somebody_else_or_behind_a_link_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServersRefused, match="belongs to somebody else"):
        private(Path("/usr"), Account(12345, 12345))
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(ServersRefused, match="belongs to somebody else"):
        private(tmp_path / "link", None)


def test_lock_is_free_again_when_its_holder_is_gone(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.take()
    assert not second.take()
    assert second.is_held()
    first.release()
    assert second.take(shared=True)
    assert not first.is_held()
    assert first.is_held(shared=False)
    second.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's portal looks for the servers' owner")
def test_a_folder_renamed_by_a_server_being_prepared_disturbs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBED_HOME", str(tmp_path / "home"))
    first = settle(tmp_path / "data")
    (first.servers / "pg.new").symlink_to(first.servers / "pg")  # listed, and gone when one asks for its owner
    assert settle(tmp_path / "data") == first


def test_two_servers_that_make_the_sockets_folder_at_once_do_not_mistake_it_for_anothers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBED_HOME", str(tmp_path / "home"))
    places = settle(tmp_path / "data")
    seen = []

    def slow_private(folder: Path, account: Account | None) -> Path:
        seen.append(Lock(places.locks / "settle.lock").is_held())
        return folder

    monkeypatch.setattr(servers, "private", slow_private)
    for server in SERVERS.values():
        server(places).own_sockets()
    assert seen == [True, True]
