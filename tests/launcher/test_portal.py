"""`make run`: start, second start, stop, and what a `kill -9` leaves."""

import contextlib
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from tests.launcher.conftest import Site, wait_for

pytestmark = [pytest.mark.xdist_group("launcher"), pytest.mark.enable_socket]

PROGRAMS = (
    "gunicorn",
    "--queues interactive,mail",
    "--queues bulk",
    "celery -A chuangtou beat",
    "chuangtou.push",
    "pg -c",
    "valkey-server",
)


def test_two_starts_at_once_make_one_portal_and_sigterm_leaves_nothing(site: Site) -> None:
    pair = [site.launch(), site.launch()]
    wait_for(lambda: any("is already running" in one.said for one in pair))
    second, first = sorted(pair, key=lambda one: "is already running" not in one.said)
    first.until("The portal is ready")
    assert second.ends() == 0
    assert site.status() in {200, 302}
    third = site.launch()
    assert third.ends() == 0
    assert (
        third.said
        == f"门户已经在运行：http://127.0.0.1:{site.port}/ / The portal is already running: http://127.0.0.1:{site.port}/\n"
    )
    lines = list(site.processes().values())
    assert [name for name in PROGRAMS if not any(name in line for line in lines)] == []
    # The programs own nothing: only this test's own connection is the owner's.
    others = "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = 'portal' AND pid <> pg_backend_pid()"
    assert site.sql(others) == [("portal_app",)]
    wait_for(lambda: site.push_is_well(site.push_port))
    assert first.ends(signal.SIGTERM) == 0
    assert site.processes() == {}


def test_second_start_keeps_rows_and_is_quick_and_stop_ends_it(site: Site) -> None:
    first = site.started()
    site.sql("CREATE TABLE kept (n int)")
    site.sql("INSERT INTO kept VALUES (1)")
    first.ends(signal.SIGINT)
    begun = time.monotonic()
    second = site.started()
    took = time.monotonic() - begun
    assert site.sql("SELECT n FROM kept") == [(1,)]
    stop = site.launch("stop")
    assert stop.ends() == 0
    assert stop.said == "门户已停止 / The portal has stopped\n"
    assert second.ends() == 0
    assert site.processes() == {}
    assert site.launch("stop").ends() == 0
    assert took < 15, f"{took:.1f} s"


def test_kill_9_of_any_process_ends_the_rest_and_the_next_start_has_every_row(site: Site) -> None:
    launcher = site.started()
    site.sql("CREATE TABLE struck (name text)")
    for victim in ("postgres", "valkey", "web", "worker", "supervisor", "everything"):
        site.sql(f"INSERT INTO struck VALUES ('{victim}')")
        with contextlib.closing(site.keys()) as keys:
            keys.set(victim, "kept")
        if victim == "everything":
            site.kill_everything()
            launcher.ends()
            wait_for(site.nothing_is_left)
        elif victim == "supervisor":
            launcher.ends(signal.SIGKILL)
        else:
            words = {
                "postgres": ("postgres -D",),
                "valkey": ("valkey-server",),
                "web": ("gunicorn",),
                "worker": ("celery", "worker"),
            }[victim]
            os.kill(site.pid_of(*words), signal.SIGKILL)
            assert launcher.ends() == 1
            assert f"{victim} ended unexpectedly" in launcher.said
            assert site.processes() == {}
        launcher = site.started()
        assert site.sql("SELECT name FROM struck ORDER BY ctid DESC LIMIT 1") == [(victim,)]
        with contextlib.closing(site.keys()) as keys:
            assert keys.get(victim) == b"kept"
        assert len([line for line in site.processes().values() if "valkey-server" in line]) == 1
    assert launcher.ends(signal.SIGTERM) == 0
    assert site.processes() == {}


def test_live_updates_move_to_a_free_port_and_come_back_after_kill_9(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.push_port))
        other.listen()
        launcher = site.started()
    said = re.search(rf"Port {site.push_port} is taken: live updates use (\d+)\n", launcher.said)
    assert said, launcher.said
    port = int(said[1])
    assert site.push_port < port <= site.push_port + 10
    web = Path(f"/proc/{site.pid_of('gunicorn')}/environ").read_bytes().split(b"\0")
    assert f"PORTAL_PUSH=:{port}".encode() in web
    wait_for(lambda: site.push_is_well(port))
    struck = site.pid_of("chuangtou.push")
    os.kill(struck, signal.SIGKILL)
    launcher.until("push ended unexpectedly (-9) and is started again")
    wait_for(lambda: site.push_is_well(port))
    assert site.pid_of("chuangtou.push") != struck
    assert site.status() in {200, 302}
    assert launcher.ends(signal.SIGTERM) == 0
    assert site.processes() == {}


def test_taken_port_is_said_before_anything_is_started(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        launcher = site.launch(PORT=str(port))
        assert launcher.ends() == 1
    assert f"Port {port} cannot be used (Address already in use)" in launcher.said
    assert site.processes() == {}


@pytest.mark.parametrize("port", ["80a", "0", "65536", "-1", "８０００"])
def test_port_that_is_none_gets_a_sentence(site: Site, port: str) -> None:
    launcher = site.launch(PORT=port)
    assert launcher.ends() == 1
    assert launcher.said == f"PORT 应是 1 到 65535 的整数，不是 {port!r} / PORT must be 1 to 65535, not {port!r}\n"


def test_own_servers_that_do_not_answer_get_a_sentence_and_none_is_embedded(site: Site) -> None:
    launcher = site.launch(DATABASE_URL="postgres://nobody@127.0.0.1:1/nothing", REDIS_URL="redis://127.0.0.1:1/0")
    assert launcher.ends() == 1
    assert "A step of the preparation failed (migrate)" in launcher.said
    assert "Connection refused" in launcher.said
    assert site.processes() == {}
